/**
 * A jobboard in a file: jobs survive their process, and several processes of one host share it.
 *
 * Calls are made on the caller's thread. Whoever watches looks at the file every `pollMs`, and at once after a change
 * of its own.
 */
import type { Clock, Random, Timer } from "../clock.ts";
import { FlowError } from "../errors.ts";
import { Connection } from "../journal/sqlite/connection.ts";
import { refusalOf } from "../journal/sqlite/faults.ts";
import { storeOptions } from "../journal/sqlite/options.ts";
import type { Layout, StoreOptions } from "../journal/sqlite/schema.ts";
import { systemClock, systemRandom } from "../system.ts";
import type { Stop } from "../transport/transport.ts";
import { logOf } from "../log.ts";
import type { Log, Logger } from "../types.ts";
import { Board } from "./board.ts";
import type { Jobboard } from "./jobboard.ts";
import { type BoardStore, type Change, type Shelf, shelfOf, type Stored } from "./store.ts";

export interface SqliteJobboardOptions {
  /** Folder of the board, made if it is missing; the file in it is `jobs.db`. */
  readonly dir: string;
  /** What an acknowledged change survives: the end of the process, or a power cut too. Default `disk`. */
  readonly durability?: "process" | "disk";
  /** How long to wait for other processes that write, in whole milliseconds. Default 5,000. */
  readonly busyTimeoutMs?: number;
  /** The most the file may grow to, at least 64 KiB. Default: as far as the disk lets it. */
  readonly maxBytes?: number;
  /** Milliseconds between two looks at what other processes changed. Default 200. */
  readonly pollMs?: number;
  /** Default: the system's. */
  readonly clock?: Clock;
  readonly random?: Random;
  /** Gets what goes wrong beside the calls. Default: nothing is logged. */
  readonly log?: Log | Logger;
}

/**
 * Opens a jobboard, or makes it.
 *
 * @throws FlowError `INVALID_OPTION`; `BOARD_UNAVAILABLE` when the file can't be opened, is another program's or a
 * newer version's, or there is no SQLite; `BOARD_DAMAGED` when it is no jobboard any more
 */
export function sqliteJobboard(options: SqliteJobboardOptions): Jobboard {
  const { clock = systemClock, random = systemRandom } = options;
  const log = logOf(options.log);
  const { pollMs = 200 } = options;
  if (!Number.isSafeInteger(pollMs) || pollMs < 1) {
    const problem = `${String(pollMs)} is not a whole number of milliseconds of 1 or more`;
    throw new FlowError("INVALID_OPTION", { option: "pollMs", problem });
  }
  const store = guarded(
    "",
    () => new FileStore(storeOptions(options, "jobs.db"), { clock, log, pollMs }),
  );
  return new Board({ store, clock, random, log });
}

// Gone keys stay as rows without a value for a while, so that other processes hear of it.
const layout: Layout = {
  // "4sjb"
  applicationId: 0x34736a62,
  version: 1,
  tables: `
  CREATE TABLE counter(revision INTEGER NOT NULL);
  INSERT INTO counter VALUES(0);
  CREATE TABLE entries(
    key TEXT PRIMARY KEY,
    shelf TEXT NOT NULL,
    revision INTEGER NOT NULL,
    value BLOB
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX changes ON entries(shelf, revision);
`,
};

/** How many changes ago a key may have gone that is still remembered. */
const rememberedChanges = 10_000;

// Every text is cast to a blob: see the driver's gotchas.
const columns = "CAST(key AS BLOB) AS key, revision, value";

const sql = {
  read: "SELECT revision, value FROM entries WHERE key = ?",
  next: "UPDATE counter SET revision = revision + 1 RETURNING revision",
  counter: "SELECT revision FROM counter",
  write:
    "INSERT INTO entries(key, shelf, revision, value) VALUES(?, ?, ?, ?) " +
    "ON CONFLICT(key) DO UPDATE SET revision = excluded.revision, value = excluded.value",
  forget: "DELETE FROM entries WHERE value IS NULL AND revision < ?",
  all: `SELECT ${columns} FROM entries WHERE shelf = ? AND value IS NOT NULL`,
  changes: `SELECT ${columns} FROM entries WHERE shelf = 'jobs' AND revision > ? ORDER BY revision`,
} as const;

interface Watching {
  readonly clock: Clock;
  readonly log: Log;
  readonly pollMs: number;
}

class FileStore implements BoardStore {
  readonly #connection: Connection;
  readonly #watching: Watching;
  readonly #looks = new Set<() => void>();
  #isLookDue = false;
  #isClosed = false;

  constructor(options: StoreOptions, watching: Watching) {
    this.#connection = new Connection(options, layout);
    this.#watching = watching;
  }

  read(key: string): Promise<Stored | undefined> {
    return this.#answer(key, () => this.#find(key));
  }

  write(key: string, value: Uint8Array, expected: number): Promise<number | undefined> {
    return this.#answer(key, () => this.#put(key, value, expected));
  }

  delete(key: string, expected: number): Promise<boolean> {
    return this.#answer(key, () => this.#put(key, null, expected) !== undefined);
  }

