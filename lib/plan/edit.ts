/**
 * A person's hand on a flow: what can be asked for, and why it can't be done where it can't.
 *
 * Whoever writes an `edited` record asks `whyNot` first; so does a page, to offer only what can be done. Pure.
 */
import { nearest } from "../nearest.ts";
import type { Depth } from "../types.ts";
import { whyNotRetryFrom } from "./edit-from.ts";
import type { FlowRecord } from "./records.ts";
import { reachOf } from "./resolve.ts";
import { isList } from "./shape.ts";
import type { FlowState } from "./state.ts";

/** Who asks for an edit and why, for whoever reads the journal later. */
interface Asked {
  readonly by?: string;
  readonly reason?: string;
}

/** What a person can do to a flow. Atoms are named as in the flow. */
export type Edit = Asked &
  (
    | {
        /**
         * An atom that has not begun counts as ruled out, as if a decider had said no; what comes after it goes on.
         * Not where that needs what only this atom provides. A retry of the flow it stands in brings it back.
         */
        readonly kind: "skip";
        readonly atom: string;
        /** How far the no reaches beyond the atom. Default ATOM. */
        readonly depth?: Depth;
      }
    | {
        /**
         * An atom is SUCCESS with this value: one whose turn has come, instead of running; one that runs, whose attempt
         * is aborted; one that failed, as long as nothing was decided on its failure.
         */
        readonly kind: "complete";
        readonly atom: string;
        readonly value?: unknown;
      }
    | {
        /** An atom whose turn has come, or that runs, fails; what follows is what follows any failure. */
        readonly kind: "fail";
        readonly atom: string;
        readonly message: string;
      }
    | {
        /** A controller that waits before its next attempt waits no longer. */
        readonly kind: "retryNow";
        readonly retry: string;
      }
    | {
        /**
         * Of a flow that rests or is over: these atoms and all that depends on them are PENDING again, and the flow can
         * be run on. All that goes before them must be done.
         */
        readonly kind: "retryFrom";
        readonly atoms: readonly string[];
      }
    | {
        /** Nothing more starts, what runs may end, and only a run with `unpark` goes on. */
        readonly kind: "park";
      }
  );

export type EditKind = Edit["kind"];

export const editKinds: readonly EditKind[] = [
  ...(["skip", "complete", "fail", "retryNow", "retryFrom", "park"] as const),
];

/** The atoms that an edit names. */
export function atomsOf(edit: Edit): readonly string[] {
  switch (edit.kind) {
    case "retryNow":
      return [edit.retry];
    case "retryFrom":
      return edit.atoms;
    case "park":
      return [];
    default:
      return [edit.atom];
  }
}

/** Whoever asks for it wants the flow to go on, even if it rests. */
export const wantsRun = ({ kind }: Edit): boolean => kind === "retryNow" || kind === "retryFrom";

/**
 * Why an edit can't be made of a flow as it is now, for people; undefined: it can. An edit `complete` without a `value`
 * is one whose value isn't known yet.
 */
export function whyNot(state: FlowState, edit: Edit): string | undefined {
  const numbers: number[] = [];
  for (const name of atomsOf(edit)) {
    const atom = state.shape.numbers.get(name);
    if (atom === undefined) return unknown(state, name);
    numbers.push(atom);
  }
  const [atom = -1] = numbers;
  switch (edit.kind) {
    case "skip":
      return whyNotSkip(state, atom, edit.depth ?? "ATOM");
    case "complete":
      return whyNotComplete(state, atom) ?? whyNotValue(state, atom, edit);
    case "fail":
      return whyNotFail(state, atom);
    case "retryNow":
      if (state.waits.has(atom)) return undefined;
      return isRetry(state, atom) ? "it doesn't wait" : "it is a task: only a controller waits";
    case "retryFrom":
      return whyNotRetryFrom(state, numbers);
    case "park":
      return whyNotPark(state);
  }
}

/** The record of an edit that can be made. */
export function recordOf(state: FlowState, edit: Edit, id: string): FlowRecord {
  const { kind, by, reason } = edit;
  if (kind === "park") return { kind: "parked", reason: parkedBy(edit) };
  const atoms = atomsOf(edit).map((name) => state.shape.numbers.get(name) ?? -1);
  const asked = {
    ...(by === undefined ? {} : { by }),
    ...(reason === undefined ? {} : { reason }),
  };
  const record = { kind: "edited", edit: kind, id, atoms, ...asked } as const;
  switch (kind) {
    case "skip":
      return edit.depth === undefined ? record : { ...record, depth: edit.depth };
    case "complete":
      return { ...record, value: edit.value };
    case "fail": {
      const { message } = edit;
      return { ...record, failure: { name: "FlowError", code: "ENDED_BY_HAND", message } };
    }
    default:
      return record;
  }
}

