// TaskFlow's compiling, word for word: graphs that are merged, ancestors that are collected, scopes
// that are walked. Slow and plain; what lib/compile computes by numbers is held against it.
import { symbolsIn } from "../../lib/atom.ts";
import type { Depth, Flow, Item, Retry, Task } from "../../lib/types.ts";

type Atom = Task | Retry;

/** A node of the execution graph: an atom, or the begin or end of a flow. */
export interface Node {
  readonly name: string;
  readonly kind: "task" | "retry" | "flow" | "flow_end";
  readonly atom?: Atom;
  controller?: Node;
}

interface Edge {
  readonly from: Node;
  readonly to: Node;
  readonly depth: Depth | undefined;
}

/** A tree of flows and their atoms. */
interface Branch {
  readonly node: Node;
  readonly parent: Branch | undefined;
  readonly children: Branch[];
}

export type Refusal = "AMBIGUOUS_DEPENDENCY" | "CYCLE";

/** Thrown at the first mistake. */
export class Refused extends Error {
  readonly code: Refusal;
  constructor(code: Refusal) {
    super(code);
    this.code = code;
  }
}

interface ItemEdge {
  readonly from: Item;
  readonly to: Item;
  readonly depth?: Depth | undefined;
}

const difference = (one: Iterable<string>, other: Iterable<string>): Set<string> => {
  const left = new Set(one);
  for (const symbol of other) left.delete(symbol);
  return left;
};

function requiresOfAtom(atom: Atom): Set<string> {
  const inputs = [...atom.inputs.required, ...atom.revertInputs.required];
  return difference(
    inputs.map(({ symbol }) => symbol),
    Object.keys(atom.inject),
  );
}

const providesOfAtom = (atom: Atom): Set<string> => new Set(symbolsIn(atom.provides));

function itemAncestors(item: Item, edges: readonly ItemEdge[]): Set<Item> {
  const found = new Set<Item>();
  const look = (to: Item): void => {
    for (const edge of edges) {
      if (edge.to !== to || found.has(edge.from)) continue;
      found.add(edge.from);
      look(edge.from);
    }
  };
  look(item);
  return found;
}

function provides(item: Item): Set<string> {
  if (item.kind === "task") return providesOfAtom(item);
  const own = item.retry ? [...providesOfAtom(item.retry)] : [];
  return new Set([...own, ...arrange(item).items.flatMap((one) => [...provides(one)])]);
}

function requires(item: Item): Set<string> {
  if (item.kind === "task") return requiresOfAtom(item);
  const found = new Set(item.retry ? requiresOfAtom(item.retry) : []);
  const given = item.retry ? providesOfAtom(item.retry) : new Set<string>();
  const { items, edges } = arrange(item);
  for (const one of items) {
    const needed = item.pattern === "graph" ? unsatisfied(one, edges, given) : requires(one);
    for (const symbol of difference(needed, given)) found.add(symbol);
    if (item.pattern === "linear") for (const symbol of provides(one)) given.add(symbol);
  }
  return found;
}

function unsatisfied(item: Item, edges: readonly ItemEdge[], given: Iterable<string>): Set<string> {
  const provided = [...itemAncestors(item, edges)].flatMap((one) => [...provides(one)]);
  return difference(difference(requires(item), given), provided);
}

/** A flow's items and the edges between them. */
function arrange(flow: Flow): { readonly items: readonly Item[]; readonly edges: ItemEdge[] } {
  const { items } = flow;
  if (flow.pattern === "unordered") return { items, edges: [] };
  if (flow.pattern === "linear") {
    const edges = items.slice(1).map((to, at) => ({ from: items[at] as Item, to }));
    return { items, edges };
  }
  const added: Item[] = [];
  const edges: ItemEdge[] = [];
  for (const item of items) addToGraph(flow, item, added, edges);
  for (const link of flow.links) {
    const [from, to] = [link.from, link.to].map((end) => items.find(({ name }) => name === end));
    const at = edges.findIndex((edge) => edge.from === from && edge.to === to);
    const depth = link.decide === undefined ? edges[at]?.depth : (link.depth ?? "ALL");
    const edge = { from: from as Item, to: to as Item, depth };
    if (at < 0) edges.push(edge);
    else edges[at] = edge;
  }
  sort(items, edges);
  const target = items.find(({ name }) => name === flow.target);
  const needed = target && itemAncestors(target, edges).add(target);
  const isKept = (item: Item): boolean => needed?.has(item) ?? true;
  const kept = edges.filter((edge) => isKept(edge.from) && isKept(edge.to));
  return { items: sort(items.filter(isKept), kept), edges: kept };
}

function addToGraph(flow: Flow, item: Item, added: Item[], edges: ItemEdge[]): void {
  const given = flow.retry ? providesOfAtom(flow.retry) : [];
  const before = [...added];
  const waiting = before.map((one) => [one, unsatisfied(one, edges, given)] as const);
  added.push(item);
  if (!flow.autoLink) return;
  const link = (from: Item, to: Item): void => {
    if (!edges.some((edge) => edge.from === from && edge.to === to)) edges.push({ from, to });
  };
  for (const symbol of difference(requires(item), given)) {
    const providers = before.filter((one) => provides(one).has(symbol));
    if (providers.length > 1) throw new Refused("AMBIGUOUS_DEPENDENCY");
    if (providers[0]) link(providers[0], item);
  }
  for (const symbol of provides(item)) {
    for (const [one, symbols] of waiting) if (symbols.has(symbol)) link(item, one);
  }
}

