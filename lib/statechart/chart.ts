/** A machine as a table of plans, and the steps it takes. */
import type { AnyActorScope, AnyMachineSnapshot, AnyStateMachine } from "xstate";
import type { Configuration, Plan } from "./configuration.ts";
import { Contexts } from "./contexts.ts";
import { contextFrom, Turn } from "./operations.ts";
import type { AnyEvent, Context, Node } from "./parsed.ts";
import { interpreted, Planner } from "./planner.ts";
import { noChildren, TableSnapshot } from "./snapshot.ts";

/** XState's own way to take a step. */
type Interpret = (snapshot: object, event: AnyEvent, scope: AnyActorScope) => object;

interface InitEvent extends AnyEvent {
  readonly input: unknown;
}

export class Chart {
  readonly machine: AnyStateMachine;
  readonly planner: Planner;
  readonly #contexts = new Contexts();
  readonly #interpret: Interpret;

  /** @throws Inexpressible if the whole machine is beyond a table */
  constructor(machine: AnyStateMachine) {
    this.machine = machine;
    this.planner = new Planner(machine, this.#contexts);
    this.#interpret = machine.transition as unknown as Interpret;
  }

  /** The snapshot of a new actor; undefined if the interpreter must make it. As XState's, it never throws. */
  initial(scope: AnyActorScope | undefined, input: unknown): TableSnapshot | undefined {
    const { entering, first } = this.planner;
    if (first === undefined) return undefined;
    const event: InitEvent = { type: "xstate.init", input };
    const turn = new Turn(entering, {}, noChildren, event, scope);
    let before = new TableSnapshot(entering, {});
    try {
      turn.context = this.#initialContext(turn, input);
      before = new TableSnapshot(entering, turn.context, "active", turn.children);
      for (const operation of first.operations) operation(turn);
      return arrival(first, turn);
    } catch (error) {
      const { context, children } = before;
      return new TableSnapshot(entering, context, "error", children, undefined, error);
    }
  }

  #initialContext(turn: Turn, input: unknown): Context {
    const declared: unknown = this.machine.config.context;
    const context =
      typeof declared === "function"
        ? contextFrom(declared as (args: object) => unknown, input, turn)
        : ((declared ?? {}) as Context);
    this.#contexts.admit(context);
    return context;
  }

  /** The plan that an event leads to; undefined: the state doesn't take it. */
  select(at: Configuration, snapshot: TableSnapshot, event: AnyEvent): Plan | undefined {
    for (const plan of this.planner.plansFor(at, event.type)) {
      if (plan.guard === undefined || plan.guard(snapshot.context, event, snapshot)) return plan;
    }
    return undefined;
  }

  /** A step that does nothing but change the snapshot. Only for a machine without gaps and effects. */
  step(given: object, event: AnyEvent): object {
    const snapshot = this.own(given);
    const at = snapshot && TableSnapshot.at(snapshot);
    if (at === undefined || snapshot?.status !== "active") return given;
    const plan = this.select(at, snapshot, event);
    if (plan === undefined) return given;
    if (plan.assigns === undefined) return this.#take(plan, at, snapshot, event, undefined);
    if (plan.assigns.length === 0 && plan.target === at) return given;
    let { context } = snapshot;
    for (const assign of plan.assigns) context = assign({ context, event });
    return new TableSnapshot(plan.target, context, "active", snapshot.children);
  }

  /** As XState's `can`: an event that is taken only to be ignored is not. */
  can(given: object, event: AnyEvent): boolean {
    const snapshot = this.own(given);
    const at = snapshot && TableSnapshot.at(snapshot);
    if (at === undefined || snapshot?.status !== "active") return false;
    return this.select(at, snapshot, event)?.forbidden === false;
  }

  /** A step inside an actor: the same as XState's, down to the order of what is done. */
  transition(given: object, event: AnyEvent, scope: AnyActorScope): object {
    const snapshot = this.own(given);
    const at = snapshot && TableSnapshot.at(snapshot);
    if (at === undefined || snapshot?.status !== "active") {
      return this.#interpreted(given, event, scope);
    }
    const { type } = event;
    if (type === "xstate.stop") return this.#interpreted(snapshot, event, scope);
    if (type === "xstate.init") return given;
    if (this.planner.plansFor(at, type) === interpreted) {
      return this.#interpreted(snapshot, event, scope);
    }
    const plan = this.select(at, snapshot, event);
    if (plan !== undefined) {
      const next = this.#take(plan, at, snapshot, event, scope);
      return next === snapshot ? given : next;
    }
    // A child's error that nobody takes is the actor's own.
    return type.startsWith("xstate.error.actor")
      ? this.#interpreted(snapshot, event, scope)
      : given;
  }

  /** The snapshot itself, or its equal in this table; undefined if it rests nowhere in it. */
  own(snapshot: object): TableSnapshot | undefined {
    if (TableSnapshot.at(snapshot)?.machine === this.machine) return snapshot as TableSnapshot;
    const { _nodes, context, status, children, output, error } = snapshot as TableSnapshot;
    const at = this.planner.restingAt(_nodes);
    if (at === undefined) return undefined;
    this.#contexts.admit(context);
    return new TableSnapshot(at, context, status, children, output, error);
  }

  #interpreted(snapshot: object, event: AnyEvent, scope: AnyActorScope): object {
    const next = this.#interpret(snapshot, event, scope);
    return next === snapshot ? next : (this.own(next) ?? next);
  }

  #take(
    plan: Plan,
    at: Configuration,
    snapshot: TableSnapshot,
    event: AnyEvent,
    scope: AnyActorScope | undefined,
  ): TableSnapshot {
    const turn = new Turn(at, snapshot.context, snapshot.children, event, scope);
    for (const operation of plan.operations) operation(turn);
    const changed =
      plan.target !== at ||
      turn.status !== "active" ||
      turn.context !== snapshot.context ||
      turn.children !== snapshot.children;
    return changed ? arrival(plan, turn) : snapshot;
  }
}

const arrival = ({ target }: Plan, { context, status, children, output }: Turn): TableSnapshot =>
  new TableSnapshot(target, context, status, children, output);
