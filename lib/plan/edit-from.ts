/** Setting atoms back, of a flow that rests or is over: which ones, and what must be done before them. */
import { descendants, finish } from "./resolve.ts";
import type { FlowState } from "./state.ts";
import type { FlowStateName } from "./states.ts";

const resting: readonly FlowStateName[] = [
  ...(["SUSPENDED", "PARKED", "FAILURE", "REVERTED", "SUCCESS"] as const),
];

/** Why these atoms can't be set back; it says from where it could be done instead. */
export function whyNotRetryFrom(state: FlowState, named: readonly number[]): string | undefined {
  const { value } = state.flow;
  if (!resting.includes(value)) {
    return `its flow is ${value}: only one that rests or is over can be set back`;
  }
  if (named.length === 0) return "no atom was named";
  const back = setBack(state, named);
  const before = ancestors(state, back);
  const blocking: number[] = [];
  for (let atom = 0; atom < state.shape.atoms; atom++) {
    if (!back.has(atom) && isInTheWay(state, atom, before.has(atom))) blocking.push(atom);
  }
  const [first] = blocking;
  if (first === undefined) return undefined;
  const from = firstOf(state, [...named, ...blocking]);
  return (
    `"${state.nameOf(first)}"${before.has(first) ? ", which goes before it," : ""} is ` +
    `${state.stateOf(first)}; it could go from ${from.map((atom) => `"${state.nameOf(atom)}"`).join(" and ")}`
  );
}

/**
 * Which atoms a fork from this one has still to do, whatever state the flow is in: it, and what comes after it.
 *
 * @returns why there can be none, if there can't
 */
export function whyNotFork(state: FlowState, name: string): ReadonlySet<number> | string {
  const atom = state.shape.numbers.get(name);
  if (atom === undefined) return "the flow has no such atom";
  const back = setBack(state, [atom]);
  const open = [...ancestors(state, back)].filter(
    (node) => node < state.shape.atoms && !back.has(node) && !isDone(state, node),
  );
  const [first] = firstOf(state, open);
  if (first === undefined) return back;
  const word = `"${state.nameOf(first)}", which goes before it, is ${state.stateOf(first)}`;
  return `${word}; it could go from "${state.nameOf(first)}"`;
}

const isDone = (state: FlowState, atom: number): boolean =>
  state.stateOf(atom) === "SUCCESS" || state.stateOf(atom) === "IGNORE";

/** Nothing is left to be undone afterwards: what isn't set back is done, or goes on forwards. */
function isInTheWay(state: FlowState, atom: number, isBefore: boolean): boolean {
  const value = state.stateOf(atom);
  if (isDone(state, atom)) return false;
  if (isBefore) return true;
  if (value === "PENDING" || value === "RUNNING") return false;
  return value !== "FAILURE" || state.intentionOf(atom) !== "EXECUTE";
}

/** The atoms of a list that come after no other of it. */
function firstOf(state: FlowState, atoms: readonly number[]): readonly number[] {
  const after = new Set<number>();
  for (const atom of atoms) for (const next of descendants(state, atom)) after.add(next);
  return [...new Set(atoms)].filter((atom) => !after.has(atom)).sort((a, b) => a - b);
}

/**
 * The named atoms and what comes after them. What a decider elsewhere has ruled out stays so: its no still counts.
 */
function setBack(state: FlowState, named: readonly number[]): ReadonlySet<number> {
  const back = new Set(named);
  for (const atom of named) for (const next of descendants(state, atom)) back.add(next);
  for (const atom of back) {
    const by = state.ignoredBy.get(atom);
    const stays = state.stateOf(atom) === "IGNORE" && by !== undefined && !back.has(by);
    if (stays && !named.includes(atom)) back.delete(atom);
  }
  return back;
}

function ancestors(state: FlowState, atoms: Iterable<number>): ReadonlySet<number> {
  const { predecessors } = state.shape;
  const found = new Set<number>();
  const work = [...atoms].flatMap((atom) => predecessors[atom] ?? []);
  for (let node = work.pop(); node !== undefined; node = work.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    for (const before of predecessors[node] ?? []) work.push(before);
  }
  return found;
}

/** Sets them back; whatever else was to be undone isn't any more. */
export function foldRetryFrom(state: FlowState, named: readonly number[]): void {
  if (!resting.includes(state.flow.value)) return;
  const back = setBack(state, named);
  const open = state.questions.splice(0);
  state.questions.push(
    ...open.filter(({ retry, failed }) => !back.has(retry) && !back.has(failed)),
  );
  for (let atom = 0; atom < state.shape.atoms; atom++) {
    if (back.has(atom)) {
      finish(state, atom);
      state.restart(atom);
      if (state.blueprint.atoms[atom]?.kind === "retry") state.move(atom, { type: "renew" });
    } else {
      state.intend(atom, state.stateOf(atom) === "IGNORE" ? "IGNORE" : "EXECUTE");
    }
  }
  state.waits.clear();
  state.givenUp.clear();
  state.revertingAll = false;
  state.halted = false;
  if (state.trouble?.kind !== "park") state.trouble = undefined;
  state.moveFlow({ type: "reopen" });
  state.offerAll();
}
