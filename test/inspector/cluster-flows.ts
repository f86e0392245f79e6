/** A flow for the inspector's cluster, with something for every hand: it waits, can be held at each gate, and fails. */
import { appendFileSync, existsSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { type CallContext, linear, task, times } from "../../lib/index.ts";

const note = (what: string): void => {
  appendFileSync("ran.txt", `${what}\n`);
};

/** Waits for a file of its name in the folder that it runs in. */
const gate = (name: string) =>
  task({
    name,
    requires: ["plan"],
    provides: `${name}-result`,
    execute: async (_: object, { signal }: CallContext) => {
      note(name);
      while (!existsSync(name)) await wait(10, undefined, { signal });
      return `${name} is open`;
    },
  });

const plan = task({
  name: "plan",
  requires: ["order"],
  provides: "plan",
  execute: ({ order }: { order: number }, { log }) => {
    log("planned", { order });
    return { order, pieces: [1, 2] };
  },
  revert: () => {
    note("undo plan");
  },
});

/** Fails once on each worker, and then waits for ten minutes unless somebody comes. */
const oven = task({
  name: "oven",
  requires: ["plan"],
  execute: (_: object, { log }) => {
    log("putting it in");
    if (existsSync("warm")) return;
    appendFileSync("warm", "");
    throw new Error("the oven is cold", { cause: new RangeError("20 °C") });
  },
});

export const served = linear(
  "served",
  plan,
  linear(
    "bake",
    { retry: times(3, { name: "again", backoff: { firstMs: 600_000, jitter: "none" } }) },
    oven,
  ),
  gate("first-gate"),
  task({ name: "garnish", execute: () => note("garnish") }),
  gate("second-gate"),
  gate("third-gate"),
  gate("last-gate"),
);
