/** The records with which an owner takes a flow over, and what a flow that failed raises. */
import type { Blueprint } from "../lib/compile/blueprint.ts";
import { diffOf } from "../lib/compile/diff.ts";
import { hashOf } from "../lib/compile/hash.ts";
import { FlowError } from "../lib/errors.ts";
import { errorOf, type Failure } from "../lib/failure.ts";
import { needsOf } from "../lib/jobboard/needs.ts";
import type { Journal } from "../lib/journal/journal.ts";
import { isActive } from "../lib/plan/due.ts";
import type { FlowRecord } from "../lib/plan/records.ts";
import type { FlowState } from "../lib/plan/state.ts";
import { parkedReason } from "./turn.ts";

export interface Adopter {
  readonly owner: string;
  readonly claim: number | undefined;
  readonly migrates: boolean | undefined;
  /** So many losses of one attempt park the flow; undefined: nothing was lost with the last owner. */
  readonly maxLost: number | undefined;
}

/**
 * The records that adopt a flow which its journal holds.
 *
 * @throws FlowError `BLUEPRINT_CHANGED` when what is recorded would mean something else under the new blueprint;
 *   `FENCED` when its last owner has a later claim
 */
export function adoption(
  state: FlowState,
  blueprint: Blueprint,
  { owner, claim, migrates = true, maxLost }: Adopter,
): FlowRecord[] {
  if (claim !== undefined && claim <= state.claim) {
    const { id: flow, epoch, sequence } = state;
    throw new FlowError("FENCED", { flow, epoch, sequence });
  }
  const records: FlowRecord[] = [
    {
      ...{ kind: "adopted", owner, epoch: state.epoch + 1 },
      ...(claim === undefined ? {} : { claim }),
      ...(maxLost === undefined ? { elsewhere: true } : {}),
    },
    ...(maxLost === undefined ? [] : losses(state, maxLost)),
  ];
  if (hashOf(state.blueprint) === hashOf(blueprint)) return records;
  const { refused, added, removed } = diffOf(state.blueprint, blueprint);
  if (refused.length > 0 || !migrates) {
    const others = [
      ...added.map((name) => `"${name}" is new`),
      ...removed.map((name) => `"${name}" is gone`),
    ];
    const differences = [...refused, ...(migrates ? [] : others)];
    if (differences.length === 0) differences.push("its order or its inputs are others");
    const recorded = migrates ? {} : { recorded: needsOf(state.blueprint) };
    throw new FlowError("BLUEPRINT_CHANGED", { flow: blueprint.flow, differences, ...recorded });
  }
  return [...records, { kind: "migrated", blueprint }];
}

const writers = new WeakMap<Journal, string>();

/** The name under which this process writes to a journal. */
export function writerOf(journal: Journal | undefined, make: () => string): string {
  // Nobody else can write to a journal that only one engine knows.
  if (journal === undefined) return "self";
  let writer = writers.get(journal);
  if (writer === undefined) writers.set(journal, (writer = make()));
  return writer;
}

/** An attempt that ran alone when its owner died is a loss; too many of them park the flow. */
function losses(state: FlowState, maxLost: number): FlowRecord[] {
  if (!isActive(state)) return [];
  const only = state.running.size === 1 ? [...state.running.keys()][0] : undefined;
  const atom = state.suspects[0] ?? only;
  const running = atom === undefined ? undefined : state.running.get(atom);
  if (atom === undefined || running === undefined) return [];
  const { direction, attempt } = running;
  const lost: FlowRecord = { kind: "lost", atom, direction, attempt, reason: "owner-died" };
  const count = (state.losses.get(atom) ?? 0) + 1;
  if (count < maxLost) return [lost];
  return [lost, { kind: "parked", reason: parkedReason(state.nameOf(atom), count) }];
}

/** Why an owner stops whose journal refuses it: fenced, it has lost the flow to another. */
export function lossOf(error: Error, flow: string, epoch: number): Error {
  if (!FlowError.is(error, "FENCED")) return error;
  return new FlowError("LEASE_LOST", { flow, epoch }, { cause: error });
}

/** What a run that failed raises: a failed revert alone, since it is what a person must look at. */
export function raisedBy(state: FlowState): Error {
  const { flow } = state.blueprint;
  const { trouble } = state;
  if (trouble?.kind === "cancel") {
    return new FlowError("CANCELLED", { flow, reason: trouble.failure.message });
  }
  if (trouble?.kind === "kill") {
    return new FlowError("KILLED", { flow, reason: trouble.failure.message });
  }
  const reverts = state.snapshots.flatMap(({ context }, atom): [string, Failure][] =>
    context.revertFailure === undefined ? [] : [[state.nameOf(atom), context.revertFailure]],
  );
  const failures = reverts.length > 0 ? reverts : Object.entries(state.failures);
  if (trouble !== undefined) failures.push(["decider", trouble.failure]);
  const [only, ...more] = failures;
  if (only !== undefined && more.length === 0) return errorOf(only[1]);
  return new FlowError(
    "SEVERAL_FAILURES",
    { flow, atoms: failures.map(([name]) => name) },
    { errors: failures.map(([, failure]) => errorOf(failure)) },
  );
}
