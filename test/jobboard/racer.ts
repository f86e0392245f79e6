/**
 * Races others for every job of a board, and prints those it won with their fencing tokens.
 * `node racer.js DIR`
 */
import { writeSync } from "node:fs";
import { FlowError } from "../../lib/errors.ts";
import { sqliteJobboard } from "../../lib/jobboard/sqlite.ts";

const [dir = ""] = process.argv.slice(2);
await using board = sqliteJobboard({ dir, durability: "process" });
const who = `c${process.pid}`;

for (;;) {
  const [first, ...rest] = await board.list({ states: ["UNCLAIMED"], limit: 20 });
  if (first === undefined) break;
  for (const { id } of [first, ...rest]) {
    try {
      const { revision } = await board.claim(id, who);
      writeSync(1, `${id} ${revision}\n`);
      await board.consume(id, who, { state: "SUCCESS" });
    } catch (error) {
      if (!FlowError.is(error, "JOB_UNCLAIMABLE")) throw error;
    }
  }
}
