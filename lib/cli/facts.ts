/** What `why` knows, and what it can answer. */
import type { Presence } from "../executor/protocol.ts";
import type { Job } from "../jobboard/jobboard.ts";
import type { SeenConductor } from "./conductors.ts";
import type { Kept } from "./store.ts";

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
  /** Epoch milliseconds of when it goes on by itself, where that is known. */
  readonly dueAt?: number;
}

/** Which worker has an attempt; null: none has it; undefined: it could not be asked. */
export type Holder = string | null | undefined;

export interface Facts {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly job: Job | undefined;
  readonly kept: Kept | undefined;
  readonly conductors: readonly SeenConductor[];
  /** Undefined: attempts don't run on workers, or nobody could be asked. */
  readonly workers: readonly Presence[] | undefined;
  /** By the name of the atom, of those that run. */
  readonly holders: ReadonlyMap<string, Holder>;
  /** Words for the process that runs a flow which is no job, if it lives. */
  readonly process: string | undefined;
  /** The command that does something with it. */
  readonly command: (verb: string) => string;
}
