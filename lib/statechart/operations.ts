/** Guards and actions of a machine, made ready to be called. */
import { assign, stopChild } from "xstate";
import type { AnyActorScope, AnyMachineSnapshot } from "xstate";
import type { Configuration, Guard } from "./configuration.ts";
import type { Contexts } from "./contexts.ts";
import type { AnyEvent, Args, Builtin, Callback, Context, Implementations, Use } from "./parsed.ts";
import { type Children, type Status, TableSnapshot } from "./snapshot.ts";

/** Makes the next context. */
export type Assign = (args: Args) => Context;

/** One thing to do on the way from a state to the next. */
export type Operation = (turn: Turn) => void;

/** Says that a table can't do what a machine asks for, and what that is. */
export class Inexpressible extends Error {}

/** One transition under way. */
export class Turn {
  status: Status = "active";
  output: unknown = undefined;
  context: Context;
  children: Children;
  readonly from: Configuration;
  readonly event: AnyEvent;
  /** Undefined: outside an actor; then there is nobody to act for. */
  readonly scope: AnyActorScope | undefined;

  constructor(
    from: Configuration,
    context: Context,
    children: Children,
    event: AnyEvent,
    scope: AnyActorScope | undefined,
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
    const { scope } = this;
    if (scope === undefined) throw new TypeError(`${builtin.type} needs an actor`);
    const args = this.args();
    const resolved = this.resolve(builtin, args, params);
    const { execute } = builtin;
    if (execute === undefined) return;
    scope.actionExecutor({
      type: builtin.type,
      info: args as never,
      params: resolved as never,
      exec: () => {
        execute(scope, resolved);
      },
    });
  }

