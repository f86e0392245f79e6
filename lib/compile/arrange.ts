/** Puts the items of every flow in order: links by symbols, links by hand, targets, cycles. */
import type { Mistake } from "../errors.ts";
import type { Flow, Item, Link, Retry, Task } from "../types.ts";
import { Guesses } from "./guesses.ts";
import { ItemGraph } from "./itemgraph.ts";
import { type Arrangement, SymbolTable } from "./symbols.ts";

/** How many providers are named where there is one too many. */
const mostNames = 10;

/** Where an item stands among those of its flow; undefined if it is no mistake of ours to make. */
type Find = (wanted: Item | string) => number | undefined;

/** Arranges flows and keeps the mistakes found on the way, so that all can be told at once. */
export class Arranger {
  readonly arranged = new Map<Flow, Arrangement>();
  readonly mistakes: Mistake[] = [];
  readonly #symbols = new SymbolTable(this.arranged);
  readonly #checked = new Set<Task | Retry>();
  readonly #guesses = new Guesses();

  /** Arranges the flow after those in it, since it is their symbols that link them. */
  arrange(flow: Flow): void {
    if (this.arranged.has(flow)) return;
    for (const problem of flow.problems) {
      this.mistakes.push({ code: "INVALID_FLOW", flow: flow.name, problem });
    }
    if (flow.retry) this.checkAtom(flow.retry);
    const items = [...new Set(flow.items)];
    for (const item of items) {
      if (item.kind === "flow") this.arrange(item);
      else this.checkAtom(item);
    }
    const graph = flow.pattern === "graph" ? this.#link(flow, items) : undefined;
    this.arranged.set(flow, graph ? this.#sort(flow, items, graph) : { items, graph });
  }

  checkAtom(atom: Task | Retry): void {
    if (this.#checked.has(atom)) return;
    this.#checked.add(atom);
    for (const problem of atom.problems) {
      this.mistakes.push({ code: "INVALID_ATOM", atom: atom.name, problem });
    }
  }

  #link(flow: Flow, items: readonly Item[]): ItemGraph {
    const graph = new ItemGraph(items.length);
    if (flow.autoLink) this.#linkBySymbols(flow, items, graph);
    if (flow.links.length > 0) {
      const find = this.#finder(flow, items);
      for (const link of flow.links) this.#linkByHand(flow, link, find, graph);
    }
    for (const cycle of graph.cycles()) {
      const path = cycle.map((item) => items[item]?.name ?? "");
      this.mistakes.push({ code: "CYCLE", flow: flow.name, path });
    }
    return graph;
  }

  /** In topological order; with a target, only what it needs. */
  #sort(flow: Flow, items: readonly Item[], graph: ItemGraph): Arrangement {
    if (flow.target !== undefined) {
      const target = this.#finder(flow, items)(flow.target);
      const needed = target === undefined ? undefined : graph.ancestry(target);
      if (needed && needed.size < items.length) {
        const places = [...needed].sort((one, other) => one - other);
        return sorted(
          places.map((place) => items[place] as Item),
          graph.only(places),
        );
      }
    }
    return sorted(items, graph);
  }

  /**
   * As if items were added one by one: each is linked from the one provider there is of what it
   * requires, and to those before it that still require what it provides.
   */
  #linkBySymbols(flow: Flow, items: readonly Item[], graph: ItemGraph): void {
    const given = this.#symbols.ofRetry(flow)?.provides;
    const providers = new Map<string, number[]>();
    const waiting = new Map<string, number[]>();
    for (const [at, item] of items.entries()) {
      const { requires, provides } = this.#symbols.of(item);
      for (const symbol of requires) {
        if (given?.has(symbol)) continue;
        const [first, ...others] = providers.get(symbol) ?? [];
        if (first === undefined) add(waiting, symbol, at);
        else if (others.length === 0) graph.link(first, at);
        else {
          const about = { flow: flow.name, atom: item.name, symbol };
          const names = namesOf([first, ...others], items);
          this.mistakes.push({ code: "AMBIGUOUS_DEPENDENCY", ...about, providers: names });
        }
      }
      for (const symbol of provides) {
        add(providers, symbol, at);
        const consumers = waiting.get(symbol) ?? [];
        for (const consumer of consumers) if (consumer !== at) graph.link(at, consumer);
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

  #linkByHand(flow: Flow, link: Link, find: Find, graph: ItemGraph): void {
    for (const problem of link.problems) {
      this.mistakes.push({ code: "INVALID_DECIDER", flow: flow.name, problem });
    }
    const from = find(link.from);
    const to = find(link.to);
    if (from !== undefined && to !== undefined) graph.link(from, to, link.decide, link.depth);
  }

  #finder(flow: Flow, items: readonly Item[]): Find {
    const byItem = new Map(items.map((item, at) => [item, at]));
    const byName = new Map<string, number[]>();
    for (const [at, item] of items.entries()) add(byName, item.name, at);
    return (wanted) => {
      const places =
        typeof wanted === "string" ? (byName.get(wanted) ?? []) : [byItem.get(wanted)];
      if (places.length === 1 && places[0] !== undefined) return places[0];
      const name = typeof wanted === "string" ? wanted : wanted.name;
      if (places.length > 1) {
        this.mistakes.push({ code: "AMBIGUOUS_NODE", flow: flow.name, name });
      } else {
        const guess = this.#guesses.for(name, byName.keys());
        this.mistakes.push({ code: "UNKNOWN_NODE", flow: flow.name, name, ...guess });
      }
      return undefined;
    };
  }
}

function sorted(items: readonly Item[], graph: ItemGraph): Arrangement {
  const order = graph.order();
  // With a cycle there is no order; the flow is refused anyway.
  if (order.length < items.length) return { items, graph };
  return { items: order.map((place) => items[place] as Item), graph: graph.only(order) };
}

/** Sorted; of very many the first ones and how many more there are. */
function namesOf(places: readonly number[], items: readonly Item[]): readonly string[] {
  const shown = places.slice(0, mostNames).map((place) => items[place]?.name ?? "");
  const left = places.length - shown.length;
  return [...shown.sort(), ...(left > 0 ? [`${String(left)} more`] : [])];
}

function add(lists: Map<string, number[]>, key: string, value: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
