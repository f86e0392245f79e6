/** The state of one flow while its records are folded. */
import type { Blueprint } from "../compile/blueprint.ts";
import type { Failure } from "../failure.ts";
import { Counts, type Lives } from "./counts.ts";
import { RankHeap } from "./heap.ts";
import type { Direction, RunOptions } from "./records.ts";
import { type Shape, shapeOf } from "./shape.ts";
import { Slots, SparseMap, SparseSet } from "./sparse.ts";
import type {
  AtomSnapshot,
  AtomState,
  FlowEvent,
  FlowSnapshot,
  FlowStateName,
  Intention,
  Machines,
  RetryEvent,
  TaskEvent,
} from "./states.ts";

/** A change of state, in the order of the records. */
export type Note =
  | {
      readonly kind: "atom";
      readonly atom: number;
      readonly from: AtomState;
      readonly snapshot: AtomSnapshot;
      /** Of the batch, epoch milliseconds. */
      readonly at: number;
      /** It comes of a start: told only once the launch is certain. */
      readonly start: boolean;
    }
  | {
      readonly kind: "flow";
      readonly from: FlowStateName;
      readonly snapshot: FlowSnapshot;
      /** Of the batch, epoch milliseconds. */
      readonly at: number;
    };

/** What a withdrawn start of a controller puts back. */
export interface Undo {
  readonly atom: number;
  readonly snapshot: AtomSnapshot;
  readonly intention: Intention;
  readonly decided: boolean;
  readonly ignoredBy: number;
}

/** An attempt that was started and has no outcome yet. */
export interface Running {
  readonly direction: Direction;
  readonly attempt: number;
  /** The atom before it started. */
  readonly before: AtomSnapshot;
  readonly undo: readonly Undo[];
}

/** An atom that the flow's declaration has lost. */
export interface Retired {
  readonly kind: "task" | "retry";
  readonly snapshot: AtomSnapshot;
  readonly intention: Intention;
}

/** A controller that must be asked. */
export interface OpenQuestion {
  readonly retry: number;
  readonly atom: number;
  readonly failure: Failure;
  /** The atom whose failure it is about; the scope of its controller is what a REVERT gives up. */
  readonly failed: number;
}

const noOptions: RunOptions = { deferReverts: false, neverResolve: false };

const nothing: readonly Undo[] = [];

export class FlowState implements Lives {
  readonly id: string;
  readonly machines: Machines;
  shape: Shape;
  readonly store: Readonly<Record<string, unknown>>;
  readonly meta: Readonly<Record<string, string>>;
  flow: FlowSnapshot;
  sequence = 0;
  epoch = 0;
  owner = "";
  /** Revision of the claim of the last owner that had one; 0: there was none. */
  claim = 0;
  options: RunOptions = noOptions;
  /** Time of the batch whose records are being folded. */
  at = 0;
  /** When a controller's first attempt started. */
  readonly firstStarts = new SparseMap<number>();

  /** Atoms that an altered flow has lost; they rest as they were, and go on if the flow gets them back. */
  readonly retired = new Map<string, Retired>();
  snapshots: AtomSnapshot[];
  intentions: Intention[];
  /** Atoms that are neither SUCCESS nor IGNORE. */
  notDone: number;
  running: Slots<Running>;
  readonly questions: OpenQuestion[] = [];
  /** Atoms whose deciders said yes. */
  readonly decided = new SparseSet();
  /** Ignored atom -> the atom whose deciders said no. */
  readonly ignoredBy = new SparseMap<number>();
  /** Atoms at which a walk of depth ALL need not go on. */
  readonly ignoredAll = new SparseSet();
  /** Execute failures known now, by the atom's name. Replaced, never changed. */
  failures: Readonly<Record<string, Failure>> = {};
  /** Controllers that wait before the next attempt. */
  readonly waits = new SparseMap<{ readonly dueAt: number; readonly delayMs: number }>();
  /** Controllers whose scope was given up, with all that comes after it. */
  readonly givenUp = new SparseSet();
  revertingAll = false;
  /** Nothing starts any more; the run ends FAILURE. */
  halted = false;
  /** A failure that is no atom's: a decider threw, somebody cancelled or killed the flow, it is parked. */
  trouble:
    | { readonly kind: "decider" | "cancel" | "kill" | "park"; readonly failure: Failure }
    | undefined;
  /** Losses of the attempt that runs now, by atom. */
  readonly losses = new SparseMap<number>();
  /** Ids of the last edits: the same one that is asked for again is not made again. */
  edits: readonly string[] = [];
  /** Attempts that may have taken the last owner down; run one at a time. */
  suspects: number[] = [];

