/**
 * The counting that makes readiness cheap.
 *
 * Each node of the execution graph counts two things. `unsettled`: predecessors that are not settled with all that
 * goes before them; at 0 an atom may start. `unclear`: successors that are not clear with all that comes after
 * them; at 0 an atom may be undone. A change is carried on only where a count reaches or leaves 0, so that a flow
 * of n atoms and e edges costs O(n + e) over its life.
 */
import type { Shape } from "./shape.ts";

/** What the counting asks of the atoms. */
export interface Lives {
  /** Done, and wanted so. */
  isSettled(atom: number): boolean;
  /** Not begun, undone, or ruled out. */
  isClear(atom: number): boolean;
  /** One of its counts has reached 0. */
  offer(atom: number): void;
}

/** The counts of a flow of which nothing has started, worked out once per shape. */
const fresh = new WeakMap<Shape, Counts>();

export class Counts {
  readonly #shape: Shape;
  readonly #unsettled: number[];
  readonly #unclear: number[];
  readonly #passed: number[];
  readonly #clear: number[];

  private constructor(
    shape: Shape,
    unsettled: number[],
    unclear: number[],
    passed: number[],
    clear: number[],
  ) {
    this.#shape = shape;
    this.#unsettled = unsettled;
    this.#unclear = unclear;
    this.#passed = passed;
    this.#clear = clear;
  }

  /** For a flow whose atoms are all PENDING. */
  static fresh(shape: Shape): Counts {
    let counts = fresh.get(shape);
    if (counts === undefined) {
      counts = Counts.of(shape, {
        isSettled: () => false,
        isClear: () => true,
        offer: () => undefined,
      });
      fresh.set(shape, counts);
    }
    return new Counts(
      shape,
      counts.#unsettled.slice(),
      counts.#unclear.slice(),
      counts.#passed.slice(),
      counts.#clear.slice(),
    );
  }

  /** Counts everything. */
  static of(shape: Shape, lives: Lives): Counts {
    const { topological, predecessors, successors, nodes, atoms } = shape;
    const zeros = (): number[] => new Array<number>(nodes).fill(0);
    const [unsettled, unclear, passed, clear] = [zeros(), zeros(), zeros(), zeros()];
    for (const node of topological) {
      let open = 0;
      for (const before of predecessors[node] ?? []) open += 1 - (passed[before] ?? 0);
      unsettled[node] = open;
      passed[node] = Number(open === 0 && (node >= atoms || lives.isSettled(node)));
    }
    for (let at = nodes - 1; at >= 0; at--) {
      const node = topological[at] as number;
      let open = 0;
      for (const next of successors[node] ?? []) open += 1 - (clear[next] ?? 0);
      unclear[node] = open;
      clear[node] = Number(open === 0 && (node >= atoms || lives.isClear(node)));
    }
    return new Counts(shape, unsettled, unclear, passed, clear);
  }

  /** All that goes before it is settled. */
  isReached(atom: number): boolean {
    return this.#unsettled[atom] === 0;
  }

  /** All that comes after it is clear. */
  isLeft(atom: number): boolean {
    return this.#unclear[atom] === 0;
  }

  /** An atom may have become settled or unsettled, clear or unclear. */
  changed(atom: number, lives: Lives): void {
    this.#carryForwards(atom, lives);
    this.#carryBackwards(atom, lives);
  }

  /** The plain numbers, for tests that compare them with a count of everything. */
  numbers(): readonly (readonly number[])[] {
    return [this.#unsettled, this.#unclear, this.#passed, this.#clear];
  }

  #carryForwards(from: number, lives: Lives): void {
    const { successors, atoms } = this.#shape;
    const unsettled = this.#unsettled;
    const passed = this.#passed;
    let work: number[] | undefined;
    for (let node: number | undefined = from; node !== undefined; node = work?.pop()) {
      const now = Number(unsettled[node] === 0 && (node >= atoms || lives.isSettled(node)));
      if (now === passed[node]) continue;
      passed[node] = now;
      for (const next of successors[node] as readonly number[]) {
        const left = (unsettled[next] as number) + 1 - 2 * now;
        unsettled[next] = left;
        if (left === 0 && next < atoms) lives.offer(next);
        // Most atoms are waiting, not settled: what they count is not carried on.
        const carries = left === 0 ? next >= atoms || lives.isSettled(next) : passed[next] === 1;
        if (carries) (work ??= []).push(next);
      }
    }
  }

  #carryBackwards(from: number, lives: Lives): void {
    const { predecessors, atoms } = this.#shape;
    const unclear = this.#unclear;
    const clear = this.#clear;
    let work: number[] | undefined;
    for (let node: number | undefined = from; node !== undefined; node = work?.pop()) {
      const now = Number(unclear[node] === 0 && (node >= atoms || lives.isClear(node)));
      if (now === clear[node]) continue;
      clear[node] = now;
      for (const before of predecessors[node] as readonly number[]) {
        const left = (unclear[before] as number) + 1 - 2 * now;
        unclear[before] = left;
        if (left === 0 && before < atoms) lives.offer(before);
        const carries = left === 0 ? before >= atoms || lives.isClear(before) : clear[before] === 1;
        if (carries) (work ??= []).push(before);
      }
    }
  }
}
