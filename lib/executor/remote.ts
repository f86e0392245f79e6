/** Runs a flow's tasks on workers, its retry controllers here: they decide for the flow, and cost nothing. */
import type { Code } from "../compile/compile.ts";
import { FlowError } from "../errors.ts";
import type { Failure } from "../failure.ts";
import type { AttemptName, Direction, LossReason } from "../plan/records.ts";
import type { Stop } from "../transport/transport.ts";
import type { Log, LogLine } from "../types.ts";
import { keyOf } from "../plan/key.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { Attempt, Executor, Report } from "./executor.ts";
import { InlineExecutor } from "./inline.ts";
import type { Job, JobOwner } from "./job.ts";
import {
  type Call,
  flowAddress,
  type KeyedLines,
  type KeyedOutcome,
  type Progress,
  progressAddress,
  taskKey,
  type ToFlow,
  type Verdict,
} from "./protocol.ts";
import { unpackOutcome } from "./wire.ts";

export interface RemoteOptions {
  readonly flow: string;
  readonly code: Code;
  readonly dispatcher: Dispatcher;
  readonly log: Log;
  /** Whether the flow waits for the outcome of this attempt. */
  readonly isRunning: (name: AttemptName) => boolean;
  /** See `JobOwner`. */
  readonly mayCall: () => boolean;
}

interface Entry {
  readonly job: Job;
  readonly attempt: Attempt;
  /** An outcome was reported and is not recorded yet. */
  isReported: boolean;
  /** Number of the last line that came. */
  lastLine: number;
  /** Those who brought an outcome and wait until it is recorded, and which one of theirs it is. */
  readonly waiting: (readonly [Verdicts, number])[];
}

/** Outcomes whose senders are remembered, should their answers be lost. */
const mostRecent = 1_000;

export class RemoteExecutor implements Executor, JobOwner {
  readonly isRemote = true;
  readonly #options: RemoteOptions;
  readonly #report: Report;
  readonly #inline: InlineExecutor;
  readonly #entries = new Map<string, Entry>();
  /** The last one of each atom: found sooner than by its key. */
  readonly #byAtom = new Map<number, Entry>();
  /** Whose outcomes were recorded last. */
  readonly #recent = new Map<string, string>();
  readonly #stops: Stop[] = [];
  #served: Promise<void> | undefined;
  #isServed = false;
  #isClosed = false;

  constructor(options: RemoteOptions, report: Report) {
    this.#options = options;
    this.#report = report;
    this.#inline = new InlineExecutor(options.code, report, options.log);
  }

  get mayCall(): boolean {
    return this.#options.mayCall();
  }

  launch(attempt: Attempt): void {
    const { code } = this.#options;
    const task = code.atoms[attempt.atom];
    if (task?.kind !== "task") return this.#inline.launch(attempt);
    if (attempt.direction === "revert" && task.revert === undefined) {
      return this.#report.outcome(attempt, { value: undefined });
    }
    const call = callOf(attempt, task.version);
    const job: Job = {
      call,
      task: taskKey(call.task, call.version),
      owner: this,
      state: "queued",
      worker: undefined,
    };
    const entry: Entry = { job, attempt, isReported: false, lastLine: 0, waiting: [] };
    this.#entries.set(call.key, entry);
    this.#byAtom.set(attempt.atom, entry);
    // Outcomes come to the flow's address: nothing is sent before it is there.
    if (this.#isServed) return this.#send(job, attempt.again);
    this.#serve().then(
      () => {
        this.#isServed = true;
        this.#send(job, attempt.again);
      },
      (error: unknown) => {
        const { flow } = this.#options;
        const what = `the flow's address can't be served: ${String(error)}`;
        this.#options.log(what, { flow, error }, "error");
      },
    );
  }

  #send(job: Job, again: boolean): void {
    if (this.#isClosed || job.state === "over") return;
    if (again) this.#options.dispatcher.search(job);
    else this.#options.dispatcher.enqueue(job);
  }

