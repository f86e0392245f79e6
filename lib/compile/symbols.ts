/** Which symbols an item requires from outside and which it provides, as TaskFlow computes them. */
import type { Flow, Item, Provides, Retry, Task } from "../types.ts";
import type { ItemGraph } from "./itemgraph.ts";

export interface Symbols {
  readonly requires: ReadonlySet<string>;
  readonly provides: ReadonlySet<string>;
}

/** A flow's items that exist, in their order, and what links them. */
export interface Arrangement {
  readonly items: readonly Item[];
  /** Only in a graph; its numbers are places in `items`. */
  readonly graph: ItemGraph | undefined;
}

/** The symbols of a declared result. */
export function symbolsIn(provides: Provides): readonly string[] {
  if (provides === null) return [];
  if (typeof provides === "string") return [provides];
  return isList(provides) ? provides : provides.keys;
}

/** Whether the symbols stand for the elements of a result. */
export function isList(provides: Provides): provides is readonly string[] {
  return Array.isArray(provides);
}

/** Optional inputs don't count: they never make anything wait. */
function symbolsOfAtom(atom: Task | Retry): Symbols {
  const requires = new Set<string>();
  for (const { required } of [atom.inputs, atom.revertInputs]) {
    for (const { symbol } of required) {
      if (!Object.hasOwn(atom.inject, symbol)) requires.add(symbol);
    }
  }
  return { requires, provides: new Set(symbolsIn(atom.provides)) };
}

/** Symbols of items, computed when they are first asked for: only a graph around them asks. */
export class SymbolTable {
  readonly #known = new Map<Item, Symbols>();
  readonly #arranged: ReadonlyMap<Flow, Arrangement>;

  /** Every flow must be arranged before it, or one around it, is asked for. */
  constructor(arranged: ReadonlyMap<Flow, Arrangement>) {
    this.#arranged = arranged;
  }

  of(item: Item): Symbols {
    let symbols = this.#known.get(item);
    if (symbols === undefined) {
      symbols = item.kind === "task" ? symbolsOfAtom(item) : this.#ofFlow(item);
      this.#known.set(item, symbols);
    }
    return symbols;
  }

  /** What the controller of a flow provides is there for all of the flow's items. */
  ofRetry(flow: Flow): Symbols | undefined {
    return flow.retry && symbolsOfAtom(flow.retry);
  }

  #ofFlow(flow: Flow): Symbols {
    const { items, graph } = this.#arranged.get(flow) ?? { items: [], graph: undefined };
    const retry = this.ofRetry(flow);
    const requires = new Set(retry?.requires);
    const provides = new Set(retry?.provides);
    const givenToAll = retry?.provides ?? new Set();
    /** By symbol, the places of the items so far that provide it. */
    const providers = new Map<string, number[]>();
    for (const [at, item] of items.entries()) {
      const own = this.of(item);
      for (const symbol of own.requires) {
        const isGiven =
          givenToAll.has(symbol) ||
          (flow.pattern !== "unordered" &&
            providers.get(symbol)?.some((from) => graph?.reaches(from, at) ?? true));
        if (!isGiven) requires.add(symbol);
      }
      for (const symbol of own.provides) {
        provides.add(symbol);
        const places = providers.get(symbol);
        if (places === undefined) providers.set(symbol, [at]);
        else places.push(at);
      }
    }
    return { requires, provides };
  }
}
