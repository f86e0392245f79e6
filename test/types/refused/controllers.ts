// Controllers and links that must not compile. What stands in backquotes in an expectation must stand
// in the compiler's message: refused.test.ts looks.
import { link } from "../../../lib/decider.ts";
import { forEach, parameterizedForEach, retry, times, alwaysRevert } from "../../../lib/retry.ts";
import { task } from "../../../lib/task.ts";

// @ts-expect-error attempts are a `number`
times("3");
// @ts-expect-error attempts are missing: `Expected 1-2 arguments`
times();
// @ts-expect-error `'backof'` is no option
times(3, { backof: { firstMs: 1 } });
// @ts-expect-error `'firstMs'` is missing
times(3, { backoff: { maxMs: 1 } });
// @ts-expect-error jitter is `"full"` or `"none"`
times(3, { backoff: { firstMs: 1, jitter: "some" } });
// @ts-expect-error whether to retry is a `boolean`
times(3, { unless: ({ message }) => message });
// @ts-expect-error a number has no elements: `"attempt"`
times(3, { provides: ["attempt"] });
// @ts-expect-error values are a list, no `string`
forEach("abc");
// @ts-expect-error `forEach returns nothing for "size"`
forEach([["eu"]], { provides: ["region", "size"] });
// @ts-expect-error `forEach returns nothing for "size"`
forEach([{ region: "eu" }], { provides: { keys: ["region", "size"] } });
// @ts-expect-error `"value" is no parameter`
parameterizedForEach({ rebind: { value: "hosts" } });
// @ts-expect-error `more symbols than required parameters`
parameterizedForEach({ rebind: ["hosts", "ports"] });
// @ts-expect-error there is nothing to pace: `'backoff'`
alwaysRevert({ backoff: { firstMs: 1 } });

// @ts-expect-error `'onFailure'` is missing
retry({ execute: () => 1 });
// @ts-expect-error `"RETY"` is no verdict
retry({ execute: () => 1, onFailure: () => "RETY" });
// @ts-expect-error `"wait"` is no verdict
retry({ execute: () => 1, onFailure: () => ({ verdict: "wait", delayMs: 3 }) });

retry({
  // @ts-expect-error execute takes `"limit"`, which `requires doesn't name`
  requires: ["most"],
  execute: ({ limit }: { limit: number }) => limit,
  onFailure: () => "REVERT",
});

retry({
  requires: ["limit"],
  execute: ({ limit }: { limit: number }) => limit,
  // @ts-expect-error onFailure gets what execute gets: no `'most'`
  onFailure: ({ most }) => (most > 1 ? "RETRY" : "REVERT"),
});

const a = task({ name: "a", execute: () => 1 });

// @ts-expect-error a depth says how far a no reaches, whose `'decide'` is missing
link(a, "b", { depth: "ALL" });
// @ts-expect-error `"NEIGHBOURS"` is no depth
link(a, "b", { decide: () => true, depth: "NEIGHBOURS" });
// @ts-expect-error whether it may run is a `boolean`
link(a, "b", { decide: () => "yes" });
// @ts-expect-error a controller is no end of a link: `Item`
link(times(3), "b");
// @ts-expect-error `Expected 2-3 arguments`
link(a);
