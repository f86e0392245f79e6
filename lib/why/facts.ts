/**
 * What can be known of why a flow does or doesn't move, and what can be answered. What is known of the present is
 * plain JSON: the inspector's server sends it to its page.
 */
import type { Job } from "../jobboard/jobboard.ts";
import type { FlowState } from "../plan/state.ts";

export type ReasonCode =
  | "ENDED"
  | "TRASHED"
  | "PARKED"
  | "SUSPENDED"
  | "SUSPENDING"
  | "NO_CONDUCTOR"
  | "OTHER_CODE"
  | "CONDUCTORS_BUSY"
  | "GIVEN_BACK"
  | "TO_BE_CLAIMED"
  | "OWNER_DEAD"
  | "OWNER_BUSY"
  | "BEGINNING"
  | "RUNNING"
  | "BACKOFF"
  | "NO_WORKER"
  | "WORKERS_BUSY"
  | "ASKING"
  | "READY"
  | "NOT_RUN"
  | "SERVER_AWAY";

export interface Reason {
  readonly code: ReasonCode;
  readonly sentence: string;
  /** It won't go on by itself, and has not succeeded. */
  readonly isStuck: boolean;
  /** Epoch milliseconds of when it goes on by itself, where that is known. */
  readonly dueAt?: number;
}

export interface Facts {
  readonly id: string;
  /** The moment that is looked at, epoch milliseconds. */
  readonly now: number;
  /** The flow as its journal has it at that moment; undefined: it has none, or it may not be read. */
  readonly state: FlowState | undefined;
  /** When the last attempt at an atom began, epoch milliseconds, where that is known. */
  readonly startedAt: (atom: string) => number | undefined;
  /** Undefined: an earlier moment is looked at, of which the journal alone tells, or nothing else is known yet. */
  readonly present: Present | undefined;
}

/** What is known beside the journal, and of the present only. */
export interface Present {
  /** What commands of the command line need to mean this place, with a space before: ` --nats URL`. */
  readonly place: string;
  /** Where the flows are kept, if that is what does not answer; nothing else is known then. */
  readonly away?: string | undefined;
  readonly job?: JobFacts | undefined;
  /** Looked at while the job is open. */
  readonly conductors: readonly ConductorFacts[];
  /** Absent: attempts don't run on workers, or it isn't known who is there. */
  readonly workers?: readonly WorkerFacts[] | undefined;
  /** By its key, which worker has an attempt; null: none has it; absent: it isn't known. */
  readonly holders: Readonly<Record<string, string | null>>;
  /** Words for the process that runs a flow which is no job, if it is known to live. */
  readonly runner?: string | undefined;
  /** Words for the process that ran it last, if it is known to be gone. */
  readonly gone?: string | undefined;
}

export interface JobFacts extends Pick<Job, "flow" | "state" | "isHeld" | "updatedAt" | "reason"> {
  readonly owner?: string | undefined;
  /** Of the blueprint that its conductor must have. */
  readonly hash?: string | undefined;
  readonly end?: { readonly state: string; readonly message?: string | undefined } | undefined;
}

export interface ConductorFacts {
  readonly owner: string;
  readonly leaseMs: number;
  readonly isStalled: boolean;
  /** Nothing was heard of it for so long that it may be dead, in milliseconds; 0: it was heard of. */
  readonly silentMs: number;
  /** What it has of the job's flow: the beginning of its blueprint's hash; null: nothing; absent: it isn't known. */
  readonly flowHash?: string | null | undefined;
  readonly engine?: string | undefined;
  readonly running: number;
  /** Absent: as many as there are. */
  readonly maxFlows?: number | undefined;
}

/** What a worker's presence tells. */
export interface WorkerFacts {
  readonly worker: string;
  readonly tasks: readonly (readonly [name: string, version: number])[];
  readonly slots: number;
  readonly free: number;
  readonly state: "up" | "draining" | "down";
}
