/** A machine as a table of plans, and the steps it takes. */
import type { AnyStateMachine, StateValue } from "xstate";
import { Configuration, type Plan } from "./configuration.ts";
import { Contexts } from "./contexts.ts";
import type { AnyEvent, Context, Scope } from "./parsed.ts";
import { interpreted, Planner } from "./planner.ts";
import { ended, noChildren, type Resting, TableSnapshot } from "./snapshot.ts";
import { contextFrom, Turn } from "./turn.ts";

/** XState's own way to take a step. */
type Interpret = (snapshot: object, event: AnyEvent, scope: Scope) => object;

interface InitEvent extends AnyEvent {
  readonly input: unknown;
}

export class Chart {
  readonly planner: Planner;
  readonly #machine: AnyStateMachine;
  readonly #contexts = new Contexts();
  readonly #interpret: Interpret;
  /** Where snapshots that were restored rest, by their value: XState is slow to tell. */
  readonly #rests = new Map<StateValue, Resting>();

  /** @throws Inexpressible if the whole machine is beyond a table */
  constructor(machine: AnyStateMachine, interpret: Interpret) {
    this.#machine = machine;
    this.#interpret = interpret;
    this.planner = new Planner(machine, this.#contexts);
  }

  /**
   * The snapshot of a new actor; undefined if the interpreter must make it. As with XState, what is thrown
   * on the way is in the snapshot.
   */
  initial(scope: Scope | undefined, input: unknown): TableSnapshot | undefined {
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

  /** A step that does nothing but change the snapshot. Only for a machine without gaps and effects. */
  step(given: object, event: AnyEvent): object {
    const at = this.#at(given);
    if (at === undefined) {
      const own = this.#adopted(given);
      const next = this.step(own, event);
      return next === own ? given : next;
    }
    const snapshot = given as TableSnapshot;
    if (snapshot.status !== "active") return snapshot;
    const plan = this.#select(at, snapshot, event);
    if (plan === undefined) return snapshot;
    const { assigns, target } = plan;
    if (assigns === undefined) return take(plan, at, snapshot, event, undefined);
    if (assigns.length === 0 && target === at) return snapshot;
    let { context } = snapshot;
    for (const assign of assigns) context = assign({ context, event });
    return new TableSnapshot(target, context, "active", snapshot.children);
  }

  /** @throws Error when the machine has no such state */
  restore(value: StateValue, context: Context): TableSnapshot {
    const known = this.#rests.get(value);
    if (known !== undefined) {
      this.#contexts.admit(context);
      return new TableSnapshot(known, context);
    }
    const made = this.#adopted(this.#machine.resolveState({ value, context }));
    const at = TableSnapshot.at(made);
    // A nested state's value is another object each time; and what is in a final state is done.
    if (at !== undefined && typeof value === "string" && made.status === "active") {
      this.#rests.set(value, at);
    }
    return made;
  }

  /** As XState's `can`: an event that is taken only to be ignored is not. */
  can(given: object, event: AnyEvent): boolean {
    const at = this.#at(given);
    if (at === undefined) return this.can(this.#adopted(given), event);
    const snapshot = given as TableSnapshot;
    return snapshot.status === "active" && this.#select(at, snapshot, event)?.forbidden === false;
  }

  /** A step inside an actor: the same as XState's, down to the order of what is done. */
  transition(given: object, event: AnyEvent, scope: Scope): object {
    const at = this.#at(given);
    if (at === undefined) {
      const own = this.#adopt(given);
      if (own === undefined) return this.#interpret(given, event, scope);
      const next = this.transition(own, event, scope);
      return next === own ? given : next;
    }
    const snapshot = given as TableSnapshot;
    const { type } = event;
    if (type === "xstate.init") return snapshot;
    if (type === "xstate.stop" && snapshot.children === noChildren)
      return ended(snapshot, "stopped");
    if (snapshot.status !== "active" || type === "xstate.stop" || this.#isGap(at, type)) {
      return this.#interpreted(snapshot, event, scope);
    }
    const plan = this.#select(at, snapshot, event);
    if (plan !== undefined) return take(plan, at, snapshot, event, scope);
    // A child's error that nobody takes is the actor's own.
    return type.startsWith("xstate.error.actor")
      ? this.#interpreted(snapshot, event, scope)
      : snapshot;
  }

  #initialContext(turn: Turn, input: unknown): Context {
    const declared: unknown = this.#machine.config.context;
    const context =
      typeof declared === "function"
        ? contextFrom(declared as (args: object) => unknown, input, turn)
        : ((declared ?? {}) as Context);
    this.#contexts.admit(context);
    return context;
  }

  /** Where a snapshot of this table rests; undefined for snapshots that something else made. */
  #at(snapshot: object): Configuration | undefined {
    const at = TableSnapshot.at(snapshot);
    return at instanceof Configuration && at.machine === this.#machine ? at : undefined;
  }

  /** The equal of a snapshot that XState made, or undefined if it rests in no state of this machine. */
  #adopt(snapshot: object): TableSnapshot | undefined {
    const { _nodes, context, status, children, output, error } = snapshot as TableSnapshot;
    const at = this.planner.restingAt(_nodes);
    if (at === undefined) return undefined;
    this.#contexts.admit(context);
    return new TableSnapshot(at, context, status, children, output, error);
  }

  #adopted(snapshot: object): TableSnapshot {
    const own = this.#adopt(snapshot);
    if (own === undefined) throw new TypeError("the snapshot is of another machine");
    return own;
  }

  /** The first plan that the event leads to and whose guard passes; undefined: the state doesn't take it. */
  #select(at: Configuration, snapshot: TableSnapshot, event: AnyEvent): Plan | undefined {
    for (const plan of this.planner.plansFor(at, event.type)) {
      if (plan.guard === undefined || plan.guard(snapshot.context, event, snapshot)) return plan;
    }
    return undefined;
  }

  #isGap(at: Configuration, type: string): boolean {
    return this.planner.plansFor(at, type) === interpreted;
  }

  #interpreted(snapshot: TableSnapshot, event: AnyEvent, scope: Scope): object {
    const next = this.#interpret(snapshot, event, scope);
    return next === snapshot ? next : (this.#adopt(next) ?? next);
  }
}

function take(
  plan: Plan,
  at: Configuration,
  snapshot: TableSnapshot,
  event: AnyEvent,
  scope: Scope | undefined,
): TableSnapshot {
  const turn = new Turn(at, snapshot.context, snapshot.children, event, scope);
  for (const operation of plan.operations) operation(turn);
  const same = plan.target === at && turn.status === "active" && !turn.renewed;
  return same ? snapshot : arrival(plan, turn);
}

const arrival = ({ target }: Plan, { context, status, children, output }: Turn): TableSnapshot =>
  new TableSnapshot(target, context, status, children, output);
