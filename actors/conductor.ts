/**
 * A conductor: claims jobs, runs an engine for each, and keeps one lease for all of them.
 *
 * It mirrors the board by one watch. Jobs of conductors that are dead are claimed like those of nobody. Its own end is
 * no end of any flow: what it leaves goes on with another conductor, and what it still says is refused by the epoch of
 * the flow's next owner (I5).
 */
import type { Clock, Random } from "../lib/clock.ts";
import { compile } from "../lib/compile/compile.ts";
import { hashOf } from "../lib/compile/hash.ts";
import { FlowError } from "../lib/errors.ts";
import { makeId } from "../lib/ids.ts";
import type { GoneJob, Job } from "../lib/jobboard/jobboard.ts";
import { Notifier } from "../lib/notifier.ts";
import { systemClock, systemRandom } from "../lib/system.ts";
import type { Stop } from "../lib/transport/transport.ts";
import { logOf } from "../lib/log.ts";
import type { Log } from "../lib/types.ts";
import { Claimable } from "./claimable.ts";
import {
  checked,
  type ConductorEvent,
  type ConductorEventKind,
  type ConductorOptions,
  type ConductorStatistics,
} from "./conductor-options.ts";
import { type JobFate, JobRun } from "./job-run.ts";
import { type ConductorDetails, listFlows } from "./lease-details.ts";
import { Leases } from "./leases.ts";
import { Registry, registry } from "./registry.ts";
import { Retention } from "./retention.ts";

/** Milliseconds before a job that it could not go on with is looked at again. */
const restMs = 1_000;

