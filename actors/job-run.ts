/**
 * One claimed job: its flow runs in an engine, and then the job is consumed, given back or thrown away.
 *
 * As in TaskFlow: a flow that ended consumes its job, whatever the end; one that was suspended, or could not be stored,
 * gives it back; one that could not even begin goes to the trash. The journal's end record comes first: should this
 * owner die in between, the next one finds it there and runs nothing.
 */
import type { Clock } from "../lib/clock.ts";
import { FlowError } from "../lib/errors.ts";
import { type Failure, failureOf } from "../lib/failure.ts";
import type { AbandonOptions, Job, Jobboard, JobEnd } from "../lib/jobboard/jobboard.ts";
import { releases } from "../lib/jobboard/rules.ts";
import type { Item, Log } from "../lib/types.ts";
import { Engine } from "./engine.ts";
import { JobCommands } from "./job-commands.ts";
import type { EngineOptions } from "./options.ts";

/** What became of a job in the hands of this owner. `lost`: it is somebody else's. */
export type JobFate = "consumed" | "abandoned" | "trashed" | "lost";

export interface JobRunOptions {
  readonly board: Jobboard;
  readonly owner: string;
  readonly flow: Item;
  readonly engine: Omit<EngineOptions, "id" | "store">;
  readonly clock: Clock;
  readonly log: Log;
  /** The flow is this owner's, and what was recorded of it is known. */
  readonly prepared: () => void;
  /** An edit that was asked for was not made. */
  readonly refused: (problem: FlowError) => void;
  /** The job is about to be given back because of this. */
  readonly failed: (problem: unknown) => void;
}

/** How often a job may be claimed without its flow being adopted before it is taken for what ends its owners. */
const mostFutileClaims = 10;

/** Milliseconds before a board that could not be reached is asked again. */
const retryMs = 250;

/** The journal is not to be had for now, or somebody else writes it: no fault of the flow. */
const passing: ReadonlySet<string> = new Set([
  ...["FENCED", "LEASE_LOST", "ENGINE_CLOSED", "JOURNAL_UNAVAILABLE", "JOURNAL_FULL"],
  ...["JETSTREAM_UNAVAILABLE", "TRANSPORT_CLOSED", "BLUEPRINT_CHANGED", "HOST_FAILED"],
]);

/** Nobody can go on before a person has looked. */
const stuck: ReadonlySet<string> = new Set(["PARKED", "JOURNAL_LOST_TAIL", "JOURNAL_DAMAGED"]);

const codeOf = (error: unknown): string => String((error as { code?: unknown } | undefined)?.code);

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** Which code goes on with a flow that this owner's does not: the board tells those who have it, and spares the others. */
function foundBy(error: unknown): Pick<AbandonOptions, "blueprint"> {
  if (!FlowError.is(error, "BLUEPRINT_CHANGED")) return {};
  const { recorded } = error.about;
  return recorded === undefined ? {} : { blueprint: recorded };
}

export class JobRun {
  /** As it was claimed. */
  readonly job: Job;
  /** Settles, and never rejects, when this owner is done with the job. */
  readonly over: Promise<JobFate>;
  /** Why it was not consumed. */
  problem: unknown;
  /** How its flow ended, once it is consumed. */
  end: JobEnd | undefined;
  readonly #options: JobRunOptions;
  readonly #engine: Engine;
  readonly #commands: JobCommands;
  #now: Job;
  #isRunning = false;
  #isLost = false;
  #isDraining = false;

  constructor(job: Job, options: JobRunOptions) {
    this.job = job;
    this.#options = options;
    const { engine, owner, flow, board, log, refused } = options;
    const { id, store, revision: claim } = job;
    this.#engine = new Engine(flow, { ...engine, id, store, owner, claim, migrates: false });
    this.#commands = new JobCommands({ job, board, owner, engine: this.#engine, log, refused });
    this.#now = job;
    this.over = this.#run();
  }

