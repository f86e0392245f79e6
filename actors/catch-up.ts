/**
 * Records that were stored although whoever wrote them heard that they were not: a server may keep what it never
 * acknowledged. They are as durable as any, so everything that they set off is still to be done.
 */
import { FlowError } from "../lib/errors.ts";
import type { Journal } from "../lib/journal/journal.ts";
import { readState } from "../lib/journal/latest.ts";
import type { Batch } from "../lib/plan/records.ts";
import type { FlowState } from "../lib/plan/state.ts";
import { machines } from "./machines.ts";
import { Turn, type TurnOptions } from "./turn.ts";

/**
 * The state up to what was known to be durable, and the batches after it.
 *
 * @throws FlowError `FENCED` when another owner has written since, and as `Journal.read` does
 */
export async function readAgain(
  journal: Journal,
  flow: string,
  { epoch, sequence }: FlowState,
  known: number,
): Promise<{ readonly state: FlowState; readonly late: readonly Batch[] }> {
  const { state, late } = await readState(machines, journal, flow, known);
  // Going on from what another owner wrote would be going on under its epoch (I5).
  if (state?.epoch !== epoch || late.some((batch) => batch.epoch !== epoch)) {
    throw new FlowError("FENCED", { flow, epoch, sequence });
  }
  return { state, late };
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