export class Conductor {
  /** Its name among the owners of jobs: one for each start. */
  readonly owner: string;
  /** Settles when it has lost its lease, and with it its jobs, to others, or can follow the board no more: with why. */
  readonly lost: Promise<string>;
  readonly #options: ConductorOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #maxFlows: number;
  readonly #flows: Registry;
  readonly #leases: Leases;
  readonly #retention: Retention;
  readonly #notifier: Notifier<ConductorEvent>;
  readonly #claimable: Claimable;
  readonly #runs = new Map<string, JobRun>();
  /** Never rejects. */
  readonly #claiming = new Map<string, Promise<void>>();
  readonly #counts = {
    ...{ claimed: 0, prepared: 0, refused: 0 },
    ...{ consumed: 0, abandoned: 0, trashed: 0, lost: 0 },
  };
  #takenOver = 0;
  #tellLost: (problem: string) => void = () => undefined;
  readonly #renewed = (): void => {
    this.#pump();
  };
  #isPumping = false;
  #isDraining = false;
  #starting: Promise<void> | undefined;
  #stopWatching: Stop | undefined;
  #idle: (() => void)[] = [];
  #closing: Promise<void> | undefined;

  /** @throws FlowError `INVALID_OPTION`, `ALREADY_EXISTS` */
  constructor(options: ConductorOptions) {
    const { engine, leaseMs, maxFlows, name, keepMs } = checked(options);
    const { flows, board, journal, renewer } = options;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#log = logOf(options.log);
    this.#maxFlows = maxFlows;
    this.#flows = flows instanceof Registry ? flows : registry(...flows);
    const hashes = new Map(
      this.#flows.names.map((flow) => [flow, hashOf(compile(this.#flows.get(flow)).blueprint)]),
    );
    this.#claimable = new Claimable(hashes);
    this.lost = new Promise((resolve) => (this.#tellLost = resolve));
    this.owner = `${name}.${makeId(this.#clock, this.#random)}`;
    this.#notifier = new Notifier(
      (error) => {
        this.#log(`a listener failed: ${String(error)}`, { error }, "error");
      },
      () => undefined,
    );
    const own = { clock: this.#clock, random: this.#random, log: this.#log };
    this.#retention = new Retention({ board, journal, keepMs, ...own });
    const { engine: kind = "serial" } = engine;
    const known: Omit<ConductorDetails, "running"> = {
      name,
      maxFlows,
      engine: kind,
      ...listFlows(hashes),
    };
    this.#leases = new Leases({
      ...{ board, owner: this.owner, leaseMs, clock: this.#clock, log: this.#log },
      ...(renewer === undefined ? {} : { renewer }),
      details: () => ({ ...known, running: this.#runs.size }),
      owners: () => this.#claimable.owners,
      lost: (problem) => {
        this.#lose(`the lease is lost, others have this conductor's jobs: ${problem}`);
      },
      died: (owner) => {
        const jobs = this.#claimable.bury(owner);
        if (jobs !== undefined) {
          const what = `conductor ${owner} is dead; ${jobs} of its jobs wait for another`;
          this.#log(what, { conductor: owner, jobs }, "warn");
        }
        this.#pump();
      },
    });
  }

  /** Tells what becomes of jobs, by kind or `"*"`. */
  get notifier(): Notifier<ConductorEvent> {
    return this.#notifier;
  }

  get statistics(): ConductorStatistics {
    return {
      ...this.#counts,
      takenOver: this.#takenOver,
      running: this.#runs.size,
      waiting: this.#claimable.size,
    };
  }

  /** Takes its lease and begins to claim. @throws FlowError `BOARD_UNAVAILABLE` */
  async start(): Promise<this> {
    await (this.#starting ??= this.#start());
    return this;
  }

  /** Resolves when nothing runs and nothing is there to be claimed. */
  async idle(): Promise<void> {
    if (this.#isIdle()) return;
    return new Promise((resolve) => void this.#idle.push(resolve));
  }

  /**
   * Hands over: claims nothing more, brings its flows to rest, gives its jobs back and lets its lease go.
   *
   * @param withinMs - milliseconds that tasks on this event loop have to end; then their flows are let go of, as by a
   *   crash. Default 5,000
   */
  close(withinMs = 5_000): Promise<void> {
    return this.#end(() => {
      for (const run of this.#runs.values()) run.drain();
      const timer = this.#clock.setTimeout(() => {
        for (const run of this.#runs.values()) run.lose();
      }, withinMs);
      return () => {
        this.#clock.clearTimeout(timer);
      };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(): Promise<void> {
    await this.#leases.start();
    this.#stopWatching = await this.#options.board.watch(
      (job) => {
        this.#see(job);
      },
      (error) => {
        this.#lose(`the board can't be followed any more: ${error.message}`);
      },
    );
    this.#retention.start();
  }

  #lose(problem: string): void {
    this.#log(problem, { conductor: this.owner }, "error");
    this.#tellLost(problem);
    void this.#end(() => {
      for (const run of this.#runs.values()) run.lose();
      return undefined;
    });
  }

  #end(begin: () => Stop | undefined): Promise<void> {
    return (this.#closing ??= this.#doEnd(begin));
  }

  async #doEnd(begin: () => Stop | undefined): Promise<void> {
    this.#isDraining = true;
    this.#retention.close();
    const done = begin();
    // Whoever started it hears what went wrong.
    await this.#starting?.catch(() => undefined);
    this.#stopWatching?.();
    while (this.#runs.size > 0 || this.#claiming.size > 0) {
      await Promise.all(this.#claiming.values());
      await Promise.all([...this.#runs.values()].map(({ over }) => over));
    }
    done?.();
    await this.#leases.close();
    this.#tellIdle();
  }

  #see(job: Job | GoneJob): void {
    const isOwn = "owner" in job && job.owner === this.owner;
    if (isOwn) this.#runs.get(job.id)?.changed(job);
    if (isOwn) this.#claimable.forget(job.id);
    else this.#claimable.see(job);
    this.#pump();
  }

  /** Once for all that happens in this turn. */
  #pump(): void {
    if (this.#isPumping || this.#isDraining) return;
    this.#isPumping = true;
    void Promise.resolve().then(() => {
      this.#isPumping = false;
      this.#claimSome();
    });
  }

  #claimSome(): void {
    const free = this.#maxFlows - this.#runs.size - this.#claiming.size;
    if (free <= 0 || this.#isDraining) return;
    if (!this.#leases.isFresh) return this.#leases.onRenewed(this.#renewed);
    // Others pick from the same ones: by chance, so that few of us want the same.
    const several = this.#leases.count > 1;
    const most = several ? 2 * free * this.#leases.count : free;
    // What is claimed just now may have been seen once more meanwhile.
    const jobs = this.#claimable
      .first(most + this.#claiming.size + this.#runs.size)
      .filter(({ id }) => !this.#claiming.has(id) && !this.#runs.has(id))
      .slice(0, most);
    for (let at = 0; at < Math.min(free, jobs.length); at++) {
      const other = several ? at + Math.floor(this.#random() * (jobs.length - at)) : at;
      const job = jobs[other] as Job;
      jobs[other] = jobs[at] as Job;
      this.#claiming.set(job.id, this.#claim(job));
    }
  }

  async #claim(job: Job): Promise<void> {
    const { board } = this.#options;
    this.#claimable.forget(job.id);
    try {
      const { owner: from, revision } = job;
      const own = await board.claim(job.id, this.owner, {
        revision,
        ...(from === undefined ? {} : { from }),
      });
      this.#run(own, from);
    } catch (error) {
      // Somebody was faster, which the watch will tell, or has told already.
      const isTaken = FlowError.is(error, "JOB_UNCLAIMABLE") || FlowError.is(error, "NOT_FOUND");
      if (!isTaken) this.#rest(job, error);
    } finally {
      this.#claiming.delete(job.id);
      this.#pump();
      this.#tellIdle();
    }
  }

  #run(job: Job, from: string | undefined): void {
    const { board, journal, engine } = this.#options;
    const clock = this.#clock;
    const run = new JobRun(job, {
      ...{ board, owner: this.owner, clock, log: this.#log, flow: this.#flows.get(job.flow) },
      engine: {
        clock,
        random: this.#random,
        log: this.#log,
        ...engine,
        journal,
        lease: this.#leases,
      },
      prepared: () => {
        this.#tell("prepared", { job });
      },
      refused: (problem) => {
        this.#log(`job "${job.id}": ${problem.message}`);
        this.#tell("refused", { job, problem });
      },
      failed: (problem) => {
        if (FlowError.is(problem, "BLUEPRINT_CHANGED")) this.#claimable.refuse(job.id);
        else this.#rest(job, problem);
      },
    });
    this.#runs.set(job.id, run);
    this.#claimable.forget(job.id);
    if (from !== undefined) this.#takenOver++;
    this.#tell("claimed", { job, ...(from === undefined ? {} : { from }) });
    if (this.#isDraining) run.drain();
    void run.over.then((fate) => {
      this.#finished(run, fate);
    });
  }

  #finished(run: JobRun, fate: JobFate): void {
    const { job, end, problem } = run;
    this.#runs.delete(job.id);
    this.#tell(fate, { job, end, problem });
    this.#pump();
    this.#tellIdle();
  }

  /** Something is away: others may try, this one after a while. */
  #rest(job: Job, problem: unknown): void {
    this.#log(`job "${job.id}" has to wait`, { flow: job.id, error: problem }, "warn");
    this.#claimable.rest(job.id);
    this.#clock.setTimeout(() => {
      this.#claimable.wake(job.id);
      if (this.#isDraining) return;
      void this.#options.board.get(job.id).then(
        (now) => {
          if (now === undefined) return;
          // The answer to a claim was lost, and nobody else would run what is this owner's.
          const isOurs = now.owner === this.owner && !this.#runs.has(now.id);
          if (isOurs && !this.#claiming.has(now.id)) this.#run(now, undefined);
          else this.#see(now);
        },
        (error: unknown) => {
          this.#rest(job, error);
        },
      );
    }, restMs);
  }

  #tell(kind: ConductorEventKind, event: Omit<ConductorEvent, "kind">): void {
    this.#counts[kind]++;
    this.#notifier.emit(kind, { kind, ...event });
  }

  #isIdle(): boolean {
    const { size, resting } = this.#claimable;
    return this.#runs.size + this.#claiming.size + size + resting === 0 || this.#isDraining;
  }

  #tellIdle(): void {
    if (this.#idle.length === 0 || !this.#isIdle()) return;
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }
}
