/**
 * The actor that drives one flow from its journal to an end.
 *
 * I2: messages become records, and only records change the state.
 * I3: it folds ahead in memory, but nothing leaves it before the batch that holds its reason is durable.
 * I5: an append that another owner was faster than stops it at once.
 *
 * One turn: fold what has arrived and what follows from it; append all of it as one batch; when that is durable, tell
 * what changed, ask what must be asked, start what was decided. What arrives meanwhile is the next turn's (group
 * commit).
 */
import type { Clock } from "../lib/clock.ts";
import { FlowError } from "../lib/errors.ts";
import type { Journal } from "../lib/journal/journal.ts";
import { endOf, isActive, isQuiet, takeAsks, takeStart } from "../lib/plan/due.ts";
import type { AttemptName, FlowRecord } from "../lib/plan/records.ts";
import { SparseMap, SparseSet } from "../lib/plan/sparse.ts";
import type { FlowState } from "../lib/plan/state.ts";
import { lossOf } from "./adoption.ts";
import { Backoff } from "./backoff.ts";
import type { LogLine } from "../lib/types.ts";
import { readAgain, turnOf } from "./catch-up.ts";
import { type FlowCounts, noCounts } from "./counts.ts";
import type { Effects } from "./effects.ts";
import { KeptLines } from "./kept-lines.ts";
import type { Message } from "./messages.ts";
import type { Snapshots } from "./snapshots.ts";
import { foldProgress, isCommand, type ProgressMap, take, Turn } from "./turn.ts";
import { Waits } from "./waits.ts";

export interface FlowActorOptions {
  readonly id: string;
  readonly writer: string;
  readonly journal: Journal;
  readonly clock: Clock;
  /** Attempts under way at once. */
  readonly concurrency: number;
  /** So many losses of one attempt park the flow. */
  readonly maxLost: number;
  readonly snapshots: Snapshots;
  /** Makes what runs the attempts, tells the listeners and asks users' deciders and controllers. */
  readonly effects: (actor: FlowActor) => Effects;
  /** It stopped by itself: fenced, or its journal can't be trusted any more; or it could not even begin. */
  readonly stopped: (reason: Error, wasBegun: boolean) => void;
}

/** Turns in a row before everything else that waits in the process gets one. */
const turnsBeforeYield = 256;

export class FlowActor {
  readonly #options: FlowActorOptions;
  readonly #effects: Effects;
  #state: FlowState | undefined;
  #inbox: Message[] = [];
  #turning = false;
  #inFlight = false;
  #stopped: Error | undefined;
  #turns = 0;
  /** Steps that may be taken; undefined: all. */
  #steps: number | undefined;
  #listening = false;
  /** Of the last record that is certainly stored. */
  #durableSequence = 0;
  /** Called when the first batch is durable or refused. */
  #begun: ((error?: Error) => void) | undefined;
  /** A command is on its way: starts that were recorded are not launched any more. These were held back. */
  #withholding = false;
  #held: AttemptName[] = [];
  readonly #progress: ProgressMap = new SparseMap();
  readonly #lines: KeptLines;
  readonly #asks = new SparseSet();
  readonly #waits: Waits;
  readonly #backoff: Backoff;
  readonly counts: FlowCounts = { ...noCounts };

