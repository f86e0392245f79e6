/**
 * Gives attempts to workers: the engine's side of lib/executor/protocol.ts, for all flows of a process.
 *
 * Credit is capacity: an attempt is only sent to a worker that has granted a slot for it. What no worker serves, and
 * what has no slot yet, waits here, bounded by what the engines have under way. A worker that is silent for a lease of
 * connected time is gone, and what it held is lost; what was sent and not answered is sent again, since a worker knows
 * it by its key.
 */
import { background, type Clock, type Timer } from "../clock.ts";
import { FlowError } from "../errors.ts";
import { failureOf } from "../failure.ts";
import type { LossReason } from "../plan/records.ts";
import type { Stop, Transport } from "../transport/transport.ts";
import type { Log } from "../types.ts";
import { Courier } from "./courier.ts";
import { Fleet, type KnownWorker } from "./fleet.ts";
import type { Job } from "./job.ts";
import { JobQueue } from "./queue.ts";
import { Searches } from "./searches.ts";
import {
  anyPresence,
  defaultLeaseMs,
  engineAddress,
  type Grant,
  type Presence,
  type Refusal,
  whoAddress,
} from "./protocol.ts";

export interface DispatcherOptions {
  readonly transport: Transport;
  /** Unique in the cluster. */
  readonly id: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds of silence after which a worker counts as gone. Default 15,000. */
  readonly leaseMs?: number;
  /** Milliseconds that a worker has to let go of an attempt whose time is up. Default 1,000. */
  readonly graceMs?: number;
  /**
   * Workers die with this process, and somebody tells when one does: nobody else's attempts are looked for, and a
   * silent worker is one that works. Default false.
   */
  readonly isLocal?: boolean;
  /** Called with a worker that did not let go of an attempt in time. Default: it is left alone. */
  readonly stuck?: (worker: string) => void;
}

/** Calls in one message: while a worker runs some, the next ones are on their way. */
const callsAtOnce = 64;

/** Milliseconds before a worker is asked again whether it can do something alone. */
const aloneMs = 200;

/** Milliseconds after which a task that no worker serves is said to be so. */
const unservedMs = 500;

export class Dispatcher {
  readonly options: DispatcherOptions;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #fleet = new Fleet();
  readonly #queue = new JobQueue();
  readonly #stops: Stop[] = [];
  readonly #timers = new Set<Timer>();
  readonly #courier: Courier;
  readonly #searches: Searches;
  #isPumping = false;
  #isClosed = false;
  #started: Promise<void> | undefined;

