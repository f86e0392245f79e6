/**
 * Plays a flow's journal: the state after any of its records, by the very machines that its engine has (I2).
 *
 * Going forwards folds what lies between; going back folds from the beginning.
 */
import { machines } from "../../../actors/machines.ts";
import { created, fold } from "../../plan/fold.ts";
import type { Batch, FlowRecord } from "../../plan/records.ts";
import type { FlowState } from "../../plan/state.ts";
import type { AtomState, FlowStateName } from "../../plan/states.ts";

/** A record in its place. */
export interface Entry {
  readonly sequence: number;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly epoch: number;
  readonly record: FlowRecord;
}

/** A change of an actor's state. */
export interface Visit<State extends string = AtomState> {
  readonly sequence: number;
  readonly at: number;
  readonly from: State;
  readonly to: State;
}

/** A flow as it was after one record. Good until the player moves on. */
export interface Moment {
  readonly sequence: number;
  readonly at: number;
  readonly state: FlowState;
  /** By the atom's name: the states it went through, oldest first. */
  readonly visits: ReadonlyMap<string, readonly Visit[]>;
  readonly flowVisits: readonly Visit<FlowStateName>[];
}

interface Position {
  readonly state: FlowState;
  readonly visits: Map<string, Visit[]>;
  readonly flowVisits: Visit<FlowStateName>[];
  /** How many entries are folded. */
  folded: number;
}

export class Player {
  readonly #entries: Entry[] = [];
  #at: Position | undefined;

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Sequence of the last record; 0: there is none. */
  get last(): number {
    return this.#entries.at(-1)?.sequence ?? 0;
  }

  /** Adds batches; those that are there already are left out. */
  add(batches: readonly Batch[]): void {
    for (const { at, epoch, first, records } of batches) {
      records.forEach((record, place) => {
        const sequence = first + place;
        if (sequence === this.last + 1) this.#entries.push({ sequence, at, epoch, record });
      });
    }
  }

  /** The flow after a record; the nearest that there is. Undefined while there are none. */
  moment(sequence: number): Moment | undefined {
    const wanted = Math.min(Math.max(1, Math.trunc(sequence)), this.last);
    if (wanted < 1) return undefined;
    if (this.#at === undefined || this.#at.folded > wanted) this.#at = this.#begin();
    const position = this.#at;
    if (position === undefined) return undefined;
    while (position.folded < wanted) step(position, this.#entries[position.folded] as Entry);
    const { state, visits, flowVisits } = position;
    const at = this.#entries[wanted - 1]?.at ?? 0;
    return { sequence: wanted, at, state, visits, flowVisits };
  }

  #begin(): Position | undefined {
    const first = this.#entries[0];
    if (first?.record.kind !== "created") return undefined;
    const state = created(machines, first.record);
    state.at = first.at;
    state.notes = [];
    return { state, visits: new Map(), flowVisits: [], folded: 1 };
  }
}

function step(position: Position, { sequence, at, record }: Entry): void {
  const { state, visits, flowVisits } = position;
  position.folded++;
  state.at = at;
  // Starts that are taken back are told to nobody, so what they changed is looked for.
  const withdraws = "withdraws" in record && record.withdraws.length > 0;
  const before = withdraws ? state.snapshots.slice() : undefined;
  fold(state, record);
  const visit = (name: string, from: AtomState, to: AtomState): void => {
    const list = visits.get(name);
    if (list === undefined) visits.set(name, [{ sequence, at, from, to }]);
    else list.push({ sequence, at, from, to });
  };
  for (const note of state.notes?.splice(0) ?? []) {
    if (note.kind === "flow") {
      flowVisits.push({ sequence, at, from: note.from, to: note.snapshot.value });
    } else if (before === undefined) visit(state.nameOf(note.atom), note.from, note.snapshot.value);
  }
  before?.forEach(({ value }, atom) => {
    const now = state.stateOf(atom);
    if (now !== value) visit(state.nameOf(atom), value, now);
  });
}
