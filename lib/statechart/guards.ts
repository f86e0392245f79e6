/** Guards of a machine, made ready to be called. */
import {
  type AnyEvent,
  type Args,
  type Callback,
  type Context,
  type Implementations,
  Inexpressible,
  nameOf,
  type Params,
  paramsOf,
  type Use,
} from "./parsed.ts";

/** @throws Error in XState's words if the guard throws */
export type Guard = (context: Context, event: AnyEvent, snapshot: object) => boolean;

/**
 * Looks a guard up and makes it ready.
 *
 * @throws Inexpressible if it isn't there, or is a reference to another guard
 */
export function compileGuard(use: Use, known: Implementations, stateId: string): Guard {
  const guard = typeof use === "function" ? use : known.guards[nameOf(use)];
  const name = typeof use === "function" ? "" : `'${nameOf(use)}' `;
  if (typeof guard !== "function") throw new Inexpressible(`guard ${name}`);
  const passes =
    "check" in guard
      ? composed(guard as unknown as ComposedGuard)
      : plain(guard as Callback, paramsOf(use));
  return (context, event, snapshot) => {
    try {
      return passes(context, event, snapshot);
    } catch (error) {
      throw new Error(
        `Unable to evaluate guard ${name}in transition for event '${event.type}' ` +
          `in state node '${stateId}':\n${(error as Error).message}`,
        { cause: error },
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
