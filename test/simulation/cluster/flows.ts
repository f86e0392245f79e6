/** Small flows of all kinds, and what their tasks do: by chance, but the same for the same attempt. */
import type { Call } from "../../../lib/executor/call.ts";
import type { Direction } from "../../../lib/plan/records.ts";
import type { Flow, Item, Retry, Task } from "../../../lib/types.ts";
import { untyped } from "../flows.ts";
import { drawn } from "../time.ts";

type Inputs = Readonly<Record<string, unknown>>;

/**
 * A call of users' code, on whatever process.
 *
 * @param code - what a controller does; undefined: it is a task, which does as the world says
 */
export type Called = (call: Call, inputs: Inputs, code?: () => unknown) => unknown;

/** What a world has its tasks do. */
export interface Behaviour {
  readonly seed: number;
  /** Share of attempts that fail; of reverts a quarter as many. */
  readonly failRate: number;
  /** Share of attempts that take long. */
  readonly slowRate: number;
}

const { link, linear, unordered, graph } = untyped;

/** The flows with all of their code calling `called`; each process has its own. */
export function flowsFor(called: Called): readonly Flow[] {
  const code = (inputs: Inputs, call: Call): unknown => called(call, inputs);
  const task = (name: string, more: Inputs = {}): Task =>
    untyped.task({ name, provides: name, execute: code, revert: code, ...more });
  const times = (attempts: number, options: Inputs): Retry => {
    const retry = untyped.times(attempts, options);
    return {
      ...retry,
      execute: (inputs, context) =>
        called(context as unknown as Call, inputs, () => retry.execute(inputs, context)),
    };
  };
  const chain = linear(
    "chain",
    {},
    task("c1"),
    task("c2", { requires: ["c1"] }),
    task("c3", { requires: ["c2"] }),
  );
  const retried = linear(
    "retried",
    { retry: times(3, { name: "r" }) },
    task("r1"),
    unordered("r-both", {}, task("r2"), task("r3")),
  );
  const decided = graph(
    "decided",
    {
      links: [
        link("d1", "d2", { decide: ({ d1 }: { d1: number }) => d1 % 2 === 0 }),
        link("d1", "d3"),
        link("d2", "d4"),
        link("d3", "d4"),
      ],
    },
    task("d1"),
    task("d2"),
    task("d3"),
    task("d4", { optional: ["d2"] }),
  );
  const wide = unordered("wide", {}, task("w1"), task("w2"), task("w3"), task("w4"));
  const nested = linear(
    "nested",
    { retry: times(2, { name: "n", backoff: { firstMs: 200, jitter: "none" } }) },
    task("n1"),
    linear("n-inner", { retry: times(2, { name: "n-again" }) }, task("n2"), task("n3")),
  );
  return [chain, retried, decided, wide, nested] as Flow[];
}

export function tasksOf(items: readonly Item[]): Task[] {
  return items.flatMap((item) => (item.kind === "task" ? [item] : tasksOf(item.items)));
}

export const flowNames: readonly string[] = flowsFor(() => undefined).map(({ name }) => name);

export function fails({ seed, failRate }: Behaviour, key: string, direction: Direction): boolean {
  const rate = direction === "execute" ? failRate : failRate / 4;
  return drawn(seed, key, "fails") < rate;
}

/** Milliseconds. */
export function takes({ seed, slowRate }: Behaviour, key: string): number {
  if (drawn(seed, key, "slow") < slowRate) return 500 + 3_000 * drawn(seed, key, "long");
  return 150 * drawn(seed, key, "short");
}
