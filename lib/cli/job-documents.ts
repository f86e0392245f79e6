/** What the verbs for jobs print with `--json`. Keys are stable; new ones may come. */
import type { Failure } from "../failure.ts";
import type { Job, JobState, PendingCommand, Priority, Refusal } from "../jobboard/jobboard.ts";
import type { FlowStateName } from "../plan/states.ts";
import { jsonable } from "../jsonable.ts";
import type { OutcomeDocument } from "./documents.ts";

/** A job as the board has it; null where there is nothing. */
export interface JobDocument {
  readonly id: string;
  readonly flow: string;
  readonly state: JobState;
  readonly priority: Priority;
  readonly owner: string | null;
  /** Nobody claims it until it is told to resume. */
  readonly held: boolean;
  /** How often it was claimed. */
  readonly claims: number;
  /** Why it was given back or thrown away. */
  readonly reason: string | null;
  /** How its flow ended. */
  readonly end: { readonly state: string; readonly failure: Failure | null } | null;
  /** What waits for its owner or its next one. */
  readonly commands: readonly PendingCommand[];
  /** The last commands that came to nothing, and why. */
  readonly refusals: readonly Refusal[];
  readonly details: unknown;
  readonly blueprint: string | null;
  /** Epoch milliseconds. */
  readonly postedAt: number;
  readonly updatedAt: number;
}

/** What `jobs` prints: the highest priority first, then the oldest. */
export interface JobsDocument {
  readonly jobs: readonly JobDocument[];
}

/** What `wait` prints. `state` is null while the job is in the trash: its flow has not ended. */
export interface WaitDocument extends Omit<OutcomeDocument, "state"> {
  readonly state: FlowStateName | null;
  readonly job: JobDocument;
}

export function jobDocument(job: Job): JobDocument {
  const { id, flow, state, priority, claims, commands, postedAt, updatedAt } = job;
  const { owner = null, reason = null, end, blueprint } = job;
  return {
    ...{ id, flow, state, priority, owner, held: job.isHeld, claims, reason },
    end: end === undefined ? null : { state: end.state, failure: end.failure ?? null },
    commands: jsonable(commands) as readonly PendingCommand[],
    refusals: job.refusals ?? [],
    details: jsonable(job.details),
    blueprint: blueprint?.hash ?? null,
    ...{ postedAt, updatedAt },
  };
}
