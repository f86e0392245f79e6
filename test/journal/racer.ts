/**
 * Races others for every sequence of a flow, and prints those it won.
 * `node racer.js DIR DURABILITY FLOW LAST`
 */
import { writeSync } from "node:fs";
import { FlowError } from "../../lib/errors.ts";
import { sqliteJournal } from "../../lib/journal/sqlite.ts";
import { begin, next } from "./batches.ts";

const [dir = "", durability, flow = "", last = "0"] = process.argv.slice(2);
await using journal = sqliteJournal({
  dir,
  durability: durability === "disk" ? "disk" : "process",
});
const writer = `w${process.pid}`;

for (;;) {
  const batches = await journal.read(flow);
  const first = batches.length * 2 + 1;
  if (first > Number(last)) break;
  const batch = batches.length === 0 ? begin(flow, 1, writer) : next(first, writer, 1, writer);
  try {
    await journal.append(flow, batch, "RUNNING");
    writeSync(1, `${first}\n`);
  } catch (error) {
    if (!FlowError.is(error, "FENCED")) throw error;
  }
}
