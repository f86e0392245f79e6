/**
 * The tables, and opening a file that has them.
 *
 * A batch is a row that knows the row of its flow's batch before; the flow's own row knows the last
 * one. So a commit changes two pages, the end of `batches` and a row of `flows`, however many flows
 * there are. A flow's number is the row of its first batch.
 */
import { FlowError } from "../../errors.ts";
import { type Database, openDatabase } from "./driver.ts";
import { damaged, isBusy, refusalOf, errorOf } from "./faults.ts";

/** What a file of ours is made of. */
export interface Layout {
  /** Tells our files from other programs'. */
  readonly applicationId: number;
  readonly version: number;
  /** Makes the tables. */
  readonly tables: string;
}

const pageBytes = 4096;

// `head` (see head.ts) seals the row: SQLite finds damage of its structure, not of its contents.
// `uses` also tells a flow whose row can't be found from one that never was.
const journal: Layout = {
  // "4str"
  applicationId: 0x34737472,
  version: 1,
  tables: `
  CREATE TABLE flows(
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    head BLOB NOT NULL
  );
  CREATE TABLE batches(row INTEGER PRIMARY KEY, flow INTEGER, previous INTEGER, body BLOB NOT NULL);
  CREATE TABLE blobs(number INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, body BLOB NOT NULL);
  CREATE TABLE uses(
    flow TEXT NOT NULL,
    blob INTEGER NOT NULL,
    PRIMARY KEY(flow, blob)
  ) WITHOUT ROWID;
  CREATE INDEX uses_of_blob ON uses(blob);
`,
};

export interface StoreOptions {
  readonly file: string;
  readonly durability: "process" | "disk";
  /** How long to wait for other processes, in milliseconds. */
  readonly busyTimeoutMs: number;
  /** The most the file may grow to; undefined: as far as the disk lets it. */
  readonly maxBytes: number | undefined;
}

/**
 * Opens a file; makes it if it isn't there.
 *
 * @throws FlowError `JOURNAL_UNAVAILABLE` when it can't be opened, or is another program's, or a
 *   newer version's; `JOURNAL_DAMAGED` when it is no database any more
 */
export function openTables(options: StoreOptions, layout: Layout = journal): Database {
  let database: Database | undefined;
  try {
    database = openDatabase(options.file);
    database.exec(`PRAGMA busy_timeout = ${options.busyTimeoutMs}`);
    useLog(database, options);
    // FULL makes each commit wait for the disk; NORMAL only makes it survive the process. Without
    // fullfsync, a disk of macOS answers before it has anything.
    database.exec(
      options.durability === "disk"
        ? "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON"
        : "PRAGMA synchronous = NORMAL",
    );
    // Looks at pages more closely as they are read.
    database.exec("PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF");
    if (options.maxBytes !== undefined) {
      database.exec(`PRAGMA max_page_count = ${Math.floor(options.maxBytes / pageBytes)}`);
    }
    checkTables(database, options.file, layout);
    return database;
  } catch (error) {
    database?.close();
    throw openError(error, options.file);
  }
}

function openError(error: unknown, file: string): FlowError {
  if (error instanceof FlowError) return error as FlowError;
  const refusal = refusalOf(error, 0);
  const about =
    refusal.code === "FENCED" ? refusal : { ...refusal, problem: `${file}: ${refusal.problem}` };
  return errorOf(about, "", 0, 0);
}

/**
 * Turns on the write-ahead log. Where several processes make the same file, SQLite refuses at once
 * instead of waiting.
 */
function useLog(database: Database, { file, busyTimeoutMs }: StoreOptions): void {
  const pauseMs = 5;
  const statement = () => database.prepare("PRAGMA journal_mode = WAL").get()?.["journal_mode"];
  for (let waitedMs = 0; ; waitedMs += pauseMs) {
    try {
      const mode = statement();
      if (mode === "wal") return;
      const problem = `${file}: its file system has no shared memory for a write-ahead log`;
      throw new FlowError("JOURNAL_UNAVAILABLE", { problem });
    } catch (error) {
      if (!isBusy(error) || waitedMs >= busyTimeoutMs) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
    }
  }
}

function checkTables(database: Database, file: string, layout: Layout): void {
  if (isEmpty(database)) makeTables(database, layout);
  const id = pragma(database, "application_id");
  const version = pragma(database, "user_version");
  if (id !== layout.applicationId) {
    const problem = `${file} is a database of another program`;
    throw new FlowError("JOURNAL_UNAVAILABLE", { problem });
  }
  if (version > layout.version) {
    const problem =
      `${file} was written by a newer fourstroke: schema ${version}; ` +
      `this one knows ${layout.version}`;
    throw new FlowError("JOURNAL_UNAVAILABLE", { problem });
  }
  if (version < layout.version) throw damaged("", 0, `${file} has no schema version`);
}

function isEmpty(database: Database): boolean {
  const row = database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get();
  return row?.["tables"] === 0 && pragma(database, "application_id") === 0;
}

function pragma(database: Database, name: "application_id" | "user_version"): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function makeTables(database: Database, { tables, applicationId, version }: Layout): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    // Another process may have been faster.
    if (isEmpty(database)) {
      database.exec(tables);
      database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}`);
    }
    database.exec("COMMIT");
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}
