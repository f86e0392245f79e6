/** Finds the atoms that a symbol may come from, in the order in which TaskFlow walks scopes. */
import type { Layout, Scope } from "./layout.ts";
import { symbolsIn } from "./symbols.ts";

const none: readonly never[] = Object.freeze([]);

/**
 * The order. TaskFlow looks in the atom's own flow backwards from the atom, then in the flow around
 * it backwards from that flow, and so on; into flows that it passes it goes backwards as well, and
 * a flow's controller comes last. Of what it meets it takes only graph ancestors of the atom. As
 * atoms are numbered in preorder, that is simply: ancestors by falling number.
 */
export class Lookup {
  readonly #layout: Layout;
  readonly #ignorable: Uint8Array;
  /** By symbol, the numbers of its providers, rising. */
  readonly #providers = new Map<string, number[]>();
  /** Lists of one, shared by all that look up the same. */
  readonly #singles = new Map<number, readonly number[]>();

  constructor(layout: Layout, successors: readonly (readonly number[])[]) {
    this.#layout = layout;
    for (const [number, { atom }] of layout.places.entries()) {
      for (const symbol of new Set(symbolsIn(atom.provides))) {
        const numbers = this.#providers.get(symbol);
        if (numbers === undefined) this.#providers.set(symbol, [number]);
        else numbers.push(number);
      }
    }
    this.#ignorable = ignorable(layout, successors);
  }

  /** Nearest first; cut after the first that is never ignored. */
  from(atom: number, symbol: string): readonly number[] {
    const providers = this.#providers.get(symbol);
    if (providers === undefined) return none;
    const found: number[] = [];
    for (const provider of this.#ancestors(atom, providers)) {
      found.push(provider);
      if (this.#ignorable[provider] === 0) break;
    }
    const [only, ...others] = found;
    if (only === undefined) return none;
    if (others.length > 0) return found;
    let single = this.#singles.get(only);
    if (single === undefined) {
      single = found;
      this.#singles.set(only, single);
    }
    return single;
  }

  *#ancestors(atom: number, candidates: readonly number[]): Generator<number> {
    const { scopes, places } = this.#layout;
    let scope = scopes[places[atom]?.scope ?? -1];
    let at = countBelow(candidates, atom) - 1;
    while (at >= 0) {
      const candidate = candidates[at] ?? 0;
      // The lowest scope around both; what else is between them decides whether one waits.
      while (scope && candidate < scope.first) scope = scopes[scope.parent];
      if (scope === undefined) return;
      if (candidate === scope.retry || scope.pattern === "linear") {
        yield candidate;
        at--;
      } else if (scope.pattern === "unordered") {
        const items = scope.retry < 0 ? scope.first : scope.first + 1;
        at = countBelow(candidates, items) - 1;
      } else {
        const item = this.#itemOf(scope, candidate);
        if (scope.graph?.reaches(item, this.#itemOf(scope, atom))) {
          yield candidate;
          at--;
        } else {
          at = countBelow(candidates, this.#firstOf(scope, item)) - 1;
        }
      }
    }
  }

  /** The place, among the items of a scope, of the one that holds an atom. */
  #itemOf(scope: Scope, atom: number): number {
    let low = 0;
    let high = scope.members.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#firstOf(scope, middle) <= atom) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #firstOf(scope: Scope, item: number): number {
    const member = scope.members[item] ?? 0;
    return member < 0 ? (this.#layout.scopes[-1 - member]?.first ?? 0) : member;
  }
}

/** How many of the numbers, which rise, are below the limit. */
function countBelow(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Marks the nodes that a decider's no can reach. */
function ignorable(layout: Layout, successors: readonly (readonly number[])[]): Uint8Array {
  const marks = new Uint8Array(successors.length);
  const reached: number[] = [];
  const reach = (node: number): void => {
    if (marks[node] === 1) return;
    marks[node] = 1;
    reached.push(node);
  };
  for (const [number, { deciders }] of layout.places.entries()) {
    if (deciders.length > 0) reach(number);
  }
  for (const node of reached) successors[node]?.forEach(reach);
  return marks;
}
