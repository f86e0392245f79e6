/**
 * The state of a flow as plain data, so that a long journal need not be folded from its beginning.
 *
 * Complete and exact: folding what follows gives the same as folding everything. What is the same object in the state
 * is there once, for its size and because some of the fold tells objects apart.
 */
import type { Blueprint } from "../compile/blueprint.ts";
import type { Failure } from "../failure.ts";
import type { RetryAttempt } from "../types.ts";
import type { Direction, RunOptions } from "./records.ts";
import { Slots, type SparseMap } from "./sparse.ts";
import { FlowState, type Running, type Undo } from "./state.ts";
import type {
  AtomSnapshot,
  AtomState,
  FlowStateName,
  Intention,
  Machines,
  TaskContext,
} from "./states.ts";

/** Of a state, what is worked out from the rest or is not the flow's. */
type WorkedOut =
  | ("machines" | "shape" | "notDone" | "executable" | "undecided" | "revertible" | "notes")
  | {
      [Name in keyof FlowState]: FlowState[Name] extends (..._: never) => unknown ? Name : never;
    }[keyof FlowState];

/** The compiler asks here for what is new in a state. A snapshot of another shape needs another version, too. */
type Complete = { readonly [Name in Exclude<keyof FlowState, WorkedOut>]: unknown };

/** A place in one of the lists of what is there once. */
type Place = number;

/** A context; the compiler asks here for what is new in one. */
type LifeOf<Context> = { readonly [Name in keyof Required<Context>]: Life[Name & keyof Life] };

/** An atom's snapshot. */
export interface Life {
  readonly value: AtomState;
  readonly attempt: number;
  readonly reverts: number;
  readonly progress: number;
  readonly result: Place | undefined;
  readonly failure: Place | undefined;
  readonly revertResult: Place | undefined;
  readonly revertFailure: Place | undefined;
  /** Only of a controller. */
  readonly history: readonly KeptAttempt[] | undefined;
}

export interface KeptAttempt {
  readonly value: Place;
  readonly failures: readonly KeptFailure[];
}

export interface KeptFailure {
  readonly atom: string;
  readonly failure: Place;
}

export interface KeptUndo {
  readonly atom: number;
  readonly life: Place;
  readonly intention: Intention;
  readonly decided: boolean;
  readonly ignoredBy: number | undefined;
}

export interface StateSnapshot extends Complete {
  readonly id: string;
  readonly blueprint: Blueprint;
  /** Payloads, failures and snapshots of atoms, each once. */
  readonly values: readonly unknown[];
  readonly faults: readonly Failure[];
  readonly lives: readonly Life[];
  readonly store: Place;
  readonly meta: Place;
  readonly flow: FlowStateName;
  readonly sequence: number;
  readonly epoch: number;
  readonly owner: string;
  readonly claim: number;
  readonly options: RunOptions;
  readonly at: number;
  readonly snapshots: readonly Place[];
  readonly intentions: readonly Intention[];
  readonly firstStarts: readonly { readonly atom: number; readonly at: number }[];
  readonly retired: readonly {
    readonly name: string;
    readonly kind: "task" | "retry";
    readonly life: Place;
    readonly intention: Intention;
  }[];
  readonly running: readonly {
    readonly atom: number;
    readonly direction: Direction;
    readonly attempt: number;
    readonly before: Place;
    readonly undo: readonly KeptUndo[];
  }[];
  readonly questions: readonly {
    readonly retry: number;
    readonly atom: number;
    readonly failure: Place;
    readonly failed: number;
  }[];
  readonly decided: readonly number[];
  readonly ignoredBy: readonly { readonly atom: number; readonly by: number }[];
  readonly ignoredAll: readonly number[];
  readonly givenUp: readonly number[];
  readonly failures: readonly KeptFailure[];
  readonly waits: readonly {
    readonly atom: number;
    readonly dueAt: number;
    readonly delayMs: number;
  }[];
  readonly revertingAll: boolean;
  readonly halted: boolean;
  readonly trouble:
    | { readonly kind: NonNullable<FlowState["trouble"]>["kind"]; readonly failure: Place }
    | undefined;
  readonly losses: readonly { readonly atom: number; readonly count: number }[];
  readonly suspects: readonly number[];
  readonly edits: readonly string[];
}