/** By generations, as the graph library under TaskFlow sorts. */
function sort(items: readonly Item[], edges: readonly ItemEdge[]): Item[] {
  const sorted: Item[] = [];
  const waits = new Map(items.map((one) => [one, edges.filter(({ to }) => to === one).length]));
  let generation = items.filter((one) => waits.get(one) === 0);
  while (generation.length > 0) {
    sorted.push(...generation);
    const next: Item[] = [];
    for (const one of generation) {
      for (const { from, to } of edges) {
        if (from !== one) continue;
        waits.set(to, (waits.get(to) ?? 0) - 1);
        if (waits.get(to) === 0) next.push(to);
      }
    }
    generation = next;
  }
  if (sorted.length < items.length) throw new Refused("CYCLE");
  return sorted;
}

/** Flows are put together from the inside out, those that a target leaves out as well. */
function build(item: Item): void {
  if (item.kind === "task") return;
  item.items.forEach(build);
  arrange(item);
}

export class Reference {
  readonly nodes: Node[] = [];
  readonly edges: Edge[] = [];
  readonly #branches = new Map<Node, Branch>();

  constructor(root: Item) {
    build(root);
    this.#compile(root, undefined);
  }

  /** The nodes by which the item begins and ends. */
  #compile(item: Item, parent: Branch | undefined): { first: Node; last: Node; all: Node[] } {
    if (item.kind === "task") {
      const node = this.#grow({ name: item.name, kind: "task", atom: item }, parent).node;
      return { first: node, last: node, all: [node] };
    }
    const { items, edges } = arrange(item);
    const branch = this.#grow({ name: `${item.name}[`, kind: "flow" }, parent);
    const begin = branch.node;
    let source = begin;
    if (item.retry) {
      const atom = item.retry;
      source = this.#grow({ name: atom.name, kind: "retry", atom }, branch).node;
      this.#link(begin, source);
    }
    const parts = new Map(items.map((one) => [one, this.#compile(one, branch)]));
    const all = [...parts.values()].flatMap((part) => part.all);
    if (source !== begin) for (const node of all) node.controller ??= source;
    for (const { from, to, depth } of edges) {
      const [one, other] = [parts.get(from), parts.get(to)];
      if (one && other) this.#link(one.last, other.first, depth);
    }
    const firsts = all.filter((node) => !this.edges.some(({ to }) => to === node));
    for (const node of firsts) this.#link(source, node);
    const end: Node = { name: `${item.name}]`, kind: "flow_end" };
    this.nodes.push(end);
    const lasts = [begin, source, ...all].filter(
      (node) => !this.edges.some((e) => e.from === node),
    );
    for (const node of new Set(lasts)) this.#link(node, end);
    if (source !== begin) all.push(source);
    return { first: begin, last: end, all: [begin, ...all, end] };
  }

  #grow(node: Node, parent: Branch | undefined): Branch {
    const branch: Branch = { node, parent, children: [] };
    parent?.children.push(branch);
    this.nodes.push(node);
    this.#branches.set(node, branch);
    return branch;
  }

  #link(from: Node, to: Node, depth?: Depth): void {
    this.edges.push({ from, to, depth });
  }

  atoms(): Node[] {
    return this.nodes.filter((node) => node.atom !== undefined);
  }

  after(node: Node): Node[] {
    return this.edges.filter(({ from }) => from === node).map(({ to }) => to);
  }

  ancestors(node: Node): Set<Node> {
    const found = new Set<Node>();
    const open = [node];
    for (let one = open.pop(); one; one = open.pop()) {
      for (const { from, to } of this.edges) {
        if (to !== one || found.has(from)) continue;
        found.add(from);
        open.push(from);
      }
    }
    return found;
  }

  /** All visible atoms, level by level, as ScopeWalker yields them. */
  visible(node: Node): Node[] {
    const ancestors = this.ancestors(node);
    const found: Node[] = [];
    const backwards = (branches: readonly Branch[]): void => {
      for (const { node: one, children } of branches.toReversed()) {
        if (one.kind === "flow") backwards(children);
        else if (ancestors.has(one)) found.push(one);
      }
    };
    let last = this.#branches.get(node);
    for (let level = last?.parent; last && level; level = level.parent) {
      backwards(level.children.slice(0, level.children.indexOf(last)));
      last = level;
    }
    return found;
  }

  /** The decided edges that TaskFlow asks before an atom. */
  deciders(node: Node): { readonly from: string; readonly depth: Depth }[] {
    const found: { from: string; depth: Depth }[] = [];
    const visited = new Set<Node>();
    const queue = this.edges.filter(({ to }) => to === node);
    for (const { from, depth } of queue) {
      if (depth) found.push({ from: from.atom ? from.name : "-", depth });
      if (from.kind !== "flow" || visited.has(from)) continue;
      visited.add(from);
      queue.push(...this.edges.filter(({ to }) => to === from));
    }
    return found;
  }

  /** What a no to an atom makes ignored. */
  affected(node: Node, depth: Depth): Set<Node> {
    const found = new Set([node]);
    const follow = (from: Node, goesOn: (next: Node) => boolean): void => {
      for (const next of this.after(from)) {
        if (found.has(next)) continue;
        if (next.atom) found.add(next);
        if (goesOn(next)) follow(next, goesOn);
      }
    };
    if (depth === "ALL") follow(node, () => true);
    if (depth === "FLOW") follow(node, ({ kind }) => kind === "task");
    if (depth === "NEIGHBORS") {
      for (const next of this.after(node)) if (next.kind === "task") found.add(next);
    }
    return found;
  }
}
