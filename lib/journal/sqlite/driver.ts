/**
 * SQLite itself: Node's own where it has one, else the optional package libsql, behind the few
 * calls that both have.
 *
 * Gotchas: libsql ends the whole process when a text is not UTF-8, which a damaged file may hold,
 * so every column that is read is cast to a blob or a number first. Its `close` leaves the file
 * open until its statements are collected as garbage.
 */
import { createRequire } from "node:module";
import { FlowError } from "../../errors.ts";

export type Parameter = string | number | Uint8Array | null;

export type Row = Readonly<Record<string, unknown>>;

export interface Statement {
  run(...parameters: Parameter[]): { readonly changes: number; readonly lastInsertRowid: number };
  get(...parameters: Parameter[]): Row | undefined;
  all(...parameters: Parameter[]): Row[];
}

export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

/** `node:sqlite`, as far as it is used here. */
interface NodeSqlite {
  readonly DatabaseSync: new (file: string) => Database;
}

/** libsql, as far as it is used here: parameters are one array. */
interface LibsqlStatement {
  run(parameters: readonly Parameter[]): ReturnType<Statement["run"]>;
  get(parameters: readonly Parameter[]): Row | undefined;
  all(parameters: readonly Parameter[]): Row[];
}
interface LibsqlDatabase {
  exec(sql: string): void;
  prepare(sql: string): LibsqlStatement;
  close(): void;
}
type Libsql = new (file: string) => LibsqlDatabase;

type Open = (file: string) => Database;

let known: Open | undefined;

/**
 * Opens a file, or makes it.
 *
 * @throws FlowError `JOURNAL_UNAVAILABLE` when neither SQLite is there; else whatever SQLite throws
 */
export function openDatabase(file: string): Database {
  known ??= nodeSqlite() ?? libsql();
  return known(file);
}

function nodeSqlite(): Open | undefined {
  const module = quietly(() => process.getBuiltinModule("node:sqlite") as NodeSqlite | undefined);
  return module && ((file) => new module.DatabaseSync(file));
}

/** Loads a module without Node's warning that it is experimental, which would spoil a terminal. */
function quietly<Module>(load: () => Module): Module {
  const emitWarning = process.emitWarning.bind(process) as (...args: readonly unknown[]) => void;
  const original = Object.getOwnPropertyDescriptor(process, "emitWarning");
  process.emitWarning = (...args: readonly unknown[]) => {
    if (!String(args[0]).includes("SQLite")) emitWarning(...args);
  };
  try {
    return load();
  } finally {
    if (original !== undefined) Object.defineProperty(process, "emitWarning", original);
  }
}

function libsql(): Open {
  let Libsql: Libsql;
  try {
    Libsql = createRequire(import.meta.url)("libsql") as Libsql;
  } catch (cause) {
    const problem =
      `Node ${process.versions.node} has no SQLite of its own (22.13 and later do), and the ` +
      "package libsql is missing: npm install libsql";
    throw new FlowError("JOURNAL_UNAVAILABLE", { problem }, { cause });
  }
  return (file) => {
    const database = new Libsql(file);
    return {
      exec: (sql) => database.exec(sql),
      prepare: (sql) => spread(database.prepare(sql)),
      close: () => database.close(),
    };
  };
}

function spread(statement: LibsqlStatement): Statement {
  return {
    run: (...parameters) => statement.run(parameters),
    get: (...parameters) => statement.get(parameters),
    all: (...parameters) => statement.all(parameters).map(withBytes),
  };
}

/** Blobs are bytes where `get` gives them, but bare buffers where `all` does. */
function withBytes(row: Row): Row {
  const entries = Object.entries(row).map(([column, value]) => [
    column,
    value instanceof ArrayBuffer ? new Uint8Array(value) : value,
  ]);
  return Object.fromEntries(entries) as Row;
}
