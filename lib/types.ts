/**
 * What a declaration is once its types are gone: the shape that `compile` reads and engines call.
 *
 * Users never write these by hand; `task`, `retry`, `linear`, `unordered` and `graph` make them.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Failure } from "./failure.ts";

/** One parameter of a function and the symbol whose value it takes. */
export interface Binding {
  readonly param: string;
  readonly symbol: string;
  readonly schema?: StandardSchemaV1;
}

export interface Inputs {
  readonly required: readonly Binding[];
  /** Passed when an accessible provider has a value, left out otherwise; never an error. */
  readonly optional: readonly Binding[];
}

/** Nothing, the whole result as one symbol, the result's elements, or the result's properties. */
export type Provides = null | string | readonly string[] | { readonly keys: readonly string[] };

/** How much a line matters, from the least up. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/**
 * Takes lines; `fields` go along as data: `flow`, `atom`, `direction` and `attempt` where a line is about one, `error`
 * where there is one, and what else it tells. A line without a level is `info`.
 */
export type Log = (
  message: string,
  fields?: Readonly<Record<string, unknown>>,
  level?: LogLevel,
) => void;

/** A logger of pino's shape. An `error` among the fields becomes `err`, and its code, if it has one, `code`. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

type Say = (message: string, fields?: Readonly<Record<string, unknown>>) => void;

/**
 * Writes a line about an attempt: to the log of whoever runs it, with `flow`, `atom`, `direction` and `attempt` among
 * its fields, and into the flow's journal, where `fourstroke logs` and the page find it. Called as it is, it says `info`.
 *
 * The journal takes 1,000 lines of an attempt, 128 KiB in all; 4,096 characters of a message, 4 KiB of a line's fields. What is
 * beyond that is left out, and a line says so. A line goes into the journal with the next records of its flow, or
 * by itself after half a second; an attempt that ends with its process takes along those that were not there yet.
 */
export interface TaskLog extends Say {
  readonly debug: Say;
  readonly info: Say;
  readonly warn: Say;
  readonly error: Say;
}

/** A line of an attempt, as it is kept. */
export interface LogLine {
  /** From 1, within its attempt: a number that is missing is a line that was lost. */
  readonly line: number;
  /** Epoch milliseconds by the clock of where the attempt runs. */
  readonly at?: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** What every call of a user's function gets beside its inputs. */
export interface CallContext {
  /** Aborted when the attempt is not wanted any more; `signal.reason` says why. */
  readonly signal: AbortSignal;
  /** Stable name of this attempt, `flow/atom/direction/attempt`: hand it to the outside as idempotency key. */
  readonly key: string;
  /** From 1; grows with every start of this atom in this direction that was not the same attempt. */
  readonly attempt: number;
  /** Tells how far it is, from 0 to 1; outside that range it is clamped. */
  readonly progress: (fraction: number, details?: unknown) => void;
  readonly log: TaskLog;
}

export interface RevertContext extends CallContext {
  /** What `execute` returned; undefined when it failed. */
  readonly result: unknown;
  /** How `execute` failed; undefined when it succeeded. */
  readonly failure: Failure | undefined;
  /** Execute failures known now, by atom. */
  readonly failures: Readonly<Record<string, Failure>>;
}

export interface RetryAttempt {
  /** What the controller's `execute` returned for this attempt. */
  readonly value: unknown;
  /** The first failure of each atom in this attempt, by the atom's name. */
  readonly failures: Readonly<Record<string, Failure>>;
}

export interface RetryContext extends CallContext {
  /** The attempts so far, oldest first. */
  readonly history: readonly RetryAttempt[];
}

export type Verdict = "RETRY" | "REVERT" | "REVERT_ALL";

/** A verdict with a wait before the next attempt starts. */
export interface TimedVerdict {
  readonly verdict: Verdict;
  /** Whole milliseconds before the next attempt; only with RETRY. Default 0. */
  readonly delayMs?: number;
}

/** What a controller is asked with. */
export interface Question {
  readonly history: readonly RetryAttempt[];
  /** The atom that failed, and how. */
  readonly atom: string;
  readonly failure: Failure;
  /** Milliseconds since the first attempt of this controller started. */
  readonly elapsedMs: number;
  /** Draws from [0, 1), for jitter. */
  readonly random: () => number;
}

interface AnyAtom {
  readonly name: string;
  /** Major version; a resumed flow keeps the one it was declared with. Default 1. */
  readonly version: number;
  readonly inputs: Inputs;
  /** Inputs of `revert`. */
  readonly revertInputs: Inputs;
  readonly provides: Provides;
  /** Constants for this atom only, by symbol; they go before everything else. */
  readonly inject: Readonly<Record<string, unknown>>;
  /** Symbols whose values are hidden wherever the flow is shown; see `Flow.secrets`. */
  readonly secrets: readonly string[];
  /** Larger first among atoms that are ready together. Default 0. */
  readonly priority: number;
  /** Whole milliseconds one attempt may take; undefined: as long as it likes. */
  readonly timeoutMs: number | undefined;
  /** Mistakes that were found when it was declared; `compile` reports them as INVALID_ATOM. */
  readonly problems: readonly string[];
}

export interface Task extends AnyAtom {
  readonly kind: "task";
  // Property syntax would make inputs invariant for the typed layer above; these are erased.
  execute(inputs: Record<string, unknown>, context: CallContext): unknown;
  readonly revert:
    | ((inputs: Record<string, unknown>, context: RevertContext) => unknown)
    | undefined;
}

/** Stands before its flow: runs first in each attempt, and says what a failure inside leads to. */
export interface Retry extends AnyAtom {
  readonly kind: "retry";
  execute(inputs: Record<string, unknown>, context: RetryContext): unknown;
  readonly revert:
    | ((inputs: Record<string, unknown>, context: RetryContext & RevertContext) => unknown)
    | undefined;
  onFailure(
    inputs: Record<string, unknown>,
    question: Question,
  ): Verdict | TimedVerdict | Promise<Verdict | TimedVerdict>;
}

export type Depth = "ALL" | "FLOW" | "NEIGHBORS" | "ATOM";

/** Says whether what follows may run. `history` holds results of the decided sources that are not ignored. */
export type Decide = (history: Readonly<Record<string, unknown>>) => boolean | Promise<boolean>;

export interface Link {
  readonly kind: "link";
  /** Direct items of the graph, or their names. */
  readonly from: Item | string;
  readonly to: Item | string;
  readonly decide?: Decide;
  /** How far a no reaches, in upper case. Only with `decide`; default ALL. */
  readonly depth?: Depth;
  /** Mistakes that were found when it was declared; `compile` reports them as INVALID_DECIDER. */
  readonly problems: readonly string[];
}

export type Pattern = "linear" | "unordered" | "graph";

export interface Flow {
  readonly kind: "flow";
  readonly pattern: Pattern;
  readonly name: string;
  /** A controller without a name is called after its flow: `NAME_retry`. */
  readonly retry: Retry | undefined;
  readonly items: readonly Item[];
  /** Symbols whose values are hidden wherever the flow is shown, or one around it. */
  readonly secrets: readonly string[];
  /** Only in a graph. */
  readonly links: readonly Link[];
  /** Only in a graph: link providers to consumers by their symbols. Default true. */
  readonly autoLink: boolean;
  /** Only in a graph: this item and what it needs exist, the rest doesn't. */
  readonly target: Item | string | undefined;
  /** Mistakes that were found when it was declared; `compile` reports them as INVALID_FLOW. */
  readonly problems: readonly string[];
}

export type Item = Task | Flow;
