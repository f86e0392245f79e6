/** Reads the state of a flow, from its latest snapshot when its journal keeps any. */
import { foldAll } from "../plan/fold.ts";
import type { Batch } from "../plan/records.ts";
import { fromSnapshot, type StateSnapshot } from "../plan/snapshot.ts";
import type { FlowState } from "../plan/state.ts";
import type { Machines } from "../plan/states.ts";
import type { Journal } from "./journal.ts";

export interface Latest {
  /** Undefined for an unknown flow. */
  readonly state: FlowState | undefined;
  /** Batches that are not in the state. */
  readonly late: readonly Batch[];
  /** Last sequence of the snapshot that was used; 0: none was. */
  readonly covered: number;
}

/**
 * What is no use, for whatever reason, is as good as none: then it is the whole journal that is folded.
 *
 * @param known - batches that begin after this sequence are not folded. Default: all are
 * @throws FlowError as `Journal.read` does
 */
export async function readState(
  machines: Machines,
  journal: Journal,
  flow: string,
  known = Number.POSITIVE_INFINITY,
): Promise<Latest> {
  const recent = await journal.snapshots?.read(flow);
  const begun = recent && restored(machines, recent.snapshot);
  const isOfUse = begun !== undefined && begun.id === flow && begun.sequence <= known;
  const batches = isOfUse && recent ? recent.batches : await journal.read(flow);
  const late = batches.filter(({ first }) => first > known);
  const covered = isOfUse ? begun.sequence : 0;
  const folded = batches.slice(0, batches.length - late.length);
  return { state: foldAll(machines, folded, isOfUse ? begun : undefined), late, covered };
}

function restored(machines: Machines, snapshot: StateSnapshot): FlowState | undefined {
  try {
    return fromSnapshot(machines, snapshot);
  } catch {
    return undefined;
  }
}
