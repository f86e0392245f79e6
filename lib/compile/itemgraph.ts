/** The items of one graph flow and the links between them; items are numbers here. */
import type { Decide, Depth } from "../types.ts";

export interface ItemLink {
  readonly from: number;
  readonly to: number;
  readonly decide: Decide | undefined;
  readonly depth: Depth;
}

const none: readonly never[] = Object.freeze([]);

export class ItemGraph {
  readonly size: number;
  readonly #after: number[][];
  readonly #before: number[][];
  readonly #links = new Map<number, ItemLink>();

  constructor(size: number) {
    this.size = size;
    this.#after = Array.from({ length: size });
    this.#before = Array.from({ length: size });
  }

  after(item: number): readonly number[] {
    return this.#after[item] ?? none;
  }

  before(item: number): readonly number[] {
    return this.#before[item] ?? none;
  }

  /** In the order of their first addition. */
  links(): Iterable<ItemLink> {
    return this.#links.values();
  }

  linkBetween(from: number, to: number): ItemLink | undefined {
    return this.#links.get(from * this.size + to);
  }

  /** A second link between the same two only replaces the decider, if it has one. */
  link(from: number, to: number, decide?: Decide, depth: Depth = "ALL"): void {
    const key = from * this.size + to;
    const known = this.#links.get(key);
    if (known === undefined) {
      append(this.#after, from, to);
      append(this.#before, to, from);
    } else if (decide === undefined) {
      return;
    }
    this.#links.set(key, { from, to, decide, depth });
  }

  /** The item and all that must come before it. */
  ancestry(item: number): ReadonlySet<number> {
    const found = new Set([item]);
    for (const member of found) for (const before of this.before(member)) found.add(before);
    return found;
  }

  /**
   * Positions in topological order: what has nothing before it as added, then what that frees, as
   * linked, and so on. What is on a cycle, or behind one, is left out.
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

  /** Those of `items`, in that order, renumbered from 0, with the links between them. */
  only(items: readonly number[]): ItemGraph {
    const place = new Map(items.map((item, at) => [item, at]));
    const graph = new ItemGraph(items.length);
    for (const { from, to, decide, depth } of this.links()) {
      const [newFrom, newTo] = [place.get(from), place.get(to)];
      if (newFrom !== undefined && newTo !== undefined) graph.link(newFrom, newTo, decide, depth);
    }
    return graph;
  }

  /** One cycle for each link that closes one, its first item repeated at its end. */
  cycles(): readonly (readonly number[])[] {
    const cycles: number[][] = [];
    const seen = new Uint8Array(this.size);
    /** Where each item of the path stands in it, and how many of its links are walked. */
    const path: number[] = [];
    const placeInPath = new Map<number, number>();
    const walked = new Uint32Array(this.size);
    for (let start = 0; start < this.size; start++) {
      if (seen[start] === 1) continue;
      let item: number | undefined = start;
      while (item !== undefined) {
        if (seen[item] === 0) {
          seen[item] = 1;
          placeInPath.set(item, path.length);
          path.push(item);
        }
        const next: number | undefined = this.after(item)[walked[item] ?? 0];
        if (next === undefined) {
          placeInPath.delete(item);
          path.pop();
        } else {
          walked[item] = (walked[item] ?? 0) + 1;
          const at = placeInPath.get(next);
          if (at !== undefined) cycles.push([...path.slice(at), next]);
          if (seen[next] === 0) {
            item = next;
            continue;
          }
        }
        item = path.at(-1);
      }
    }
    return cycles;
  }

  /** Whether `to` must come after `from`. Items must be numbered in topological order. */
  reaches(from: number, to: number): boolean {
    if (this.linkBetween(from, to) !== undefined) return true;
    const seen = new Set([to]);
    for (const item of seen) {
      for (const before of this.before(item)) {
        if (before === from) return true;
        if (before > from) seen.add(before);
      }
    }
    return false;
  }
}

function append(lists: number[][], at: number, value: number): void {
  const list = lists[at];
  // A literal has room for one; most items have one link.
  if (list === undefined) lists[at] = [value];
  else list.push(value);
}
