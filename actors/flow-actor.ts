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
import type { Clock, Timer } from "../lib/clock.ts";
import { FlowError } from "../lib/errors.ts";
import type { Journal } from "../lib/journal/journal.ts";
import { endOf, takeAsks, takeStart } from "../lib/plan/due.ts";
import { created, fold, foldAll } from "../lib/plan/fold.ts";
import type { AttemptName, FlowRecord } from "../lib/plan/records.ts";
import { SparseMap, SparseSet } from "../lib/plan/sparse.ts";
import type { FlowState, Note } from "../lib/plan/state.ts";
import type { Effects } from "./effects.ts";
import { machines } from "./machines.ts";
import type { Message } from "./messages.ts";

export interface FlowActorOptions {
  readonly id: string;
  readonly writer: string;
  readonly journal: Journal;
  readonly clock: Clock;
  /** Attempts under way at once. */
  readonly concurrency: number;
  /** Makes what runs the attempts, tells the listeners and asks users' deciders and controllers. */
  readonly effects: (actor: FlowActor) => Effects;
  /** It stopped by itself: fenced, or its journal can't be trusted any more; or it could not even begin. */
  readonly stopped: (reason: Error, wasBegun: boolean) => void;
}

/** Turns in a row before everything else that waits in the process gets one. */
const turnsBeforeYield = 256;

/** Waits before a refused batch is tried again. */
const firstWaitMs = 100;
const longestWaitMs = 10_000;

/** Counts of what the actor did since it was made. */
export interface FlowCounts {
  batches: number;
  records: number;
  started: number;
  /** Outcomes that came after another one of their attempt (I4), or after it was given up. */
  superseded: number;
  /** Batches that the journal could not take at first. */
  refused: number;
}

/** What one batch is made of, and what it sets off. */
class Turn {
  readonly messages: Message[];
  readonly at: number;
  readonly records: FlowRecord[] = [];
  readonly starts: AttemptName[] = [];
  /** It holds a command, which says what becomes of held starts. */
  command: Command | undefined;
  notes: readonly Note[] = noNotes;

  constructor(messages: Message[], at: number) {
    this.messages = messages;
    this.at = at;
  }
}

const noNotes: readonly Note[] = [];

type Command = Extract<Message, { type: "suspend" | "cancel" | "kill" }>;

