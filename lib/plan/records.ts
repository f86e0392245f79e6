/**
 * The records of a flow's journal. A flow's state is a fold of these and of nothing else (I2).
 *
 * Atoms are named by their number in the blueprint. Adding a kind or a field adds a version to the codec in
 * `lib/journal/record.ts` and a journal under `test/journals/`.
 */
import type { Blueprint } from "../compile/blueprint.ts";
import type { Failure } from "../failure.ts";
import type { Depth, LogLine, Verdict } from "../types.ts";
import type { EndState } from "./states.ts";

export type Direction = "execute" | "revert";

/** The options of a run that steer the fold. */
export interface RunOptions {
  /** A REVERT verdict without a parent to ask reverts everything instead of the controller's own scope. */
  readonly deferReverts: boolean;
  /** A failure ends the flow as it is: no controller is asked, nothing is reverted. */
  readonly neverResolve: boolean;
}

/** Why an attempt has no outcome. */
export type LossReason = "worker-died" | "silent" | "owner-died";

export interface AttemptName {
  readonly atom: number;
  readonly direction: Direction;
  readonly attempt: number;
}

/** What a person can do to atoms, as it is recorded. */
export type RecordedEdit = "skip" | "complete" | "fail" | "retryNow" | "retryFrom";

/** How an attempt ended: a value or a failure. */
export type Outcome =
  | { readonly value: unknown; readonly failure?: undefined }
  | { readonly failure: Failure; readonly value?: undefined };

export type FlowRecord =
  | {
      readonly kind: "created";
      readonly flow: string;
      readonly blueprint: Blueprint;
      readonly store: Readonly<Record<string, unknown>>;
      /** What whoever began it wants to remember beside it; no task sees this. */
      readonly meta: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: "adopted";
      readonly owner: string;
      readonly epoch: number;
      /** Revision of the owner's claim on the flow's job: it grows from owner to owner. */
      readonly claim?: number;
      /** Attempts run on hosts that outlive owners: the end of the last owner makes none of them suspect. */
      readonly elsewhere?: boolean;
    }
  | { readonly kind: "run"; readonly options: RunOptions }
  | ({ readonly kind: "started" } & AttemptName)
  | ({ readonly kind: "executed"; readonly atom: number; readonly attempt: number } & Outcome)
  | ({ readonly kind: "reverted"; readonly atom: number; readonly attempt: number } & Outcome)
  | ({ readonly kind: "lost"; readonly reason: LossReason } & AttemptName)
  | {
      readonly kind: "retryDecided";
      /** The controller that was asked. */
      readonly retry: number;
      /** The atom it was asked about: one of its scope, or a controller in there that gave up. */
      readonly atom: number;
      readonly verdict: Verdict;
      /** With RETRY: epoch milliseconds before which the next attempt doesn't start, and the wait this was made of. */
      readonly dueAt?: number;
      readonly delayMs?: number;
    }
  | {
      readonly kind: "decided";
      /** The atom the deciders stand before. */
      readonly atom: number;
      readonly runs: boolean;
      /** With a no: the widest depth of those that said so. */
      readonly depth?: Depth;
      /** A decider threw: the flow stops with this failure. */
      readonly failure?: Failure;
    }
  | { readonly kind: "suspend"; readonly withdraws: readonly AttemptName[] }
  | {
      readonly kind: "cancel";
      readonly reason: string;
      readonly withdraws: readonly AttemptName[];
    }
  | { readonly kind: "kill"; readonly reason: string }
  | { readonly kind: "parked"; readonly reason: string }
  | { readonly kind: "reset" }
  | { readonly kind: "ended"; readonly state: EndState }
  | {
      readonly kind: "progress";
      readonly atom: number;
      readonly fraction: number;
      readonly details?: unknown;
    }
  | { readonly kind: "timerFired"; readonly retry: number }
  | { readonly kind: "migrated"; readonly blueprint: Blueprint }
  | ({ readonly kind: "logged" } & AttemptName & LogLine)
  | {
      /** A person's hand on the flow: see `lib/plan/edit.ts`. */
      readonly kind: "edited";
      readonly edit: RecordedEdit;
      /** Tells it from the same edit that is asked for another time. */
      readonly id: string;
      /** The atoms that were named: one, but for `retryFrom`. Of `retryNow` it is the controller. */
      readonly atoms: readonly number[];
      /** Of `skip`. Default ATOM. */
      readonly depth?: Depth;
      /** Of `complete`. */
      readonly value?: unknown;
      /** Of `fail`. */
      readonly failure?: Failure;
      readonly by?: string;
      readonly reason?: string;
    };

export type RecordKind = FlowRecord["kind"];

/** The unit of a journal: records that became true together. */
export interface Batch {
  /** Who wrote it: one per process and engine. */
  readonly writer: string;
  readonly epoch: number;
  /** Sequence of the first record; the journal's first is 1. */
  readonly first: number;
  /** Wall time of the writer, epoch milliseconds; for people. */
  readonly at: number;
  readonly records: readonly FlowRecord[];
}
