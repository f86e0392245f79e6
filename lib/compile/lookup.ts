/** Finds the atoms that a symbol may come from, in the order in which TaskFlow walks scopes. */
import { symbolsIn } from "../atom.ts";
import type { Layout, Scope } from "./layout.ts";
import { regionsOf } from "./regions.ts";
import { addTo } from "./symbols.ts";

const none: readonly never[] = Object.freeze([]);

/**
 * The order. TaskFlow looks in the atom's own flow backwards from the atom, then in the flow around
 * it backwards from that flow, and so on; into flows that it passes it goes backwards as well, and
 * a flow's controller comes last. Of what it meets it takes only graph ancestors of the atom. As
 * atoms are numbered in preorder, that is simply: ancestors by falling number.
 */
export class Lookup {
  readonly #layout: Layout;
  /** Undefined in a flow without deciders: there nothing is ever ignored. */
  readonly #regions: Int32Array | undefined;
  /** By symbol, the numbers of its providers, rising. */
  readonly #providers = new Map<string, number[]>();
  /** By list of providers, for each the first of those in a row that share its region. */
  readonly #runs = new Map<readonly number[], Int32Array>();
  /** By provider the list of just that one, shared by all that look it up. */
  readonly #singles: (readonly number[] | undefined)[] = [];

  constructor(layout: Layout, successors: readonly (readonly number[])[]) {
    this.#layout = layout;
    this.#regions = layout.deciders.length > 0 ? regionsOf(layout, successors) : undefined;
    for (const [number, { atom }] of layout.places.entries()) {
      for (const symbol of symbolsIn(atom.provides)) addTo(this.#providers, symbol, number);
    }
  }

  /** Nearest first; cut after the first that is never ignored. */
  from(atom: number, symbol: string): readonly number[] {
    const candidates = this.#providers.get(symbol) ?? none;
    const { scopes, places } = this.#layout;
    const found: number[] = [];
    /** The regions of those found: others of the same would be ignored along with them. */
    const regions = new Set<number>();
    let scope = scopes[places[atom]?.scope ?? -1];
    let at = countBelow(candidates, atom) - 1;
    while (at >= 0) {
      const candidate = candidates[at] ?? 0;
      const region = this.#regions?.[candidate] ?? 0;
      if (regions.has(region)) {
        at = this.#runStart(candidates, at) - 1;
        continue;
      }
      // The lowest scope around both decides whether one waits for the other.
      while (scope && candidate < scope.first) scope = scopes[scope.parent];
      if (scope === undefined) break;
      const limit = this.#hiddenFrom(scope, candidate, atom);
      if (limit === undefined) {
        found.push(candidate);
        if (region === 0) break;
        regions.add(region);
        at--;
      } else {
        at = countBelow(candidates, limit) - 1;
      }
    }
    const [first] = found;
    if (first === undefined) return none;
    return found.length > 1 ? found : (this.#singles[first] ??= found);
  }

  #runStart(candidates: readonly number[], at: number): number {
    let starts = this.#runs.get(candidates);
    if (starts === undefined) {
      starts = new Int32Array(candidates.length);
      const regionOf = (place: number): number => this.#regions?.[candidates[place] ?? 0] ?? 0;
      for (let place = 1; place < candidates.length; place++) {
        const isSame = regionOf(place) === regionOf(place - 1);
        starts[place] = isSame ? (starts[place - 1] ?? 0) : place;
      }
      this.#runs.set(candidates, starts);
    }
    return starts[at] ?? at;
  }

  /**
   * Undefined if the candidate comes before the atom. Otherwise the number from which on, up to the
   * candidate, nothing does.
   */
  #hiddenFrom(scope: Scope, candidate: number, atom: number): number | undefined {
    if (candidate === scope.retry || scope.pattern === "linear") return undefined;
    if (scope.graph === undefined) return scope.retry < 0 ? scope.first : scope.first + 1;
    const item = this.#itemOf(scope, candidate);
    const goal = this.#itemOf(scope, atom);
    // What comes before the goal does so through its direct predecessors: past the last is nothing.
    const last = scope.graph.links.before(goal).at(-1) ?? -1;
    if (item > last) return this.#firstOf(scope, last + 1);
    return scope.graph.reaches(item, goal) ? undefined : this.#firstOf(scope, item);
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

  /** The first atom of an item; that of what follows it if it is an empty flow. */
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