const isCommand = ({ type }: Message): boolean =>
  type === "suspend" || type === "cancel" || type === "kill";

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
  #refusals = 0;
  /** Called when the first batch is durable or refused. */
  #begun: ((error?: Error) => void) | undefined;
  /** A command is on its way: starts that were recorded are not launched any more. These were held back. */
  #withholding = false;
  #held: AttemptName[] = [];
  readonly #progress = new SparseMap<{ readonly fraction: number; readonly details: unknown }>();
  readonly #asks = new SparseSet();
  readonly #timers = new SparseMap<{ readonly timer: Timer; readonly dueAt: number }>();
  #nextTry: Timer | undefined;
  readonly counts: FlowCounts = { batches: 0, records: 0, started: 0, superseded: 0, refused: 0 };

  constructor(options: FlowActorOptions) {
    this.#options = options;
    this.#effects = options.effects(this);
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

  get isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  /** Begins a new journal or adopts one; `state` is the fold of what it holds already. */
  begin(state: FlowState | undefined, records: readonly FlowRecord[]): Promise<void> {
    this.#state = state;
    this.listen(this.#listening);
    return new Promise((resolve, reject) => {
      this.#begun = (error) => {
        if (error === undefined) resolve();
        else reject(error);
      };
      this.post({ type: "begin", records });
    });
  }

  /** Puts messages into the mailbox. Never throws; never runs users' code that is already on the stack. */
  post(...messages: Message[]): void {
    if (this.#stopped !== undefined) return;
    for (const message of messages) {
      this.#inbox.push(message);
      if (isCommand(message)) this.#withholding = true;
      // A decider that never answers must not keep anybody from ending the flow.
      if (message.type === "cancel" || message.type === "kill") this.#effects.stopDeciding();
    }
    this.#turn();
  }

  /** How far an attempt is: stored with the next batch, which it never causes. */
  keepProgress(atom: number, fraction: number, details: unknown): void {
    this.#progress.set(atom, { fraction, details });
  }

  /** Changes are noted only while somebody listens. */
  listen(listening: boolean): void {
    this.#listening = listening;
    if (this.#state !== undefined) this.#state.notes = listening ? (this.#state.notes ?? []) : undefined;
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
    this.#clearTimers();
    if (this.#nextTry !== undefined) this.#options.clock.clearTimeout(this.#nextTry);
    this.#effects.stop(reason);
    this.#begun?.(reason);
  }

  /** Goes on with what waits: after something that was asked has answered. */
  resume(): void {
    this.#turn();
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
    if (this.#stopped !== undefined || this.#inFlight || this.#effects.isDeciding) return false;
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
    const turn = new Turn(this.#inbox, this.#options.clock.now());
    this.#inbox = [];
    if (this.#state !== undefined) this.#state.at = turn.at;
    if (turn.messages.length > 0 && this.#progress.size > 0) this.#keepProgresses(turn);
    for (const message of turn.messages) this.#take(message, turn);
    if (this.#state !== undefined) this.#goOn(turn);
    return turn.records.length > 0 && this.#append(turn);
  }

  #append(turn: Turn): boolean {
    const state = this.state;
    const { writer, journal, id } = this.#options;
    const { at } = turn;
    // A copy has no room to grow: a journal may keep it for long.
    const records = turn.records.slice();
    const first = state.sequence - records.length + 1;
    const batch = { writer, epoch: state.epoch, first, at, records };
    if (state.notes !== undefined) {
      turn.notes = state.notes;
      state.notes = [];
    }
    let appended: undefined | Promise<void>;
    try {
      appended = journal.append(id, batch, state.flow.value);
    } catch (error) {
      appended = Promise.reject(error as Error);
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

  #fold(record: FlowRecord, turn: Turn): void {
    turn.records.push(record);
    if (this.#state !== undefined) return fold(this.#state, record);
    if (record.kind !== "created") return;
    this.#state = created(machines, record);
    this.#state.at = turn.at;
    this.listen(this.#listening);
  }

  #keepProgresses(turn: Turn): void {
    for (const [atom, { fraction, details }] of this.#progress) {
      if (!this.state.running.has(atom)) continue;
      const more = details === undefined ? {} : { details };
      this.#fold({ kind: "progress", atom, fraction, ...more }, turn);
    }
    this.#progress.clear();
  }

  #take(message: Message, turn: Turn): void {
    switch (message.type) {
      case "outcome":
        return this.#takeOutcome(message, turn);
      case "decided": {
        const { type: kind, ...rest } = message;
        const { state } = this;
        if (!state.isExecutable(message.atom) || state.decided.has(message.atom)) return;
        this.#fold({ kind, ...rest }, turn);
        // It was ready together with others that have started: it starts before any outcome of theirs is acted upon.
        const mayStart = state.flow.value === "RUNNING" && !state.halted && !this.#withholding;
        if (mayStart) this.#start(turn);
        return;
      }
      case "verdict":
        return this.#takeVerdict(message, turn);
      case "begin":
        for (const record of message.records) this.#fold(record, turn);
        return;
      case "run":
        return this.#fold({ kind: "run", options: message.options }, turn);
      case "suspend":
      case "cancel":
      case "kill":
        return this.#takeCommand(message, turn);
      case "reset":
        return this.#fold({ kind: "reset" }, turn);
      case "timer":
        this.#timers.delete(message.retry);
        if (!this.state.waits.has(message.retry)) return;
        return this.#fold({ kind: "timerFired", retry: message.retry }, turn);
    }
  }

  /** A command for a flow that is not active, or not any more, has come too late. */
  #takeCommand(message: Command, turn: Turn): void {
    this.#withholding = false;
    const withdraws = this.#held;
    const flow = this.state.flow.value;
    if (flow !== "RUNNING" && (flow !== "SUSPENDING" || message.type === "suspend")) return;
    turn.command = message;
    switch (message.type) {
      case "suspend":
        return this.#fold({ kind: "suspend", withdraws }, turn);
      case "cancel":
        return this.#fold({ kind: "cancel", reason: message.reason, withdraws }, turn);
      case "kill":
        return this.#fold({ kind: "kill", reason: message.reason }, turn);
    }
  }

  #takeOutcome(message: Extract<Message, { type: "outcome" }>, turn: Turn): void {
    const { atom, direction, attempt, outcome } = message;
    const running = this.state.running.get(atom);
    if (running?.attempt !== attempt || running.direction !== direction) {
      this.counts.superseded++;
      return;
    }
    const kind = direction === "execute" ? "executed" : "reverted";
    if (outcome.failure === undefined) {
      this.#fold({ kind, atom, attempt, value: outcome.value }, turn);
    } else {
      this.#fold({ kind, atom, attempt, failure: outcome.failure }, turn);
    }
  }

  #takeVerdict(message: Extract<Message, { type: "verdict" }>, turn: Turn): void {
    const { retry, atom, verdict, delayMs = 0 } = message;
    const open = this.state.questions[0];
    if (open?.retry !== retry || open.atom !== atom) return;
    const waits = verdict === "RETRY" && delayMs > 0;
    const wait = waits ? { dueAt: this.state.at + delayMs, delayMs } : {};
    this.#fold({ kind: "retryDecided", retry, atom, verdict, ...wait }, turn);
  }

  /** Adds what follows from the state: starts, or the end. */
  #goOn(turn: Turn): void {
    const { state } = this;
    const flow = state.flow.value;
    if (flow !== "RUNNING" && flow !== "SUSPENDING") return;
    if (!state.halted && flow === "RUNNING") this.#start(turn);
    else if (!state.halted) takeAsks(state, this.#asks);
    if (turn.records.length > 0 || this.#inbox.length > 0 || !this.#isQuiet()) return;
    // The end is a batch of its own: listeners that heard the last outcome may still have had something to say.
    const end = endOf(state);
    if (end !== undefined) this.#fold({ kind: "ended", state: end }, turn);
  }

  #start(turn: Turn): void {
    const { state } = this;
    if (state.questions.length > 0 || state.suspects.length > 0) return;
    const waits: number[] = [];
    while (state.running.size < this.#options.concurrency) {
      const start = takeStart(state, waits);
      if (start === undefined) break;
      const { atom, direction } = start;
      const { attempt, reverts } = state.snapshotOf(atom).context;
      const number = direction === "execute" ? attempt + 1 : reverts + 1;
      const started = { kind: "started", atom, direction, attempt: number } as const;
      this.#fold(started, turn);
      turn.starts.push(started);
    }
    for (const retry of waits) this.#arm(retry);
    takeAsks(state, this.#asks);
  }

  #isQuiet(): boolean {
    const { state } = this;
    if (state.halted && state.trouble?.kind === "kill") return true;
    if (this.#asks.size > 0) return false;
    // Suspended, what an earlier owner left running rests as it is; else it is still to be launched.
    const suspending = state.flow.value === "SUSPENDING";
    if (suspending ? this.#effects.isBusy : state.running.size > 0) return false;
    return state.halted || state.questions.length === 0;
  }

  /** Re-armed with what remains; never longer than it was meant to be, whatever the wall clock says. */
  #arm(retry: number): void {
    const wait = this.state.waits.get(retry);
    const armed = this.#timers.get(retry);
    if (wait === undefined || armed?.dueAt === wait.dueAt) return;
    const { clock } = this.#options;
    // The timer of an earlier wait, which came to nothing, would cut this one short.
    if (armed !== undefined) clock.clearTimeout(armed.timer);
    const { dueAt } = wait;
    const remainsMs = Math.min(wait.delayMs, Math.max(0, dueAt - clock.now()));
    const timer = clock.setTimeout(() => {
      this.post({ type: "timer", retry });
    }, remainsMs);
    this.#timers.set(retry, { timer, dueAt });
  }

  #clearTimers(): void {
    for (const [, { timer }] of this.#timers) this.#options.clock.clearTimeout(timer);
    this.#timers.clear();
  }

  #durable(turn: Turn): void {
    if (this.#stopped !== undefined) return;
    const { records, starts, notes } = turn;
    this.counts.batches++;
    this.counts.records += records.length;
    this.counts.started += starts.length;
    this.#refusals = 0;
    if (this.#steps !== undefined) this.#steps--;
    if (this.#begun !== undefined) {
      this.#effects.adopt();
      this.#begun();
      this.#begun = undefined;
    }
    this.#effects.tell(notes, false);
    if (this.isStopped) return;
    this.#effects.ask(this.#asks);
    if (this.isStopped) return;
    if (turn.command !== undefined) {
      // Taken back, all of them; or, of a killed flow, started and for the next run to launch.
      this.#effects.orphan(this.#held);
      this.#held = [];
    }
    if (this.#withholding) this.#held = [...this.#held, ...starts];
    else this.#effects.launch(starts, notes);
    if (records.some(({ kind }) => kind === "ended")) this.#clearTimers();
    if (this.isStopped) return;
    this.#effects.settle(records);
  }

  /** Not durable: what was decided is forgotten, what had arrived is folded again when it is tried again. */
  #refused(error: Error, messages: Message[]): void {
    if (this.#stopped !== undefined) return;
    this.counts.refused++;
    const passing = FlowError.is(error, "JOURNAL_FULL") || FlowError.is(error, "JOURNAL_UNAVAILABLE");
    if (!passing || this.#begun !== undefined) return this.#giveUp(error);
    this.#effects.refused(error);
    const waitMs = Math.min(longestWaitMs, firstWaitMs * 2 ** this.#refusals++);
    this.#nextTry = this.#options.clock.setTimeout(() => {
      this.#nextTry = undefined;
      this.#refold(messages).catch((again: unknown) => {
        this.#refused(again as Error, messages);
      });
    }, waitMs);
  }

  async #refold(messages: Message[]): Promise<void> {
    const { journal, id } = this.#options;
    const state = foldAll(machines, await journal.read(id));
    if (this.#stopped !== undefined) return;
    const { epoch, sequence } = this.state;
    // Going on from what another owner wrote would be going on under its epoch (I5).
    if (state?.epoch !== epoch) return this.#giveUp(new FlowError("FENCED", { flow: id, epoch, sequence }));
    this.#state = state;
    this.listen(this.#listening);
    this.#asks.clear();
    this.#inbox = [...messages, ...this.#inbox];
    this.#inFlight = false;
    this.#turn();
  }

  #giveUp(error: Error): void {
    const { id } = this.#options;
    const wasBegun = this.#begun === undefined;
    const reason =
      wasBegun && FlowError.is(error, "FENCED")
        ? new FlowError("LEASE_LOST", { flow: id, epoch: this.#state?.epoch ?? 0 }, { cause: error })
        : error;
    this.stop(reason);
    this.#options.stopped(reason, wasBegun);
  }
}