  constructor(options: DispatcherOptions) {
    this.options = options;
    this.#transport = options.transport;
    this.#clock = options.clock;
    this.#leaseMs = options.leaseMs ?? defaultLeaseMs;
    this.#courier = new Courier({
      transport: options.transport,
      engine: options.id,
      after: (delayMs, fn) => void this.#after(delayMs, fn),
      // Given back if by now nothing is there for them: the worker keeps them for us until it hears.
      granted: (worker, slots) => {
        this.offer(worker.id, slots);
      },
      answered: (worker, job, refusal) => {
        this.#answered(worker, job, refusal);
      },
    });
    this.#searches = new Searches({
      transport: options.transport,
      clock: options.clock,
      leaseMs: this.#leaseMs,
      workers: () => this.#fleet.all,
      found: (job, worker) => {
        this.holds(job, worker);
      },
      missing: (job) => {
        job.state = "queued";
        this.enqueue(job);
      },
    });
  }

  get id(): string {
    return this.options.id;
  }

  get transport(): Transport {
    return this.#transport;
  }

  /** Listens for workers and asks who is there. Only the first call does something. */
  start(): Promise<void> {
    return (this.#started ??= this.#start());
  }

  /** Queues an attempt that an earlier owner started, unless a worker holds it. */
  search(job: Job): void {
    if (this.options.isLocal === true) return this.enqueue(job);
    job.state = "searched";
    this.#searches.add(job);
  }

  /** Queues an attempt; it goes to a worker with everything else that is queued in this turn. */
  enqueue(job: Job): void {
    if (this.#isClosed) return;
    this.#queue.add(job);
    if (!this.#fleet.serves(job.task)) this.#tellUnserved(job);
    this.#pump();
  }

  /** Has an attempt given up: one that waits is taken back, and it says so; a running one is told to stop. */
  cancel(job: Job, reason: Error): void {
    if (job.state === "queued" || job.state === "searched") {
      this.#queue.delete(job);
      this.forget(job);
      job.owner.failed(job, failureOf(reason));
    } else if (job.worker !== undefined) {
      const worker = this.#fleet.get(job.worker);
      if (worker === undefined) return;
      this.#courier.cancel(worker, job.call.key, reason);
      if (FlowError.is(reason, "TASK_TIMED_OUT")) this.#watchGrace(worker, job.call.key);
    }
  }

  /** Its outcome is recorded, or it is nobody's any more. */
  forget(job: Job): void {
    if (job.state === "over") return;
    if (job.state === "queued") this.#queue.delete(job);
    job.state = "over";
    if (job.worker !== undefined) this.#fleet.get(job.worker)?.jobs.delete(job.call.key);
  }

  /** A worker has said that it runs it, or has brought its outcome. */
  holds(job: Job, id: string): void {
    if (job.state === "over" || job.worker === id) return;
    this.#queue.delete(job);
    if (job.worker !== undefined) this.#fleet.get(job.worker)?.jobs.delete(job.call.key);
    job.worker = id;
    job.state = "taken";
    // What it runs may be heard of before it is: should it die, that is lost all the same.
    const isKnown = this.options.isLocal === true;
    const worker = isKnown ? this.#fleet.get(id) : this.#fleet.meet(id, this.#clock.monotonic());
    worker?.jobs.set(job.call.key, job);
  }

  /** A worker has brought an outcome, whether anybody waits for it or not. */
  letGo(id: string, key: string): void {
    this.#fleet.get(id)?.late.delete(key);
  }

  /** Slots that a worker lets its last engine use again. */
  offer(id: string, slots: number): void {
    const worker = this.#fleet.get(id);
    if (worker === undefined) return;
    worker.heardAt = this.#clock.monotonic();
    worker.credit += slots;
    worker.wanted = Math.max(0, worker.wanted - slots);
    // What the outcomes set off is queued by the time that this runs.
    this.#pump();
  }

  /** A worker is gone for good. Attempts that it held are lost. */
  workerDied(id: string, reason: LossReason = "worker-died"): void {
    const worker = this.#fleet.forget(id);
    if (worker === undefined) return;
    const jobs = [...worker.jobs.values()];
    const what = `worker ${id} is gone (${reason}); ${jobs.length} attempts are lost`;
    if (jobs.length > 0) this.options.log(what, { worker: id, attempts: jobs.length }, "warn");
    for (const job of jobs) {
      if (job.state === "over") continue;
      job.worker = undefined;
      const wasSent = job.state === "sent";
      job.state = "queued";
      const wasAlone = worker.slots === 1 || job.call.alone;
      if (wasSent || !wasAlone) {
        // Which of several took it down isn't known, whoever they belong to: it gets a worker for itself now.
        job.call = { ...job.call, alone: job.call.alone || !wasSent };
        this.enqueue(job);
      } else {
        job.state = "over";
        job.owner.lost(job, reason);
      }
    }
    this.#pump();
  }

  /** Lets go of everything. The transport is left open. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#started?.catch(() => undefined);
    for (const stop of this.#stops) stop();
    this.#searches.close();
    for (const timer of this.#timers) this.#clock.clearTimeout(timer);
    for (const worker of this.#fleet.all) this.#courier.release(worker);
  }

  async #start(): Promise<void> {
    const grant = (body: unknown): number => this.#granted(body as Grant);
    this.#stops.push(await this.#transport.serve(engineAddress(this.id), grant));
    const hear = (body: unknown): void => {
      this.#hear(body as Presence);
    };
    this.#stops.push(await this.#transport.listen(anyPresence, hear));
    this.#stops.push(
      this.#transport.watch((isConnected) => {
        if (!isConnected) return;
        this.#fleet.hearAll(this.#clock.monotonic());
        this.#searches.restart();
        for (const worker of this.#fleet.all) {
          const sent = [...worker.jobs.values()].filter(({ state }) => state === "sent");
          if (sent.length > 0) this.#courier.send(worker, sent);
        }
        this.#askWho();
        this.#pump();
      }),
    );
    this.#askWho();
    if (this.options.isLocal !== true) this.#watchSilence();
  }

  #askWho(): void {
    if (this.#transport.isConnected) this.#transport.publish(whoAddress, null);
  }

  #after(delayMs: number, fn: () => void): Timer | undefined {
    if (this.#isClosed) return undefined;
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer);
      fn();
    }, delayMs);
    this.#timers.add(timer);
    return timer;
  }

  #watchSilence(): void {
    const dueAt = this.#clock.monotonic() + this.#leaseMs / 4;
    const timer = this.#after(this.#leaseMs / 4, () => {
      const now = this.#clock.monotonic();
      // This process was held up: what the workers said meanwhile is still to be read.
      if (now - dueAt > this.#leaseMs / 4) this.#fleet.hearAll(now);
      if (this.#transport.isConnected) {
        const silent = this.#fleet.silentSince(now - this.#leaseMs);
        for (const { id } of silent) this.workerDied(id, "silent");
      }
      this.#watchSilence();
    });
    if (timer !== undefined) background(timer);
  }

  /** The flow waits for it no longer; the worker still has to bring an outcome. */
  #watchGrace(worker: KnownWorker, key: string): void {
    const { stuck, graceMs = 1_000 } = this.options;
    if (stuck === undefined) return;
    worker.late.add(key);
    this.#after(graceMs, () => {
      if (worker.late.has(key) && this.#fleet.get(worker.id) === worker) stuck(worker.id);
    });
  }

  #hear(presence: Presence): void {
    if (presence.state === "down") {
      this.workerDied(presence.worker);
      return;
    }
    const worker = this.#fleet.hear(presence, this.#clock.monotonic());
    // Wants that are not granted yet are said again, should they have been forgotten.
    worker.wanted = 0;
    this.#pump();
  }

  /** @returns how many of the slots are taken */
  #granted({ worker: id, slots }: Grant): number {
    const worker = this.#fleet.get(id);
    if (worker === undefined) return 0;
    worker.heardAt = this.#clock.monotonic();
    const takes = this.#queue.countFor(worker, slots);
    worker.wanted = Math.max(0, worker.wanted - slots);
    worker.credit += takes;
    this.#pump();
    return takes;
  }

  #tellUnserved(job: Job): void {
    this.#after(unservedMs, () => {
      if (job.state !== "queued" || this.#fleet.serves(job.task)) return;
      const { flow, task: atom, version, attempt } = job.call;
      const what = `no worker serves task "${atom}" of version ${version}; it waits for one`;
      this.options.log(what, { flow, atom, attempt, version }, "warn");
    });
  }

  /** Once for all that happens in this turn. */
  #pump(): void {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    void Promise.resolve().then(() => {
      this.#isPumping = false;
      if (this.#isClosed) return;
      for (const worker of this.#fleet.all) this.#fill(worker);
      if (this.#queue.size > 0) this.#wantMore();
    });
  }

  /** Sends a worker as much as it has granted slots for; gives back what nothing is there for. */
  #fill(worker: KnownWorker): void {
    if (worker.credit <= 0) return;
    const jobs = this.#queue.takeFor(worker, worker.credit);
    worker.credit -= jobs.length;
    for (let at = 0; at < jobs.length; at += callsAtOnce) {
      this.#courier.send(worker, jobs.slice(at, at + callsAtOnce));
    }
    if (worker.credit > 0 && this.#queue.countFor(worker, 1) === 0) this.#courier.release(worker);
  }

  /** Asks each worker that could do with more for what it could be given. */
  #wantMore(): void {
    for (const worker of this.#fleet.all) {
      const slots = worker.wanted < this.#queue.size ? this.#queue.countFor(worker) : 0;
      if (slots > worker.wanted) this.#courier.want(worker, slots);
    }
  }

  #answered(worker: KnownWorker, job: Job, refusal: Refusal | null): void {
    worker.heardAt = this.#clock.monotonic();
    if (job.state !== "sent" || job.worker !== worker.id) return;
    if (refusal === null) {
      job.state = "taken";
      job.owner.taken(job);
      return;
    }
    worker.jobs.delete(job.call.key);
    job.worker = undefined;
    if (refusal === "superseded") {
      job.state = "over";
      return;
    }
    if (refusal === "unknown-task") {
      worker.tasks = new Set([...worker.tasks].filter((task) => task !== job.task));
    }
    job.state = "queued";
    worker.credit = 0;
    if (!job.call.alone) return this.enqueue(job);
    // It waits until the worker has nothing else to do.
    this.#after(aloneMs, () => {
      if (job.state === "queued") this.enqueue(job);
    });
  }
}
