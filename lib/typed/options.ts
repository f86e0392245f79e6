/** What `task`, `mapTask`, `reduceTask` and `retry` are declared with. */
import type {
  CallContext,
  Question,
  RetryContext,
  RevertContext,
  TimedVerdict,
  Verdict,
} from "../types.ts";
import type { Simplify, Without } from "./carry.ts";
import type {
  CheckInjected,
  CheckListed,
  CheckOptional,
  CheckProvided,
  CheckRebind,
  CheckSchemas,
  CheckSecrets,
  CheckShared,
} from "./checks.ts";
import type { Given, Names, NamesOf, Params, Provided, Taken } from "./inputs.ts";

/** What every atom may say. */
export interface AtomOptions<R, O, P, B, I extends string> {
  /** Major version, from 1; a resumed flow keeps the one it was declared with. Default 1. */
  readonly version?: number | undefined;
  /** Parameters that must have a value: their names, or a Standard Schema for each. Default none. */
  readonly requires?: R;
  /** Parameters that are passed when there is a value, likewise. Default none. */
  readonly optional?: O;
  /**
   * Symbols that the result becomes: one for the whole of it, a list for its elements, or
   * `{ keys: [...] }` for its properties. Default none.
   */
  readonly provides?: P;
  /**
   * The symbols that parameters take, where they have another name: an object from parameter to
   * symbol, or a list that goes by the position in `requires`.
   */
  readonly rebind?: B;
  /** Constants for this atom only, by symbol; they go before every provider and the store. */
  readonly inject?: { readonly [S in I]: unknown };
  /**
   * Symbols of its inputs, `inject` or `provides` whose values nobody is to see: in the whole flow, they are hidden in
   * what the command line, the inspector, logs and traces show. The journal holds them, and tasks get them. Default none.
   */
  readonly secrets?: readonly string[] | undefined;
  /** A whole number; larger ones start first among atoms that are ready together. Default 0. */
  readonly priority?: number | undefined;
  /** Whole milliseconds that one attempt may take, from 1. Default: as long as it likes. */
  readonly timeoutMs?: number | undefined;
}

/** How revert takes its inputs, where they are not those of execute. */
export interface RevertOptions<RR, RO, BR> {
  /** As `requires`, for `revert`. With this or `revertOptional`, revert gets only what they name. */
  readonly revertRequires?: RR;
  /** As `optional`, for `revert`. */
  readonly revertOptional?: RO;
  /** As `rebind`, for `revert`. Default: `rebind`, where parameters have the same names. */
  readonly revertRebind?: BR;
}

/** `RevertContext` with the type of the result. */
export interface RevertContextOf<Result> extends RevertContext {
  readonly result: Result | undefined;
}

type Result<T> = T | PromiseLike<T>;

export interface TaskOptions<R, O, P, B, I extends string, RR, RO, BR, A, T, RA>
  extends AtomOptions<R, O, P, B, I>,
    RevertOptions<RR, RO, BR> {
  /** Unique in the whole flow. */
  readonly name: string;
  /**
   * Does the work. An attempt may be made more than once (a crash may come before its outcome is
   * recorded), so hand `context.key` on to what must not happen twice.
   */
  execute(inputs: A, context: CallContext): Result<T>;
  /**
   * Undoes the work, wholly or partly done or not done at all. Called again after a crash, so it
   * must bear that. Declare it after `execute`: its types follow from that.
   */
  revert?(inputs: RA, context: RevertContextOf<T>): unknown;
}

export interface MapOptions<R, P, B, I extends string, RR, RO, BR, X, Y, RA>
  extends Omit<AtomOptions<R, readonly [], P, B, I>, "optional" | "requires">,
    RevertOptions<RR, RO, BR> {
  /** Unique in the whole flow. */
  readonly name: string;
  /** What is mapped: names of parameters, or a Standard Schema for each. */
  readonly requires: R;
  /** Called for one input after the other, in the order of `requires`; the results are a list. */
  map(value: X, context: CallContext): Result<Y>;
  /** As in `task`. */
  revert?(inputs: RA, context: RevertContextOf<ListOf<R, Y>>): unknown;
}

export interface ReduceOptions<R, P, B, I extends string, RR, RO, BR, X, RA>
  extends Omit<AtomOptions<R, readonly [], P, B, I>, "optional" | "requires">,
    RevertOptions<RR, RO, BR> {
  /** Unique in the whole flow. */
  readonly name: string;
  /** What is reduced, two or more: names of parameters, or a Standard Schema for each. */
  readonly requires: R;
  /** Called with the first two inputs in the order of `requires`, then with the result and the next. */
  reduce(left: X, right: X, context: CallContext): Result<NoInfer<X>>;
  /** As in `task`. */
  revert?(inputs: RA, context: RevertContextOf<X>): unknown;
}

