/** Collections by atom number that cost next to nothing while they are empty, as most are in most flows. */

const noEntries: readonly [number, never][] = [];
const noKeys: readonly number[] = [];

/** A map that is made when the first entry comes. */
export class SparseMap<Value> {
  #map: Map<number, Value> | undefined;

  get size(): number {
    return this.#map?.size ?? 0;
  }

  has(atom: number): boolean {
    return this.#map?.has(atom) ?? false;
  }

  get(atom: number): Value | undefined {
    return this.#map?.get(atom);
  }

  set(atom: number, value: Value): void {
    (this.#map ??= new Map<number, Value>()).set(atom, value);
  }

  delete(atom: number): void {
    this.#map?.delete(atom);
  }

  clear(): void {
    this.#map = undefined;
  }

  keys(): Iterable<number> {
    return this.#map?.keys() ?? noKeys;
  }

  [Symbol.iterator](): Iterator<[number, Value]> {
    return (this.#map ?? noEntries)[Symbol.iterator]();
  }
}

/** A set that is made when the first member comes. */
export class SparseSet {
  #set: Set<number> | undefined;

  get size(): number {
    return this.#set?.size ?? 0;
  }

  has(atom: number): boolean {
    return this.#set?.has(atom) ?? false;
  }

  add(atom: number): void {
    (this.#set ??= new Set<number>()).add(atom);
  }

  delete(atom: number): void {
    this.#set?.delete(atom);
  }

  clear(): void {
    this.#set = undefined;
  }

  [Symbol.iterator](): Iterator<number> {
    return (this.#set ?? noKeys)[Symbol.iterator]();
  }
}

/**
 * A map for what comes and goes with every attempt: a place per atom. Reading and writing make nothing; going
 * through it costs as much as there are atoms.
 */
export class Slots<Value> {
  readonly #places: (Value | undefined)[];
  #size = 0;

  constructor(atoms: number) {
    this.#places = new Array<Value | undefined>(atoms);
  }

  get size(): number {
    return this.#size;
  }

  has(atom: number): boolean {
    return this.#places[atom] !== undefined;
  }

  get(atom: number): Value | undefined {
    return this.#places[atom];
  }

  set(atom: number, value: Value): void {
    if (this.#places[atom] === undefined) this.#size++;
    this.#places[atom] = value;
  }

  delete(atom: number): void {
    if (this.#places[atom] === undefined) return;
    this.#places[atom] = undefined;
    this.#size--;
  }

  keys(): number[] {
    return [...this].map(([atom]) => atom);
  }

  *[Symbol.iterator](): Generator<[number, Value]> {
    for (let atom = 0, left = this.#size; left > 0 && atom < this.#places.length; atom++) {
      const value = this.#places[atom];
      if (value === undefined) continue;
      left--;
      yield [atom, value];
    }
  }
}
