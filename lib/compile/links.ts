/** Links between the items of one graph flow while it is put together. Items are numbers here. */
import type { Decide, Depth } from "../types.ts";

export interface Decided {
  readonly decide: Decide;
  readonly depth: Depth;
}

/** More would only make the message longer. */
const mostCycles = 10;

const none: readonly never[] = Object.freeze([]);

export class Links {
  readonly size: number;
  /** Room for the items is made at once; most have one link or none. */
  readonly #after: (number[] | undefined)[];
  readonly #before: (number[] | undefined)[];
  readonly #decided = new Map<number, Decided>();

  constructor(size: number) {
    this.size = size;
    this.#after = Array.from({ length: size });
    this.#before = Array.from({ length: size });
  }

  /** In the order in which they were linked. */
  after(item: number): readonly number[] {
    return this.#after[item] ?? none;
  }

  before(item: number): readonly number[] {
    return this.#before[item] ?? none;
  }

  decided(from: number, to: number): Decided | undefined {
    return this.#decided.get(from * this.size + to);
  }

  has(from: number, to: number): boolean {
    // The shorter list: an item that thousands hang on is looked through from their side.
    const [after, before] = [this.after(from), this.before(to)];
    return after.length < before.length ? after.includes(to) : before.includes(from);
  }

  /** Linking two again changes nothing but the decider, if there is a new one. */
  link(from: number, to: number, decided?: Decided): void {
    if (!this.has(from, to)) {
      append(this.#after, from, to);
      append(this.#before, to, from);
    }
    if (decided !== undefined) this.#decided.set(from * this.size + to, decided);
  }

  /** The item and all that must come before it. */
  ancestry(item: number): ReadonlySet<number> {
    const found = new Set([item]);
    for (const member of found) for (const before of this.before(member)) found.add(before);
    return found;
  }

  /**
   * Some of the items, numbered by their places in `items`, and the links between them. What comes
   * before one is in rising order then.
   */
  only(items: readonly number[]): Links {
    const places = new Int32Array(this.size).fill(-1);
    for (const [place, item] of items.entries()) places[item] = place;
    const links = new Links(items.length);
    for (const [from, item] of items.entries()) {
      for (const after of this.after(item)) {
        const to = places[after] ?? -1;
        if (to >= 0) links.link(from, to, this.decided(item, after));
      }
    }
    return links;
  }

  /**
   * Items in the order in which TaskFlow's graphs sort them: those with nothing before them as
   * added, then what these free, as linked, and so on. What is on a cycle or behind one is left out.
   */
  order(): readonly number[] {
    const waits = new Uint32Array(this.size);
    const order: number[] = [];
    for (let item = 0; item < this.size; item++) {
      waits[item] = this.before(item).length;
      if (waits[item] === 0) order.push(item);
    }
    for (const item of order) {
      for (const after of this.after(item)) {
        const left = (waits[after] ?? 0) - 1;
        waits[after] = left;
        if (left === 0) order.push(after);
      }
    }
    return order;
  }

  /** Some of the cycles, at most 10: one for each link that closes one. The first item comes twice. */
  cycles(): readonly (readonly number[])[] {
    const cycles: number[][] = [];
    const walked = new Uint32Array(this.size);
    const seen = new Set<number>();
    for (let start = 0; start < this.size; start++) {
      if (seen.has(start)) continue;
      seen.add(start);
      const path = [start];
      const places = new Map([[start, 0]]);
      for (let item = path.at(-1); item !== undefined; item = path.at(-1)) {
        const next = this.after(item)[walked[item] ?? 0];
        walked[item] = (walked[item] ?? 0) + 1;
        if (next === undefined) {
          places.delete(item);
          path.pop();
          continue;
        }
        const place = places.get(next);
        if (place !== undefined) cycles.push([...path.slice(place), next]);
        if (cycles.length === mostCycles) return cycles;
        if (seen.has(next)) continue;
        seen.add(next);
        places.set(next, path.length);
        path.push(next);
      }
    }
    return cycles;
  }
}

function append(lists: (number[] | undefined)[], at: number, value: number): void {
  const list = lists[at];
  // A literal has room for exactly one.
  if (list === undefined) lists[at] = [value];
  else list.push(value);
}
