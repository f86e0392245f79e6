/** Lines of attempts that wait for the next batch of their flow. */
import type { AttemptName } from "../lib/plan/records.ts";
import type { LogLine } from "../lib/types.ts";
import type { Message } from "./messages.ts";

/**
 * What waits at most, in characters and fields: a line is about its message and, where it has fields, what those may take
 * at most. Attempts have limits of their own; this one is for a flow with many of them.
 */
const mostWaiting = 1024 * 1024;
const fieldsSize = 1_024;

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

  add(of: AttemptName, line: LogLine): void {
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
   * What a turn takes: all of them, if there is anything else, and what is to be said of those that there was no room
   * for. They come first, since a line comes before the outcome of its attempt.
   */
  before(messages: Message[]): Message[] {
    if (this.#lines.length === 0 || messages.length === 0) return messages;
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
}
