/**
 * What items need and give, as types. Nothing in this folder exists at run time.
 *
 * Needs: symbol -> the type that is taken; an optional property is an optional input.
 * Gives: symbol -> the type that is provided; an optional property may be missing in the end,
 * since a decider can ignore its provider.
 */
import type { Flow, Retry, Task } from "../types.ts";

interface Carried<Needs, Gives> {
  readonly needs: Needs;
  readonly gives: Gives;
}

/** A task whose type says what it needs and gives. */
export interface TaskOf<Needs, Gives> extends Task {
  /** Only for the compiler; never there. */
  readonly "~types"?: Carried<Needs, Gives>;
}

/** A retry controller whose type says what it needs and gives. */
export interface RetryOf<Needs, Gives> extends Retry {
  /** Only for the compiler; never there. */
  readonly "~types"?: Carried<Needs, Gives>;
}

/** A flow whose type says what it needs and gives. */
export interface FlowOf<Needs, Gives> extends Flow {
  /** Only for the compiler; never there. */
  readonly "~types"?: Carried<Needs, Gives>;
}

/** A flow in which a decider may ignore atoms, and with them what comes after the flow. */
export interface DecidedFlowOf<Needs, Gives> extends FlowOf<Needs, Gives> {
  /** Only for the compiler; never there. */
  readonly "~decided"?: true;
}

/** Nothing is known of the needs: made of names that only exist at run time. */
export interface AnyNeeds {
  readonly [symbol: string]: unknown;
}

/** Nothing is known of what is given. */
export interface AnyGives {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- unknown would fit no consumer
  readonly [symbol: string]: any;
}

type CarriedBy<F> = F extends { readonly "~types"?: infer C } ? C : unknown;

/** Symbols that a task, controller or flow takes from outside, with their types. */
export type NeedsOf<F> = [F] extends [never]
  ? {}
  : CarriedBy<F> extends infer C
    ? C extends Carried<infer Needs, unknown>
      ? Needs
      : AnyNeeds
    : never;

/** Symbols that a task, controller or flow provides, with their types. */
export type GivesOf<F> = [F] extends [never]
  ? {}
  : CarriedBy<F> extends infer C
    ? C extends Carried<unknown, infer Gives>
      ? Gives
      : AnyGives
    : never;

/** One object type instead of an intersection, for people to read. */
export type Simplify<T> = { [K in keyof T]: T[K] } & {};

/** Without the properties `K`; the very same type if it has none of them. */
export type Without<T, K> = [keyof T & K] extends [never]
  ? T
  : { [P in keyof T as P extends K ? never : P]: T[P] };

/**
 * Both; `Later` wins. A conditional type, not an alias of an intersection: the compiler keeps the
 * arguments of such an alias with its result, and stumbles over a hundred that hold one another.
 */
export type Over<Earlier, Later> = [keyof Earlier & keyof Later] extends [never]
  ? Earlier & Later
  : Without<Earlier, keyof Later> & Later;

export type IsAny<T> = 0 extends 1 & T ? true : false;
