/** What a jobboard is kept in: keys, bytes and revisions. */
import type { Stop } from "../transport/transport.ts";
import { nameOf, tokenOf } from "../names.ts";

export interface Stored {
  readonly value: Uint8Array;
  readonly revision: number;
}

/** A key as it is now; without a value it is gone. */
export interface Change {
  readonly key: string;
  readonly stored: Stored | undefined;
}

export type Shelf = "jobs" | "leases";

/**
 * Keys with a value each. A revision is the store's own count of changes: it grows with every write, whatever the key,
 * and never goes back, not even for a key that was deleted and made again.
 *
 * Everything throws FlowError `BOARD_UNAVAILABLE` when the store can't be reached; a write that throws it may have been
 * done all the same.
 */
export interface BoardStore {
  /** The key as the last write that was acknowledged left it, whoever wrote it. */
  read(key: string): Promise<Stored | undefined>;

  /**
   * Writes if the key is at that revision; 0: if there is none.
   *
   * @param withinMs - the most to wait for a store that is away; default: as the store was told
   * @returns the new revision; undefined when the key is at another one
   * @throws FlowError `BOARD_FULL`
   */
  write(
    key: string,
    value: Uint8Array,
    expected: number,
    withinMs?: number,
  ): Promise<number | undefined>;

  /** @returns false when the key is not at that revision */
  delete(key: string, expected: number): Promise<boolean>;

  /** All of a shelf, as `read` would give each. */
  all(shelf: Shelf): Promise<ReadonlyMap<string, Stored>>;

  /**
   * Gives every job that is there, then each that changes, in the order of its revisions; states in between may be left
   * out, the last one never is.
   *
   * While the store is away it waits, and then goes on: with what is there by then, and what is not any more.
   *
   * @param changed - does not throw
   * @param ended - called if it ended for good by itself
   * @returns when everything present has been given
   */
  watch(changed: (change: Change) => void, ended: (error: Error) => void): Promise<Stop>;

  /**
   * As `watch`, of one key alone, which is given first whether it is there or not. Only where that takes less than to
   * watch them all.
   */
  watchKey?(
    key: string,
    changed: (change: Change) => void,
    ended: (error: Error) => void,
  ): Promise<Stop>;

  /** Forgets that keys were deleted long ago. */
  sweep(): Promise<void>;

  close(): Promise<void>;
}

// No token holds a dot, so a job's key is never a lease's.
const leases = "lease.";

export const jobKey = (id: string): string => tokenOf(id);
export const leaseKey = (owner: string): string => leases + tokenOf(owner);
export const shelfOf = (key: string): Shelf => (key.startsWith(leases) ? "leases" : "jobs");
/** The job's id, or the lease's owner. */
export const nameIn = (key: string): string =>
  nameOf(shelfOf(key) === "leases" ? key.slice(leases.length) : key);
