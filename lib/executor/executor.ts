/** Where attempts run. Implementations differ in that and in nothing else (I7). */
import type { Failure } from "../failure.ts";
import type { Direction, Outcome } from "../plan/records.ts";
import type { RetryAttempt } from "../types.ts";

/** One try at an atom: everything a host needs to make it, as data. */
export interface Attempt {
  readonly flow: string;
  /** The atom's number, to find its code; its name, for people and for hosts elsewhere. */
  readonly atom: number;
  readonly name: string;
  readonly direction: Direction;
  readonly attempt: number;
  readonly inputs: Record<string, unknown>;
  /** Only for a revert. */
  readonly result: unknown;
  readonly failure: Failure | undefined;
  readonly failures: Readonly<Record<string, Failure>> | undefined;
  /** Only for a controller. */
  readonly history: readonly RetryAttempt[] | undefined;
}

/** What comes back; each attempt reports one outcome, or none if it was lost. */
export interface Report {
  outcome(attempt: Attempt, outcome: Outcome): void;
  progress(attempt: Attempt, fraction: number, details: unknown): void;
}

/** Every implementation passes test/contracts/executor.ts. */
export interface Executor extends AsyncDisposable {
  /** Starts an attempt. Never throws: what goes wrong is its outcome. */
  launch(attempt: Attempt): void;
  /** Fires the attempt's AbortSignal; its outcome still comes. */
  abort(attempt: Attempt, reason: Error): void;
}