  /** Atoms that may be ready; looked at again when they are taken out. */
  executable: RankHeap;
  /** The same, of those whose deciders must be asked first. */
  undecided: RankHeap;
  revertible: RankHeap;
  /** Where changes are noted, when somebody wants to know. */
  notes: Note[] | undefined = undefined;

  #counts: Counts;
  #starting = false;

  constructor(
    machines: Machines,
    id: string,
    blueprint: Blueprint,
    store: Readonly<Record<string, unknown>>,
    meta: Readonly<Record<string, string>>,
  ) {
    this.machines = machines;
    this.id = id;
    this.store = store;
    this.meta = meta;
    this.shape = shapeOf(blueprint);
    this.flow = machines.flow.initial;
    const { atoms } = this.shape;
    this.snapshots = blueprint.atoms.map((atom) => machines[atom.kind].initial);
    this.intentions = new Array<Intention>(atoms).fill("EXECUTE");
    this.notDone = atoms;
    this.running = new Slots(atoms);
    this.#counts = Counts.fresh(this.shape);
    this.executable = new RankHeap(this.shape.rank);
    this.undecided = new RankHeap(this.shape.rank);
    this.revertible = new RankHeap(this.shape.revertRank);
  }

  get blueprint(): Blueprint {
    return this.shape.blueprint;
  }

  stateOf(atom: number): AtomState {
    return this.#at(atom).value;
  }

  snapshotOf(atom: number): AtomSnapshot {
    return this.#at(atom);
  }

  intentionOf(atom: number): Intention {
    return this.intentions[atom] as Intention;
  }

  nameOf(atom: number): string {
    return this.blueprint.atoms[atom]?.name ?? String(atom);
  }

  /** All that goes before it is done. */
  isReached(atom: number): boolean {
    return this.#counts.isReached(atom);
  }

  /** May start now. */
  isExecutable(atom: number): boolean {
    return (
      this.#counts.isReached(atom) &&
      this.intentions[atom] === "EXECUTE" &&
      this.#at(atom).value === "PENDING"
    );
  }

  /** No decider is left to ask before it starts. */
  isDecided(atom: number): boolean {
    const deciders = this.blueprint.atoms[atom]?.deciders;
    return deciders === undefined || deciders.length === 0 || this.decided.has(atom);
  }

  /** May be undone now, or, for a controller, begin its next attempt. */
  isRevertible(atom: number): boolean {
    if (!this.#counts.isLeft(atom)) return false;
    const { value } = this.#at(atom);
    const intention = this.intentions[atom];
    if (intention === "RETRY") return value === "SUCCESS";
    return (
      intention === "REVERT" &&
      (value === "SUCCESS" || value === "FAILURE" || value === "REVERT_FAILURE")
    );
  }

  /** An atom's machine takes an event. */
  move(atom: number, event: TaskEvent | RetryEvent): void {
    const before = this.#at(atom);
    const machine = this.machines[this.blueprint.atoms[atom]?.kind ?? "task"];
    const after = machine.step(before, event as TaskEvent);
    if (after === before) return;
    this.#put(atom, before, after);
  }

  #put(atom: number, before: AtomSnapshot, after: AtomSnapshot): void {
    this.snapshots[atom] = after;
    if (before.context.failure !== after.context.failure) this.#keepFailure(atom, after);
    if (before.value === after.value) return;
    this.notDone += Number(isDone(before.value)) - Number(isDone(after.value));
    this.notes?.push({
      kind: "atom",
      atom,
      from: before.value,
      snapshot: after,
      at: this.at,
      start: this.#starting,
    });
    this.#touch(atom);
  }

