/** What the inspector's server answers with, and its page reads. */
import type { FlowSummary } from "../journal/journal.ts";
import type { CommandKind, JobState, Refusal } from "../jobboard/jobboard.ts";
import type { Edit } from "../plan/edit.ts";
import type { Present } from "../why/facts.ts";

/** What the page must know before it shows anything. */
export interface AboutDocument {
  readonly version: string;
  /** Words for where the flows come from. */
  readonly source: string;
  readonly hasBoard: boolean;
  readonly allowEdits: boolean;
}

export interface FlowsDocument {
  readonly flows: readonly FlowSummary[];
  /** The last flow that was looked at, to ask for what comes after it; null: that was all. */
  readonly next: string | null;
}

/** How far a flow is: its atoms, by how they stand. */
export interface FlowProgress {
  readonly total: number;
  readonly done: number;
  readonly active: number;
  readonly failed: number;
  readonly undone: number;
}

/** By flow; null: its journal can't be read. */
export type ProgressDocument = Readonly<Record<string, FlowProgress | null>>;

export interface RecordsDocument {
  /** Batches, each as `toJson` has it. */
  readonly batches: readonly unknown[];
  /** More are there: ask again after the last of these. */
  readonly more: boolean;
}

/** What is known of a flow beside its journal. */
export interface PresentDocument {
  readonly job: JobDocument | null;
  readonly present: Present;
}

export interface JobDocument {
  readonly id: string;
  readonly flow: string;
  readonly state: JobState;
  readonly owner: string | null;
  readonly isHeld: boolean;
  readonly claims: number;
  readonly priority: string;
  readonly postedAt: number;
  readonly updatedAt: number;
  /** What waits for its owner, or its next one. */
  readonly commands: readonly { readonly number: number; readonly kind: CommandKind }[];
  /** How many commands there ever were. */
  readonly commanded: number;
  /** The last commands that came to nothing. */
  readonly refusals: readonly Refusal[];
  readonly end: string | null;
  readonly reason: string | null;
}

export interface ConductorDocument {
  readonly owner: string;
  readonly leaseMs: number;
  readonly isStalled: boolean;
  /** Milliseconds since this server saw it renewed, or first saw it. */
  readonly renewedMs: number;
  /** Jobs that it owns. */
  readonly running: number;
  readonly details: unknown;
}

/** A worker, or a node on which actors live. */
export interface MemberDocument {
  readonly name: string;
  readonly kind: "worker" | "node";
  readonly state: string;
  readonly tasks: readonly string[];
  readonly slots: number | null;
  readonly free: number | null;
}

export interface ClusterDocument {
  readonly conductors: readonly ConductorDocument[];
  readonly counts: Readonly<Record<JobState, number>>;
  /** Of each state, those that come first; at most 200 in all. */
  readonly jobs: readonly JobDocument[];
  readonly members: readonly MemberDocument[];
}

export interface CommandRequest {
  readonly kind: CommandKind;
  readonly reason?: string;
  /** Of `edit`. Its owner makes it, or says why not. */
  readonly edit?: Edit;
}

export interface CommandDocument {
  /** Of the command among those of its job; null: it is so already, and nothing was left. */
  readonly number: number | null;
  readonly job: JobDocument;
}

/** What an answer that is no success holds. */
export interface RefusalDocument {
  readonly error: { readonly code: string; readonly message: string };
}

/** What the stream of events tells of flows. */
export interface ChangesDocument {
  readonly changed: readonly FlowSummary[];
  readonly removed: readonly string[];
}
