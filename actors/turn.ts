/** One turn of a flow actor: what arrived becomes records, and records are folded. */
import type { Clock } from "../lib/clock.ts";
import { FlowError } from "../lib/errors.ts";
import { isActive } from "../lib/plan/due.ts";
import { atomsOf, recordOf, whyNot } from "../lib/plan/edit.ts";
import { created, fold } from "../lib/plan/fold.ts";
import type { AttemptName, FlowRecord } from "../lib/plan/records.ts";
import type { SparseMap } from "../lib/plan/sparse.ts";
import type { FlowState, Note } from "../lib/plan/state.ts";
import { machines } from "./machines.ts";
import type { Message } from "./messages.ts";

type Of<Type extends Message["type"]> = Extract<Message, { type: Type }>;

export type Command = Of<"suspend" | "cancel" | "kill">;

export const isCommand = ({ type }: Message): boolean =>
  type === "suspend" || type === "cancel" || type === "kill";

/** Why a flow is parked, for people. */
export const parkedReason = (atom: string, losses: number): string =>
  `"${atom}" took its host down ${losses} times`;

const noNotes: readonly Note[] = [];

export interface TurnOptions {
  readonly clock: Clock;
  /** So many losses of one attempt park the flow. */
  readonly maxLost: number;
}

/** What one batch is made of, and what it sets off. */
export class Turn {
  state: FlowState | undefined;
  readonly messages: Message[];
  /** Epoch milliseconds. */
  readonly at: number;
  readonly records: FlowRecord[] = [];
  readonly starts: AttemptName[] = [];
  /** It holds a command, which says what becomes of held starts. */
  command: Command | undefined;
  notes: readonly Note[] = noNotes;
  /** A person's hand is in it: attempts may be under way that nobody waits for. */
  hasEdits = false;
  /** What those who asked for edits are told once it is durable. */
  #answers: (() => void)[] | undefined;
  /** Sequence of its last record. */
  last = 0;
  /** Outcomes that came too late. */
  superseded = 0;

  readonly maxLost: number;

  constructor(state: FlowState | undefined, messages: Message[], { clock, maxLost }: TurnOptions) {
    this.at = clock.now();
    this.maxLost = maxLost;
    this.state = state;
    this.messages = messages;
    if (state !== undefined) state.at = this.at;
  }

  fold(record: FlowRecord): void {
    this.records.push(record);
    if (this.state !== undefined) {
      fold(this.state, record);
      if (record.kind === "edited") this.#edited(this.state);
      return;
    }
    if (record.kind !== "created") return;
    this.state = created(machines, record);
    this.state.at = this.at;
  }

  /** Nothing more goes into it. */
  end(state: FlowState): void {
    this.last = state.sequence;
    if (state.notes === undefined) return;
    this.notes = state.notes;
    state.notes = [];
  }

