/** Where attempts run. Implementations differ in that and in nothing else (I7). */
import type { Failure } from "../failure.ts";
import type { AttemptTrace } from "./observe.ts";
import type { Direction, LossReason, Outcome } from "../plan/records.ts";
import type { LogLine, RetryAttempt } from "../types.ts";

/** One try at an atom: everything a host needs to make it, as data. */
export interface Attempt {
  readonly flow: string;
  /** The atom's number, to find its code; its name, for people and for hosts elsewhere. */
  readonly atom: number;
  readonly name: string;
  readonly direction: Direction;
  readonly attempt: number;
  /** Of the owner that launches it. */
  readonly epoch: number;
  /** Started by an earlier owner: somebody may hold it. */
  readonly again: boolean;
  readonly inputs: Record<string, unknown>;
  /** Only for a revert. */
  readonly result: unknown;
  readonly failure: Failure | undefined;
  readonly failures: Readonly<Record<string, Failure>> | undefined;
  /** What it logs goes into the journal. */
  readonly keepsLines: boolean;
  /** Symbols that the flow declares secret; undefined: none. */
  readonly secrets: readonly string[] | undefined;
  /** Only for a controller. */
  readonly history: readonly RetryAttempt[] | undefined;
  /** Undefined: nobody looks on. */
  readonly trace?: AttemptTrace | undefined;
}

/** What comes back; each attempt reports one outcome, or that it was lost. */
export interface Report {
  outcome(attempt: Attempt, outcome: Outcome): void;
  progress(attempt: Attempt, fraction: number, details: unknown): void;
  /** A line that the attempt logs, to be kept. */
  logged(attempt: Attempt, line: LogLine): void;
  /** Its host is gone, and took it down. It is launched again once that is recorded. */
  lost(attempt: Attempt, reason: LossReason): void;
  /** An attempt that had to wait for a host has one now: its time counts from here. */
  begun(attempt: Attempt): void;
}

/** Every implementation passes test/contracts/executor.ts. */
export interface Executor extends AsyncDisposable {
  /** Attempts run elsewhere and may wait for a host: `begun` says when they don't any more. */
  readonly isRemote: boolean;
  /** Starts an attempt. Never throws: what goes wrong is its outcome. */
  launch(attempt: Attempt): void;
  /** Fires the attempt's AbortSignal; its outcome still comes. */
  abort(attempt: Attempt, reason: Error): void;
  /** The outcome of an attempt is durable, whoever reported it. */
  settled(atom: number, direction: Direction, attempt: number): void;
}
