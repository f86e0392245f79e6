// Controllers and links that must compile, and the types that must come out.
import { z } from "zod";
import { type DecidedLink, link, type PlainLink } from "../../../lib/decider.ts";
import {
  alwaysRevert,
  alwaysRevertAll,
  forEach,
  parameterizedForEach,
  retry,
  times,
} from "../../../lib/retry.ts";
import { task } from "../../../lib/task.ts";
import type { RetryOf } from "../../../lib/typed/carry.ts";
import type { Retry, RetryAttempt } from "../../../lib/types.ts";
import { same } from "../run.ts";

same<RetryOf<{}, {}>>()(times(3));
same<RetryOf<{}, { attempt: number }>>()(times(3, { provides: "attempt" }));

times(3, {
  name: "thrice",
  revertAll: true,
  backoff: { firstMs: 100, factor: 1.5, maxMs: 1_000, jitter: "none" },
  unless: ({ name, message, code, cause }) =>
    name === "TypeError" || [message, code, cause?.name].includes("no"),
  withinMs: 60_000,
});

times(3, { backoff: { firstMs: 0 } });

same<RetryOf<{}, { region: string }>>()(forEach(["eu", "us"], { provides: "region" }));

same<RetryOf<{}, { region: string; size: number }>>()(
  forEach(
    [
      ["eu", 1],
      ["us", 2],
    ],
    { provides: ["region", "size"] },
  ),
);

same<RetryOf<{}, { region: string; size: number }>>()(
  forEach([{ region: "eu", size: 1 }], { provides: { keys: ["region", "size"] }, revertAll: true }),
);

same<RetryOf<{}, { region: "eu" | "us" }>>()(
  forEach(["eu", "us"] as const, { provides: "region" }),
);

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what is in the list isn't known
type Unchecked = any;

same<RetryOf<{ values: readonly unknown[] }, { region: Unchecked }>>()(
  parameterizedForEach({ provides: "region" }),
);

same<RetryOf<{ regions: readonly unknown[] }, { region: Unchecked }>>()(
  parameterizedForEach({ provides: "region", rebind: { values: "regions" } }),
);

same<RetryOf<{ regions: readonly unknown[] }, {}>>()(parameterizedForEach({ rebind: ["regions"] }));
same<RetryOf<{ values: readonly unknown[] }, {}>>()(parameterizedForEach());

same<RetryOf<{}, {}>>()(alwaysRevert());
same<RetryOf<{}, { none: null }>>()(alwaysRevertAll({ name: "all", provides: "none" }));

same<RetryOf<{ most: number; why?: string }, { port: number }>>()(
  retry({
    name: "own",
    requires: ["limit"],
    optional: ["why"],
    rebind: { limit: "most" },
    provides: "port",
    execute: ({ limit }: { limit: number; why?: string }, { history }) => {
      same<readonly RetryAttempt[]>()(history);
      return limit + history.length;
    },
    onFailure: ({ limit, why }, { history, failure, atom, elapsedMs, random }) => {
      if (failure.message === why || atom === "b" || elapsedMs > 9) return "REVERT_ALL";
      if (history.length >= limit) return "REVERT";
      return random() < 0.5 ? "RETRY" : { verdict: "RETRY", delayMs: 10 };
    },
    revert: ({ limit }, { result, history, failures }) => {
      same<number | undefined>()(result);
      return [limit, history, failures];
    },
  }),
);

same<RetryOf<{ limit: number }, {}>>()(
  retry({
    requires: { limit: z.number() },
    execute: async ({ limit }) => Promise.resolve(limit),
    onFailure: async ({ limit }, { history }) =>
      Promise.resolve(history.length < limit ? "RETRY" : "REVERT"),
  }),
);

same<RetryOf<{}, {}>>()(
  retry({
    requires: { limit: z.number() },
    inject: { limit: 3 },
    execute: () => null,
    onFailure: () => "REVERT",
  }),
);

export const erased: Retry = times(3, { provides: "attempt" });

const a = task({ name: "a", execute: () => 1 });

same<PlainLink>()(link(a, "b"));
same<DecidedLink>()(link(a, a, { decide: (history) => history["a"] === 1 }));
same<DecidedLink>()(link("a", a, { decide: async () => Promise.resolve(true), depth: "flow" }));
same<DecidedLink>()(link("a", "b", { decide: () => true, depth: "NEIGHBORS" }));
