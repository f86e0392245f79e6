/** One transition under way, and what the actions on its way may use. */
import { assign, stopChild } from "xstate";
import type { AnyEvent, Args, Builtin, Children, Context, Scope } from "./parsed.ts";
import { type Resting, type Status, TableSnapshot } from "./snapshot.ts";

/** One thing to do on the way from a state to the next. */
export type Operation = (turn: Turn) => void;

/** One transition under way. */
export class Turn {
  status: Status = "active";
  output: unknown = undefined;
  context: Context;
  children: Children;
  /** Whether an action made another snapshot, be it equal. */
  renewed = false;
  readonly from: Resting;
  readonly event: AnyEvent;
  /** Undefined: outside an actor; then there is nobody to act for. */
  readonly scope: Scope | undefined;

  constructor(
    from: Resting,
    context: Context,
    children: Children,
    event: AnyEvent,
    scope: Scope | undefined,
  ) {
    this.from = from;
    this.context = context;
    this.children = children;
    this.event = event;
    this.scope = scope;
  }

  args(): Args {
    const { context, event, scope } = this;
    return { context, event, self: scope?.self, system: scope?.system };
  }

  /** Runs an action that XState resolves: it reads a snapshot and may change its children. */
  perform(builtin: Builtin, params: unknown): void {
    const scope = this.#actor();
    const info = this.args();
    const resolved = this.resolve(builtin, info, params);
    const { type, execute } = builtin;
    if (execute === undefined) return;
    const exec = (): void => execute(scope, resolved);
    scope.actionExecutor({ type, info, params: resolved, exec });
  }

  resolve(builtin: Builtin, args: Args, params: unknown): unknown {
    // XState, too, shows actions the state that is being left, with the context as it is by now.
    const snapshot = new TableSnapshot(this.from, this.context, this.status, this.children);
    const extra = { internalQueue: [], deferredActorIds: undefined };
    const [next, resolved] = builtin.resolve(this.#actor(), snapshot, args, params, builtin, extra);
    this.children = next.children;
    this.renewed ||= next !== snapshot;
    return resolved;
  }

  #actor(): Scope {
    if (this.scope === undefined) throw new TypeError("outside an actor nobody can act");
    return this.scope;
  }
}

type Spawn = (...args: unknown[]) => unknown;

// Only an assign of XState's own has a spawner, so each child is spawned by one.
const spawnIn =
  (turn: Turn): Spawn =>
  (...args) => {
    let child: unknown;
    const spawning: unknown = assign(({ spawn }) => {
      child = (spawn as Spawn)(...args);
      return {};
    });
    turn.resolve(spawning as Builtin, turn.args(), undefined);
    return child;
  };

/** What an assign is called with; `spawn` is made when it is asked for. */
export class AssignArgs implements Args {
  readonly context: Context;
  readonly event: AnyEvent;
  readonly self: unknown;
  readonly system: unknown;
  readonly #turn: Turn;

  constructor(turn: Turn) {
    this.context = turn.context;
    this.event = turn.event;
    this.self = turn.scope?.self;
    this.system = turn.scope?.system;
    this.#turn = turn;
  }

  get spawn(): Spawn {
    return spawnIn(this.#turn);
  }
}

/** The context that a machine's `context` function makes from its input. */
export function contextFrom(make: (args: object) => unknown, input: unknown, turn: Turn): Context {
  const made = make({ input, self: turn.scope?.self, spawn: spawnIn(turn) });
  return Object.assign({}, made);
}

/** Stops what the actor has spawned, because it has come to its end. Its last snapshot still shows them. */
export function stopChildren(turn: Turn): void {
  const { children } = turn;
  for (const child of Object.values(children)) {
    turn.perform(stopChild(child as never) as unknown as Builtin, undefined);
  }
  turn.children = children;
}
