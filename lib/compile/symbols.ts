/** Which symbols an item requires from outside and which it provides, as TaskFlow computes them. */
import { symbolsIn } from "../atom.ts";
import type { Flow, Item, Retry, Task } from "../types.ts";
import type { ItemGraph } from "./itemgraph.ts";

/** Each symbol once. */
export interface Symbols {
  readonly requires: Iterable<string>;
  readonly provides: Iterable<string>;
}

/** A flow's items that exist, in their order, and what links them. */
export interface Arrangement {
  readonly items: readonly Item[];
  /** Only in a graph flow; its numbers are places in `items`. */
  readonly graph: ItemGraph | undefined;
}

/** Optional inputs don't count: they never make anything wait. */
function symbolsOfAtom({ inputs, revertInputs, inject, provides }: Task | Retry): Symbols {
  const requires = new Set<string>();
  for (const { required } of inputs === revertInputs ? [inputs] : [inputs, revertInputs]) {
    for (const { symbol } of required) if (!Object.hasOwn(inject, symbol)) requires.add(symbol);
  }
  return { requires, provides: symbolsIn(provides) };
}

/** Symbols of items. Those of flows are worked out when a graph around them asks, and kept. */
export class SymbolTable {
  readonly #ofFlows = new Map<Flow, Symbols>();
  readonly #arranged: ReadonlyMap<Flow, Arrangement>;

  /** Every flow must be arranged before it, or one around it, is asked for. */
  constructor(arranged: ReadonlyMap<Flow, Arrangement>) {
    this.#arranged = arranged;
  }

  of(item: Item | Retry): Symbols {
    if (item.kind !== "flow") return symbolsOfAtom(item);
    let symbols = this.#ofFlows.get(item);
    if (symbols === undefined) {
      symbols = this.#ofFlow(item);
      this.#ofFlows.set(item, symbols);
    }
    return symbols;
  }

  /** What the flow's controller provides: it is there for all of the flow's items. */
  given(flow: Flow): ReadonlySet<string> {
    return new Set(flow.retry && symbolsIn(flow.retry.provides));
  }

  #ofFlow(flow: Flow): Symbols {
    const { items, graph } = this.#arranged.get(flow) ?? { items: [], graph: undefined };
    const given = this.given(flow);
    const requires = new Set(flow.retry && this.of(flow.retry).requires);
    const provides = new Set(given);
    /** By symbol, the places of the items so far that provide it. */
    const providers = new Map<string, number[]>();
    for (const [place, item] of items.entries()) {
      const own = this.of(item);
      for (const symbol of own.requires) {
        // Nearest first: that is most likely the one that is linked.
        const isProvided =
          flow.pattern !== "unordered" &&
          providers.get(symbol)?.findLast((from) => graph?.reaches(from, place) ?? true) !==
            undefined;
        if (!isProvided && !given.has(symbol)) requires.add(symbol);
      }
      for (const symbol of own.provides) {
        provides.add(symbol);
        addTo(providers, symbol, place);
      }
    }
    return { requires, provides };
  }
}

/** Adds to the list that is kept under a key. */
export function addTo<Key>(lists: Map<Key, number[]>, key: Key, value: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
