/** What may happen next: which attempts may start, what must be asked first, and whether the run is over. */
import type { Direction } from "./records.ts";
import type { SparseSet } from "./sparse.ts";
import type { FlowState } from "./state.ts";
import type { EndState } from "./states.ts";

export interface Start {
  readonly atom: number;
  readonly direction: Direction;
}

/**
 * Takes the next attempt out of the ready ones: what is to be undone before what is to be done, larger priority
 * first, then as declared.
 *
 * @param asks - gets the atoms whose deciders must be asked before they can start
 * @param waits - gets the controllers whose next attempt is ready but not due
 */
export function takeStart(state: FlowState, asks: SparseSet, waits: number[]): Start | undefined {
  for (let atom = state.revertible.pop(); atom !== undefined; atom = state.revertible.pop()) {
    if (!state.isRevertible(atom)) continue;
    if (state.intentionOf(atom) === "REVERT") return { atom, direction: "revert" };
    if (!state.waits.has(atom)) return { atom, direction: "execute" };
    waits.push(atom);
  }
  for (let atom = state.executable.pop(); atom !== undefined; atom = state.executable.pop()) {
    if (!state.isExecutable(atom)) continue;
    if (isDecided(state, atom)) return { atom, direction: "execute" };
    asks.add(atom);
  }
  return undefined;
}

/** Takes the atoms out whose deciders must be asked; they are asked even if nothing may start. */
export function takeAsks(state: FlowState, asks: SparseSet): void {
  const rest: number[] = [];
  for (let atom = state.executable.pop(); atom !== undefined; atom = state.executable.pop()) {
    if (!state.isExecutable(atom)) continue;
    if (isDecided(state, atom)) rest.push(atom);
    else asks.add(atom);
  }
  for (const atom of rest) state.executable.push(atom);
}

function isDecided(state: FlowState, atom: number): boolean {
  const deciders = state.blueprint.atoms[atom]?.deciders;
  return deciders === undefined || deciders.length === 0 || state.decided.has(atom);
}

/** Something could still start, now or when its time comes. */
export function hasLeftover(state: FlowState): boolean {
  const { revertible, executable } = state;
  for (let atom = revertible.peek(); atom !== undefined; atom = revertible.peek()) {
    if (state.isRevertible(atom)) return true;
    revertible.pop();
  }
  for (let atom = executable.peek(); atom !== undefined; atom = executable.peek()) {
    if (state.isExecutable(atom)) return true;
    executable.pop();
  }
  for (const retry of state.waits.keys()) if (state.isRevertible(retry)) return true;
  return false;
}

/** How the run ends, when nothing runs and nothing is being asked; undefined: it goes on. */
export function endOf(state: FlowState): EndState | undefined {
  if (state.halted) return "FAILURE";
  const leftover = hasLeftover(state);
  if (state.flow.value === "SUSPENDING") {
    if (leftover) return "SUSPENDED";
  } else if (leftover) {
    return undefined;
  }
  return state.notDone === 0 ? "SUCCESS" : "REVERTED";
}
