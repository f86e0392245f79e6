// The SQLite journal: the contract with both durabilities, and what only a file has.
import t from "tap";
import { sqliteJournal } from "../../lib/journal/sqlite.ts";
import { journalContract } from "../contracts/journal.ts";

for (const durability of ["process", "disk"] as const) {
  const folders = new WeakMap<object, string>();
  journalContract(t, `sqlite, ${durability}`, {
    durability,
    open: async (t) => {
      const dir = t.testdir();
      const journal = sqliteJournal({ dir, durability });
      folders.set(journal, dir);
      return journal;
    },
    again: async (journal) => sqliteJournal({ dir: folders.get(journal) ?? "", durability }),
  });
}