  abort(attempt: Attempt, reason: Error): void {
    const entry = this.#entries.get(this.#key(attempt.name, attempt.direction, attempt.attempt));
    if (entry === undefined) return this.#inline.abort(attempt, reason);
    if (entry.attempt === attempt) this.#options.dispatcher.cancel(entry.job, reason);
  }

  settled(atom: number, direction: Direction, attempt: number): void {
    const entry = this.#entryOf(atom, direction, attempt);
    if (entry === undefined) return;
    const { key } = entry.job.call;
    this.#entries.delete(key);
    if (entry.isReported) this.#remember(key, entry.job.worker);
    this.#options.dispatcher.forget(entry.job);
    for (const [verdicts, at] of entry.waiting) verdicts.set(at, "recorded");
  }

  taken(job: Job): void {
    const entry = this.#entries.get(job.call.key);
    if (entry !== undefined) this.#report.begun(entry.attempt);
  }

  lost(job: Job, reason: LossReason): void {
    const entry = this.#entries.get(job.call.key);
    if (entry === undefined || entry.isReported) return;
    this.#entries.delete(job.call.key);
    this.#report.lost(entry.attempt, reason);
  }

  failed(job: Job, failure: Failure): void {
    const entry = this.#entries.get(job.call.key);
    if (entry === undefined || entry.isReported) return;
    entry.isReported = true;
    this.#report.outcome(entry.attempt, { failure });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const { dispatcher, flow } = this.#options;
    for (const { job, waiting } of this.#entries.values()) {
      // Without an answer they would send nothing of this flow to its next owner for a while.
      for (const [verdicts] of waiting) verdicts.fail(new FlowError("ENGINE_CLOSED", { flow }));
      // Workers that end with this process have nobody else to work for.
      if (dispatcher.options.isLocal === true) {
        dispatcher.cancel(job, new FlowError("ENGINE_CLOSED", { flow }));
      }
      dispatcher.forget(job);
    }
    this.#entries.clear();
    this.#byAtom.clear();
    for (const stop of this.#stops) stop();
    await this.#inline[Symbol.asyncDispose]();
  }

  #entryOf(atom: number, direction: Direction, attempt: number): Entry | undefined {
    const last = this.#byAtom.get(atom);
    if (last?.attempt.attempt === attempt && last.attempt.direction === direction) {
      this.#byAtom.delete(atom);
      return this.#entries.has(last.job.call.key) ? last : undefined;
    }
    const name = this.#options.code.atoms[atom]?.name ?? "";
    return this.#entries.get(this.#key(name, direction, attempt));
  }

  #key(name: string, direction: Direction, attempt: number): string {
    return keyOf(this.#options.flow, name, direction, attempt);
  }

  #remember(key: string, worker: string | undefined): void {
    if (worker === undefined) return;
    this.#recent.set(key, worker);
    if (this.#recent.size > mostRecent) this.#recent.delete(this.#recent.keys().next().value ?? "");
  }

