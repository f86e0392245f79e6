/** Leaves a flow in a journal at a point that is asked why it does not move. */
import { Engine } from "../../actors/engine.ts";
import { machines } from "../../actors/machines.ts";
import { linear, task, times } from "../../lib/index.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import { foldAll } from "../../lib/plan/fold.ts";
import type { FlowState } from "../../lib/plan/state.ts";

/** A task runs or is being undone, a controller waits, or what the flow has come to. */
export type Kind =
  | "running"
  | "undoing"
  | "waiting"
  | "suspending"
  | "suspended"
  | "parked"
  | "done"
  | "failed"
  | "killed";

interface Leaving {
  readonly id: string;
  readonly kind: Kind;
  readonly owner: string;
  /** Of the task that runs. Default "one". */
  readonly name?: string;
}

/** Of the flow `f`; its engine is gone when this resolves, and nothing more is recorded. */
export async function leave(
  journal: Journal,
  { id, kind, owner, name = "one" }: Leaving,
): Promise<FlowState> {
  let begin: () => void = () => undefined;
  let end: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const ended = new Promise<void>((resolve) => (end = resolve));
  const rest = async (): Promise<void> => {
    begin();
    await ended;
  };
  const one = task({
    name,
    execute: async () => {
      if (kind === "waiting") throw new Error("not yet");
      if (kind === "failed" || kind === "undoing") throw new Error("no\nroom");
      if (kind !== "done") await rest();
    },
    revert: async () => {
      if (kind === "undoing") await rest();
    },
  });
  const two = task({ name: "two", execute: () => undefined });
  const backoff = { firstMs: 60_000, maxMs: 60_000, jitter: "none" } as const;
  const retry = kind === "waiting" ? { retry: times(2, { backoff }) } : {};
  const engine = new Engine(linear("f", retry, one, two), { id, journal, owner });
  const run = engine.run().catch(() => undefined);
  const isOver = kind === "done" || kind === "failed";
  if (!isOver && kind !== "waiting") await begun;
  if (kind === "suspending" || kind === "suspended") engine.suspend();
  if (kind === "parked") await engine.edit({ kind: "park", reason: "it took three hosts down" });
  if (kind === "killed") engine.kill("enough");
  if (kind === "suspended" || kind === "parked" || kind === "killed") end();
  if (isOver || kind === "suspended" || kind === "parked" || kind === "killed") await run;
  for (;;) {
    const state = foldAll(machines, await journal.read(id));
    if (state !== undefined && isThere(state, kind)) {
      engine.abandon();
      end();
      await run;
      return state;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function isThere(state: FlowState, kind: Kind): boolean {
  if (kind === "waiting") return state.waits.size === 1 && state.running.size === 0;
  if (kind === "suspending") return state.flow.value === "SUSPENDING";
  return kind === "running" || kind === "undoing" ? state.running.size === 1 : true;
}
