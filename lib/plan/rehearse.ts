/** What a run would do, worked out by folding imagined outcomes: no users' code is called. */
import type { Blueprint } from "../compile/blueprint.ts";
import type { Verdict } from "../types.ts";
import { takeAsks, takeStart, endOf } from "./due.ts";
import { created, fold } from "./fold.ts";
import type { Direction, FlowRecord } from "./records.ts";
import { SparseSet } from "./sparse.ts";
import type { FlowState } from "./state.ts";
import type { EndState, Machines } from "./states.ts";

export interface Imagined {
  /** The atom whose first attempt fails; none: all succeed. */
  readonly failing?: number;
  /** What the first controller says that is asked; all others say REVERT. Default REVERT. */
  readonly verdict?: Verdict;
}

export type RehearsedStep =
  | {
      readonly kind: Direction;
      readonly atom: number;
      /** From 1, in its direction. */
      readonly attempt: number;
      readonly fails: boolean;
    }
  | {
      readonly kind: "verdict";
      /** The controller that is asked, and about which atom. */
      readonly retry: number;
      readonly atom: number;
      readonly verdict: Verdict;
    };

export interface Rehearsal {
  /** In the order of a serial engine. */
  readonly steps: readonly RehearsedStep[];
  readonly end: EndState;
  /** Atoms that never start, in declared order. */
  readonly untouched: readonly number[];
}

/** One start at a time, as the serial engine does it; deciders say yes, reverts succeed. */
export function rehearse(
  machines: Machines,
  blueprint: Blueprint,
  { failing, verdict = "REVERT" }: Imagined = {},
): Rehearsal {
  const state = created(machines, { kind: "created", flow: "", blueprint, store: {}, meta: {} });
  fold(state, { kind: "run", options: { deferReverts: false, neverResolve: false } });
  const steps: RehearsedStep[] = [];
  const touched = new Set<number>();
  for (let step = stepOf(state); step !== undefined; step = stepOf(state)) {
    if (step.kind === "verdict") {
      const said = steps.some(({ kind }) => kind === "verdict") ? "REVERT" : verdict;
      steps.push({ ...step, verdict: said });
      fold(state, { kind: "retryDecided", retry: step.retry, atom: step.atom, verdict: said });
      continue;
    }
    const fails = step.atom === failing && step.kind === "execute" && !touched.has(step.atom);
    touched.add(step.atom);
    steps.push({ ...step, fails });
    fold(state, outcomeOf(step.kind, step.atom, step.attempt, fails));
  }
  const untouched = blueprint.atoms.flatMap((_, atom) => (touched.has(atom) ? [] : [atom]));
  return { steps, end: endOf(state) ?? "FAILURE", untouched };
}

type Next =
  | { readonly kind: Direction; readonly atom: number; readonly attempt: number }
  | { readonly kind: "verdict"; readonly retry: number; readonly atom: number };

function stepOf(state: FlowState): Next | undefined {
  const question = state.questions[0];
  if (question !== undefined) {
    return { kind: "verdict", retry: question.retry, atom: question.atom };
  }
  const asks = new SparseSet();
  takeAsks(state, asks);
  for (const atom of asks) fold(state, { kind: "decided", atom, runs: true });
  const start = takeStart(state, []);
  if (start === undefined) return undefined;
  const { atom, direction } = start;
  const { context } = state.snapshotOf(atom);
  const attempt = (direction === "execute" ? context.attempt : context.reverts) + 1;
  fold(state, { kind: "started", atom, direction, attempt });
  return { kind: direction, atom, attempt };
}

const imagined = { name: "Error", message: "imagined" };

function outcomeOf(
  direction: Direction,
  atom: number,
  attempt: number,
  fails: boolean,
): FlowRecord {
  const kind = direction === "execute" ? "executed" : "reverted";
  return fails ? { kind, atom, attempt, failure: imagined } : { kind, atom, attempt, value: null };
}
