/** Where records go. Implementations differ in what they survive and in nothing else (I7). */
import type { Batch } from "../plan/records.ts";

/**
 * What a journal's acknowledged batches survive: nothing, the end of the process, a power cut; or as much as the
 * servers that keep it are set to, with their replicas and how often they sync to disk.
 */
export type Durability = "none" | "process" | "disk" | "server";

/** A flow as a listing shows it. */
export interface FlowSummary {
  readonly id: string;
  /** Name of the root flow. */
  readonly name: string;
  readonly state: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly sequence: number;
  readonly epoch: number;
}

export interface FlowQuery {
  /** Only flows in one of these states. */
  readonly states?: readonly string[];
  readonly name?: string;
  /** At most this many, the newest first. Default 100, at most 10,000. */
  readonly limit?: number;
  /** Only flows created before this one in the order of the listing: for the next page. */
  readonly before?: string;
}

/**
 * Append-only batches, one sequence per flow.
 *
 * Every implementation passes test/contracts/journal.ts.
 */
export interface Journal extends AsyncDisposable {
  readonly durability: Durability;

  /**
   * Adds a batch to the flow's journal, all of it or nothing.
   *
   * A compare-and-set (I5): `batch.first` must be the last sequence plus one, and `batch.epoch` the journal's epoch,
   * or that plus one if the batch holds `adopted`.
   *
   * @param state - the flow's state after the batch, for listings
   * @returns nothing when the batch is durable already, else a promise that settles when it is
   * @throws FlowError `FENCED`: another owner wrote; never try again.
   *   `JOURNAL_FULL`, `JOURNAL_UNAVAILABLE`: nothing was written; the same batch may be tried again.
   *   `JOURNAL_DAMAGED`: the flow's rows can't be trusted
   */
  append(flow: string, batch: Batch, state: string): undefined | Promise<void>;

  /**
   * The flow's batches in order, each one checked: checksums, versions, and that no sequence is missing.
   * An unknown flow has none.
   *
   * @throws FlowError `JOURNAL_DAMAGED` with the flow and the first sequence that can't be read
   */
  read(flow: string): Promise<readonly Batch[]>;

  /** Flows, the newest first. */
  list(query?: FlowQuery): Promise<readonly FlowSummary[]>;

  /** Forgets a flow and what only it used. Without the flow: nothing happens. */
  remove(flow: string): Promise<void>;

  /** Settles what is under way and lets go of files and threads. */
  close(): Promise<void>;
}
