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
 * @param waits - gets the controllers whose next attempt is ready but not due
 */
export function takeStart(state: FlowState, waits: number[]): Start | undefined {
  for (let atom = state.revertible.pop(); atom !== undefined; atom = state.revertible.pop()) {
    if (!state.isRevertible(atom)) continue;
    if (state.intentionOf(atom) === "REVERT") return { atom, direction: "revert" };
    if (!state.waits.has(atom)) return { atom, direction: "execute" };
    waits.push(atom);
  }
  for (let atom = state.executable.pop(); atom !== undefined; atom = state.executable.pop()) {
    // What was decided and is undecided again waits among the undecided ones.
    if (state.isExecutable(atom) && state.isDecided(atom)) return { atom, direction: "execute" };
  }
  return undefined;
}

/**
 * Takes the atoms out whose deciders must be asked. They are asked as soon as the atoms are ready, even if nothing may
 * start: a no counts, whatever happens to the flow while the atoms would have waited for their turn.
 */
export function takeAsks(state: FlowState, asks: SparseSet): void {
  const { undecided } = state;
  for (let atom = undecided.pop(); atom !== undefined; atom = undecided.pop()) {
    if (state.isExecutable(atom) && !state.isDecided(atom)) asks.add(atom);
  }
}

/** Something could still start, now or when its time comes. */
function hasLeftover(state: FlowState): boolean {
  const { revertible } = state;
  for (let atom = revertible.peek(); atom !== undefined; atom = revertible.peek()) {
    if (state.isRevertible(atom)) return true;
    revertible.pop();
  }
  for (const ready of [state.executable, state.undecided]) {
    for (let atom = ready.peek(); atom !== undefined; atom = ready.peek()) {
      if (state.isExecutable(atom)) return true;
      ready.pop();
    }
  }
  for (const retry of state.waits.keys()) if (state.isRevertible(retry)) return true;
  return false;
}

/** It runs, or comes to rest. */
export const isActive = ({ flow: { value } }: Pick<FlowState, "flow">): boolean =>
  value === "RUNNING" || value === "SUSPENDING";

/**
 * Whether nothing runs and nothing is being asked.
 *
 * @param asked - deciders that are to be asked still
 * @param launched - attempts that this owner has launched
 */
export function isQuiet(
  state: FlowState,
  asked: number,
  launched: { readonly isBusy: boolean },
): boolean {
  if (state.halted && state.trouble?.kind === "kill") return true;
  if (asked > 0) return false;
  // Suspended, what an earlier owner left running rests as it is; else it is still to be launched.
  const suspending = state.flow.value === "SUSPENDING";
  if (suspending ? launched.isBusy : state.running.size > 0) return false;
  return state.halted || state.questions.length === 0;
}

/** How the run ends, when it is quiet; undefined: it goes on. */
export function endOf(state: FlowState): EndState | undefined {
  if (state.halted) return "FAILURE";
  const leftover = hasLeftover(state);
  if (state.flow.value === "SUSPENDING") {
    // What an earlier owner left running, and this one didn't launch, is left over too.
    if (leftover || state.running.size > 0) return "SUSPENDED";
  } else if (leftover) {
    return undefined;
  }
  return state.notDone === 0 ? "SUCCESS" : "REVERTED";
}