  /** Tells those who asked. @returns false: there is nothing more to do */
  answer(): false {
    if (this.#answers !== undefined) for (const answer of this.#answers) answer();
    return false;
  }

  answerLater(answer: () => void): void {
    (this.#answers ??= []).push(answer);
  }

  /** Starts of this very turn that it ended are neither launched nor told. */
  #edited(state: FlowState): void {
    this.hasEdits = true;
    const isOver = ({ atom, direction, attempt }: AttemptName): boolean => {
      const running = state.running.get(atom);
      return running?.attempt !== attempt || running.direction !== direction;
    };
    for (const start of this.starts.filter(isOver)) {
      this.starts.splice(this.starts.indexOf(start), 1);
      const ofStart = (note: Note): boolean =>
        note.kind === "atom" && note.start && note.atom === start.atom;
      if (state.notes !== undefined) state.notes = state.notes.filter((note) => !ofStart(note));
    }
  }

  start(record: { readonly kind: "started" } & AttemptName): void {
    this.fold(record);
    this.starts.push(record);
  }
}

/** By atom, how far its attempt is. */
export type ProgressMap = SparseMap<{ readonly fraction: number; readonly details: unknown }>;

/** How far attempts are goes into a batch that is made anyway. */
export function foldProgress(turn: Turn, progress: ProgressMap): void {
  for (const [atom, { fraction, details }] of progress) {
    if (turn.state?.running.has(atom) !== true) continue;
    const more = details === undefined ? {} : { details };
    turn.fold({ kind: "progress", atom, fraction, ...more });
  }
  progress.clear();
}

/**
 * Folds the records that a message makes; a message that has come too late makes none.
 *
 * @param held - starts that are recorded and were not launched
 * @returns true if atoms may be ready now that were ready together with others which have started
 */
export function take(turn: Turn, message: Message, held: readonly AttemptName[]): boolean {
  if (message.type === "begin") {
    for (const record of message.records) turn.fold(record);
    return false;
  }
  const { state } = turn;
  if (state === undefined) return false;
  switch (message.type) {
    case "decided":
      return takeDecided(turn, state, message);
    case "outcome":
      takeOutcome(turn, state, message);
      break;
    case "lost":
      takeLost(turn, state, message);
      break;
    case "verdict":
      takeVerdict(turn, state, message);
      break;
    case "run":
      turn.fold({ kind: "run", options: message.options });
      break;
    case "reset":
      turn.fold({ kind: "reset" });
      break;
    case "timer":
      takeTimer(turn, state, message.retry);
      break;
    case "logged":
      takeLogged(turn, state, message);
      break;
    case "edit":
      takeEdit(turn, state, message);
      break;
    default:
      takeCommand(turn, state, message, held);
  }
  return false;
}

function takeDecided(turn: Turn, state: FlowState, message: Of<"decided">): boolean {
  const { type: kind, ...rest } = message;
  if (!state.isExecutable(message.atom) || state.decided.has(message.atom)) return false;
  turn.fold({ kind, ...rest });
  return state.flow.value === "RUNNING" && !state.halted;
}

function takeOutcome(turn: Turn, state: FlowState, message: Of<"outcome">): void {
  const { atom, direction, attempt, outcome } = message;
  const running = state.running.get(atom);
  if (running?.attempt !== attempt || running.direction !== direction) {
    turn.superseded++;
    return;
  }
  const kind = direction === "execute" ? "executed" : "reverted";
  if (outcome.failure === undefined) turn.fold({ kind, atom, attempt, value: outcome.value });
  else turn.fold({ kind, atom, attempt, failure: outcome.failure });
}

/** Too many losses of one attempt park the flow: it may be what takes its hosts down. */
function takeLost(turn: Turn, state: FlowState, message: Of<"lost">): void {
  const { atom, direction, attempt, reason } = message;
  const running = state.running.get(atom);
  if (running?.attempt !== attempt || running.direction !== direction) return;
  turn.fold({ kind: "lost", atom, direction, attempt, reason });
  const count = state.losses.get(atom) ?? 0;
  if (count < turn.maxLost || !isActive(state)) return;
  turn.fold({ kind: "parked", reason: parkedReason(state.nameOf(atom), count) });
}

function takeVerdict(turn: Turn, state: FlowState, message: Of<"verdict">): void {
  const { retry, atom, verdict, delayMs = 0 } = message;
  const open = state.questions[0];
  if (open?.retry !== retry || open.atom !== atom) return;
  const waits = verdict === "RETRY" && delayMs > 0;
  const wait = waits ? { dueAt: turn.at + delayMs, delayMs } : {};
  turn.fold({ kind: "retryDecided", retry, atom, verdict, ...wait });
}

/** Fired while the flow's end was on its way into the journal, it finds a flow that rests. */
function takeTimer(turn: Turn, state: FlowState, retry: number): void {
  if (!isActive(state)) return;
  if (state.waits.has(retry)) turn.fold({ kind: "timerFired", retry });
}

/** What was reset meanwhile has nothing more to say. */
function takeLogged(turn: Turn, state: FlowState, { type: kind, ...line }: Of<"logged">): void {
  const running = state.running.get(line.atom);
  if (running?.attempt !== line.attempt || running.direction !== line.direction) return;
  turn.fold({ kind, ...line });
}

/** The same one may be asked for again by an owner that doesn't know whether the last one recorded it. */
function takeEdit(turn: Turn, state: FlowState, { edit, id, answer }: Of<"edit">): void {
  const why = state.edits.includes(id) ? undefined : whyNot(state, edit);
  if (why !== undefined) {
    const { flow } = state.blueprint;
    const about = { flow, edit: edit.kind, atom: atomsOf(edit)[0], why };
    turn.answerLater(() => {
      answer(new FlowError("EDIT_REFUSED", about));
    });
    return;
  }
  if (!state.edits.includes(id)) turn.fold(recordOf(state, edit, id));
  turn.answerLater(() => {
    answer();
  });
}

/** A command for a flow that is not active, or not any more, has come too late. */
function takeCommand(
  turn: Turn,
  state: FlowState,
  message: Command,
  withdraws: readonly AttemptName[],
): void {
  const flow = state.flow.value;
  if (flow !== "RUNNING" && (flow !== "SUSPENDING" || message.type === "suspend")) return;
  turn.command = message;
  if (message.type === "suspend") turn.fold({ kind: "suspend", withdraws });
  else if (message.type === "kill") turn.fold({ kind: "kill", reason: message.reason });
  else turn.fold({ kind: "cancel", reason: message.reason, withdraws });
}
