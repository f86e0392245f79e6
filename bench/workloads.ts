/**
 * The flows that the benches run: W1 a chain of n, W2 one -> n -> one, W4 a chain that fails at its last task and is
 * reverted, W5 n tasks that do nothing. Every task is an atom whose result is recorded. Declared once, run many times, as a service would.
 */
import { linear, task, unordered } from "../lib/index.ts";
import type { Flow, Task } from "../lib/types.ts";

const made = new Map<string, Flow>();

function once(key: string, make: () => Flow): Flow {
  let flow = made.get(key);
  if (flow === undefined) made.set(key, (flow = make()));
  return flow;
}

function link(at: number): Task {
  const provides = `v${at}`;
  if (at === 0) return task({ name: "t0", provides, execute: async () => 1 });
  const from = `v${at - 1}`;
  return task({
    name: `t${at}`,
    requires: [from],
    provides,
    execute: async (inputs: Record<string, number>) => (inputs[from] ?? 0) + 1,
  });
}

/** Passes a number on, each task adding 1; the last provides `v{n-1}`, which is n. */
export function chain(n: number): Flow {
  return once(`chain ${n}`, () =>
    linear("chain", ...Array.from({ length: n }, (_, at) => link(at))),
  );
}

/** One task, then n that take its value, then one that adds up what those give: `out` is n. */
export function fan(n: number): Flow {
  return once(`fan ${n}`, () => {
    const names = Array.from({ length: n }, (_, at) => `r${at}`);
    const middle = names.map((provides, at) =>
      task({
        name: `m${at}`,
        requires: ["a"],
        provides,
        execute: async ({ a }: { a: number }) => a,
      }),
    );
    return linear(
      "fan",
      task({ name: "source", provides: "a", execute: async () => 1 }),
      unordered("middle", ...middle),
      task({
        name: "sink",
        requires: names,
        provides: "out",
        execute: async (inputs: Record<string, number | undefined>) => {
          let sum = 0;
          for (const name of names) sum += inputs[name] ?? 0;
          return sum;
        },
      }),
    );
  });
}

/** What `saga` counts: compensations that ran. */
export const compensations = { count: 0 };

/** A chain whose last task fails; the n - 1 before it are undone. */
export function saga(n: number): Flow {
  return once(`saga ${n}`, () => {
    const steps = Array.from({ length: n - 1 }, (_, at) =>
      task({
        name: `t${at}`,
        provides: `v${at}`,
        execute: async () => at,
        revert: async () => {
          compensations.count++;
        },
      }),
    );
    const last = task({
      name: "last",
      execute: async () => {
        throw new Error("the last task fails");
      },
    });
    return linear("saga", ...steps, last);
  });
}

/** Tasks that do nothing, each a 1. */
export function noops(n: number): Task[] {
  return Array.from({ length: n }, (_, at) =>
    task({ name: `n${at}`, provides: `r${at}`, execute: async () => 1 }),
  );
}

/** n tasks that do nothing, in no order. */
export function spread(n: number): Flow {
  return once(`spread ${n}`, () => unordered("spread", ...noops(n)));
}
