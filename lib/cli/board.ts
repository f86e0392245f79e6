/** What a screen knows of a flow: changed by its notifications, read by the renderer. */
import type { AtomChange, FlowChange, ProgressChange } from "../../actors/announcer.ts";
import type { Blueprint } from "../compile/blueprint.ts";
import type { FlowView } from "../plan/view.ts";
import { standings } from "../plan/standing.ts";
import type { AtomState, FlowStateName } from "../plan/states.ts";
import type { Shown } from "./display.ts";
import { oneLine } from "./text.ts";
import type { Times } from "./times.ts";
import { type Tree, treeOf } from "./tree.ts";

/** What is known of one atom. */
export interface Cell {
  readonly state: AtomState;
  /** Number of the attempt in the direction that the state belongs to. */
  readonly attempt: number;
  /** From 0 to 1. */
  readonly progress: number;
  /** Milliseconds on the board's clock. */
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** What it failed with, in one line. */
  readonly problem?: string;
}

/** What a board reads of an atom's change. */
export type Change = Pick<AtomChange, "atom" | "state" | "attempt" | "failure">;

/** Atoms of one flow, nested ones included. */
export interface Tally {
  total: number;
  done: number;
  active: number;
  failed: number;
  undone: number;
}

export const isActive = (state: AtomState): boolean => standings[state] === "active";

/** What is known of a flow that is about to run, to go on, or to be followed. */
export function boardOf(shown: Shown, blueprint: Blueprint, isNew: boolean): Board {
  const now = (): number => shown.now?.() ?? performance.now();
  const board = new Board(shown.id, blueprint, now, shown.startedAt);
  if (!isNew) board.adopt(shown.shown ?? shown.storage, shown.times);
  return board;
}

export class Board {
  readonly id: string;
  readonly name: string;
  readonly tree: Tree;
  state: FlowStateName = "PENDING";
  /** A line below the tree: what was said last. */
  note = "";
  /** Rows of atoms under way, and of those that failed. */
  readonly active = new Set<number>();
  readonly failed = new Set<number>();
  /** Row of the atom that changed last. */
  lastRow = 0;
  readonly startedAt: number;
  endedAt: number | undefined;

  readonly #cells: Cell[];
  readonly #tallies: Tally[];
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #now: () => number;

  /**
   * @param now - milliseconds since some moment
   * @param startedAt - by the same clock
   */
  constructor(id: string, blueprint: Blueprint, now: () => number, startedAt = now()) {
    this.id = oneLine(id);
    this.name = oneLine(blueprint.flow);
    this.tree = treeOf(blueprint);
    this.#now = now;
    this.startedAt = startedAt;
    const pending: Cell = { state: "PENDING", attempt: 0, progress: 0 };
    this.#cells = blueprint.atoms.map(() => pending);
    this.#numbers = new Map(blueprint.atoms.map(({ name }, atom) => [name, atom]));
    this.#tallies = this.tree.rows.map(() => {
      return { total: 0, done: 0, active: 0, failed: 0, undone: 0 };
    });
    for (const row of this.tree.rowOf) this.#count(row, "total", 1);
  }

  /** Takes over what an earlier owner left, with the times of it where they are known. */
  adopt(view: FlowView, times: ReadonlyMap<string, Times> = new Map()): void {
    this.state = view.state;
    for (const {
      name,
      state,
      attempt,
      reverts,
      failure,
      revertFailure,
      progress,
    } of view.atoms()) {
      const backwards = state === "REVERTED" || state === "REVERT_FAILURE" || state === "REVERTING";
      const shown = revertFailure ?? failure;
      const problem = shown === undefined ? {} : { problem: oneLine(shown.message) };
      const isIdle = state === "PENDING" || state === "IGNORE";
      const ran = isIdle ? {} : (times.get(name) ?? {});
      const count = backwards ? reverts : attempt;
      this.#put(name, { state, attempt: count, progress, ...ran, ...problem });
    }
    this.lastRow = 0;
  }

  atomChanged({ atom, state, attempt, failure }: Change): void {
    const before = this.cellOf(atom);
    const problem = failure === undefined ? before?.problem : oneLine(failure.message);
    const startedAt = isActive(state) ? this.#now() : before?.startedAt;
    const ends = !isActive(state) && state !== "PENDING" && startedAt !== undefined;
    this.#put(atom, {
      state,
      attempt,
      progress: before?.progress ?? 0,
      ...(startedAt === undefined || state === "PENDING" ? {} : { startedAt }),
      ...(ends ? { endedAt: this.#now() } : {}),
      // What made it revert stays in sight; a new attempt starts with a clean slate.
      ...(problem === undefined || state === "RUNNING" || state === "PENDING" ? {} : { problem }),
    });
  }

  progressed({ atom, fraction }: ProgressChange): void {
    const number = this.#numbers.get(atom);
    const before = number === undefined ? undefined : this.#cells[number];
    if (number !== undefined && before !== undefined) {
      this.#cells[number] = { ...before, progress: fraction };
    }
  }

  flowChanged({ state }: Pick<FlowChange, "state">): void {
    this.state = state;
  }

  /** The run is over; times stand still. */
  end(): void {
    this.endedAt = this.#now();
  }

  get now(): number {
    return this.endedAt ?? this.#now();
  }

  cellOf(atom: string): Cell | undefined {
    return this.#cells[this.#numbers.get(atom) ?? -1];
  }

  cell(atom: number): Cell {
    return this.#cells[atom] as Cell;
  }

  tally(row: number): Tally {
    return this.#tallies[row] as Tally;
  }

  #put(atom: string, cell: Cell): void {
    const number = this.#numbers.get(atom);
    if (number === undefined) return;
    const row = this.tree.rowOf[number] as number;
    const before = standings[this.cell(number).state];
    const after = standings[cell.state];
    this.#cells[number] = cell;
    this.lastRow = row;
    if (before === after) return;
    if (before !== undefined) this.#count(row, before, -1);
    if (after !== undefined) this.#count(row, after, 1);
    toggle(this.active, row, after === "active");
    toggle(this.failed, row, after === "failed");
  }

  #count(row: number, what: keyof Tally, by: 1 | -1): void {
    for (let at = row; at >= 0; at = this.tree.rows[at]?.parent ?? -1) this.tally(at)[what] += by;
  }
}

function toggle(set: Set<number>, row: number, isIn: boolean): void {
  if (isIn) set.add(row);
  else set.delete(row);
}
