/** Which items of a graph flow come before which, without a table of all pairs. */
import type { Links } from "./links.ts";

/** The order in which a depth-first walk leaves items, and what it tells about an item. */
interface Marks {
  /** The walk left it as the how-manieth. */
  readonly left: Uint32Array;
  /** How many the walk had left when it came to it: those left from then on came from it. */
  readonly entered: Uint32Array;
  /** What it leads to was left no earlier than this. */
  readonly least: Uint32Array;
}

/**
 * Asks whether one item must come before another. Nearly every answer is read off the marks of one
 * walk through the graph: a chain is all yes, separate parts are all no. Only what is neither is
 * searched for, and of that only what the marks leave open.
 */
export class ItemGraph {
  readonly links: Links;
  #marks: Marks | undefined;

  /** The items must be numbered in topological order. */
  constructor(links: Links) {
    this.links = links;
  }

  /** Whether `to` must come after `from`. */
  reaches(from: number, to: number): boolean {
    if (this.links.has(from, to)) return true;
    this.#marks ??= mark(this.links);
    return search(this.links, this.#marks, from, to);
  }
}

function search(links: Links, { left, entered, least }: Marks, from: number, to: number): boolean {
  const goal = left[to] ?? 0;
  const isAbove = (item: number): boolean =>
    goal >= (entered[item] ?? 0) && goal <= (left[item] ?? 0);
  const mayReach = (item: number): boolean =>
    goal >= (least[item] ?? 0) && goal <= (left[item] ?? 0);
  if (!mayReach(from)) return false;
  const open = [from];
  const seen = new Set(open);
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    if (isAbove(item)) return true;
    for (const after of links.after(item)) {
      if (seen.has(after) || !mayReach(after)) continue;
      seen.add(after);
      open.push(after);
    }
  }
  return false;
}

function mark(links: Links): Marks {
  const left = new Uint32Array(links.size);
  const entered = new Uint32Array(links.size);
  const least = new Uint32Array(links.size);
  const walked = new Uint32Array(links.size);
  const seen = new Uint8Array(links.size);
  let count = 0;
  for (let start = 0; start < links.size; start++) {
    if (seen[start] === 1) continue;
    const path: number[] = [];
    const enter = (item: number): void => {
      seen[item] = 1;
      entered[item] = count;
      path.push(item);
    };
    enter(start);
    for (let item = path.at(-1); item !== undefined; item = path.at(-1)) {
      const next = links.after(item)[walked[item] ?? 0];
      if (next === undefined) {
        let low = entered[item] ?? 0;
        for (const after of links.after(item)) low = Math.min(low, least[after] ?? 0);
        least[item] = low;
        left[item] = count++;
        path.pop();
      } else {
        walked[item] = (walked[item] ?? 0) + 1;
        if (seen[next] === 0) enter(next);
      }
    }
  }
  return { left, entered, least };
}
