// A journal of each released version, and of this one: they are read and folded as they were.
import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import t from "tap";
import { readFlow } from "../../actors/run.ts";
import { sqliteJournal } from "../../lib/journal/sqlite.ts";
import { summaryOf } from "./summary.ts";
import { textOf } from "./text.ts";

const folder = resolve(import.meta.dirname, "../../../test/journals");
const versions = readdirSync(folder).filter((file) => file.endsWith(".db"));
t.ok(versions.length > 0, "there are journals");

for (const file of versions) {
  t.test(file, async (t) => {
    // SQLite writes beside a file that it opens.
    const copy = join(t.testdir(), "journal.db");
    copyFileSync(join(folder, file), copy);
    await using journal = sqliteJournal({ file: copy, durability: "process" });
    const flows: Record<string, unknown> = {};
    const ids = (await journal.list()).map(({ id }) => id).reverse();
    for (const id of ids.filter((id) => id !== "every record")) {
      flows[id] = summaryOf(await readFlow(journal, id));
    }
    const records = await journal.read("every record");
    const expected = readFileSync(join(folder, file.replace(/db$/, "txt")), "utf8");
    t.equal(`${textOf({ flows, records })}\n`, expected);
  });
}
