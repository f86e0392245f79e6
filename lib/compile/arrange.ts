/** Puts the items of every flow in order: links by symbols, links by hand, targets, cycles. */
import type { Mistake } from "../errors.ts";
import type { Flow, Item, Link, Retry, Task } from "../types.ts";
import { Guesses } from "./guesses.ts";
import { ItemGraph } from "./itemgraph.ts";
import { Links } from "./links.ts";
import { addTo, type Arrangement, SymbolTable } from "./symbols.ts";

/** How deep flows may be nested: the way down is walked by recursion. */
const deepest = 1000;

/** How many providers are named where there is one too many. */
const mostNames = 10;

/** Where an item stands among those of its flow; undefined if it is no mistake of ours to make. */
type Find = (wanted: Item | string) => number | undefined;

interface Index {
  readonly byItem: ReadonlyMap<Item, number>;
  readonly byName: ReadonlyMap<string, readonly number[]>;
}

/** Arranges flows and keeps the mistakes found on the way, so that all can be told at once. */
export class Arranger {
  readonly arranged = new Map<Flow, Arrangement>();
  readonly mistakes: Mistake[] = [];
  readonly #symbols = new SymbolTable(this.arranged);
  readonly #checked = new Set<Task | Retry>();
  readonly #guesses = new Guesses();

  /** Arranges the flow after those in it, since it is their symbols that link them. */
  arrange(flow: Flow, depth = 1): void {
    if (this.arranged.has(flow)) return;
    if (depth > deepest) {
      const problem = `it is nested deeper than ${String(deepest)} flows`;
      this.mistakes.push({ code: "INVALID_FLOW", flow: flow.name, problem });
      return;
    }
    for (const problem of flow.problems) {
      this.mistakes.push({ code: "INVALID_FLOW", flow: flow.name, problem });
    }
    if (flow.retry) this.checkAtom(flow.retry);
    for (const item of flow.items) {
      if (item.kind === "flow") this.arrange(item, depth + 1);
      else this.checkAtom(item);
    }
    const arrangement =
      flow.pattern === "graph"
        ? this.#arrangeGraph(flow, flow.items)
        : { items: flow.items, graph: undefined };
    this.arranged.set(flow, arrangement);
  }

  checkAtom(atom: Task | Retry): void {
    if (atom.problems.length === 0 || this.#checked.has(atom)) return;
    this.#checked.add(atom);
    for (const problem of atom.problems) {
      this.mistakes.push({ code: "INVALID_ATOM", atom: atom.name, problem });
    }
  }

  #arrangeGraph(flow: Flow, declared: readonly Item[]): Arrangement {
    const all = new Links(declared.length);
    const find = this.#finder(flow, declared);
    if (flow.autoLink) this.#linkBySymbols(flow, declared, all);
    for (const link of flow.links) this.#linkByHand(flow, link, find, all);
    const target = flow.target === undefined ? undefined : find(flow.target);
    let order = all.order();
    if (order.length < declared.length) {
      for (const cycle of all.cycles()) {
        const path = cycle.map((item) => declared[item]?.name ?? "");
        this.mistakes.push({ code: "CYCLE", flow: flow.name, path });
      }
      return { items: declared, graph: new ItemGraph(all) };
    }
    if (target !== undefined) {
      const needed = all.ancestry(target);
      order = order.filter((item) => needed.has(item));
    }
    const items = order.map((item) => declared[item] as Item);
    return { items, graph: new ItemGraph(all.only(order)) };
  }

  /**
   * As if items were added one by one: each is linked from the one provider there is of what it
   * requires, and to those before it that still require what it provides.
   */
  #linkBySymbols(flow: Flow, items: readonly Item[], links: Links): void {
    const given = this.#symbols.given(flow);
    const providers = new Map<string, number[]>();
    const waiting = new Map<string, number[]>();
    for (const [at, item] of items.entries()) {
      const { requires, provides } = this.#symbols.of(item);
      for (const symbol of requires) {
        if (given.has(symbol)) continue;
        const known = providers.get(symbol);
        if (known === undefined) addTo(waiting, symbol, at);
        else if (known.length > 1) {
          const about = { flow: flow.name, atom: item.name, symbol };
          const names = namesOf(known, items);
          this.mistakes.push({ code: "AMBIGUOUS_DEPENDENCY", ...about, providers: names });
        } else if (known[0] !== undefined) links.link(known[0], at);
      }
      for (const symbol of provides) {
        addTo(providers, symbol, at);
        const consumers = waiting.get(symbol) ?? [];
        for (const consumer of consumers) if (consumer !== at) links.link(at, consumer);
        // What it requires itself it still waits for.
        if (consumers.length > 0) {
          waiting.set(
            symbol,
            consumers.filter((consumer) => consumer === at),
          );
        }
      }
    }
  }

  #linkByHand(flow: Flow, link: Link, find: Find, links: Links): void {
    for (const problem of link.problems) {
      this.mistakes.push({ code: "INVALID_DECIDER", flow: flow.name, problem });
    }
    // What was no item at all is no name that could be unknown: the link has told of it.
    const [from, to] = [link.from, link.to].map((end) =>
      end === "" && link.problems.length > 0 ? undefined : find(end),
    );
    if (from === undefined || to === undefined) return;
    const { decide, depth = "ALL" } = link;
    links.link(from, to, decide && { decide, depth });
  }

  #finder(flow: Flow, items: readonly Item[]): Find {
    let index: Index | undefined;
    return (wanted) => {
      index ??= indexOf(items);
      const { byItem, byName } = index;
      const name = typeof wanted === "string" ? wanted : wanted.name;
      const places = typeof wanted === "string" ? byName.get(name) : [byItem.get(wanted)];
      if (places?.length === 1 && places[0] !== undefined) return places[0];
      if (places !== undefined && places.length > 1) {
        this.mistakes.push({ code: "AMBIGUOUS_NODE", flow: flow.name, name });
      } else {
        const guess = this.#guesses.for(name, byName);
        this.mistakes.push({ code: "UNKNOWN_NODE", flow: flow.name, name, ...guess });
      }
      return undefined;
    };
  }
}

/** Made when the first link by hand asks; most graphs have none. */
function indexOf(items: readonly Item[]): Index {
  const byItem = new Map<Item, number>();
  const byName = new Map<string, number[]>();
  for (const [place, item] of items.entries()) {
    byItem.set(item, place);
    addTo(byName, item.name, place);
  }
  return { byItem, byName };
}

/** Sorted; of very many the first ones and how many more there are. */
function namesOf(places: readonly number[], items: readonly Item[]): readonly string[] {
  const shown = places.slice(0, mostNames).map((place) => items[place]?.name ?? "");
  const left = places.length - shown.length;
  return [...shown.sort(), ...(left > 0 ? [`${String(left)} more`] : [])];
}
