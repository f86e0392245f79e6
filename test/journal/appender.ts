/**
 * Appends for ever, and prints each sequence once it is acknowledged: for whoever kills it.
 * `node appender.js DIR DURABILITY FLOW`
 */
import { writeSync } from "node:fs";
import { sqliteJournal } from "../../lib/journal/sqlite.ts";
import { adopt, begin, next } from "./batches.ts";

const [dir = "", durability, flow = ""] = process.argv.slice(2);
const journal = sqliteJournal({ dir, durability: durability === "disk" ? "disk" : "process" });
const writer = `w${process.pid}`;

const before = await journal.read(flow);
const records = before.reduce((sum, batch) => sum + batch.records.length, 0);
const epoch = (before.at(-1)?.epoch ?? 0) + 1;
const first = before.length === 0 ? begin(flow, 1, writer) : adopt(records + 1, epoch, writer);
await journal.append(flow, first, "RUNNING");

for (let at = records + first.records.length + 1; ; at += 2) {
  await journal.append(flow, next(at, { at, writer }, epoch, writer), "RUNNING");
  // To the pipe at once: what is printed must not be less than what was acknowledged before.
  writeSync(1, `${at}\n`);
}