/** Puts things into a list, the same one once. */
class Pool<Given, Kept> {
  readonly list: Kept[] = [];
  readonly #places = new Map<Given, Place>();
  readonly #keep: (given: Given) => Kept;

  constructor(keep: (given: Given) => Kept) {
    this.#keep = keep;
  }

  put(given: Given): Place {
    let place = this.#places.get(given);
    if (place === undefined) {
      place = this.list.push(this.#keep(given)) - 1;
      // Others are cheap; and 0 would be taken for -0.
      if (typeof given === "object" || typeof given === "string") this.#places.set(given, place);
    }
    return place;
  }
}

/** The state as it is now. The data shares its values with the state: neither changes them. */
export function toSnapshot(state: FlowState): StateSnapshot {
  const values = new Pool((value: unknown) => value);
  const faults = new Pool((failure: Failure) => failure);
  const lives = new Pool((snapshot: AtomSnapshot) => lifeOf(snapshot, values, faults));
  const { id, blueprint, sequence, epoch, owner, claim, options, at, trouble } = state;
  const fault = ([atom, failure]: [string, Failure]) => ({ atom, failure: faults.put(failure) });
  return {
    ...{ id, blueprint, values: values.list, faults: faults.list, lives: lives.list },
    ...{ store: values.put(state.store), meta: values.put(state.meta), flow: state.flow.value },
    ...{ sequence, epoch, owner, claim, options, at },
    snapshots: state.snapshots.map((snapshot) => lives.put(snapshot)),
    intentions: [...state.intentions],
    firstStarts: listOf(state.firstStarts, (atom, at) => ({ atom, at })),
    retired: [...state.retired].map(([name, { kind, snapshot, intention }]) => {
      return { name, kind, life: lives.put(snapshot), intention };
    }),
    running: [...state.running].map(([atom, running]) => ({ atom, ...runningOf(running, lives) })),
    questions: state.questions.map(({ failure, ...rest }) => {
      return { ...rest, failure: faults.put(failure) };
    }),
    decided: [...state.decided],
    ignoredBy: listOf(state.ignoredBy, (atom, by) => ({ atom, by })),
    ignoredAll: [...state.ignoredAll],
    givenUp: [...state.givenUp],
    failures: Object.entries(state.failures).map(fault),
    waits: listOf(state.waits, (atom, wait) => ({ atom, ...wait })),
    ...{ revertingAll: state.revertingAll, halted: state.halted },
    trouble: trouble && { kind: trouble.kind, failure: faults.put(trouble.failure) },
    losses: listOf(state.losses, (atom, count) => ({ atom, count })),
    suspects: [...state.suspects],
    edits: state.edits,
  };
}

type Values = Pool<unknown, unknown>;
type Faults = Pool<Failure, Failure>;
type Lives = Pool<AtomSnapshot, Life>;

function lifeOf({ value, context }: AtomSnapshot, values: Values, faults: Faults): Life {
  const { attempt, reverts, progress, result, failure, revertResult, revertFailure } = context;
  const life: LifeOf<AtomSnapshot["context"]> = {
    ...{ attempt, reverts, progress },
    result: result === undefined ? undefined : values.put(result),
    failure: failure && faults.put(failure),
    revertResult: revertResult === undefined ? undefined : values.put(revertResult),
    revertFailure: revertFailure && faults.put(revertFailure),
    history: context.history?.map((one) => ({
      value: values.put(one.value),
      failures: Object.entries(one.failures).map(([atom, fault]) => {
        return { atom, failure: faults.put(fault) };
      }),
    })),
  };
  return { value, ...life };
}

function runningOf({ direction, attempt, before, undo }: Running, lives: Lives) {
  return {
    direction,
    attempt,
    before: lives.put(before),
    undo: undo.map(({ atom, snapshot, intention, decided, ignoredBy: by }): KeptUndo => {
      const ignoredBy = by < 0 ? undefined : by;
      return { atom, life: lives.put(snapshot), intention, decided, ignoredBy };
    }),
  };
}

const listOf = <Value, Item>(map: SparseMap<Value>, item: (atom: number, value: Value) => Item) =>
  Array.from(map, ([atom, value]) => item(atom, value));

/**
 * The state that a snapshot was made of.
 *
 * @throws Error of any kind when the data is of no flow, or of machines that had other states
 */
export function fromSnapshot(machines: Machines, data: StateSnapshot): FlowState {
  const value = (place: Place): unknown => item(data.values, place);
  const failure = (place: Place): Failure => item(data.faults, place);
  const failures = (kept: readonly KeptFailure[]) =>
    Object.fromEntries(kept.map((one) => [one.atom, failure(one.failure)]));
  const lives = data.lives.map((life): AtomSnapshot => {
    const { value: name, history, ...counts } = life;
    const context: TaskContext = {
      ...counts,
      result: life.result === undefined ? undefined : value(life.result),
      failure: life.failure === undefined ? undefined : failure(life.failure),
      revertResult: life.revertResult === undefined ? undefined : value(life.revertResult),
      revertFailure: life.revertFailure === undefined ? undefined : failure(life.revertFailure),
    };
    if (history === undefined) return machines.task.restore({ value: name, context });
    const attempts = history.map((one): RetryAttempt => {
      return { value: value(one.value), failures: failures(one.failures) };
    });
    return machines.retry.restore({ value: name, context: { ...context, history: attempts } });
  });
  const life = (place: Place): AtomSnapshot => item(lives, place);
  const state = new FlowState(
    machines,
    data.id,
    data.blueprint,
    value(data.store) as FlowState["store"],
    value(data.meta) as FlowState["meta"],
  );
  fill(state, data, life, failure);
  state.failures = failures(data.failures);
  state.takeOver({
    shape: state.shape,
    snapshots: sized(data.snapshots, state).map(life),
    intentions: sized(data.intentions, state).slice(),
    running: runningFrom(data, life),
  });
  return state;
}

/** What stands for itself. */
function fill(
  state: FlowState,
  data: StateSnapshot,
  life: (place: Place) => AtomSnapshot,
  failure: (place: Place) => Failure,
): void {
  state.flow = state.machines.flow.restore({ ...state.flow, value: data.flow });
  const { sequence, epoch, owner, claim, options, at, revertingAll, halted, trouble } = data;
  Object.assign(state, { sequence, epoch, owner, claim, options, at, revertingAll, halted });
  if (trouble !== undefined) state.trouble = { ...trouble, failure: failure(trouble.failure) };
  for (const { atom, at: time } of data.firstStarts) state.firstStarts.set(atom, time);
  for (const { name, kind, life: place, intention } of data.retired) {
    state.retired.set(name, { kind, snapshot: life(place), intention });
  }
  for (const question of data.questions) {
    state.questions.push({ ...question, failure: failure(question.failure) });
  }
  for (const atom of data.decided) state.decided.add(atom);
  for (const { atom, by } of data.ignoredBy) state.ignoredBy.set(atom, by);
  for (const atom of data.ignoredAll) state.ignoredAll.add(atom);
  for (const atom of data.givenUp) state.givenUp.add(atom);
  for (const { atom, ...wait } of data.waits) state.waits.set(atom, wait);
  for (const { atom, count } of data.losses) state.losses.set(atom, count);
  state.suspects = [...data.suspects];
  state.edits = data.edits;
}

function runningFrom(data: StateSnapshot, life: (place: Place) => AtomSnapshot): Slots<Running> {
  const slots = new Slots<Running>(data.snapshots.length);
  for (const { atom, direction, attempt, before, undo } of data.running) {
    const undone = undo.map(({ life: place, ignoredBy = -1, ...rest }): Undo => {
      return { ...rest, snapshot: life(place), ignoredBy };
    });
    slots.set(atom, { direction, attempt, before: life(before), undo: undone });
  }
  return slots;
}

function item<Item>(list: readonly Item[], place: Place): Item {
  if (place < list.length) return list[place] as Item;
  throw new RangeError(`a snapshot has no item ${place} of ${list.length}`);
}

function sized<Item>(list: readonly Item[], { shape }: FlowState): readonly Item[] {
  if (list.length === shape.atoms) return list;
  throw new RangeError(`a snapshot of ${list.length} atoms, and the flow has ${shape.atoms}`);
}