  constructor(options: FlowActorOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.clock);
    this.#lines = new KeptLines(options.clock, () => {
      this.#turn();
    });
    this.#effects = options.effects(this);
    this.#waits = new Waits(options.clock, (retry) => {
      this.post({ type: "timer", retry });
    });
  }

  get state(): FlowState {
    if (this.#state === undefined) {
      throw new FlowError("INVALID_STATE", {
        flow: this.#options.id,
        operation: "be read",
        state: "UNPREPARED",
      });
    }
    return this.#state;
  }

  /** The state, once the journal is begun. */
  get knownState(): FlowState | undefined {
    return this.#state;
  }

  /** A call, not a field: what is told and asked may stop the actor in between. */
  isOver(): boolean {
    return this.#stopped !== undefined;
  }

  /** Begins a new journal or adopts one; `state` is the fold of what it holds already. */
  begin(state: FlowState | undefined, records: readonly FlowRecord[]): Promise<void> {
    this.#state = state;
    this.#durableSequence = state?.sequence ?? 0;
    this.listen(this.#listening);
    const begun = new Promise<void>((resolve, reject) => {
      this.#begun = (error) => {
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#inbox.push({ type: "begin", records });
    });
    // Not yet: what is said to it in the same breath goes into the same batch.
    void Promise.resolve().then(() => {
      this.#turn();
    });
    return begun;
  }

  /** Puts messages into the mailbox. Never throws; never runs users' code that is already on the stack. */
  post(...messages: Message[]): void {
    if (this.#stopped !== undefined) return;
    for (const message of messages) {
      this.#inbox.push(message);
      if (isCommand(message)) this.#withholding = true;
      // A decider that never answers must not keep anybody from ending the flow.
      if (message.type === "cancel" || message.type === "kill") this.#effects.asks.stopDeciding();
    }
    this.#turn();
  }

  /** How far an attempt is: stored with the next batch, which it never causes. */
  keepProgress(atom: number, fraction: number, details: unknown): void {
    this.#progress.set(atom, { fraction, details });
  }

  /** A line of an attempt: stored with the next batch, for which it waits half a second at most. */
  keepLine(attempt: AttemptName, line: LogLine): void {
    this.#lines.add(attempt, line);
  }

  /** Changes are noted only while somebody listens. */
  listen(listening: boolean): void {
    this.#listening = listening;
    if (this.#state !== undefined)
      this.#state.notes = listening ? (this.#state.notes ?? []) : undefined;
  }

  /** Takes single steps from now on (`undefined`: no more of that): a step is one batch. */
  allow(steps: number | undefined): void {
    this.#steps = steps;
    this.#turn();
  }

  /** Lets go at once: nothing more is recorded, attempts are aborted. */
  stop(reason: Error): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = reason;
    this.#inbox = [];
    this.#waits.clear();
    this.#lines.stop();
    this.#backoff.stop();
    this.#effects.stop(reason);
    this.#begun?.(reason);
  }

  #turn(): void {
    if (this.#turning || this.#inFlight) return;
    this.#turning = true;
    try {
      while (this.#mayStep() && this.#step());
    } finally {
      this.#turning = false;
    }
  }

  #mayStep(): boolean {
    if (this.#stopped !== undefined || this.#inFlight || this.#effects.asks.isPending) return false;
    if (this.#steps === 0) return false;
    if (++this.#turns < turnsBeforeYield) return true;
    // Attempts that end at once would keep timers, input and output from ever getting a turn.
    this.#turns = 0;
    this.#inFlight = true;
    this.#options.clock.yield(() => {
      this.#inFlight = false;
      this.#turn();
    });
    return false;
  }

  /** One batch. False when there was nothing to do, or when the journal needs time. */
  #step(): boolean {
    const messages = this.#lines.before(this.#inbox, this.#mayTellAlone());
    const turn = new Turn(this.#state, messages, this.#options);
    this.#inbox = [];
    if (turn.messages.length > 0 && this.#progress.size > 0) foldProgress(turn, this.#progress);
    for (const message of turn.messages) this.#take(message, turn);
    if (turn.state !== undefined) this.#goOn(turn, turn.state);
    this.counts.superseded += turn.superseded;
    return turn.records.length > 0 ? this.#append(turn) : turn.answer();
  }

  /** Lines are a batch of their own: no step of somebody who takes single ones, and nothing after the end. */
  #mayTellAlone(): boolean {
    return this.#steps === undefined && this.#state !== undefined && isActive(this.#state);
  }

  #take(message: Message, turn: Turn): void {
    const mayStart = take(turn, message, this.#held);
    if (isCommand(message)) this.#withholding = false;
    if (this.#state !== turn.state) {
      this.#state = turn.state;
      this.listen(this.#listening);
    }
    // What was ready together with others that have started starts before any outcome of theirs is acted upon.
    if (mayStart && !this.#withholding) this.#start(turn, this.state);
  }

  #append(turn: Turn): boolean {
    const state = this.state;
    const { writer, journal, id } = this.#options;
    // A copy has no room to grow: a journal may keep it for long.
    const records = turn.records.slice();
    const first = state.sequence - records.length + 1;
    const batch = { writer, epoch: state.epoch, first, at: turn.at, records };
    turn.end(state);
    let appended: undefined | Promise<void>;
    try {
      appended = journal.append(id, batch, state.flow.value);
    } catch (error: unknown) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what was thrown is handed on
      appended = Promise.reject(error);
    }
    if (appended === undefined) {
      this.#durable(turn);
      return true;
    }
    this.#inFlight = true;
    appended.then(
      () => {
        this.#inFlight = false;
        this.#turning = true;
        this.#durable(turn);
        this.#turning = false;
        this.#turn();
      },
      (error: unknown) => {
        this.#refused(error as Error, turn.messages);
      },
    );
    return false;
  }

  /** Adds what follows from the state: starts, or the end. */
  #goOn(turn: Turn, state: FlowState): void {
    if (!isActive(state)) return;
    if (!state.halted && state.flow.value === "RUNNING") this.#start(turn, state);
    else if (!state.halted) takeAsks(state, this.#asks);
    if (this.#inbox.length > 0 || !isQuiet(state, this.#asks.size, this.#effects)) return;
    // Listeners that hear the last outcome may still have something to say: then the end is a batch of its own.
    if (turn.records.length > 0 && (this.#listening || turn.command !== undefined)) return;
    const end = endOf(state);
    if (end !== undefined) turn.fold({ kind: "ended", state: end });
  }

  #start(turn: Turn, state: FlowState): void {
    if (state.questions.length > 0 || state.suspects.length > 0) return;
    const waits: number[] = [];
    while (state.running.size < this.#options.concurrency) {
      const start = takeStart(state, waits);
      if (start === undefined) break;
      const { atom, direction } = start;
      const { attempt, reverts } = state.snapshotOf(atom).context;
      const number = direction === "execute" ? attempt + 1 : reverts + 1;
      turn.start({ kind: "started", atom, direction, attempt: number });
    }
    for (const retry of waits) this.#waits.arm(state, retry);
    takeAsks(state, this.#asks);
  }

  #durable(turn: Turn): void {
    if (this.isOver()) return;
    const { records, starts, notes } = turn;
    this.#durableSequence = turn.last;
    this.counts.batches++;
    this.counts.records += records.length;
    this.counts.started += starts.length;
    this.#backoff.reset();
    if (this.#steps !== undefined) this.#steps--;
    if (this.#begun !== undefined) {
      this.#effects.adopt(starts);
      this.#begun();
      this.#begun = undefined;
    }
    if (turn.hasEdits) this.#effects.cut();
    this.#effects.recorded(records);
    this.#effects.tell(notes, false);
    if (this.isOver()) return;
    this.#effects.asks.ask(this.#asks);
    if (this.isOver()) return;
    if (turn.command !== undefined) {
      // Taken back, all of them; or, of a killed flow, started and for the next run to launch.
      this.#effects.orphan(this.#held);
      this.#held = [];
    }
    if (this.#withholding) this.#held = [...this.#held, ...starts];
    else this.#effects.launch(starts, notes);
    this.#waits.outlast(turn, this.state);
    if (!this.isOver()) {
      this.#options.snapshots.offer(this.state);
      this.#effects.settle(records);
    }
    turn.answer();
  }

  /** Not durable: what was decided is forgotten, what had arrived is folded again when it is tried again. */
  #refused(error: Error, messages: Message[]): void {
    if (this.#stopped !== undefined) return;
    this.counts.refused++;
    const passing =
      FlowError.is(error, "JOURNAL_FULL") || FlowError.is(error, "JOURNAL_UNAVAILABLE");
    if (!passing || this.#begun !== undefined) {
      this.#giveUp(error);
      return;
    }
    this.#effects.refused(error);
    this.#backoff.later(() => {
      this.#refold(messages).catch((again: unknown) => {
        this.#refused(again as Error, messages);
      });
    });
  }

  async #refold(messages: Message[]): Promise<void> {
    const { journal, id } = this.#options;
    const { state, late } = await readAgain(journal, id, this.state, this.#durableSequence);
    if (this.#stopped !== undefined) return;
    this.#state = state;
    this.listen(this.#listening);
    this.#asks.clear();
    for (const batch of late) {
      const turn = turnOf(batch, state, this.#options);
      turn.end(state);
      this.#durable(turn);
    }
    // What they say is recorded, and that they were taken before changes nothing: only lines would be there twice.
    const again = late.length === 0 ? messages : messages.filter(({ type }) => type !== "logged");
    this.#inbox = [...again, ...this.#inbox];
    this.#inFlight = false;
    this.#turn();
  }

  #giveUp(error: Error): void {
    const wasBegun = this.#begun === undefined;
    const reason = wasBegun ? lossOf(error, this.#options.id, this.#state?.epoch ?? 0) : error;
    this.stop(reason);
    this.#options.stopped(reason, wasBegun);
  }
}
