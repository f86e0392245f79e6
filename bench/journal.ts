/**
 * Appends per second of the SQLite journal, beside the rows of 60 bytes that are its limit: one
 * chain of awaited appends, and 500 flows of 10 at once. On disk also one awaited fsync after the
 * other. A batch is what a task makes: an outcome and a start, some 100 bytes.
 *
 * Doesn't measure an engine (bench/engine.ts), nor several processes on one file.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteJournal } from "../lib/journal/sqlite.ts";
import { batch, flowId } from "./batches.ts";
import { fsyncs, openRows } from "./limits/store.ts";
import { measure, report } from "./rates.ts";

let flows = 0;

for (const durability of ["process", "disk"] as const) {
  const folder = mkdtempSync(join(tmpdir(), "fourstroke-bench-"));
  const journal = sqliteJournal({ dir: join(folder, "journal"), durability });
  const rows = openRows(join(folder, "rows.db"), durability);
  const length = durability === "process" ? 1_000 : 100;

  const chain = async (n: number): Promise<void> => {
    const flow = flowId(flows++);
    for (let place = 0; place < n; place++) await journal.append(flow, batch(place), "RUNNING");
  };
  const many = async (one: () => Promise<void>): Promise<void> => {
    await Promise.all(Array.from({ length: 500 }, one));
  };

  const chains = [
    { name: "rows", units: length, run: () => rows.chain(length) },
    { name: "journal", units: length, run: () => chain(length) },
  ];
  const log = join(folder, "log");
  const fsync = { name: "fsync", units: length, run: () => fsyncs(log, length) };
  report(
    `one chain, ${durability}`,
    await measure(durability === "disk" ? [...chains, fsync] : chains),
    durability === "disk" ? "fsync" : "rows",
  );
  report(
    `500 flows at once, ${durability}`,
    await measure([
      { name: "rows", units: 5_000, run: () => many(() => rows.chain(10)) },
      { name: "journal", units: 5_000, run: () => many(() => chain(10)) },
    ]),
    "rows",
  );

  await journal.close();
  rows.close();
  rmSync(folder, { recursive: true });
}