  #serve(): Promise<void> {
    return (this.#served ??= this.#start().catch((error: unknown) => {
      this.#served = undefined;
      throw error;
    }));
  }

  async #start(): Promise<void> {
    const { dispatcher, flow } = this.#options;
    const { transport } = dispatcher;
    await dispatcher.start();
    const stops = await Promise.all([
      transport.serve(flowAddress(flow), (body) => this.#take(body as ToFlow)),
      transport.listen(progressAddress(flow), (body) => {
        this.#progressed(body as Progress);
      }),
    ]);
    this.#stops.push(...stops);
    if (this.#isClosed) for (const stop of stops) stop();
  }

  #take(message: ToFlow): unknown {
    const { flow, dispatcher } = this.#options;
    // Whoever brought it keeps it for the next owner.
    if (this.#isClosed) throw new FlowError("ENGINE_CLOSED", { flow });
    if (message.kind === "holding") {
      return message.keys.map((key) => this.#isHeld(key, message.worker));
    }
    if (message.kind === "logged") return this.#takeLines(message.lines);
    dispatcher.offer(message.worker, message.offers);
    const { outcomes, worker } = message;
    const verdicts = new Verdicts(outcomes.length);
    outcomes.forEach((one, at) => {
      this.#outcome(unpackOutcome(flow, one), worker, verdicts, at);
    });
    return verdicts.all;
  }

  #takeLines(all: readonly KeyedLines[]): null {
    for (const { key, lines } of all) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) this.#logged(entry, lines);
      else if (this.#isAwaited(key)) throw this.#notYet();
    }
    return null;
  }

  /** Its start is recorded, but it was not launched by this owner yet. */
  #notYet(): FlowError<"NO_RECEIVER"> {
    return new FlowError("NO_RECEIVER", { to: flowAddress(this.#options.flow) });
  }

  #isHeld(key: string, worker: string): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return this.#isAwaited(key);
    if (entry.job.state === "searched") this.#options.dispatcher.holds(entry.job, worker);
    return true;
  }

  /** What came before may come again: its answer was lost, or it goes with the outcome too. */
  #logged(entry: Entry, lines: readonly LogLine[]): void {
    if (entry.isReported) return;
    for (const line of lines) {
      if (line.line <= entry.lastLine) continue;
      entry.lastLine = line.line;
      this.#report.logged(entry.attempt, line);
    }
  }

  #outcome(one: KeyedOutcome, worker: string, verdicts: Verdicts, at: number): void {
    const { key, outcome, lines } = one;
    this.#options.dispatcher.letGo(worker, key);
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      // The same message once more: its answer was lost.
      if (this.#recent.get(key) === worker) return verdicts.set(at, "recorded");
      if (!this.#isAwaited(key)) return verdicts.set(at, "superseded");
      return verdicts.fail(this.#notYet());
    }
    this.#options.dispatcher.holds(entry.job, worker);
    entry.waiting.push([verdicts, at]);
    if (entry.isReported) return;
    if (lines !== undefined) this.#logged(entry, lines);
    entry.isReported = true;
    // Its worker has done with it: should that go while the outcome is being recorded, nobody else is to do it again.
    this.#options.dispatcher.forget(entry.job);
    this.#report.outcome(entry.attempt, outcome);
  }

  /** Whether the flow waits for an attempt that this owner has not launched. */
  #isAwaited(key: string): boolean {
    const { flow, code, isRunning } = this.#options;
    const [, direction, attempt] = /\/(execute|revert)\/(\d+)$/.exec(key) ?? [];
    if (direction === undefined || attempt === undefined) return false;
    const name = key.slice(flow.length + 1, -direction.length - attempt.length - 2);
    const atom = code.atoms.findIndex((one) => one.name === name);
    return isRunning({ atom, direction: direction as Direction, attempt: Number(attempt) });
  }

  #progressed({ key, fraction, details }: Progress): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#report.progress(entry.attempt, fraction, details);
  }
}

/** What becomes of the outcomes of one message: one promise, however many they are. */
class Verdicts {
  readonly all: Promise<readonly Verdict[]>;
  readonly #verdicts: Verdict[];
  #open: number;
  #resolve!: (verdicts: readonly Verdict[]) => void;
  #reject!: (error: Error) => void;

  constructor(outcomes: number) {
    this.#verdicts = new Array<Verdict>(outcomes);
    this.#open = outcomes;
    this.all = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  set(at: number, verdict: Verdict): void {
    this.#verdicts[at] = verdict;
    if (--this.#open === 0) this.#resolve(this.#verdicts);
  }

  fail(error: Error): void {
    this.#reject(error);
  }
}

function callOf(attempt: Attempt, version: number): Call {
  const { flow, name, direction, attempt: number, epoch, inputs, result, failure } = attempt;
  return {
    key: keyOf(flow, name, direction, number),
    flow,
    epoch,
    task: name,
    version,
    direction,
    attempt: number,
    alone: false,
    keepsLines: attempt.keepsLines,
    inputs,
    result,
    failure,
    failures: attempt.failures,
    secrets: attempt.secrets,
    traceparent: attempt.trace?.traceparent,
  };
}
