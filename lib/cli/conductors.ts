/** The conductors of a board, as their leases tell. */
import type { ConductorDetails } from "../../actors/lease-details.ts";
import type { HeldLease, Jobboard } from "../jobboard/jobboard.ts";

export interface SeenConductor extends HeldLease {
  readonly details: Partial<ConductorDetails>;
  /** Nothing was heard of it for as long as this looked, in milliseconds; 0: it was heard of. */
  readonly silentMs: number;
}

/** Milliseconds between two looks. */
const lookMs = 50;

/**
 * Looks at the leases until each of them that is of interest was renewed, or should have been.
 *
 * @param isOfInterest - default: none is, what they say is taken as it is
 */
export async function conductorsOf(
  board: Jobboard,
  isOfInterest: (lease: HeldLease) => boolean = () => false,
): Promise<readonly SeenConductor[]> {
  const startedAt = performance.now();
  const first = new Map((await board.leases()).map((lease) => [lease.owner, lease]));
  for (;;) {
    const now = await board.leases();
    const passedMs = performance.now() - startedAt;
    const isUnheard = (lease: HeldLease): boolean =>
      isOfInterest(lease) && first.get(lease.owner)?.revision === lease.revision;
    // A living one renews four times in a lease.
    const waits = now.some((lease) => isUnheard(lease) && passedMs < lease.leaseMs / 2);
    if (!waits) {
      const running = await claimsOf(board);
      return now.map((lease) => ({
        ...lease,
        details: { ...lease.details, running: running.get(lease.owner) ?? 0 },
        silentMs: isUnheard(lease) ? Math.round(passedMs) : 0,
      }));
    }
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

/** How many jobs each owner has: a lease that is renewed from a thread tells what was so when it was taken. */
async function claimsOf(board: Jobboard): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const { owner } of await board.list({ states: ["CLAIMED"], limit: 10_000 })) {
    if (owner !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  return counts;
}
