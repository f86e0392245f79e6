/** Tells who does not renew any more. Pure: it is told the time. */
import type { HeldLease } from "../lib/jobboard/jobboard.ts";

interface Seen {
  readonly revision: number;
  /** Monotonic time of the first look at this revision. */
  readonly since: number;
  /** The observer's own renewals since then. */
  renewals: number;
}

/** Renewals of its own that an observer must have had before it takes another one for dead. */
const leastRenewals = 4;

export class LeaseWatch {
  readonly #seen = new Map<string, Seen>();

  /** The observer's own lease was renewed. */
  renewed(): void {
    for (const seen of this.#seen.values()) seen.renewals++;
  }

  /** There was a gap in which the observer can't say what others did: all spans begin anew. */
  restart(): void {
    this.#seen.clear();
  }

  /** @returns those that have not renewed for a whole lease */
  see<Lease extends Pick<HeldLease, "owner" | "revision" | "leaseMs">>(
    leases: readonly Lease[],
    now: number,
  ): Lease[] {
    const there = new Set(leases.map(({ owner }) => owner));
    for (const owner of this.#seen.keys()) if (!there.has(owner)) this.#seen.delete(owner);
    return leases.filter(({ owner, revision, leaseMs }) => {
      const seen = this.#seen.get(owner);
      if (seen?.revision !== revision) {
        this.#seen.set(owner, { revision, since: now, renewals: 0 });
        return false;
      }
      return now - seen.since >= leaseMs && seen.renewals >= leastRenewals;
    });
  }
}
