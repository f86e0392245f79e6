/**
 * Looks for the workers that hold attempts which an earlier owner started.
 *
 * All workers are asked, again and again. When none has said that it holds the attempt in a lease of connected time,
 * nobody does: who runs it says so to the flow's address four times as often.
 */
import type { Clock, Timer } from "../clock.ts";
import type { Transport } from "../transport/transport.ts";
import type { KnownWorker } from "./fleet.ts";
import type { Job } from "./job.ts";
import { type ToWorker, workerAddress } from "./protocol.ts";

export interface SearchOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly workers: () => Iterable<KnownWorker>;
  readonly found: (job: Job, worker: string) => void;
  readonly missing: (job: Job) => void;
}

export class Searches {
  readonly #options: SearchOptions;
  /** When each search began, or the connection came back, on monotonic time. */
  readonly #since = new Map<Job, number>();
  #timer: Timer | undefined;

  constructor(options: SearchOptions) {
    this.#options = options;
  }

  add(job: Job): void {
    this.#since.set(job, this.#options.clock.monotonic());
    this.#look();
  }

  /** The connection was away: nobody could say anything meanwhile. */
  restart(): void {
    const now = this.#options.clock.monotonic();
    for (const job of this.#since.keys()) this.#since.set(job, now);
  }

  close(): void {
    this.#since.clear();
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
  }

  #look(): void {
    if (this.#timer !== undefined) return;
    const { clock, leaseMs } = this.#options;
    this.#settle();
    if (this.#since.size === 0) return;
    for (const { id } of this.#options.workers()) this.#ask(id, [...this.#since.keys()]);
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      this.#look();
    }, leaseMs / 8);
  }

  #settle(): void {
    const { transport, clock, leaseMs, missing } = this.#options;
    for (const [job, since] of this.#since) {
      const isOver = transport.isConnected && clock.monotonic() - since >= leaseMs;
      if (job.state === "searched" && !isOver) continue;
      this.#since.delete(job);
      if (job.state === "searched") missing(job);
    }
  }

  #ask(worker: string, jobs: readonly Job[]): void {
    const question: ToWorker = { kind: "holds", keys: jobs.map(({ call }) => call.key) };
    this.#options.transport.request(workerAddress(worker), question).then(
      (answer) => {
        jobs.forEach((job, at) => {
          const isHeld = (answer as boolean[])[at] === true;
          if (isHeld && job.state === "searched") this.#options.found(job, worker);
        });
      },
      () => undefined, // it is asked again
    );
  }
}
