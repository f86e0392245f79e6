/**
 * The commands of a job in its owner's hands: passed on to the engine of its flow, and taken off the board once they are
 * recorded, or once it is clear that they come to nothing. Then the board keeps why, for whoever asked.
 */
import { FlowError } from "../lib/errors.ts";
import type { Job, Jobboard, JobEnd, PendingCommand } from "../lib/jobboard/jobboard.ts";
import { releases, tooLate } from "../lib/jobboard/rules.ts";
import type { Log } from "../lib/types.ts";
import type { Engine } from "./engine.ts";
import type { RunCommand } from "./options.ts";

export interface JobCommandsOptions {
  /** As it was claimed. */
  readonly job: Job;
  readonly board: Jobboard;
  readonly owner: string;
  readonly engine: Engine;
  readonly log: Log;
  /** An edit that was asked for was not made. */
  readonly refused: (problem: FlowError) => void;
}

export class JobCommands {
  /** A person asked for it: the job waits for one. */
  isHeld = false;
  readonly #options: JobCommandsOptions;
  /** Those that were there when the job was claimed. */
  readonly #first: readonly PendingCommand[];
  #hasBegun = false;
  /** Number of the last command that was passed on. */
  #passed: number;
  /** Commands are taken off the board in their order. Never rejects. */
  #taking: Promise<void> = Promise.resolve();
  /** Edits of a flow that runs, as long as they are on their way. They never reject. */
  readonly #editing = new Set<Promise<void>>();
  /** By the command's number. */
  readonly #refusals = new Map<number, string>();
  /** Numbers of those that were passed on and are not recorded yet. */
  readonly #open = new Set<number>();

  constructor(options: JobCommandsOptions) {
    this.#options = options;
    this.#first = options.job.commands;
    this.#passed = this.#first.at(-1)?.number ?? 0;
    for (const { kind, number } of this.#first) {
      // A suspend that was followed by something else is over.
      if (kind !== "edit" && kind !== "suspend") this.#open.add(number);
    }
  }

  /** Makes the edits that waited, before the flow runs. */
  async editFirst(): Promise<void> {
    for (const command of this.#first) if (command.kind === "edit") await this.#edit(command);
  }

  /** Whether a person wants the flow to go on, whatever it was given back for. */
  get wantsRun(): boolean {
    return this.#first.some((one) => releases(one) && !this.#refusals.has(one.number));
  }

  /** Whether the job was held, and what released it can't be done. */
  get isInVain(): boolean {
    return !this.wantsRun && this.#first.some(({ wasHeld }) => wasHeld);
  }

  /** What a run is to begin with. */
  get forRun(): readonly RunCommand[] {
    return this.#first.flatMap(({ kind, reason = kind }) =>
      kind === "cancel" || kind === "kill" ? [{ type: kind, reason }] : [],
    );
  }

  /** The flow runs, with what it is to begin with. */
  begun(): void {
    this.#hasBegun = true;
    for (const command of this.#first) this.#takeRecorded(command);
  }

  /** Passes on what is new. */
  pass(job: Job): void {
    for (const command of job.commands) if (command.number > this.#passed) this.#pass(command);
  }

  /** Settles when no edit is on its way any more. */
  async edited(): Promise<void> {
    await Promise.all(this.#editing);
  }

  /** Takes what is recorded, or refused, off the board before the job is given back: the next owner needs none of it. */
  async takeSettled(): Promise<void> {
    if (!this.#hasBegun) return;
    await this.edited();
    const upTo = Math.min(this.#passed, ...[...this.#open].map((number) => number - 1));
    if (upTo > 0) await this.#take(upTo);
  }

  /** Takes what was passed on off the board: none of it is to open the job again. */
  async takePassed(end?: JobEnd): Promise<void> {
    if (end !== undefined) {
      for (const number of this.#open) this.#refusals.set(number, tooLate(end));
    }
    if (this.#passed > 0) await this.#take(this.#passed);
  }

  #pass(command: PendingCommand): void {
    const { kind, number, reason = kind } = command;
    const { engine } = this.#options;
    this.#passed = number;
    if (kind === "edit") return this.#passEdit(command);
    if (kind !== "resume") this.#open.add(number);
    this.#takeRecorded(command);
    this.isHeld = kind === "suspend";
    if (kind === "suspend") engine.suspend();
    else if (kind === "cancel") engine.cancel(reason);
    else if (kind === "kill") engine.kill(reason);
  }

  #passEdit(command: PendingCommand): void {
    const { job, log } = this.#options;
    this.#open.add(command.number);
    const done = this.#edit(command)
      .then(() => {
        this.#takeRecorded(command);
      })
      // The engine let go of the flow: the next owner finds the command on the board.
      .catch((error: unknown) => {
        log(`an edit of job "${job.id}" was left on the board`, { error });
      })
      .finally(() => this.#editing.delete(done));
    this.#editing.add(done);
  }

  /** What an owner before this one recorded is not made again: it has the command's number. */
  async #edit({ edit, number }: PendingCommand): Promise<void> {
    if (edit === undefined) return;
    const { engine, refused } = this.#options;
    try {
      await engine.edit(edit, `command ${number}`);
    } catch (error) {
      if (!FlowError.is(error, "EDIT_REFUSED")) throw error;
      const { why } = error.about;
      this.#refusals.set(number, engine.redactor?.text(why) ?? why);
      refused(error);
    }
  }

  /** Once it is recorded, the board need not keep it; what came too late goes with the job. */
  #takeRecorded({ kind, number }: PendingCommand): void {
    const isRecorded = kind === "resume" || kind === "edit";
    if (isRecorded) this.#open.delete(number);
    const recorded = isRecorded ? undefined : this.#recorded(kind, number);
    this.#taking = this.#taking.then(async () => {
      await recorded;
      await this.#take(number);
    });
  }

  async #recorded(kind: "suspend" | "cancel" | "kill", number: number): Promise<void> {
    if (await this.#options.engine.recorded(kind)) this.#open.delete(number);
  }

  async #take(upTo: number): Promise<void> {
    const { job, board, owner, log } = this.#options;
    await board.takeCommands(job.id, owner, upTo, this.#refusals).catch((error: unknown) => {
      if (FlowError.is(error, "NOT_FOUND") || FlowError.is(error, "NOT_OWNER")) return;
      const { id: flow } = job;
      log(`a command of job "${flow}" was left on the board`, { flow, error }, "warn");
    });
  }
}
