/** What a failure, a verdict or a decider's no leads to: which atoms are wanted undone, again, or not at all. */
import type { Failure } from "../failure.ts";
import type { Depth, Verdict } from "../types.ts";
import type { SparseSet } from "./sparse.ts";
import type { FlowState, OpenQuestion, Undo } from "./state.ts";

/** Its attempt has an outcome. */
export function finish(state: FlowState, atom: number): void {
  state.running.delete(atom);
  if (state.losses.size > 0) state.losses.delete(atom);
  if (state.suspects.length > 0) state.suspects = state.suspects.filter((other) => other !== atom);
}

/** An atom failed to execute. */
export function fail(state: FlowState, atom: number, failure: Failure): void {
  if (state.options.neverResolve) {
    state.halted = true;
    return;
  }
  const retry = state.blueprint.atoms[atom]?.retry ?? -1;
  if (retry < 0) revertAll(state);
  else state.questions.push({ retry, atom, failure, failed: atom });
}

/**
 * The controller that is asked next gave its verdict.
 *
 * REVERT asks the outer controllers first. If none of them knows better, the innermost scope is given up, or,
 * with `deferReverts`, everything.
 */
export function decide(state: FlowState, verdict: Verdict): void {
  const question = state.questions.shift();
  if (question === undefined) return;
  const { retry, atom, failure } = question;
  state.move(retry, { type: "fault", atom: state.nameOf(atom), failure });
  if (verdict === "RETRY") tryAgain(state, retry);
  else if (verdict === "REVERT_ALL") revertAll(state);
  else giveUp(state, question);
}

function giveUp(state: FlowState, { retry, failure, failed }: OpenQuestion): void {
  const parent = state.blueprint.atoms[retry]?.retry ?? -1;
  if (parent >= 0) state.questions.unshift({ retry: parent, atom: retry, failure, failed });
  else if (state.options.deferReverts) revertAll(state);
  else revertScope(state, state.blueprint.atoms[failed]?.retry ?? retry);
}

export function revertAll(state: FlowState): void {
  if (state.revertingAll) return;
  state.revertingAll = true;
  for (let atom = 0; atom < state.shape.atoms; atom++) state.intend(atom, "REVERT");
}

/** The controller, its scope and all that comes after it. */
function revertScope(state: FlowState, retry: number): void {
  if (state.givenUp.has(retry) || state.revertingAll) return;
  state.givenUp.add(retry);
  state.intend(retry, "REVERT");
  for (const atom of descendants(state, retry)) state.intend(atom, "REVERT");
}

/**
 * Undoes the scope, to execute it again.
 *
 * What comes after the scope has not started: it waits for the whole scope. So only the scope is touched, and what
 * deciders in there ruled out beyond it.
 */
function tryAgain(state: FlowState, retry: number): void {
  // Somebody outside wants it undone for good: an attempt more would have to be undone as well.
  if (state.intentionOf(retry) === "EXECUTE") state.intend(retry, "RETRY");
  for (const atom of scopeOf(state, retry)) state.intend(atom, "REVERT");
}

/** The scope of a controller without itself, and what deciders in there ruled out beyond it. */
function scopeOf(state: FlowState, retry: number): number[] {
  const scope = state.blueprint.scopes[state.blueprint.atoms[retry]?.scope ?? -1];
  const atoms: number[] = [];
  if (scope === undefined) return atoms;
  for (let atom = scope.first; atom < scope.last; atom++) if (atom !== retry) atoms.push(atom);
  for (const [atom, by] of state.ignoredBy) {
    const inside = (number: number): boolean => number >= scope.first && number < scope.last;
    if (inside(by) && !inside(atom)) atoms.push(atom);
  }
  return atoms;
}

/** What starting a controller's next attempt sets back, as it is now. */
export function undoOf(state: FlowState, retry: number): Undo[] {
  return scopeOf(state, retry).map((atom) => ({
    atom,
    snapshot: state.snapshotOf(atom),
    intention: state.intentionOf(atom),
    decided: state.decided.has(atom),
    ignoredBy: state.ignoredBy.get(atom) ?? -1,
  }));
}

/** Deciders said no to an atom: it and, as far as the depth reaches, what comes after it count as done. */
export function ignore(state: FlowState, atom: number, depth: Depth): void {
  if (depth === "ALL") state.ignoredAll.add(atom);
  for (const number of [atom, ...reachOf(state, atom, depth)]) {
    // A person may have completed it before its deciders were asked.
    if (state.stateOf(number) === "SUCCESS") continue;
    if (!state.ignoredBy.has(number)) state.ignoredBy.set(number, atom);
    state.intentions[number] = "IGNORE";
    state.move(number, { type: "ignore" });
    if (depth === "ALL") state.ignoredAll.add(number);
  }
}

/** What comes after an atom, as far as a depth reaches. */
export function reachOf(state: FlowState, atom: number, depth: Depth): readonly number[] {
  switch (depth) {
    case "ATOM":
      return [];
    case "NEIGHBORS":
      return (state.shape.successors[atom] ?? []).filter((next) => isTask(state, next));
    case "FLOW":
      return withinFlow(state, atom);
    case "ALL":
      return descendants(state, atom, state.ignoredAll);
  }
}

const isTask = (state: FlowState, node: number): boolean =>
  state.blueprint.atoms[node]?.kind === "task";

/** Atoms that come after a node, any way; not beyond those in `known`, whose descendants have been seen to. */
export function descendants(state: FlowState, from: number, known?: SparseSet): number[] {
  const { successors, atoms } = state.shape;
  const seen = new Set<number>();
  const found: number[] = [];
  const work = [...(successors[from] ?? [])];
  for (let node = work.pop(); node !== undefined; node = work.pop()) {
    if (seen.has(node) || known?.has(node) === true) continue;
    seen.add(node);
    if (node < atoms) found.push(node);
    for (const next of successors[node] ?? []) work.push(next);
  }
  return found;
}

/** Atoms after an atom without crossing the begin or end of a flow, nor a controller. */
function withinFlow(state: FlowState, from: number): number[] {
  const { successors, atoms } = state.shape;
  const seen = new Set<number>();
  const work = [...(successors[from] ?? [])];
  for (let node = work.pop(); node !== undefined; node = work.pop()) {
    if (seen.has(node) || node >= atoms) continue;
    seen.add(node);
    if (isTask(state, node)) for (const next of successors[node] ?? []) work.push(next);
  }
  return [...seen];
}
