/** A flow's fingerprint: equal for equal journals, whoever folds them and however often (G7). */
import { createHash } from "node:crypto";
import type { Blueprint } from "../compile/blueprint.ts";
import { canonical, hashOf } from "../compile/hash.ts";
import type { FlowState, Running } from "./state.ts";
import type { AtomSnapshot } from "./states.ts";

/** Blueprints don't change, so what was hashed once is known. */
const hashes = new WeakMap<Blueprint, string>();

/**
 * Sha256 in hex over everything that the fold keeps of a flow and that what follows depends on.
 *
 * Left out is what is worked out from the rest: the counts, the heaps of what is ready, and notes for listeners.
 */
export function digestOf(state: FlowState): string {
  const hash = createHash("sha256");
  for (const part of wholeOf(state)) hash.update(canonical(part)).update("\n");
  // Piece by piece: the text of a very large flow would be longer than a string can be.
  for (let atom = 0; atom < state.shape.atoms; atom++) {
    hash.update(canonical(atomOf(state, atom))).update("\n");
  }
  return hash.digest("hex");
}

function wholeOf(state: FlowState): unknown[] {
  const { id, sequence, epoch, owner, options, store, meta, failures, questions } = state;
  const { revertingAll, halted, trouble, suspects, edits } = state;
  return [
    { id, sequence, epoch, owner, options, store, meta, state: state.flow.value },
    blueprintHash(state.blueprint),
    { failures, questions, revertingAll, halted, trouble, suspects, edits },
    { retired: retiredOf(state) },
  ];
}

function retiredOf({ retired }: FlowState): unknown {
  return [...retired].map(([name, { kind, snapshot, intention }]) => ({
    name,
    kind,
    intention,
    ...kept(snapshot),
  }));
}

function blueprintHash(blueprint: Blueprint): string {
  let hash = hashes.get(blueprint);
  if (hash === undefined) hashes.set(blueprint, (hash = hashOf(blueprint)));
  return hash;
}

function atomOf(state: FlowState, atom: number): unknown {
  const { value, context } = state.snapshotOf(atom);
  const running = state.running.get(atom);
  return {
    state: value,
    context,
    intention: state.intentionOf(atom),
    running: running === undefined ? undefined : lifeOf(running),
    decided: state.decided.has(atom),
    ignoredBy: state.ignoredBy.get(atom),
    ignoredAll: state.ignoredAll.has(atom),
    wait: state.waits.get(atom),
    givenUp: state.givenUp.has(atom),
    losses: state.losses.get(atom),
    firstStart: state.firstStarts.get(atom),
  };
}

function lifeOf({ direction, attempt, before, undo }: Running): unknown {
  const undone = undo.map(({ snapshot, ...rest }) => ({ ...rest, ...kept(snapshot) }));
  return { direction, attempt, before: kept(before), undo: undone };
}

/** Of a snapshot, what an atom's machine keeps; the rest of it is XState's. */
const kept = ({ value, context }: AtomSnapshot) => ({ state: value, context });