  resolve(builtin: Builtin, args: Args, params: unknown): unknown {
    // XState, too, shows actions the state that is being left, with the context as it is by now.
    const snapshot = new TableSnapshot(this.from, this.context, this.status, this.children);
    const [next, resolved] = builtin.resolve(
      this.scope as AnyActorScope,
      snapshot as unknown as AnyMachineSnapshot,
      args,
      params,
      builtin,
      { internalQueue: [], deferredActorIds: undefined },
    );
    this.children = next.children;
    return resolved;
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

/** What an assign is called with inside an actor; `spawn` is made when it is asked for. */
class AssignArgs implements Args {
  readonly context: Context;
  readonly event: AnyEvent;
  readonly self: unknown;
  readonly system: unknown;
  readonly #turn: Turn;

  constructor(turn: Turn, scope: AnyActorScope) {
    this.context = turn.context;
    this.event = turn.event;
    this.self = scope.self;
    this.system = scope.system;
    this.#turn = turn;
  }

  get spawn(): Spawn {
    return spawnIn(this.#turn);
  }
}

const assignArgs = (turn: Turn): Args =>
  turn.scope === undefined ? turn.args() : new AssignArgs(turn, turn.scope);

/** The context that a machine's `context` function makes from its input. */
export function contextFrom(make: (args: object) => unknown, input: unknown, turn: Turn): Context {
  const made = make({ input, self: turn.scope?.self, spawn: spawnIn(turn) });
  return Object.assign({}, made) as Context;
}

/** Stops what the actor has spawned, because it has come to its end. Its last snapshot still shows them. */
export function stopChildren(turn: Turn): void {
  const { children } = turn;
  for (const child of Object.values(children)) {
    turn.perform(stopChild(child as never) as unknown as Builtin, undefined);
  }
  turn.children = children;
}

/** An action, and that it is an assign if it is one. */
export interface Compiled {
  readonly name: string;
  readonly run: Operation;
  readonly assign: Assign | undefined;
}

/**
 * Looks an action up and makes it ready.
 *
 * @throws Inexpressible if it may queue events or further actions
 */
export function compileAction(use: Use, known: Implementations, contexts: Contexts): Compiled {
  const action = typeof use === "function" ? use : known.actions[nameOf(use)];
  const params = paramsOf(use);
  const name = typeof use === "function" ? use.name || "(anonymous)" : nameOf(use);
  if (!isBuiltin(action)) {
    const run: Operation = (turn) => {
      call(turn, name, action as Callback | undefined, params);
    };
    return { name, run, assign: undefined };
  }
  if (action.type === "xstate.assign") {
    const next = compileAssign(action.assignment ?? {}, params, contexts);
    const run: Operation = (turn) => {
      turn.context = next(assignArgs(turn));
    };
    return { name, run, assign: next };
  }
  if (!isExpressible(action)) throw new Inexpressible(action.type);
  const run: Operation = (turn) => {
    turn.perform(action, params?.(turn.args()));
  };
  return { name: action.type, run, assign: undefined };
}

function call(turn: Turn, type: string, exec: Callback | undefined, params: Params): void {
  const info = turn.args();
  turn.scope?.actionExecutor({
    type,
    info: info as never,
    params: params?.(info) as never,
    exec: exec as never,
  });
}

const isBuiltin = (action: unknown): action is Builtin =>
  typeof action === "function" && "resolve" in action;

/** Built-in actions that change at most the children and leave the rest to the scope. */
const expressible: ReadonlySet<string> = new Set([
  "xstate.cancel",
  "xstate.emit",
  "xstate.log",
  "xstate.sendTo",
  "xstate.spawnChild",
  "xstate.stopChild",
]);

// A raise without a delay, or whose delay may turn out to be none, queues an event for the same step.
const isExpressible = ({ type, delay }: Builtin): boolean =>
  expressible.has(type) || (type === "xstate.raise" && typeof delay === "number");

const nameOf = (use: Exclude<Use, Callback>): string => (typeof use === "string" ? use : use.type);

type Params = ((args: Args) => unknown) | undefined;

function paramsOf(use: Use): Params {
  if (typeof use !== "object" || use.params === undefined) return undefined;
  const { params } = use;
  if (typeof params !== "function") return () => params;
  return ({ context, event }) => (params as Callback)({ context, event }, undefined);
}

function compileAssign(
  assignment: NonNullable<Builtin["assignment"]>,
  params: Params,
  contexts: Contexts,
): Assign {
  if (typeof assignment === "function") {
    return (args) => contexts.merge(args.context, assignment(args, params?.(args)) as Context);
  }
  const keys = Object.keys(assignment);
  const values = Object.values(assignment);
  contexts.declare(keys);
  return (args) => {
    const given = params?.(args);
    const next = contexts.copy(args.context);
    for (let i = 0; i < keys.length; i++) {
      const value = values[i];
      next[keys[i] as string] =
        typeof value === "function" ? (value as Callback)(args, given) : value;
    }
    return next;
  };
}

/**
 * Looks a guard up and makes it ready.
 *
 * @throws Inexpressible if it isn't there, or is a reference to another guard
 */
export function compileGuard(use: Use, known: Implementations, stateId: string): Guard {
  const guard = typeof use === "function" ? use : known.guards[nameOf(use)];
  const name = typeof use === "function" ? "" : `'${nameOf(use)}' `;
  if (typeof guard !== "function") throw new Inexpressible(`guard ${name}`);
  const passes = "check" in guard ? composed(guard as unknown as ComposedGuard) : plain(guard as Callback, paramsOf(use));
  return (context, event, snapshot) => {
    try {
      return passes(context, event, snapshot);
    } catch (error) {
      throw new Error(
        `Unable to evaluate guard ${name}in transition for event '${event.type}' ` +
          `in state node '${stateId}':\n${(error as Error).message}`,
      );
    }
  };
}

/** `and`, `or`, `not` or `stateIn`. */
interface ComposedGuard {
  check(snapshot: object, args: Args, guard: ComposedGuard): boolean;
}

const composed =
  (guard: ComposedGuard): Guard =>
  (context, event, snapshot) =>
    guard.check(snapshot, { context, event }, guard);

const plain =
  (guard: Callback, params: Params): Guard =>
  (context, event) => {
    const args = { context, event };
    return Boolean(guard(args, params?.(args)));
  };
