/**
 * Makes the journal of this version that later ones must be able to read: `node make.js`. It is made
 * again as long as the version isn't released, and never after that.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { EngineOptions } from "../../actors/options.ts";
import { load, readFlow } from "../../actors/run.ts";
import { link } from "../../lib/decider.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import { sqliteJournal } from "../../lib/journal/sqlite.ts";
import { openDatabase } from "../../lib/journal/sqlite/driver.ts";
import { graph } from "../../lib/patterns/graph.ts";
import { linear } from "../../lib/patterns/linear.ts";
import { unordered } from "../../lib/patterns/unordered.ts";
import { times } from "../../lib/retry.ts";
import { systemClock } from "../../lib/system.ts";
import { task } from "../../lib/task.ts";
import { everyRecord } from "../journal/batches.ts";
import { summaryOf } from "./summary.ts";
import { textOf } from "./text.ts";

const root = resolve(import.meta.dirname, "../../..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  version: string;
};
const base = join(root, "test/journals", version);

// Paths of this machine don't belong into what is kept.
const failure = (message: string): Error =>
  Object.assign(new Error(message), { stack: `Error: ${message}\n    at book (book.js:1:1)` });

const find = task({
  name: "find",
  provides: "seat",
  execute: () => ({ row: 3, tags: new Set(["window"]) }),
});
const meal = task({ name: "meal", requires: ["seat"], provides: "meal", execute: () => "soup" });
const upgrade = task({ name: "upgrade", requires: ["seat"], execute: () => "never" });
const photo = task({
  name: "photo",
  provides: "photo",
  execute: () => new Uint8Array(70_000).fill(5),
});

const booked = graph(
  "booked",
  { links: [link(find, upgrade, { decide: () => false, depth: "ATOM" })] },
  find,
  meal,
  upgrade,
  unordered("extras", photo),
);

const undone = linear(
  "undone",
  { retry: times(2) },
  task({ name: "hold", provides: "held", execute: () => 2n ** 70n, revert: () => "released" }),
  task({
    name: "pay",
    requires: ["held"],
    execute: () => {
      throw failure("no money");
    },
  }),
);

/** What a person did to a flow. */
async function byHand(options: EngineOptions): Promise<void> {
  const none = task({ name: "none", execute: () => "never" });
  const given = task({ name: "given", provides: "given", execute: () => "never" });
  const refused = task({ name: "refused", execute: () => "never" });
  const engine = load(linear("by hand", none, given, refused), options);
  await engine.edit({ kind: "skip", atom: "none", by: "ops", reason: "not here" }, "1");
  await engine.edit({ kind: "complete", atom: "given", value: { row: 4 } }, "2");
  await engine.edit({ kind: "fail", atom: "refused", message: "not today" }, "3");
  await engine.run().catch(() => undefined);
  await engine.edit({ kind: "retryFrom", atoms: ["given"] }, "4");
}

/** Whatever the engine writes, in a file of its own; then what is read from it. */
async function fill(journal: Journal): Promise<void> {
  const options = {
    journal,
    owner: "maker",
    clock: { ...systemClock, now: () => 1_700_000_000_000 },
  };
  await load(booked, { ...options, id: "booked" }).run();
  await load(undone, { ...options, id: "undone" })
    .run()
    .catch(() => undefined);
  const first = task({ name: "first", provides: "one", execute: () => 1 });
  const second = task({ name: "second", execute: () => "not yet" });
  const resting = load(linear("resting", first, second), { ...options, id: "resting" });
  resting.atomNotifier.on("SUCCESS", () => resting.suspend());
  await resting.run();
  await byHand({ ...options, id: "by hand" });
  const [created, adopted, ...rest] = everyRecord;
  if (created === undefined || adopted === undefined) throw new Error("records are missing");
  const batch = { writer: "maker", epoch: 1, at: 1_700_000_000_000 };
  await journal.append(
    "every record",
    { ...batch, first: 1, records: [created, adopted] },
    "RUNNING",
  );
  await journal.append("every record", { ...batch, first: 3, records: rest }, "RUNNING");
}

rmSync(`${base}.db`, { force: true });
const journal = sqliteJournal({ file: `${base}.db`, durability: "process" });
await fill(journal);
const flows: Record<string, unknown> = {};
for (const id of ["booked", "undone", "resting", "by hand"])
  flows[id] = summaryOf(await readFlow(journal, id));
writeFileSync(`${base}.txt`, `${textOf({ flows, records: await journal.read("every record") })}\n`);
await journal.close();
const file = openDatabase(`${base}.db`);
// Everything into the one file that is kept.
file.exec("PRAGMA wal_checkpoint(TRUNCATE)");
file.close();
for (const end of ["db-wal", "db-shm"]) rmSync(`${base}.${end}`, { force: true });
