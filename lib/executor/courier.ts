/** What an engine asks workers, and asks again where nobody answered. */
import { FlowError } from "../errors.ts";
import { failureOf } from "../failure.ts";
import type { Transport } from "../transport/transport.ts";
import type { KnownWorker } from "./fleet.ts";
import type { Job } from "./job.ts";
import { type Refusal, type ToWorker, workerAddress } from "./protocol.ts";
import { packCalls } from "./wire.ts";

export interface CourierOptions {
  readonly transport: Transport;
  readonly engine: string;
  readonly after: (delayMs: number, fn: () => void) => void;
  readonly granted: (worker: KnownWorker, slots: number) => void;
  /** @param refusal - null: the worker has it */
  readonly answered: (worker: KnownWorker, job: Job, refusal: Refusal | null) => void;
}

/** Wait before a request that was not answered is repeated; it doubles up to the other. */
const firstWaitMs = 50;
const longestWaitMs = 2_000;

export class Courier {
  readonly #options: CourierOptions;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  want(worker: KnownWorker, slots: number): void {
    const { engine, granted } = this.#options;
    worker.wanted = slots;
    this.#request(worker, { kind: "want", engine, slots }).then(
      (answer) => {
        granted(worker, answer as number);
      },
      () => {
        worker.wanted = 0;
      },
    );
  }

  /** Gives back all slots that are not used. */
  release(worker: KnownWorker): void {
    const { credit: slots } = worker;
    worker.credit = 0;
    worker.wanted = 0;
    if (slots > 0) this.#ask(worker, { kind: "release", engine: this.#options.engine, slots });
  }

  cancel(worker: KnownWorker, key: string, reason: Error): void {
    this.#ask(worker, { kind: "cancel", key, reason: failureOf(reason) });
  }

  /**
   * Sends attempts, until the worker has said of each whether it takes it, or is gone. Those of owners that may not call
   * now wait until they may: this process may have stood still while others took its place.
   */
  send(worker: KnownWorker, jobs: readonly Job[], waitMs = firstWaitMs): void {
    const { engine, answered } = this.#options;
    for (const job of jobs) {
      job.state = "sent";
      job.worker = worker.id;
      worker.jobs.set(job.call.key, job);
    }
    const due = jobs.filter(({ owner }) => owner.mayCall);
    if (due.length < jobs.length) {
      const others = jobs.filter(({ owner }) => !owner.mayCall);
      this.#sendLater(worker, others, waitMs);
      if (due.length === 0) return;
    }
    const flows = packCalls(due.map(({ call }) => call));
    this.#request(worker, { kind: "calls", engine, flows }).then(
      (answer) => {
        due.forEach((job, at) => {
          answered(worker, job, (answer as (Refusal | null)[])[at] ?? null);
        });
      },
      (error: unknown) => {
        // It never opens again; a timer for it would keep the process from ending.
        if (FlowError.is(error, "TRANSPORT_CLOSED")) return;
        // It may have them, or not: it knows them by their keys. That nobody is there now says nothing: its connection
        // may not be back yet.
        this.#sendLater(worker, due, waitMs);
      },
    );
  }

  #sendLater(worker: KnownWorker, jobs: readonly Job[], waitMs: number): void {
    this.#options.after(waitMs, () => {
      const still = jobs.filter((job) => job.state === "sent" && job.worker === worker.id);
      if (still.length > 0) this.send(worker, still, Math.min(longestWaitMs, 2 * waitMs));
    });
  }

  /** For what may be lost: what follows from it sets it right. */
  #ask(worker: KnownWorker, body: ToWorker): void {
    this.#request(worker, body).catch(() => undefined);
  }

  #request({ id }: KnownWorker, body: ToWorker): Promise<unknown> {
    return this.#options.transport.request(workerAddress(id), body);
  }
}
