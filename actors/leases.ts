/**
 * An owner's own lease, and whose leases have run out.
 *
 * Only monotonic time counts, and only time in which this owner's own renewals went through: while the board is away,
 * or this process was held up, nobody is taken for dead.
 */
import { background, type Clock, type Timer } from "../lib/clock.ts";
import { FlowError } from "../lib/errors.ts";
import type { HeldLease, Jobboard, Lease } from "../lib/jobboard/jobboard.ts";
import type { Log } from "../lib/types.ts";
import type { OwnLease } from "./options.ts";
import { LeaseWatch } from "./lease-watch.ts";

export interface LeasesOptions {
  readonly board: Jobboard;
  readonly owner: string;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** For people, beside the lease. */
  readonly details: () => Readonly<Record<string, unknown>>;
  /** Owners of jobs: one without a lease has none to renew. */
  readonly owners: () => Iterable<string>;
  /** Another has taken this owner for dead. */
  readonly lost: (problem: string) => void;
  readonly died: (owner: string) => void;
  /** Renews, from elsewhere than this event loop. Default: here. */
  readonly renewer?: Renewer;
}

/** Renews a lease by itself, every quarter of it. */
export interface Renewer extends AsyncDisposable {
  /**
   * Resolves when the lease is held.
   *
   * @param renewed - gets how many milliseconds ago a renewal was asked for that went through
   * @param lost - called once, when another has taken the lease away
   */
  start(
    lease: Lease,
    renewed: (agoMs: number) => void,
    lost: (problem: string) => void,
  ): Promise<void>;
}

export class Leases implements OwnLease {
  readonly #options: LeasesOptions;
  readonly #watch = new LeaseWatch();
  #waiting = new Set<() => void>();
  /** Monotonic; when the last renewal that went through was asked for. */
  #renewedAt = Number.NEGATIVE_INFINITY;
  #tickedAt = 0;
  #others: readonly HeldLease[] = [];
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  get isFresh(): boolean {
    const { clock, leaseMs } = this.#options;
    return !this.#isClosed && clock.monotonic() - this.#renewedAt < leaseMs / 2;
  }

  onRenewed(fn: () => void): void {
    this.#waiting.add(fn);
  }

  /** Owners that have a lease, this one included. */
  get count(): number {
    return Math.max(1, this.#others.length);
  }

  /** Takes the lease. @throws FlowError `LEASE_TAKEN`, `BOARD_UNAVAILABLE` */
  async start(): Promise<void> {
    const { renewer, clock, owner, leaseMs, details, lost } = this.#options;
    this.#tickedAt = clock.monotonic();
    if (renewer === undefined) await this.#renew();
    else {
      const renewed = (agoMs: number): void => {
        this.#renewed(clock.monotonic() - agoMs);
      };
      await renewer.start({ owner, leaseMs, details: details() }, renewed, lost);
    }
    this.#tickOn();
  }

  /** Lets the lease go, so that nobody has to wait for its end. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { board, clock, owner, renewer, log } = this.#options;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    try {
      await renewer?.[Symbol.asyncDispose]();
      const own = (await board.leases()).find((lease) => lease.owner === owner);
      if (own !== undefined) await board.dropLease(owner, own.revision);
    } catch (error) {
      log("the lease was left to run out", { error }, "warn");
    }
  }

  #tickOn(): void {
    const { clock, leaseMs } = this.#options;
    const timer = clock.setTimeout(() => {
      void this.#tick().then(() => {
        if (!this.#isClosed) this.#tickOn();
      });
    }, leaseMs / 4);
    this.#timer = background(timer);
  }

  async #tick(): Promise<void> {
    const { board, clock, leaseMs, renewer, log } = this.#options;
    const startedAt = clock.monotonic();
    if (startedAt - this.#tickedAt > leaseMs / 2) this.#watch.restart();
    this.#tickedAt = startedAt;
    try {
      if (renewer === undefined) await this.#renew();
      else if (startedAt - this.#renewedAt > leaseMs / 2) this.#watch.restart();
      const leases = await board.leases();
      const tookMs = clock.monotonic() - startedAt;
      if (this.#isClosed) return;
      if (tookMs > leaseMs / 4) this.#watch.restart();
      else await this.#judge(leases);
    } catch (error) {
      this.#watch.restart();
      if (FlowError.is(error, "LEASE_TAKEN")) this.#options.lost(error.message);
      else if (!this.#isClosed)
        log("the lease could not be renewed; trying again", { error }, "warn");
    }
  }

  async #renew(): Promise<void> {
    const { board, clock, owner, leaseMs, details } = this.#options;
    const at = clock.monotonic();
    await board.renew({ owner, leaseMs, details: details() });
    this.#renewed(at);
  }

  #renewed(at: number): void {
    if (this.#isClosed) return;
    this.#renewedAt = at;
    this.#watch.renewed();
    if (!this.isFresh) return;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const fn of waiting) fn();
  }

  /** A dead owner's lease is taken away first: should it live after all, it learns so before it does more. */
  async #judge(leases: readonly HeldLease[]): Promise<void> {
    const { board, clock, owner, leaseMs, owners, died } = this.#options;
    this.#others = leases;
    const known = new Set(leases.map((lease) => lease.owner));
    const lacking = [...owners()].filter((it) => !known.has(it));
    const seen = [
      ...leases,
      ...lacking.map((it) => ({ owner: it, leaseMs, isStalled: false, revision: 0 })),
    ].filter((lease) => lease.owner !== owner);
    for (const dead of this.#watch.see(seen, clock.monotonic())) {
      const isGone = dead.revision === 0 || (await board.dropLease(dead.owner, dead.revision));
      if (isGone && !this.#isClosed) died(dead.owner);
    }
  }
}
