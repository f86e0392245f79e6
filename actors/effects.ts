/**
 * What a durable batch sets off, in this order: listeners hear what changed; deciders and controllers are asked; what
 * was started is told and launched.
 */
import { admit, copyOut } from "../lib/codec.ts";
import type { Timer } from "../lib/clock.ts";
import { FlowError } from "../lib/errors.ts";
import type { Attempt, Executor, Report } from "../lib/executor/executor.ts";
import type { AttemptTrace } from "../lib/executor/observe.ts";
import { type Failure, failureOf } from "../lib/failure.ts";
import { inputsOf } from "../lib/plan/inputs.ts";
import type {
  AttemptName,
  Direction,
  FlowRecord,
  LossReason,
  Outcome,
} from "../lib/plan/records.ts";
import { Slots, SparseMap } from "../lib/plan/sparse.ts";
import type { FlowState, Note } from "../lib/plan/state.ts";
import { type AskOptions, type Asker, Asks } from "./asks.ts";
import type { LogLine } from "../lib/types.ts";
import type { OwnLease } from "./options.ts";

/** The flow that effects are of. */
export interface Doer extends Asker {
  /** How far an attempt is: stored with the next batch, which it never causes. */
  keepProgress(atom: number, fraction: number, details: unknown): void;
  /** A line of an attempt: stored with the next batch, for which it waits half a second at most. */
  keepLine(attempt: AttemptName, line: LogLine): void;
}

export interface EffectsOptions extends AskOptions {
  /** What tasks log goes into the journal. */
  readonly keepsLines: boolean;
  /** Undefined: none is needed. */
  readonly lease: OwnLease | undefined;
  readonly executor: (report: Report) => Executor;
  /** Traces an attempt that is about to be launched; undefined: nobody looks on. */
  readonly trace: (name: string, direction: Direction, attempt: number) => AttemptTrace | undefined;
  readonly told: (note: Note) => void;
  readonly progressed: (atom: number, fraction: number, details: unknown) => void;
  /** A batch is durable: told before anything that it sets off. */
  readonly recorded: ((records: readonly FlowRecord[]) => void) | undefined;
  /** A batch is durable and everything it set off is done. */
  readonly settled: (records: readonly FlowRecord[]) => void;
}

export class Effects implements Report {
  /** Deciders and controllers. */
  readonly asks: Asks;
  readonly #options: EffectsOptions;
  readonly #actor: Doer;
  readonly #executor: Executor;
  readonly #launched: Slots<Attempt>;
  readonly #timeouts = new SparseMap<Timer>();
  /** Started, not launched by this owner yet; true where a host may have it from an earlier one. */
  readonly #orphans = new SparseMap<boolean>();
  /** For the lease to be renewed. */
  #isWaiting = false;

  constructor(actor: Doer, options: EffectsOptions) {
    this.#actor = actor;
    this.#options = options;
    this.asks = new Asks(actor, options);
    this.#launched = new Slots(options.code.atoms.length);
    this.#executor = options.executor(this);
  }

  /** Attempts of this owner are under way. */
  get isBusy(): boolean {
    return this.#launched.size > 0;
  }

  recorded(records: readonly FlowRecord[]): void {
    this.#options.recorded?.(records);
  }

