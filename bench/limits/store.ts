/** The limits on disk: the store with rows of 60 bytes and group commit, and one awaited fsync after the other. */
import { open, type FileHandle } from "node:fs/promises";
import { openDatabase } from "../../lib/journal/sqlite/driver.ts";

export interface Rows {
  /** n rows, each awaited before the next. */
  chain(n: number): Promise<void>;
  /** One row, then n together, then one. */
  fan(n: number): Promise<void>;
  close(): void;
}

/** Rows of several callers that wait at the same time share a transaction. */
export function openRows(file: string, durability: "process" | "disk"): Rows {
  const db = openDatabase(file);
  db.exec(
    `PRAGMA journal_mode=WAL; PRAGMA synchronous=${durability === "disk" ? "FULL" : "NORMAL"}`,
  );
  db.exec(
    "CREATE TABLE rows(flow INTEGER, seq INTEGER, body BLOB, PRIMARY KEY(flow, seq)) WITHOUT ROWID",
  );
  const insert = db.prepare("INSERT INTO rows VALUES(?, ?, ?)");
  const body = Buffer.alloc(60, 1);
  let flows = 0;
  let waiting: [number, number][] = [];
  let commit: Promise<void> | undefined;

  const append = (flow: number, sequences: readonly number[]): Promise<void> => {
    commit ??= Promise.resolve().then(() => {
      const rows = waiting;
      waiting = [];
      commit = undefined;
      db.exec("BEGIN IMMEDIATE");
      for (const [of, at] of rows) insert.run(of, at, body);
      db.exec("COMMIT");
    });
    for (const at of sequences) waiting.push([flow, at]);
    return commit;
  };
  return {
    async chain(n) {
      const flow = flows++;
      for (let at = 0; at < n; at++) await append(flow, [at]);
    },
    async fan(n) {
      const flow = flows++;
      await append(flow, [0]);
      await append(
        flow,
        Array.from({ length: n }, (_, at) => at + 1),
      );
      await append(flow, [n + 1]);
    },
    close: () => {
      db.close();
    },
  };
}

let handle: FileHandle | undefined;

/** n writes of 60 bytes, each awaited with its fsync. */
export async function fsyncs(file: string, n: number): Promise<void> {
  handle ??= await open(file, "a");
  const body = Buffer.alloc(60, 1);
  for (let at = 0; at < n; at++) {
    await handle.write(body);
    await handle.datasync();
  }
}