  /** The job as the board has it now. */
  changed(job: Job): void {
    this.#now = job;
    if (this.#isRunning) this.#commands.pass(job);
  }

  /** Comes to rest, for another owner to go on. */
  drain(): void {
    this.#isDraining = true;
    // What runs elsewhere goes on there, and the next owner hears of it.
    if (this.#options.engine.engine === "workers") this.#engine.abandon();
    // Otherwise as soon as it runs.
    else if (this.#isRunning) this.#engine.suspend();
  }

  /** Lets go at once: it is somebody else's, or will be. */
  lose(): void {
    this.#isLost = true;
    const epoch = this.#isRunning ? this.#engine.storage.epoch : 0;
    this.#engine.abandon(new FlowError("LEASE_LOST", { flow: this.job.flow, epoch }));
  }

  async #run(): Promise<JobFate> {
    try {
      return await this.#work();
    } catch (error) {
      this.problem = this.#engine.redactor?.thrown(error) ?? error;
      const { id: flow } = this.job;
      this.#options.log(
        `job "${flow}" was let go of: ${this.#messageOf(error)}`,
        { flow, error: this.problem },
        "error",
      );
      return "lost";
    } finally {
      await this.#engine.close();
    }
  }

  async #work(): Promise<JobFate> {
    const { commands } = this.job;
    const last = commands.findLast((one) => one.kind === "suspend" || releases(one));
    if (last?.kind === "suspend") return this.#giveBack("suspended", true);
    const ended = await this.#prepare().catch((error: unknown) => this.#unprepared(error));
    if (typeof ended === "string") return ended;
    if (ended !== undefined) return this.#consume(ended);
    const asked = this.#commands;
    if (asked.isInVain) {
      await asked.takePassed();
      return this.#giveBack("it was held, and what was asked for can't be done", true);
    }
    try {
      this.#isRunning = true;
      const run = this.#engine.run({
        // Only if a person asked for it: it may have been parked just now.
        unpark: asked.wantsRun,
        commands: asked.forRun,
      });
      asked.begun();
      this.changed(this.#now);
      if (this.#isDraining) this.drain();
      const state = await run;
      this.#isRunning = false;
      if (state === "SUCCESS") return await this.#consume({ state });
      return await this.#giveBack(asked.isHeld ? "suspended" : "handed over", asked.isHeld);
    } catch (error) {
      this.#isRunning = false;
      return this.#failed(error);
    }
  }

  /** @returns how the flow has ended, if it has */
  async #prepare(): Promise<JobEnd | undefined> {
    const { job } = this;
    const engine = this.#engine;
    engine.compile();
    await engine.prepare();
    this.#options.prepared();
    await this.#commands.editFirst();
    const { state } = engine.storage;
    if (state === "SUCCESS" || state === "REVERTED" || state === "FAILURE") return this.#end(state);
    // Each owner that adopted the flow has written an epoch.
    if (job.claims - engine.storage.epoch >= mostFutileClaims) {
      const reason = `${job.claims} owners have claimed it, ${engine.storage.epoch} have adopted its flow`;
      throw new FlowError("PARKED", { flow: job.flow, reason });
    }
    engine.validate();
    return undefined;
  }

  async #unprepared(error: unknown): Promise<JobFate> {
    this.problem = this.#engine.redactor?.thrown(error) ?? error;
    if (this.#isLost) return "lost";
    if (stuck.has(codeOf(error))) return this.#giveBack(this.#messageOf(error), true);
    if (passing.has(codeOf(error))) {
      this.#options.failed(this.problem);
      return this.#giveBack(this.#messageOf(error), false, foundBy(error));
    }
    await this.#persist((board, owner) => board.trash(this.job.id, owner, this.#messageOf(error)));
    return "trashed";
  }

  async #failed(error: unknown): Promise<JobFate> {
    this.problem = this.#engine.redactor?.thrown(error) ?? error;
    if (this.#isLost) return "lost";
    if (stuck.has(codeOf(error))) return this.#giveBack(this.#messageOf(error), true);
    if (passing.has(codeOf(error))) {
      if (this.#isDraining) return this.#giveBack("handed over", false);
      this.#options.failed(this.problem);
      return this.#giveBack(this.#messageOf(error), false, foundBy(error));
    }
    return this.#consume({
      ...this.#end(this.#engine.storage.state),
      failure: this.#shown(failureOf(error)),
    });
  }

  #end(state: string): JobEnd {
    const [failure] = Object.values(this.#engine.storage.failures());
    return failure === undefined ? { state } : { state, failure: this.#shown(failure) };
  }

  /** Many may read the board. */
  #shown(failure: Failure): Failure {
    return this.#engine.redactor?.failure(failure) ?? failure;
  }

  #messageOf(error: unknown): string {
    const message = messageOf(error);
    return this.#engine.redactor?.text(message) ?? message;
  }

  async #consume(end: JobEnd): Promise<JobFate> {
    await this.#commands.edited();
    // A person has set it back since it ended.
    if (this.#engine.storage.state === "SUSPENDED") return this.#giveBack("set back", false);
    await this.#commands.takePassed(end);
    await this.#persist((board, owner) => board.consume(this.job.id, owner, end));
    this.end = end;
    return "consumed";
  }

  async #giveBack(
    reason: string,
    isHeld: boolean,
    found: Pick<AbandonOptions, "blueprint"> = {},
  ): Promise<JobFate> {
    const options = { reason, isHeld, ...found };
    await this.#commands.takeSettled();
    await this.#persist((board, owner) => board.abandon(this.job.id, owner, options));
    return "abandoned";
  }

  /** Until the board has it, or it is not for this owner to say any more. */
  async #persist(write: (board: Jobboard, owner: string) => Promise<Job>): Promise<void> {
    const { board, owner, clock } = this.#options;
    for (;;) {
      try {
        await write(board, owner);
        return;
      } catch (error) {
        if (this.#isLost || !FlowError.is(error, "BOARD_UNAVAILABLE")) throw error;
        await new Promise<void>((resolve) => void clock.setTimeout(resolve, retryMs));
      }
    }
  }
}