  all(shelf: Shelf): Promise<ReadonlyMap<string, Stored>> {
    return this.#answer("", () => {
      const rows = this.#connection.statement(sql.all).all(shelf);
      return new Map(rows.map((row) => [keyOf(row), storedOf(row) as Stored]));
    });
  }

  async watch(changed: (change: Change) => void): Promise<Stop> {
    const { clock, log, pollMs } = this.#watching;
    const follower = new Follower(this.#connection, changed);
    await this.#answer("", () => {
      follower.look();
    });
    let timer: Timer | undefined;
    const look = (): void => {
      if (timer !== undefined) clock.clearTimeout(timer);
      timer = clock.setTimeout(look, pollMs);
      try {
        guarded("", () => {
          follower.look();
        });
      } catch (error) {
        log("changes of the jobboard could not be read", { error }, "warn");
      }
    };
    timer = clock.setTimeout(look, pollMs);
    this.#looks.add(look);
    return () => {
      this.#looks.delete(look);
      if (timer !== undefined) clock.clearTimeout(timer);
      timer = undefined;
    };
  }

  sweep(): Promise<void> {
    return this.#answer("", () => {
      const last = Number(this.#connection.statement(sql.counter).get()?.["revision"]);
      this.#connection.statement(sql.forget).run(last - rememberedChanges);
    });
  }

  close(): Promise<void> {
    return this.#answer("", () => {
      this.#isClosed = true;
      this.#connection.close();
    });
  }

  #find(key: string): Stored | undefined {
    const row = this.#connection.statement(sql.read).get(key);
    return row === undefined ? undefined : storedOf(row);
  }

  #put(key: string, value: Uint8Array | null, expected: number): number | undefined {
    const revision = this.#connection.writing(() => {
      if ((this.#find(key)?.revision ?? 0) !== expected) return undefined;
      const next = Number(this.#connection.statement(sql.next).get()?.["revision"]);
      this.#connection.statement(sql.write).run(key, shelfOf(key), next, value);
      return next;
    });
    if (revision !== undefined && shelfOf(key) === "jobs") this.#changed();
    return revision;
  }

  /** Once this turn has changed what it changes, those who watch here look. */
  #changed(): void {
    if (this.#isLookDue || this.#looks.size === 0) return;
    this.#isLookDue = true;
    queueMicrotask(() => {
      this.#isLookDue = false;
      for (const look of [...this.#looks]) if (this.#looks.has(look)) look();
    });
  }

  #answer<Answer>(entry: string, give: () => Answer): Promise<Answer> {
    return new Promise((resolve) => {
      if (this.#isClosed) throw new FlowError("BOARD_UNAVAILABLE", { problem: "it is closed" });
      resolve(guarded(entry, give));
    });
  }
}

/** Tells what changed since it looked last. */
class Follower {
  readonly #connection: Connection;
  readonly #changed: (change: Change) => void;
  readonly #known = new Set<string>();
  #last = 0;

  constructor(connection: Connection, changed: (change: Change) => void) {
    this.#connection = connection;
    this.#changed = changed;
  }

  look(): void {
    const { rows, counter, keys } = this.#connection.reading(() => {
      const counter = Number(this.#connection.statement(sql.counter).get()?.["revision"]);
      // Keys that went so long ago may be forgotten already: what is there says which.
      const isLate = this.#last < counter - rememberedChanges;
      const keys = isLate ? this.#connection.statement(sql.all).all("jobs").map(keyOf) : undefined;
      return { rows: this.#connection.statement(sql.changes).all(this.#last), counter, keys };
    });
    this.#last = counter;
    if (keys !== undefined) this.#forgetAllBut(new Set(keys));
    for (const row of rows) {
      const [key, stored] = [keyOf(row), storedOf(row)];
      if (stored !== undefined) this.#known.add(key);
      else if (!this.#known.delete(key)) continue;
      this.#changed({ key, stored });
    }
  }

  #forgetAllBut(present: ReadonlySet<string>): void {
    for (const key of [...this.#known]) {
      if (present.has(key)) continue;
      this.#known.delete(key);
      this.#changed({ key, stored: undefined });
    }
  }
}

const keyOf = ({ key }: Readonly<Record<string, unknown>>): string =>
  Buffer.from(key as Uint8Array).toString("latin1");

function storedOf({ revision, value }: Readonly<Record<string, unknown>>): Stored | undefined {
  if (value === null) return undefined;
  if (value instanceof Uint8Array && Number.isSafeInteger(revision)) {
    return { value, revision: revision as number };
  }
  throw new FlowError("BOARD_DAMAGED", { entry: "", problem: "a row holds something else" });
}

/** Says what goes wrong in the words of a jobboard. */
function guarded<Result>(entry: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (FlowError.is(error, "BOARD_DAMAGED") || FlowError.is(error, "INVALID_OPTION")) throw error;
    const refusal = refusalOf(error, 0);
    const problem = refusal.code === "FENCED" ? "" : refusal.problem;
    switch (refusal.code) {
      case "JOURNAL_FULL":
        throw new FlowError("BOARD_FULL", { problem }, { cause: error });
      case "JOURNAL_DAMAGED":
        throw new FlowError("BOARD_DAMAGED", { entry, problem }, { cause: error });
      default:
        throw new FlowError("BOARD_UNAVAILABLE", { problem }, { cause: error });
    }
  }
}