const parkedBy = ({ by, reason = "parked by hand" }: Asked): string =>
  by === undefined ? reason : `${reason} (${by})`;

function unknown(state: FlowState, name: string): string {
  const near = nearest(name, state.shape.numbers.keys());
  return `the flow has no such atom${near === undefined ? "" : `; did you mean "${near}"?`}`;
}

const isRetry = (state: FlowState, atom: number): boolean =>
  state.blueprint.atoms[atom]?.kind === "retry";

/** A flow that was undone begins anew with its next run: nothing done to it before would last. */
function whyNotUndone(state: FlowState): string | undefined {
  return state.flow.value === "REVERTED" ? "its flow was undone: retry it first" : undefined;
}

function whyNotSkip(state: FlowState, atom: number, depth: Depth): string | undefined {
  if (isRetry(state, atom)) return "it is a retry controller: skip the atoms of its flow";
  const value = state.stateOf(atom);
  if (value === "IGNORE") return "it is ruled out already";
  if (value !== "PENDING") return `it is ${value}: only what has not begun can be skipped`;
  return whyNotUndone(state) ?? whyNotWanted(state, atom) ?? lack(state, atom, depth);
}

function whyNotWanted(state: FlowState, atom: number): string | undefined {
  return state.intentionOf(atom) === "EXECUTE" ? undefined : "what it belongs to is being undone";
}

/** Whether somebody would lack what nobody else provides. */
function lack(state: FlowState, atom: number, depth: Depth): string | undefined {
  const ruledOut = new Set([atom, ...reachOf(state, atom, depth)]);
  const isOut = (other: number): boolean =>
    ruledOut.has(other) || state.stateOf(other) === "IGNORE";
  for (const [number, plan] of state.blueprint.atoms.entries()) {
    if (isOut(number)) continue;
    for (const { from, symbol, optional } of [...plan.inputs, ...plan.revertInputs]) {
      if (optional || !from.some((provider) => ruledOut.has(provider))) continue;
      if (Object.hasOwn(plan.inject, symbol) || Object.hasOwn(state.store, symbol)) continue;
      if (from.every(isOut)) return `"${plan.name}" needs "${symbol}", which nothing else provides`;
    }
  }
  return undefined;
}

function whyNotComplete(state: FlowState, atom: number): string | undefined {
  const value = state.stateOf(atom);
  switch (value) {
    case "RUNNING":
      return undefined;
    case "SUCCESS":
      return "it is done already";
    case "PENDING":
      return whyNotTurn(state, atom);
    case "FAILURE":
      if (state.intentionOf(atom) === "EXECUTE") return whyNotUndone(state);
      return "its failure was resolved: it is about to be undone";
    default:
      return `it is ${value}`;
  }
}

function whyNotFail(state: FlowState, atom: number): string | undefined {
  const value = state.stateOf(atom);
  if (value === "RUNNING") return undefined;
  return value === "PENDING" ? whyNotTurn(state, atom) : `it is ${value}`;
}

/** What comes after something that isn't done may have no outcome: nothing could be undone in order any more. */
function whyNotTurn(state: FlowState, atom: number): string | undefined {
  const because = whyNotUndone(state) ?? whyNotWanted(state, atom);
  if (because !== undefined || state.isReached(atom)) return because;
  return "what goes before it isn't done: complete or skip that first";
}

/** A value that lacks what the atom says it gives would be missed only by whoever needs it. */
function whyNotValue(
  state: FlowState,
  atom: number,
  edit: Extract<Edit, { kind: "complete" }>,
): string | undefined {
  const provides = state.blueprint.atoms[atom]?.provides ?? null;
  if (provides === null || typeof provides === "string" || !("value" in edit)) return undefined;
  const { value } = edit;
  if (isList(provides)) {
    if (Array.isArray(value) && value.length >= provides.length) return undefined;
    return `its value must be a list: ${provides.join(", ")}`;
  }
  const isGiven = (key: string): boolean =>
    typeof value === "object" && value !== null && Object.hasOwn(value, key);
  if (provides.keys.every(isGiven)) return undefined;
  return `its value must be an object with ${provides.keys.join(", ")}`;
}

function whyNotPark(state: FlowState): string | undefined {
  const { value } = state.flow;
  const isUnderWay = value === "RUNNING" || value === "SUSPENDING" || value === "SUSPENDED";
  return isUnderWay ? undefined : `its flow is ${value}: only one that is under way can be parked`;
}
