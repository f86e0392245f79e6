/** Gives atoms and scopes their numbers, and the nodes of the execution graph their successors. */
import type { Mistake } from "../errors.ts";
import type { Decide, Flow, Item, Retry, Task } from "../types.ts";
import type { DeciderPlan, ScopePlan } from "./blueprint.ts";
import type { Arrangement } from "./symbols.ts";

export interface Place {
  readonly atom: Task | Retry;
  /** -1 for a bare task. */
  readonly scope: number;
  /** The controller that is asked when the atom fails; -1 for none. */
  readonly retry: number;
  readonly deciders: readonly DeciderPlan[];
}

/** A flow in its place. */
export interface Scope extends ScopePlan, Arrangement {
  /** For each item its atom's number, or -1 - its scope's number for a flow. */
  readonly members: readonly number[];
}

/** Where something is put: the scope, the controller, and the deciders before it. */
type Surroundings = Omit<Place, "atom">;

const none: readonly never[] = Object.freeze([]);

export class Layout {
  readonly places: Place[] = [];
  readonly scopes: Scope[] = [];
  /** Decided links' functions, by the numbers that plans call them. */
  readonly deciders: Decide[] = [];
  readonly mistakes: Mistake[] = [];
  readonly #arranged: ReadonlyMap<Flow, Arrangement>;
  readonly #placed = new Set<Item | Retry>();

  constructor(root: Item, arranged: ReadonlyMap<Flow, Arrangement>) {
    this.#arranged = arranged;
    this.#put(root, { scope: -1, retry: -1, deciders: none });
    this.#findDuplicates();
  }

  /** The number as in `Scope.members`; undefined if it is in the tree already. */
  #put(item: Item | Retry, around: Surroundings): number | undefined {
    if (this.#placed.has(item)) {
      this.mistakes.push({ code: "ALREADY_IN_FLOW", name: item.name });
      return undefined;
    }
    this.#placed.add(item);
    if (item.kind === "flow") return this.#putFlow(item, around);
    const { scope, retry, deciders } = around;
    return this.places.push({ atom: item, scope, retry, deciders }) - 1;
  }

  #putFlow(flow: Flow, around: Surroundings): number {
    const number = this.scopes.length;
    // None of a flow that is nested too deep; that is a mistake already.
    const arrangement = this.#arranged.get(flow) ?? { items: none, graph: undefined };
    const { name, pattern } = flow;
    const members: number[] = [];
    const first = this.places.length;
    const parent = around.scope;
    const scope = { name, pattern, parent, retry: -1, first, last: first, members, ...arrangement };
    this.scopes.push(scope);
    let inside: Surroundings = { ...around, scope: number };
    if (flow.retry !== undefined) {
      const retry = this.#put(flow.retry, inside);
      // Before an item that comes first stands the controller now, and not what was before the flow.
      if (retry !== undefined) {
        scope.retry = retry;
        inside = { scope: number, retry, deciders: none };
      }
    }
    for (const [at, item] of arrangement.items.entries()) {
      const deciders = this.#decidersBefore(scope, at);
      const member = this.#put(item, deciders ? { ...inside, deciders } : inside);
      if (member !== undefined) members.push(member);
    }
    scope.last = this.places.length;
    return -1 - number;
  }

  /** Undefined if the item has no predecessor inside the flow. */
  #decidersBefore(
    { pattern, graph, members }: Scope,
    at: number,
  ): readonly DeciderPlan[] | undefined {
    if (graph === undefined) return pattern === "linear" && at > 0 ? none : undefined;
    const before = graph.links.before(at);
    if (before.length === 0) return undefined;
    const plans: DeciderPlan[] = [];
    for (const from of before) {
      const decided = graph.links.decided(from, at);
      if (decided === undefined) continue;
      const link = this.deciders.push(decided.decide) - 1;
      plans.push({ link, from: Math.max(-1, members[from] ?? -1), depth: decided.depth });
    }
    return plans.length > 0 ? plans : none;
  }

  #findDuplicates(): void {
    const names = new Set<string>();
    const twice = new Set<string>();
    for (const { atom } of this.places) {
      // One without a name is a mistake already.
      if (names.has(atom.name) && atom.name !== "") twice.add(atom.name);
      names.add(atom.name);
    }
    if (twice.size > 0) this.mistakes.push({ code: "DUPLICATE", names: [...twice].sort() });
  }

  /** For each node of the execution graph the nodes that come after it. */
  successors(): readonly (readonly number[])[] {
    const atoms = this.places.length;
    const lists = Array.from<number[] | undefined>({ length: atoms + 2 * this.scopes.length });
    const link = (from: number, to: number): void => {
      const list = lists[from];
      // A literal has room for exactly one, and most nodes have one successor.
      if (list === undefined) lists[from] = [to];
      else list.push(to);
    };
    const enter = (member: number): number => (member < 0 ? atoms - 2 - 2 * member : member);
    const leave = (member: number): number => (member < 0 ? atoms - 1 - 2 * member : member);
    for (const [number, scope] of this.scopes.entries()) {
      const begin = atoms + 2 * number;
      const end = begin + 1;
      if (scope.retry >= 0) link(begin, scope.retry);
      const source = scope.retry >= 0 ? scope.retry : begin;
      const { members, pattern, graph } = scope;
      if (members.length === 0) link(source, end);
      for (const [at, member] of members.entries()) {
        const isFirst = graph
          ? graph.links.before(at).length === 0
          : pattern === "unordered" || at === 0;
        if (isFirst) link(source, enter(member));
        const row = pattern === "linear" && at + 1 < members.length ? [at + 1] : none;
        const after = graph ? graph.links.after(at) : row;
        for (const next of after) link(leave(member), enter(members[next] ?? 0));
        if (after.length === 0) link(leave(member), end);
      }
    }
    return lists.map((list) => list ?? none);
  }
}
