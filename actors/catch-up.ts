/**
 * Records that were stored although whoever wrote them heard that they were not: a server may keep what it never
 * acknowledged. They are as durable as any, so everything that they set off is still to be done.
 */
import { foldAll } from "../lib/plan/fold.ts";
import type { Batch } from "../lib/plan/records.ts";
import type { FlowState } from "../lib/plan/state.ts";
import { machines } from "./machines.ts";
import { Turn, type TurnOptions } from "./turn.ts";

/** The state up to what was known to be durable, and the batches after it. */
export function split(
  batches: readonly Batch[],
  known: number,
): { readonly state: FlowState | undefined; readonly late: readonly Batch[] } {
  const late = batches.filter(({ first }) => first > known);
  return { state: foldAll(machines, batches.slice(0, batches.length - late.length)), late };
}

/** Folds a batch as if it had just been written. */
export function turnOf({ at, records }: Batch, state: FlowState, options: TurnOptions): Turn {
  const turn = new Turn(state, [], options);
  state.at = at;
  for (const record of records) {
    const { kind } = record;
    if (kind === "started") turn.start(record);
    else turn.fold(record);
    if (kind === "suspend") turn.command = { type: "suspend" };
    if (kind === "cancel" || kind === "kill") turn.command = { type: kind, reason: record.reason };
  }
  return turn;
}
