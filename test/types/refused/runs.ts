// Runs that must not compile. What stands in backquotes in an expectation must stand
// in the compiler's message: refused.test.ts looks.
import { link } from "../../../lib/decider.ts";
import { graph } from "../../../lib/patterns/graph.ts";
import { linear } from "../../../lib/patterns/linear.ts";
import { task } from "../../../lib/task.ts";
import { load, run, spawn } from "../run.ts";

const allocate = task({
  name: "allocate",
  requires: ["region"],
  optional: ["tag"],
  provides: "ip",
  execute: ({ region, tag }: { region: string; tag?: string }) => region + (tag ?? ""),
});
const boot = task({
  name: "boot",
  requires: ["ip", "flavor"],
  provides: "vm",
  execute: ({ ip, flavor }: { ip: string; flavor: "small" | "large" }) => ({ ip, flavor }),
});
const create = linear("create", allocate, boot);

// @ts-expect-error `it needs a store with "region"` and one with `"flavor"`
await run(create);
// @ts-expect-error `'store'` is missing, with its `region: string`
await run(create, {});
// @ts-expect-error `'flavor'` is missing
await run(create, { store: { region: "eu" } });
// @ts-expect-error `flavor`, `region` are missing
await run(create, { store: {} });
// @ts-expect-error `"small" | "large"`, says `'flavor'`
await run(create, { store: { region: "eu", flavor: "huge" } });
// @ts-expect-error `string`, says `'region'`
await run(create, { store: { region: 3, flavor: "small" } });
// @ts-expect-error `string`, says `'tag'`, though it is optional
await run(create, { store: { region: "eu", flavor: "small", tag: 3 } });
// @ts-expect-error what an atom gives can only be replaced by its like: `string`, says `'ip'`
await run(create, { store: { region: "eu", flavor: "small", ip: 3 } });
// @ts-expect-error nothing takes `'flavour'`
await run(create, { store: { region: "eu", flavor: "small", flavour: "small" } });
// @ts-expect-error `'concurency'` is no option
await run(create, { store: { region: "eu", flavor: "small" }, concurency: 3 });
// @ts-expect-error `it needs a store with "region"`
await run(linear("outer", linear("inner", linear("innermost", allocate))));
// @ts-expect-error `string`, and `region` is underlined
load(create, { store: { region: 3 } });
// @ts-expect-error `string`, and `region` is underlined
spawn(create, { store: { region: 3 } });

export const created = await run(create, { store: { region: "eu", flavor: "small" } });
// @ts-expect-error `'ipp'` is not in the result
export type NoPart = (typeof created.vm)["ipp"];
// @ts-expect-error `'vmm'` is not in the results
export type NoResult = (typeof created)["vmm"];

const decided = graph(
  "g",
  { links: [link(allocate, boot, { decide: () => true })] },
  allocate,
  boot,
);
const results = await run(decided, { store: { region: "eu", flavor: "small" } });
// @ts-expect-error what a decider can ignore may be `undefined`
results.vm.ip.at(0);

const after = await run(
  linear("l", decided, task({ name: "z", provides: "z", execute: () => 1 })),
  {
    store: { region: "eu", flavor: "small" },
  },
);
// @ts-expect-error and so may what comes after it: `undefined`
after.z.toFixed();