  #keepFailure(atom: number, { context }: AtomSnapshot): void {
    const name = this.nameOf(atom);
    const others = Object.entries(this.failures).filter(([other]) => other !== name);
    if (context.failure !== undefined) others.push([name, context.failure]);
    this.failures = Object.fromEntries(others);
  }

  /** The flow's machine takes an event. */
  moveFlow(event: FlowEvent): void {
    const before = this.flow;
    const after = this.machines.flow.step(before, event);
    this.flow = after;
    if (before.value === after.value) return;
    this.notes?.push({ kind: "flow", from: before.value, snapshot: after, at: this.at });
  }

  intend(atom: number, intention: Intention): void {
    if (this.intentions[atom] === intention) return;
    this.intentions[atom] = intention;
    this.#touch(atom);
  }

  /** Marks an attempt as started; `undo` is what a withdrawal puts back beside the atom itself. */
  begin(atom: number, direction: Direction, undo: readonly Undo[] = nothing): void {
    this.#starting = true;
    const before = this.#at(atom);
    if (direction === "revert") {
      this.move(atom, { type: "revert" });
    } else {
      if (this.intentions[atom] === "RETRY") {
        this.move(atom, { type: "retry" });
        this.intend(atom, "EXECUTE");
        for (const { atom: other } of undo) this.restart(other);
      }
      this.move(atom, { type: "start" });
      if (this.#at(atom).context.history?.length === 0) this.firstStarts.set(atom, this.at);
    }
    this.#starting = false;
    const { context } = this.#at(atom);
    const attempt = direction === "revert" ? context.reverts : context.attempt;
    this.running.set(atom, { direction, attempt, before, undo });
  }

  /** Back to PENDING, to be executed (again). */
  restart(atom: number): void {
    this.decided.delete(atom);
    this.ignoredBy.delete(atom);
    this.ignoredAll.delete(atom);
    this.waits.delete(atom);
    this.givenUp.delete(atom);
    this.intentions[atom] = "EXECUTE";
    this.move(atom, { type: "reset" });
    // The machine may have been in PENDING already, with another intention.
    this.#touch(atom);
  }

  /** Takes a start back that was recorded and not launched; a newer intention to revert stays. */
  withdraw(atom: number): void {
    const running = this.running.get(atom);
    if (running === undefined) return;
    this.running.delete(atom);
    // Nobody was told of the start, so nobody is told of its end.
    const notes = this.notes;
    this.notes = undefined;
    const restarted = running.direction === "execute" && running.before.value === "SUCCESS";
    if (restarted && this.intentions[atom] === "EXECUTE") this.intentions[atom] = "RETRY";
    const { value: to, context } = running.before;
    const { progress, revertFailure } = context;
    this.move(atom, { type: "withdrawn", to, progress, revertFailure });
    for (const { atom: other, snapshot, intention, decided, ignoredBy } of running.undo) {
      if (this.intentions[other] !== "REVERT") this.intentions[other] = intention;
      if (decided) this.decided.add(other);
      if (ignoredBy >= 0) this.ignoredBy.set(other, ignoredBy);
      // Its machine has no way back; the snapshot it had before the reset is the same life.
      const now = this.#at(other);
      if (now !== snapshot) this.#put(other, now, snapshot);
      this.#touch(other);
    }
    this.notes = notes;
  }

  /** Offers every atom again: after a stop, and when a new run may do what the last one could not. */
  offerAll(): void {
    this.executable = new RankHeap(this.shape.rank);
    this.undecided = new RankHeap(this.shape.rank);
    this.revertible = new RankHeap(this.shape.revertRank);
    for (let atom = 0; atom < this.shape.atoms; atom++) this.offer(atom);
  }

  /** The counts as they are kept up step by step, and as counting everything gives them; for tests. */
  counts(): {
    readonly kept: readonly (readonly number[])[];
    readonly counted: readonly (readonly number[])[];
  } {
    return { kept: this.#counts.numbers(), counted: Counts.of(this.shape, this).numbers() };
  }

  /** Takes lives that were led under another blueprint; what is kept by number must have been renumbered. */
  takeOver(lives: Pick<FlowState, "shape" | "snapshots" | "intentions" | "running">): void {
    this.shape = lives.shape;
    this.snapshots = lives.snapshots;
    this.intentions = lives.intentions;
    this.running = lives.running;
    this.notDone = this.snapshots.filter(({ value }) => !isDone(value)).length;
    this.#counts = Counts.of(this.shape, this);
    this.offerAll();
  }

  #at(atom: number): AtomSnapshot {
    return this.snapshots[atom] as AtomSnapshot;
  }

  isSettled(atom: number): boolean {
    const { value } = this.#at(atom);
    if (value === "SUCCESS") return this.intentions[atom] === "EXECUTE";
    return value === "IGNORE" && this.intentions[atom] === "IGNORE";
  }

  isClear(atom: number): boolean {
    const { value } = this.#at(atom);
    return value === "PENDING" || value === "REVERTED" || value === "IGNORE";
  }

  /** Looks whether an atom is ready, after something else than its own change let it go. */
  offer(atom: number): void {
    if (this.isExecutable(atom)) {
      const ready = this.isDecided(atom) ? this.executable : this.undecided;
      ready.push(atom);
    } else if (this.isRevertible(atom)) {
      this.revertible.push(atom);
    }
  }

  #touch(atom: number): void {
    this.#counts.changed(atom, this);
    this.offer(atom);
  }
}

const isDone = (state: AtomState): boolean => state === "SUCCESS" || state === "IGNORE";
