/**
 * Renews a lease from a thread of its own, so that a task that keeps the event loop busy doesn't cost it.
 *
 * The thread has a board of its own, on the same store. It renews as long as the event loop ticks within `stallMs`: the
 * jobs of a process that hangs for good go to others.
 */
import { Worker } from "node:worker_threads";
import type { Lease } from "../jobboard/jobboard.ts";
import type { SqliteJobboardOptions } from "../jobboard/sqlite.ts";
import type { NatsOptions } from "../nats/connect.ts";
import { mostTickMs, Pulse } from "../pulse.ts";
import { logOf } from "../log.ts";
import type { Log, Logger } from "../types.ts";

/** Where the board is, in words that another thread understands. */
export type BoardPlace =
  | {
      readonly kind: "sqlite";
      readonly options: Omit<SqliteJobboardOptions, "clock" | "random" | "log">;
    }
  | { readonly kind: "nats"; readonly options: Omit<NatsOptions, "clock" | "log"> };

export interface RenewalOptions {
  readonly board: BoardPlace;
  /** Milliseconds without a tick of the event loop after which the lease is let go. Default 30,000. */
  readonly stallMs?: number;
  readonly log: Log | Logger;
}

/** What the thread is started with. */
export interface RenewalWork {
  readonly board: BoardPlace;
  readonly lease: Lease;
  readonly stallMs: number;
  readonly ticks: SharedArrayBuffer;
}

/** From the thread. `askedAt` is the machine's monotonic time in milliseconds. */
export type FromRenewal =
  | { readonly kind: "renewed"; readonly askedAt: number }
  | { readonly kind: "lost"; readonly problem: string }
  | { readonly kind: "failed"; readonly problem: string };

/** The machine's monotonic time, the same in all threads, in milliseconds. */
export const machineMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;

const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
const entry = new URL(`./renewal-thread${extension}`, import.meta.url);

export class Renewal implements AsyncDisposable {
  readonly #options: RenewalOptions;
  readonly #log: Log;
  #pulse: Pulse | undefined;
  #thread: Worker | undefined;
  #isClosed = false;

  constructor(options: RenewalOptions) {
    this.#options = options;
    this.#log = logOf(options.log);
  }

  /**
   * Resolves when the lease is held.
   *
   * @param renewed - gets how many milliseconds ago a renewal was asked for that went through
   * @param lost - called once, when another has taken the lease away
   */
  async start(
    lease: Lease,
    renewed: (agoMs: number) => void,
    lost: (problem: string) => void,
  ): Promise<void> {
    const { board, stallMs = 30_000 } = this.#options;
    const pulse = (this.#pulse = new Pulse(lease.leaseMs / 4));
    const work: RenewalWork = { board, lease, stallMs, ticks: pulse.ticks };
    await new Promise<void>((resolve) => {
      this.#run(work, (message) => {
        if (message.kind === "renewed") {
          renewed(machineMs() - message.askedAt);
          resolve();
        } else if (message.kind === "lost") lost(message.problem);
        else {
          const what = `the lease could not be renewed; trying again: ${message.problem}`;
          this.#log(what, {}, "warn");
        }
      });
    });
  }

  /** No renewal comes after it has resolved. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#pulse?.stop();
    await this.#thread?.terminate();
  }

  #run(workerData: RenewalWork, hear: (message: FromRenewal) => void): void {
    if (this.#isClosed) return;
    // None of this process's flags: what it preloads for its tasks has no business here.
    const thread = new Worker(entry, { name: "fourstroke-lease", workerData, execArgv: [] });
    this.#thread = thread;
    thread.unref();
    thread.on("message", hear);
    thread.on("error", (error) => {
      this.#log(`the thread that renews the lease died: ${String(error)}`, { error }, "error");
    });
    thread.on("exit", () => {
      if (!this.#isClosed) setTimeout(() => this.#run(workerData, hear), mostTickMs).unref();
    });
  }
}