  tell(notes: readonly Note[], starts: boolean): void {
    for (const note of notes) {
      if (this.#actor.isOver()) return;
      if ((note.kind === "atom" && note.start) === starts) this.#options.told(note);
    }
  }

  /** All are told to run before the first one does. */
  launch(starts: readonly AttemptName[], notes: readonly Note[]): void {
    this.tell(notes, true);
    if (this.#options.lease?.isFresh === false) return this.#launchRenewed(starts);
    for (const { atom } of starts) {
      if (this.#actor.isOver()) return;
      this.#launch(atom);
    }
    if (this.#orphans.size > 0) this.#launchOrphans();
  }

  /** The flow is this owner's from now on, with what ran before `starts`. */
  adopt(starts: readonly AttemptName[]): void {
    for (const atom of this.#actor.state.running.keys()) this.#orphans.set(atom, true);
    for (const { atom } of starts) this.#orphans.delete(atom);
  }

  /** These were not launched when they were started; those that still count are, by the next run. */
  orphan(starts: readonly AttemptName[]): void {
    for (const { atom } of starts) this.#orphans.set(atom, false);
  }

  settle(records: readonly FlowRecord[]): void {
    if (this.#executor.isRemote) this.#settleRemote(records);
    for (const record of records) {
      const { flow } = this.#actor.state.blueprint;
      if (record.kind === "cancel") {
        // What a cancelled flow undoes is what was asked for.
        this.#abort(new FlowError("CANCELLED", { flow, reason: record.reason }), "revert");
      } else if (record.kind === "kill") {
        this.#abort(new FlowError("KILLED", { flow, reason: record.reason }));
      } else if (record.kind === "parked" && records.some(({ kind }) => kind === "lost")) {
        // Parked by a person, it lets what runs end.
        this.#abort(new FlowError("PARKED", { flow, reason: record.reason }));
      }
    }
    this.#options.settled(records);
  }

  #settleRemote(records: readonly FlowRecord[]): void {
    let hasLost = false;
    for (const record of records) {
      const { kind } = record;
      if (kind === "executed") this.#executor.settled(record.atom, "execute", record.attempt);
      if (kind === "reverted") this.#executor.settled(record.atom, "revert", record.attempt);
      if (kind !== "lost") continue;
      hasLost = true;
      // Its host is gone.
      this.#orphans.set(record.atom, false);
    }
    if (hasLost) this.#launchOrphans();
  }

  /** Ends the attempts that nobody waits for any more: a person said what came of them. */
  cut(): void {
    const { state } = this.#actor;
    for (const [atom, attempt] of [...this.#launched]) {
      const running = state.running.get(atom);
      const { direction, attempt: number } = attempt;
      if (running?.attempt === number && running.direction === direction) continue;
      this.#launched.delete(atom);
      this.#clearTimeout(atom);
      this.#executor.abort(attempt, new FlowError("ENDED_BY_HAND", { atom: attempt.name }));
      if (this.#executor.isRemote) this.#executor.settled(atom, direction, number);
    }
  }

  refused(error: Error): void {
    this.asks.again();
    const what = `the journal refused a batch; trying again: ${error.message}`;
    this.#options.log(what, { error }, "warn");
  }

  stop(reason: Error): void {
    for (const [atom, attempt] of this.#launched) {
      this.#launched.delete(atom);
      attempt.trace?.ended("abandoned");
      // What runs elsewhere may be what the next owner waits for.
      if (!this.#executor.isRemote) this.#executor.abort(attempt, reason);
    }
    for (const [, timer] of this.#timeouts) this.#options.clock.clearTimeout(timer);
    this.#timeouts.clear();
    void this.#executor[Symbol.asyncDispose]();
  }

  outcome(attempt: Attempt, outcome: Outcome): void {
    const { atom, direction, attempt: number, trace } = attempt;
    if (this.#launched.get(atom) === attempt) {
      this.#launched.delete(atom);
      if (this.#timeouts.size > 0) this.#clearTimeout(atom);
    }
    const taken = undoneAnyway(
      direction,
      this.#options.live ? outcome : admitted(outcome),
      attempt.failure,
    );
    trace?.ended(taken);
    this.#actor.post({ type: "outcome", atom, direction, attempt: number, outcome: taken });
  }

  lost({ atom, direction, attempt, trace }: Attempt, reason: LossReason): void {
    trace?.ended(reason);
    this.#launched.delete(atom);
    if (this.#timeouts.size > 0) this.#clearTimeout(atom);
    this.#actor.post({ type: "lost", atom, direction, attempt, reason });
  }

  begun(attempt: Attempt): void {
    const timeoutMs = this.#actor.state.blueprint.atoms[attempt.atom]?.timeoutMs;
    if (timeoutMs === undefined || this.#launched.get(attempt.atom) !== attempt) return;
    this.#armTimeout(attempt, timeoutMs);
  }

  progress(attempt: Attempt, fraction: number, details: unknown): void {
    if (this.#launched.get(attempt.atom) !== attempt || this.#actor.isOver()) return;
    const kept = details === undefined || this.#options.live ? details : admit(details, "details");
    this.#actor.keepProgress(attempt.atom, fraction, kept);
    this.#options.progressed(attempt.atom, fraction, kept);
  }

  logged(attempt: Attempt, line: LogLine): void {
    if (this.#launched.get(attempt.atom) !== attempt || this.#actor.isOver()) return;
    const { atom, direction, attempt: number } = attempt;
    const at = line.at ?? this.#options.clock.now();
    this.#actor.keepLine({ atom, direction, attempt: number }, { ...line, at });
  }

  /** Somebody else may be the owner by now: nothing is launched before it is certain that nobody is. */
  #launchRenewed(starts: readonly AttemptName[]): void {
    this.orphan(starts);
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#options.lease?.onRenewed(() => {
      this.#isWaiting = false;
      if (!this.#actor.isOver()) this.launch([], []);
    });
  }

  /** What an earlier owner had started; one at a time where they may have taken it down. */
  #launchOrphans(): void {
    const { flow, suspects, halted, trouble } = this.#actor.state;
    if (flow.value !== "RUNNING" || (halted && trouble?.kind === "kill")) return;
    const next = suspects.length > 0 ? suspects.slice(0, 1) : [...this.#orphans.keys()];
    for (const atom of next) if (this.#orphans.has(atom)) this.#launch(atom);
  }

  #launch(atom: number): void {
    const again = this.#orphans.get(atom) ?? false;
    this.#orphans.delete(atom);
    const { state } = this.#actor;
    const running = state.running.get(atom);
    if (running === undefined) return;
    const { direction, attempt } = running;
    let inputs: Record<string, unknown>;
    try {
      inputs = inputsOf(state, atom, direction, this.#options.live);
    } catch (error) {
      const { failure } = state.snapshotOf(atom).context;
      const outcome = undoneAnyway(direction, { failure: failureOf(error) }, failure);
      return this.#actor.post({ type: "outcome", atom, direction, attempt, outcome });
    }
    const launched = this.#attempt(state, { atom, direction, attempt }, inputs, again);
    this.#launched.set(atom, launched);
    if (!this.#executor.isRemote) this.begun(launched);
    this.#executor.launch(launched);
  }

  #attempt(
    state: FlowState,
    { atom, direction, attempt }: AttemptName,
    inputs: Record<string, unknown>,
    again: boolean,
  ): Attempt {
    const name = state.nameOf(atom);
    const { context } = state.snapshotOf(atom);
    const { history } = context;
    const forwards = direction === "execute";
    return {
      flow: state.id,
      atom,
      name,
      direction,
      attempt,
      epoch: state.epoch,
      again,
      inputs,
      keepsLines: this.#options.keepsLines,
      history,
      trace: this.#options.trace(name, direction, attempt),
      result: forwards ? undefined : this.#handOut(context.result),
      failure: forwards ? undefined : context.failure,
      failures: forwards ? undefined : state.failures,
      secrets: state.blueprint.secrets,
    };
  }

  #handOut(value: unknown): unknown {
    return this.#options.live ? value : copyOut(value);
  }

  #armTimeout(attempt: Attempt, timeoutMs: number): void {
    const timer = this.#options.clock.setTimeout(() => {
      const error = new FlowError("TASK_TIMED_OUT", { atom: attempt.name, timeoutMs });
      this.#executor.abort(attempt, error);
      this.outcome(attempt, { failure: failureOf(error) });
    }, timeoutMs);
    this.#timeouts.set(attempt.atom, timer);
  }

  #clearTimeout(atom: number): void {
    const timer = this.#timeouts.get(atom);
    if (timer === undefined) return;
    this.#timeouts.delete(atom);
    this.#options.clock.clearTimeout(timer);
  }

  #abort(reason: FlowError, but?: Direction): void {
    for (const [, attempt] of this.#launched) {
      if (attempt.direction !== but) this.#executor.abort(attempt, reason);
    }
  }
}

/** The outcome as it may be recorded: a value that can't be is a failure. */
function admitted(outcome: Outcome): Outcome {
  if (outcome.failure !== undefined) return outcome;
  try {
    return { value: admit(outcome.value, "result") };
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

/**
 * A revert that can't have its inputs, after an execute that could not have them either: no code was ever called, so
 * there is nothing to undo.
 */
function undoneAnyway(
  direction: Direction,
  outcome: Outcome,
  executeFailure: Failure | undefined,
): Outcome {
  const { failure } = outcome;
  if (direction === "execute" || failure === undefined) return outcome;
  const lacks = failure.code === "INPUT_NOT_FOUND" || failure.code === "INPUT_REFUSED";
  const isSame =
    failure.code === executeFailure?.code && failure.message === executeFailure?.message;
  return lacks && isSame ? { value: undefined } : outcome;
}
