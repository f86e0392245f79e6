/** Appends and ends without closing the journal. `node leaver.js DIR DURABILITY` */
import { sqliteJournal } from "../../lib/journal/sqlite.ts";
import { begin } from "./batches.ts";

const [dir = "", durability] = process.argv.slice(2);
const journal = sqliteJournal({ dir, durability: durability === "disk" ? "disk" : "process" });
await journal.append("f", begin(), "RUNNING");
// Under way when nothing else keeps the process: it still becomes durable.
void journal.append("g", begin(), "RUNNING");
