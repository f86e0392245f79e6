/** What a task writes to its log: each line goes on to whoever looks after it, and a bounded part of them is kept. */
import { encode } from "../bytes.ts";
import { admit } from "../codec.ts";
import type { Log, LogLevel, LogLine, TaskLog } from "../types.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * What is kept: lines of an attempt, and bytes of all of them; characters of a message; bytes of a line's fields, how
 * deep they may be nested, how many there may be, and of how many that were left out the names are told.
 */
const keepLimits = {
  lines: 1_000,
  bytes: 128 * 1024,
  message: 4_096,
  fields: { bytes: 4_096, depth: 20, count: 100, named: 10 },
} as const;

/** The name under which a line says which of its fields were left out: those that are too large, or no data. */
const leftOut = "(left out)";

export class AttemptLog {
  readonly log: TaskLog;
  readonly #to: Log;
  #keep: ((line: LogLine) => void) | undefined;
  #lines = 0;
  #room: number = keepLimits.bytes;
  #isFull = false;
  /** Lines that were not kept and not told of yet. */
  #dropped = 0;

  /**
   * @param to - gets every line
   * @param keep - gets what is to be kept; undefined: nothing is
   */
  constructor(to: Log, keep: ((line: LogLine) => void) | undefined) {
    this.#to = to;
    this.#keep = keep;
    const say =
      (level: LogLevel) =>
      (message: string, fields?: Fields): void => {
        this.#take(level, String(message), fields);
      };
    const [debug, info, warn, error] = [say("debug"), say("info"), say("warn"), say("error")];
    this.log = Object.assign(say("info"), { debug, info, warn, error });
  }

  /** Says how many lines were not kept since it was last said. */
  sayDropped(): void {
    const dropped = this.#dropped;
    if (dropped === 0) return;
    this.#dropped = 0;
    this.#add("warn", `${dropped} lines were not kept`, { dropped });
  }

  /** The attempt is over: what is said from now on is not kept. */
  end(): void {
    this.sayDropped();
    this.#keep = undefined;
  }

  #take(level: LogLevel, message: string, fields: Fields | undefined): void {
    this.#to(message, fields, level);
    if (this.#keep === undefined) return;
    if (!this.#isFull) {
      const text = cut(message);
      const data = fields === undefined ? undefined : dataOf(fields);
      this.#room -= text.length + (data?.bytes ?? 0);
      this.#isFull = this.#room < 0 || this.#lines === keepLimits.lines;
      if (!this.#isFull) return this.#add(level, text, data?.fields);
      // Now, since an attempt may never get to its end.
      const { lines, bytes } = keepLimits;
      const most = `${lines} lines, ${bytes / 1024} KiB in all`;
      this.#add("warn", `no more lines of this attempt are kept: it has its ${most}`);
    }
    this.#dropped++;
  }

  #add(level: LogLevel, message: string, fields?: Fields): void {
    const more = fields === undefined ? {} : { fields };
    this.#keep?.({ line: ++this.#lines, level, message, ...more });
  }
}

/** A message that is too long says how much of it is missing. */
function cut(message: string): string {
  const { message: most } = keepLimits;
  if (message.length <= most) return message.toWellFormed();
  return `${message.slice(0, most)}… (${message.length - most} more characters)`.toWellFormed();
}

/** A log takes everything; what is too large or no data is left out, and named. */
function dataOf(fields: Fields): { readonly fields: Fields; readonly bytes: number } {
  const { bytes: most, depth, count, named } = keepLimits.fields;
  const data: Record<string, unknown> = {};
  const missing: string[] = [];
  let room: number = most;
  for (const [at, name] of Object.keys(fields).entries()) {
    try {
      if (at >= count) throw new RangeError("too many");
      const part = admit({ [name]: plain(fields[name]) }, "fields", { depth, bytes: room });
      room -= encode(part).length;
      Object.assign(data, part);
    } catch {
      // Whoever logs can do nothing about it.
      missing.push(name.slice(0, 64).toWellFormed());
    }
  }
  if (missing.length > 0) {
    const more = missing.length - named;
    data[leftOut] = more > 0 ? [...missing.slice(0, named), `${more} more`] : missing;
  }
  return { fields: data, bytes: most - room };
}

/** Errors are what is logged most, and no data. */
function plain(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const { name, message, code } = value as Error & { readonly code?: unknown };
  return { name, message, ...(typeof code === "string" ? { code } : {}) };
}
