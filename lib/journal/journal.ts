/** Where records go. Implementations differ in what they survive and in nothing else (I7). */
import type { Batch } from "../plan/records.ts";
import type { StateSnapshot } from "../plan/snapshot.ts";

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

/** The latest snapshot of a flow and the batches after it. */
export interface Recent {
  readonly snapshot: StateSnapshot;
  readonly batches: readonly Batch[];
}

/**
 * Snapshots of flows, beside their batches and never instead of them: what a snapshot covers stays where it is, for
 * whoever wants a flow's history, and for when the snapshot can't be read. Only the latest of a flow is kept.
 */
export interface Snapshots {
  /**
   * Keeps a snapshot that ends with the flow's last batch. It is found from the next batch on. Nothing happens when
   * that batch is not the last one any more. Batches may be appended meanwhile.
   *
   * @throws FlowError as `Journal.append` does, except `FENCED`; `PAYLOAD_REFUSED` when it takes more than 32 MiB
   */
  keep(flow: string, snapshot: StateSnapshot): Promise<void>;

  /**
   * As `Journal.read`, from the latest snapshot on. Undefined when there is none, or when anything about it or the
   * batches after it isn't as it should be: it is for `Journal.read` to say what.
   *
   * @throws FlowError as `Journal.read` does, except `JOURNAL_DAMAGED`
   */
  read(flow: string): Promise<Recent | undefined>;
}

/**
 * Append-only batches, one sequence per flow.
 *
 * Every implementation passes test/contracts/journal.ts.
 */
export interface Journal extends AsyncDisposable {
  readonly durability: Durability;
  /** Only of journals that are slow to read when they are long. */
  readonly snapshots?: Snapshots;

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
