/** The conductors of a board, as their leases tell. */
import type { ConductorDetails } from "../../actors/lease-details.ts";
import type { HeldLease, Jobboard } from "../jobboard/jobboard.ts";
import { claimsOf, type SeenLease } from "../why/present.ts";

export interface SeenConductor extends SeenLease {
  readonly details: Partial<ConductorDetails>;
}

/** Milliseconds between two looks. */
const lookMs = 50;

/** Of those whose lease is not renewed while this looks, it is said for how long it looked. */
export async function conductorsOf(board: Jobboard): Promise<readonly SeenConductor[]> {
  const leases = await leasesOf(board);
  const running = await claimsOf(board);
  return leases.map((lease) => ({
    ...lease,
    details: { ...lease.details, running: running.get(lease.owner) ?? 0 },
  }));
}

/** Looks at the leases until each of them was renewed, or should have been. */
export async function leasesOf(board: Jobboard): Promise<readonly SeenLease[]> {
  const startedAt = performance.now();
  const first = new Map((await board.leases()).map((lease) => [lease.owner, lease]));
  for (;;) {
    const now = await board.leases();
    const passedMs = performance.now() - startedAt;
    const isUnheard = ({ owner, revision }: HeldLease): boolean =>
      first.get(owner)?.revision === revision;
    // A living one renews four times in a lease.
    const waits = now.some((lease) => isUnheard(lease) && passedMs < lease.leaseMs / 2);
    if (!waits) {
      return now.map((lease) => ({
        ...lease,
        silentMs: isUnheard(lease) ? Math.round(passedMs) : 0,
      }));
    }
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}