export interface RetryOptions<R, O, P, B, I extends string, A, T>
  extends AtomOptions<R, O, P, B, I> {
  /** Unique in the whole flow. Default: the name of its flow and `_retry`. */
  readonly name?: string | undefined;
  /** Makes the value of the next attempt, before anything else in the flow runs. */
  execute(inputs: A, context: RetryContext): Result<T>;
  /** Decides what the failure of an atom in the flow leads to; asked for each failure. */
  onFailure(
    inputs: NoInfer<A>,
    question: Question,
  ): Verdict | TimedVerdict | Promise<Verdict | TimedVerdict>;
  /** Called when the flow is given up, not between attempts. */
  revert?(inputs: NoInfer<A>, context: RetryContext & RevertContextOf<T>): unknown;
}

/** What `map` returns for all of `requires`. */
export type ListOf<R, Y> = R extends Names ? { -readonly [K in keyof R]: Y } : Y[];

/** What one input is that `map` or `reduce` gets, if it doesn't say so. */
export type GivenEach<R> = Given<R, readonly []>[NamesOf<R> & keyof Given<R, readonly []>];

/** Inputs that are all of type `X`. */
export type Alike<R, X> = { [K in NamesOf<R>]: X };

type Owns<RR, RO> = [RR, RO] extends [undefined, undefined] ? false : true;
type Listed<P> = P extends Params ? P : readonly [];

/** What revert gets, if it doesn't say so. */
export type RevertGiven<RR, RO, A> = Owns<RR, RO> extends true ? Given<Listed<RR>, Listed<RO>> : A;

type RevertTaken<R, O, B, RR, RO, BR, A, RA> =
  Owns<RR, RO> extends true
    ? BR extends undefined
      ? Taken<Listed<RR>, Listed<RO>, RA, B, R>
      : Taken<Listed<RR>, Listed<RO>, RA, BR>
    : BR extends undefined
      ? {}
      : Taken<R, O, A, BR>;

type AllTaken<R, O, B, RR, RO, BR, A, RA> = Taken<R, O, A, B> &
  RevertTaken<R, O, B, RR, RO, BR, A, RA>;

/** What a task needs by all that it says. */
export type TaskNeeds<R, O, B, I, RR, RO, BR, A, RA> = Simplify<
  Without<AllTaken<R, O, B, RR, RO, BR, A, RA>, I>
>;

type CheckInputs<R, O, B, A, M extends string> = CheckListed<"requires", R, O, A, M> &
  CheckOptional<"optional", O, A, M> &
  CheckSchemas<"requires", R, A, M> &
  CheckSchemas<"optional", O, A, M> &
  CheckRebind<"rebind", R, O, B>;

type CheckRevert<R, O, RR, RO, BR, A, RA, M extends string> =
  Owns<RR, RO> extends true
    ? CheckListed<"revertRequires", Listed<RR>, Listed<RO>, RA, "revert"> &
        CheckOptional<"revertOptional", Listed<RO>, RA, "revert"> &
        CheckSchemas<"revertRequires", RR, RA, "revert"> &
        CheckSchemas<"revertOptional", RO, RA, "revert"> &
        CheckRebind<"revertRebind", Listed<RR>, Listed<RO>, BR>
    : CheckShared<A, RA, M> & CheckRebind<"revertRebind", R, O, BR>;

/** All mistakes of a task; `M` is what its function is called. */
export type CheckTask<
  R,
  O,
  P,
  B,
  I extends string,
  RR,
  RO,
  BR,
  A,
  T,
  RA,
  M extends string,
> = CheckInputs<R, O, B, A, M> &
  CheckRevert<R, O, RR, RO, BR, A, RA, M> &
  CheckProvided<P, T, M> &
  CheckSecrets<keyof AllTaken<R, O, B, RR, RO, BR, A, RA> | keyof Provided<P, unknown> | I> &
  CheckInjected<I, AllTaken<R, O, B, RR, RO, BR, A, RA>>;

/** There must be two to reduce. */
export type CheckTwo<R> = R extends readonly [] | readonly [unknown]
  ? { readonly requires: "it takes two or more to reduce" }
  : unknown;

/** All mistakes of a controller. */
export type CheckRetry<R, O, P, B, I extends string, A, T> = CheckInputs<R, O, B, A, "execute"> &
  CheckProvided<P, T, "execute"> &
  CheckSecrets<keyof Taken<R, O, A, B> | keyof Provided<P, unknown> | I> &
  CheckInjected<I, Taken<R, O, A, B>>;
