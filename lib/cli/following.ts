/** A flow that others run, as its journal tells of it: what shows an engine's flow shows this one too. */
import { Announcer } from "../../actors/announcer.ts";
import { machines } from "../../actors/machines.ts";
import type { Blueprint } from "../compile/blueprint.ts";
import { created, fold } from "../plan/fold.ts";
import type { Batch, FlowRecord } from "../plan/records.ts";
import type { FlowState, Note } from "../plan/state.ts";
import { FlowView } from "../plan/view.ts";
import type { Shown } from "./display.ts";
import { type Times, timesOf } from "./times.ts";

/** A listener here lets go of nothing. */
const endless = { isOver: () => false };

export class Following implements Shown {
  readonly storage: FlowView;
  readonly notifier: Announcer["flow"];
  readonly atomNotifier: Announcer["atoms"];
  readonly progressNotifier: Announcer["progress"];
  readonly startedAt: number;
  /** Nothing happens any more, or nobody is there who could go on with it: times stand still. */
  isStill = false;
  times: ReadonlyMap<string, Times> = new Map();
  readonly #announcer: Announcer;
  readonly #state: FlowState;
  #lastAt: number;
  #isFolding = false;

  /**
   * @param batches - what there is of it; nothing of that is told
   * @returns undefined when it has not begun
   */
  static of(batches: readonly Batch[]): Following | undefined {
    const first = batches[0];
    const record = first?.records[0];
    if (first === undefined || record?.kind !== "created") return undefined;
    const following = new Following(created(machines, record), first.at);
    following.take(batches);
    return following;
  }

  private constructor(state: FlowState, startedAt: number) {
    state.at = startedAt;
    this.#state = state;
    this.storage = new FlowView(() => state);
    this.startedAt = startedAt;
    this.#lastAt = startedAt;
    this.#announcer = new Announcer(
      () => undefined,
      () => undefined,
    );
    this.notifier = this.#announcer.flow;
    this.atomNotifier = this.#announcer.atoms;
    this.progressNotifier = this.#announcer.progress;
  }

  get id(): string {
    return this.#state.id;
  }

  get blueprint(): Blueprint {
    return this.#state.blueprint;
  }

  get owner(): string {
    return this.#state.owner;
  }

  /** Epoch milliseconds of the last record. */
  get updatedAt(): number {
    return this.#lastAt;
  }

  /** Epoch milliseconds: while something is told, when it happened. */
  now(): number {
    return this.#isFolding || this.isStill ? this.#lastAt : Date.now();
  }

  /** Tells what has happened since the last time. */
  take(batches: readonly Batch[]): void {
    const state = this.#state;
    state.notes = [];
    this.#isFolding = true;
    for (const { at, first, records } of batches) {
      records.forEach((record, place) => {
        if (first + place !== state.sequence + 1) return;
        this.#lastAt = at;
        state.at = at;
        this.#take(record);
      });
    }
    this.#isFolding = false;
    this.times = timesOf(batches);
  }

  /** Tells how things stand, as if all of it had happened now. */
  tellPresent(): void {
    const { flow, snapshots, at } = this.#state;
    this.#tell({ kind: "flow", from: "PENDING", snapshot: flow, at });
    snapshots.forEach((snapshot, atom) => {
      if (snapshot.value === "PENDING") return;
      this.#tell({ kind: "atom", atom, from: "PENDING", snapshot, at, start: false });
    });
  }

  #take(record: FlowRecord): void {
    const state = this.#state;
    const takesBack = "withdraws" in record && record.withdraws.length > 0;
    const before = takesBack ? state.snapshots.slice() : undefined;
    fold(state, record);
    const notes = state.notes?.splice(0) ?? [];
    for (const note of notes) {
      if (note.kind === "flow" || before === undefined) this.#tell(note);
    }
    // Of starts that were taken back there are no notes: an engine has told nobody of those.
    before?.forEach(({ value: from }, atom) => {
      const snapshot = state.snapshotOf(atom);
      if (snapshot.value === from) return;
      this.#tell({ kind: "atom", atom, from, snapshot, at: state.at, start: false });
    });
    if (record.kind !== "progress") return;
    this.#announcer.tellProgress(state.nameOf(record.atom), record.fraction, record.details);
  }

  #tell(note: Note): void {
    this.#announcer.tell(note, this.#state.blueprint, endless);
  }
}
