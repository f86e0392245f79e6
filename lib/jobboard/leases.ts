/** The leases of a board: a key each, changed only by compare-and-set. */
import { admit } from "../codec.ts";
import { FlowError } from "../errors.ts";
import { open, seal } from "./entry.ts";
import type { HeldLease, Lease } from "./jobboard.ts";
import { assertName } from "./rules.ts";
import { type BoardStore, leaseKey, nameIn } from "./store.ts";

interface Kept extends Lease {
  /** The board that wrote it: a write whose answer was lost is known by it. */
  readonly by: string;
}

const detailLimits = { depth: 100, bytes: 16 * 1024 };

/** How often a renewal begins anew because an earlier one of ours came through after all. */
const mostTries = 8;

export class Leases {
  readonly #store: BoardStore;
  readonly #by: string;
  /** Of the leases that this board made: the revision as far as it knows. */
  readonly #revisions = new Map<string, number>();
  /** The renewal under way of each owner: they go one after the other. */
  readonly #turns = new Map<string, Promise<unknown>>();

  /** @param by - a name that no other board ever has */
  constructor(store: BoardStore, by: string) {
    this.#store = store;
    this.#by = by;
  }

  /** @throws FlowError `LEASE_TAKEN`, `INVALID_OPTION`, `PAYLOAD_REFUSED` */
  async renew(lease: Lease): Promise<number> {
    const { owner } = lease;
    const value = seal({ ...checked(lease), by: this.#by } satisfies Kept);
    return this.#inTurn(owner, async () => this.#write(owner, value, Math.ceil(lease.leaseMs / 4)));
  }

  async all(): Promise<readonly HeldLease[]> {
    const leases: HeldLease[] = [];
    for (const [key, { value, revision }] of await this.#store.all("leases")) {
      const { by: _, ...lease } = open(value, nameIn(key)) as Kept;
      leases.push({ ...lease, isStalled: lease.isStalled === true, revision });
    }
    return leases;
  }

  async drop(owner: string, revision: number): Promise<boolean> {
    assertName("owner", owner);
    return this.#inTurn(owner, async () => {
      const isDropped = await this.#store.delete(leaseKey(owner), revision);
      if (isDropped) this.#revisions.delete(owner);
      return isDropped;
    });
  }

  async #write(owner: string, value: Uint8Array, withinMs: number): Promise<number> {
    const key = leaseKey(owner);
    for (let tries = 0; tries < mostTries; tries++) {
      const expected = this.#revisions.get(owner) ?? 0;
      const revision = await this.#store.write(key, value, expected, withinMs);
      if (revision !== undefined) {
        this.#revisions.set(owner, revision);
        return revision;
      }
      const there = await this.#store.read(key);
      // Gone is dropped: one that comes back by itself would undo what followed from that.
      if (there === undefined || !this.#isOurs(there.value, owner)) break;
      this.#revisions.set(owner, there.revision);
    }
    throw new FlowError("LEASE_TAKEN", { owner, revision: this.#revisions.get(owner) ?? 0 });
  }

  #isOurs(value: Uint8Array, owner: string): boolean {
    return (open(value, owner) as Kept).by === this.#by;
  }

  async #inTurn<Result>(owner: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#turns.get(owner);
    const turn = before === undefined ? work() : before.then(work, work);
    this.#turns.set(owner, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(owner) === turn) this.#turns.delete(owner);
    }
  }
}

/** What is kept of a lease. */
function checked({ owner, leaseMs, isStalled, details }: Lease): Lease {
  assertName("owner", owner);
  if (!Number.isSafeInteger(leaseMs) || leaseMs < 1) {
    const problem = `${String(leaseMs)} is not a whole number of milliseconds of 1 or more`;
    throw new FlowError("INVALID_OPTION", { option: "leaseMs", problem });
  }
  return {
    ...{ owner, leaseMs },
    ...(isStalled === true ? { isStalled } : {}),
    ...(details === undefined
      ? {}
      : { details: admit(details, "details", detailLimits) as NonNullable<Lease["details"]> }),
  };
}
