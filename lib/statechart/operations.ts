/** Actions of a machine, made ready to be called. */
import type { Contexts } from "./contexts.ts";
import {
  type Args,
  type Builtin,
  type Callback,
  type Context,
  type Implementations,
  Inexpressible,
  nameOf,
  type Params,
  paramsOf,
  type Use,
} from "./parsed.ts";
import { AssignArgs, type Operation, type Turn } from "./turn.ts";

/** Makes the next context. */
export type Assign = (args: Args) => Context;

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
      turn.context = next(new AssignArgs(turn));
      turn.renewed = true;
    };
    return { name, run, assign: next };
  }
  if (!expressible.has(action.type) && !isTimer(action, known)) {
    throw new Inexpressible(action.type);
  }
  const run: Operation = (turn) => {
    turn.perform(action, params?.(turn.args()));
  };
  return { name: action.type, run, assign: undefined };
}

function call(turn: Turn, type: string, exec: Callback | undefined, params: Params): void {
  const info = turn.args();
  turn.scope?.actionExecutor({ type, info, params: params?.(info), exec });
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
const isTimer = ({ type, delay }: Builtin, { delays }: Implementations): boolean =>
  type === "xstate.raise" &&
  typeof (typeof delay === "string" ? delays[delay] : delay) === "number";

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
