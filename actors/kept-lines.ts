/** Lines of attempts that wait for the next batch of their flow; after a while they are one themselves. */
import { background, type Clock, type Timer } from "../lib/clock.ts";
import type { AttemptName } from "../lib/plan/records.ts";
import type { LogLine } from "../lib/types.ts";
import type { Message } from "./messages.ts";

/**
 * What waits at most, in characters and fields: a line is about its message and, where it has fields, what those may take
 * at most. Attempts have limits of their own; this one is for a flow with many of them.
 */
const mostWaiting = 1024 * 1024;
const fieldsSize = 1_024;

/**
 * Milliseconds after which lines wait for no other record: whoever follows a long task sees them. An attempt's lines are
 * counted, so the batches that they make are, too.
 */
const longestMs = 500;

interface Dropped {
  readonly of: AttemptName;
  last: LogLine;
  count: number;
}

export class KeptLines {
  #lines: Message[] = [];
  #size = 0;
  /** By attempt, what there was no room for. */
  #dropped: Map<string, Dropped> | undefined;
  #timer: Timer | undefined;
  #isDue = false;
  readonly #clock: Clock;
  readonly #due: () => void;

  /** @param due - called when lines have waited long enough */
  constructor(clock: Clock, due: () => void) {
    this.#clock = clock;
    this.#due = due;
  }

  add(of: AttemptName, line: LogLine): void {
    this.#timer ??= background(
      this.#clock.setTimeout(() => {
        this.#isDue = true;
        this.#due();
      }, longestMs),
    );
    this.#size += line.message.length + (line.fields === undefined ? 0 : fieldsSize);
    if (this.#size <= mostWaiting) return void this.#lines.push({ type: "logged", ...of, ...line });
    const key = `${of.atom} ${of.direction}`;
    const dropped = (this.#dropped ??= new Map<string, Dropped>()).get(key);
    if (dropped?.of.attempt !== of.attempt) this.#dropped.set(key, { of, last: line, count: 1 });
    else {
      dropped.last = line;
      dropped.count++;
    }
  }

  /**
   * What a turn takes: all of them, if there is anything else or they may be a batch of their own and have waited long
   * enough, and what is to be said of those that there was no room for. They come first, since a line comes before the
   * outcome of its attempt.
   */
  before(messages: Message[], mayBeAlone: boolean): Message[] {
    if (this.#lines.length === 0) return messages;
    if (messages.length === 0 && !(this.#isDue && mayBeAlone)) return messages;
    this.stop();
    const lines = this.#lines;
    for (const { of, last, count: dropped } of this.#dropped?.values() ?? []) {
      const message = `${dropped} lines were not kept: too many waited to be recorded`;
      lines.push({ type: "logged", ...of, ...last, level: "warn", message, fields: { dropped } });
    }
    this.#dropped = undefined;
    this.#lines = [];
    this.#size = 0;
    for (const message of messages) lines.push(message);
    return lines;
  }

  /** Those that are there wait for the next batch, whenever that is. */
  stop(): void {
    this.#isDue = false;
    if (this.#timer === undefined) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
