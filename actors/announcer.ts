/** Tells listeners what changed. */
import type { AtomPlan, Blueprint } from "../lib/compile/blueprint.ts";
import type { Failure } from "../lib/failure.ts";
import { Notifier } from "../lib/notifier.ts";
import type { Note } from "../lib/plan/state.ts";
import type { AtomSnapshot, AtomState, FlowSnapshot, FlowStateName } from "../lib/plan/states.ts";
import type { Provides } from "../lib/types.ts";

export interface AtomChange {
  readonly atom: string;
  readonly kind: "task" | "retry";
  /** The symbols that its result becomes, as it declares them. */
  readonly provides: Provides;
  readonly state: AtomState;
  readonly oldState: AtomState;
  /** Number of the attempt in the direction that the state belongs to. */
  readonly attempt: number;
  /** With SUCCESS: what `execute` returned; with REVERTED: what `revert` returned. Shared: don't change it. */
  readonly result?: unknown;
  readonly failure?: Failure;
  /** The atom's machine after the change, as XState shows it. */
  readonly snapshot: AtomSnapshot;
  /** When it was recorded, epoch milliseconds. */
  readonly at: number;
}

export interface FlowChange {
  readonly flow: string;
  readonly state: FlowStateName;
  readonly oldState: FlowStateName;
  /** The flow's machine after the change, as XState shows it. */
  readonly snapshot: FlowSnapshot;
  /** When it was recorded, epoch milliseconds. */
  readonly at: number;
}

export interface ProgressChange {
  readonly atom: string;
  /** From 0 to 1. The engine itself tells 0 when an attempt starts and 1 when it succeeds. */
  readonly fraction: number;
  readonly details?: unknown;
}

/** The progress that the engine itself tells after a change of state; a failure leaves the last one. */
const progressIn: Readonly<Partial<Record<AtomState, number>>> = {
  PENDING: 0,
  RUNNING: 0,
  SUCCESS: 1,
  IGNORE: 0,
  REVERTING: 0,
  REVERTED: 1,
};

/** The notifiers of one engine. */
export class Announcer {
  readonly flow: Notifier<FlowChange>;
  readonly atoms: Notifier<AtomChange>;
  readonly progress: Notifier<ProgressChange>;

  /** @param changed - called when a listener came or went */
  constructor(failed: (error: unknown) => void, changed: () => void) {
    this.flow = new Notifier(failed, changed);
    this.atoms = new Notifier(failed, changed);
    this.progress = new Notifier(failed, changed);
  }

  get isHeard(): boolean {
    return this.flow.isHeard || this.atoms.isHeard || this.progress.isHeard;
  }

  /** @param flow - `isOver` says whether a listener has let go of it: then nothing more is told of it */
  tell(note: Note, blueprint: Blueprint, flow: { isOver(): boolean }): void {
    if (note.kind === "flow") {
      const { from: oldState, snapshot, at } = note;
      const state = snapshot.value;
      this.flow.emit(state, { flow: blueprint.flow, state, oldState, snapshot, at });
      return;
    }
    const plan = blueprint.atoms[note.atom];
    if (plan === undefined) return;
    const { snapshot } = note;
    this.atoms.emit(snapshot.value, changeOf(plan, note));
    if (!this.progress.isHeard) return;
    const fraction = progressIn[snapshot.value];
    if (fraction !== undefined && !flow.isOver()) this.tellProgress(plan.name, fraction, undefined);
  }

  tellProgress(atom: string, fraction: number, details: unknown): void {
    if (!this.progress.isHeard) return;
    const more = details === undefined ? {} : { details };
    this.progress.emit(atom, { atom, fraction, ...more });
  }
}

type AtomNote = Extract<Note, { readonly kind: "atom" }>;

/** With the attempt that the state belongs to, and what came of it. */
function changeOf(
  { name: atom, kind, provides }: Pick<AtomPlan, "name" | "kind" | "provides">,
  { from: oldState, snapshot, at }: AtomNote,
): AtomChange {
  // Written out for each state: spreading costs more than all the rest of telling a change.
  const { value: state, context } = snapshot;
  const { attempt, reverts, result, failure, revertResult, revertFailure } = context;
  switch (state) {
    case "SUCCESS":
      return { atom, kind, provides, state, oldState, snapshot, at, attempt, result };
    case "REVERTING":
      return { atom, kind, provides, state, oldState, snapshot, at, attempt: reverts };
    case "REVERTED":
      return {
        atom,
        kind,
        provides,
        state,
        oldState,
        snapshot,
        at,
        attempt: reverts,
        result: revertResult,
      };
    case "FAILURE":
      if (failure === undefined) break;
      return { atom, kind, provides, state, oldState, snapshot, at, attempt, failure };
    case "REVERT_FAILURE": {
      const change = { atom, kind, provides, state, oldState, snapshot, at, attempt: reverts };
      return revertFailure === undefined ? change : { ...change, failure: revertFailure };
    }
    default:
  }
  return { atom, kind, provides, state, oldState, snapshot, at, attempt };
}
