/** Makes the plans of a machine: for each leaf and event type, what XState's interpreter would do. */
import type { AnyStateMachine } from "xstate";
import { Configuration, type Plan } from "./configuration.ts";
import type { Contexts } from "./contexts.ts";
import { compileGuard } from "./guards.ts";
import { type Assign, compileAction } from "./operations.ts";
import {
  type AnyEvent,
  type Callback,
  type Implementations,
  implementationsOf,
  Inexpressible,
  isLeaf,
  type Node,
  nodesIn,
  rootOf,
  type Transition,
  type Use,
} from "./parsed.ts";
import { candidates, isWildcard, type Path, pathOf } from "./path.ts";
import { type Operation, stopChildren, type Turn } from "./turn.ts";

/** Stands for plans that a table can't express: XState's interpreter takes the step. */
export const interpreted: readonly Plan[] = Object.freeze([]);

const none: readonly Plan[] = Object.freeze([]);

export class Planner {
  /** The steps that are left to the interpreter, in words. */
  readonly gaps: string[] = [];
  /** The actions that are no assigns, in words. */
  readonly effects = new Set<string>();
  /** Where an actor is before it has entered its first state. */
  readonly entering: Configuration;
  /** Entering the first state; undefined: left to the interpreter. */
  readonly first: Plan | undefined;
  readonly #root: Node;
  readonly #known: Implementations;
  readonly #contexts: Contexts;
  readonly #configurations = new Map<Node, Configuration>();
  readonly #wild: boolean;

  /** @throws Inexpressible if the whole machine is beyond a table */
  constructor(machine: AnyStateMachine, contexts: Contexts) {
    this.#root = rootOf(machine);
    this.#known = implementationsOf(machine);
    this.#contexts = contexts;
    const nodes = nodesIn(this.#root);
    for (const node of nodes) refuse(node, this.#root);
    for (const leaf of nodes.filter(isLeaf)) {
      this.#configurations.set(leaf, new Configuration(machine, leaf));
    }
    const descriptors = new Set(nodes.flatMap(({ transitions }) => [...transitions.keys()]));
    const types = [...descriptors].filter((descriptor) => !isWildcard(descriptor));
    this.#wild = types.length < descriptors.size;
    for (const at of this.#configurations.values()) {
      for (const type of types) at.plans.set(type, this.#plansFor(at, type));
    }
    const leaf = leafOf(this.#root);
    this.entering = new Configuration(machine, leaf, [this.#root]);
    this.first = this.#attempt("its initial state", () => this.#firstPlan());
  }

  /** Where a snapshot with these active states rests; undefined if no leaf is among them. */
  restingAt(nodes: readonly Node[]): Configuration | undefined {
    const leaf = nodes.find(isLeaf);
    return leaf === undefined ? undefined : this.#configurations.get(leaf);
  }

  /** What the event may lead to; the first plan whose guard passes is taken. */
  plansFor(at: Configuration, type: string): readonly Plan[] {
    // A type that no state names is not kept, so that types made up at run time don't pile up.
    return at.plans.get(type) ?? (this.#wild ? this.#plansFor(at, type) : none);
  }

  #plansFor(at: Configuration, type: string): readonly Plan[] {
    const plan = (transition: Transition): Plan => {
      const known = at.planOf.get(transition) ?? this.#planOf(transition, at);
      at.planOf.set(transition, known);
      return known;
    };
    const plans = this.#attempt(`"${type}" in ${at.leaf.id}`, () =>
      candidates(at.path, type).map(plan),
    );
    if (plans === undefined) return interpreted;
    return plans.length === 0 ? none : plans;
  }

  #attempt<Result>(step: string, compile: () => Result): Result | undefined {
    try {
      return compile();
    } catch (error) {
      if (!(error instanceof Inexpressible)) throw error;
      this.gaps.push(`${step} (${error.message})`);
      return undefined;
    }
  }

  #planOf(transition: Transition, at: Configuration): Plan {
    const { guard, target, actions, source } = transition;
    if (target !== undefined && target.length > 1) throw new Inexpressible("several targets");
    return {
      guard: guard === undefined ? undefined : compileGuard(guard, this.#known, source.id),
      forbidden: target === undefined && actions.length === 0,
      ...this.#along(pathOf(transition, at.path), actions, at),
    };
  }

  #firstPlan(): Plan {
    const { path: entries } = this.entering;
    const path: Path = { exits: [], entries, defaults: new Set(entries), nodes: entries };
    return { guard: undefined, forbidden: false, ...this.#along(path, [], this.entering) };
  }

  #along(
    path: Path,
    actions: readonly Use[],
    at: Configuration,
  ): Pick<Plan, "target" | "operations" | "assigns"> {
    const done = path.entries.find(({ type }) => type === "final");
    if (done !== undefined && done.parent !== this.#root) throw new Inexpressible("nested final");
    const uses = [
      ...path.exits.flatMap(({ exit }) => exit),
      ...actions,
      ...path.entries.flatMap((node) => [
        ...node.entry,
        ...(path.defaults.has(node) ? node.initial.actions : []),
      ]),
    ];
    const { operations, assigns } = this.#compile(uses);
    const target = this.restingAt(path.nodes) ?? at;
    if (done === undefined) return { target, operations, assigns };
    const last = this.#compile([...path.nodes].reverse().flatMap(({ exit }) => exit));
    return {
      target,
      operations: [...operations, completion(done, this.#root), ...last.operations, stopChildren],
      assigns: undefined,
    };
  }

  #compile(uses: readonly Use[]): { operations: Operation[]; assigns: Assign[] | undefined } {
    const compiled = uses.map((use) => {
      const action = compileAction(use, this.#known, this.#contexts);
      if (action.assign === undefined) this.effects.add(action.name);
      return action;
    });
    const assigns = compiled.flatMap(({ assign }) => assign ?? []);
    return {
      operations: compiled.map(({ run }) => run),
      assigns: assigns.length === compiled.length ? assigns : undefined,
    };
  }
}

/** @throws Inexpressible if a state has what no table can express */
function refuse(node: Node, root: Node): void {
  const { type } = node;
  const what =
    type === "parallel" || type === "history" || (type === "final" && node === root)
      ? type
      : node.always !== undefined
        ? "always"
        : node.invoke.length > 0
          ? "invoke"
          : undefined;
  if (what !== undefined) throw new Inexpressible(`${what} at ${node.id}`);
}

function leafOf(node: Node): Node {
  let leaf = node;
  while (leaf.type === "compound") leaf = leaf.initial.target[0] as Node;
  return leaf;
}

/** Ends the actor with the machine's output, as it is when the final state has been entered. */
function completion(final: Node, root: Node): Operation {
  return (turn) => {
    const done = {
      type: `xstate.done.state.${final.id}`,
      output: resolve(final.output, turn, turn.event),
    };
    turn.status = "done";
    turn.output = resolve(root.output, turn, done);
  };
}

function resolve(output: unknown, turn: Turn, event: AnyEvent): unknown {
  if (typeof output !== "function") return output;
  const { context, scope } = turn;
  return (output as Callback)({ context, event, self: scope?.self }, undefined);
}
