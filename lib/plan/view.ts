/** What a flow looks like from outside: a live reading of its folded state. */
import { copyOut } from "../codec.ts";
import { FlowError } from "../errors.ts";
import type { Failure } from "../failure.ts";
import { nearest } from "../nearest.ts";
import type { Provides, RetryAttempt } from "../types.ts";
import { digestOf } from "./digest.ts";
import type { FlowState } from "./state.ts";
import type { AtomSnapshot, AtomState, FlowStateName, Intention } from "./states.ts";
import { symbolValues } from "./values.ts";

export interface AtomView {
  readonly name: string;
  readonly kind: "task" | "retry";
  /** The symbols that its result becomes, as it declares them; null also for an atom that an altered flow has lost. */
  readonly provides: Provides;
  readonly state: AtomState;
  readonly intention: Intention;
  /** Number of the last attempt to execute it; 0: none yet. */
  readonly attempt: number;
  /** Number of the last attempt to undo it. */
  readonly reverts: number;
  /** From 0 to 1. */
  readonly progress: number;
  readonly result: unknown;
  readonly failure: Failure | undefined;
  readonly revertResult: unknown;
  readonly revertFailure: Failure | undefined;
  /** Only of a controller: its attempts, oldest first. */
  readonly history: readonly RetryAttempt[] | undefined;
  /** Its machine, as XState shows it. Shared: don't change what is in there. */
  readonly snapshot: AtomSnapshot;
}

/** Reads one flow. Values are copies: changing them changes nothing. */
export class FlowView {
  readonly #state: () => FlowState;

  /** @param state - gives the state at the time of each reading */
  constructor(state: () => FlowState) {
    this.#state = state;
  }

  get id(): string {
    return this.#state().id;
  }

  /** The root flow's name. */
  get name(): string {
    return this.#state().blueprint.flow;
  }

  /** What was given as `meta` when it was begun. */
  get meta(): Readonly<Record<string, string>> {
    return this.#state().meta;
  }

  get state(): FlowStateName {
    return this.#state().flow.value;
  }

  /** Epoch of the last owner; 0: none yet. */
  get epoch(): number {
    return this.#state().epoch;
  }

  /** Sequence of the last record. */
  get sequence(): number {
    return this.#state().sequence;
  }

  /** Fingerprint of all that is recorded: equal for equal journals. Not for flows whose values are `live`. */
  get digest(): string {
    return digestOf(this.#state());
  }

  /** Why it stopped, where that is no atom's failure. */
  get reason(): string | undefined {
    return this.#state().trouble?.failure.message;
  }

  /** As declared; then those that an altered flow has lost. */
  atoms(): AtomView[] {
    const state = this.#state();
    const undone = wantedUndone(state);
    const retired = [...state.retired].map(([name, { kind, snapshot, intention }]) =>
      viewOf({ name, kind, provides: null }, snapshot, intention),
    );
    return [...state.blueprint.atoms.map((_, atom) => atomView(state, atom, undone)), ...retired];
  }

  /** @throws FlowError `NOT_FOUND` */
  atom(name: string): AtomView {
    const state = this.#state();
    const atom = state.shape.numbers.get(name);
    if (atom !== undefined) return atomView(state, atom, wantedUndone(state));
    const retired = state.retired.get(name);
    if (retired !== undefined) {
      const { kind, snapshot, intention } = retired;
      return viewOf({ name, kind, provides: null }, snapshot, intention);
    }
    const near = nearest(name, state.shape.numbers.keys());
    throw new FlowError("NOT_FOUND", {
      what: "atom",
      name,
      ...(near === undefined ? {} : { nearest: near }),
    });
  }

  /**
   * The value of a symbol: from the store, or from the first atom that provides it and is done.
   *
   * @throws FlowError `NOT_FOUND` when nothing has it now
   */
  fetch(symbol: string): unknown {
    const values = symbolValues(this.#state());
    if (values.has(symbol)) return copyOut(values.get(symbol));
    const near = nearest(symbol, values.keys());
    throw new FlowError("NOT_FOUND", {
      what: "value of symbol",
      name: symbol,
      ...(near === undefined ? {} : { nearest: near }),
    });
  }

  /** All symbols that have a value now. */
  fetchAll(): Record<string, unknown> {
    return Object.fromEntries(
      [...symbolValues(this.#state())].map(([symbol, value]) => [symbol, copyOut(value)]),
    );
  }

  /** Execute failures known now, by atom. */
  failures(): Readonly<Record<string, Failure>> {
    return this.#state().failures;
  }

  /** A controller's attempts, oldest first. */
  history(retry: string): readonly RetryAttempt[] {
    return this.atom(retry).history ?? [];
  }
}

function atomView(state: FlowState, atom: number, undone: ReadonlySet<number>): AtomView {
  const snapshot = state.snapshotOf(atom);
  const own = state.intentionOf(atom);
  const waits = own === "EXECUTE" && snapshot.value === "PENDING" && undone.has(atom);
  const { kind = "task", provides = null } = state.blueprint.atoms[atom] ?? {};
  const plan = { name: state.nameOf(atom), kind, provides };
  return viewOf(plan, snapshot, waits ? "REVERT" : own);
}

function viewOf(
  { name, kind, provides }: Pick<AtomView, "name" | "kind" | "provides">,
  snapshot: AtomSnapshot,
  intention: Intention,
): AtomView {
  const { value, context } = snapshot;
  return {
    name,
    kind,
    provides,
    state: value,
    intention,
    attempt: context.attempt,
    reverts: context.reverts,
    progress: context.progress,
    result: copyOut(context.result),
    failure: context.failure,
    revertResult: copyOut(context.revertResult),
    revertFailure: context.revertFailure,
    history: context.history,
    snapshot,
  };
}

/**
 * While a controller's scope is being undone for another attempt, what comes after the scope is wanted undone too.
 * The fold doesn't touch those atoms, which have not started; here they are shown as TaskFlow shows them.
 */
function wantedUndone(state: FlowState): ReadonlySet<number> {
  const seen = new Set<number>();
  const { successors, atoms } = state.shape;
  const work: number[] = [];
  for (let atom = 0; atom < atoms; atom++) if (state.intentionOf(atom) === "RETRY") work.push(atom);
  for (let node = work.pop(); node !== undefined; node = work.pop()) {
    for (const next of successors[node] ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      work.push(next);
    }
  }
  return seen;
}
