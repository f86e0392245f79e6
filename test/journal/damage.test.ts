// Damaged files: what is read is right, or refused by a typed error that names flow and sequence.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { sqliteJournal } from "../../lib/journal/sqlite.ts";
import { openDatabase } from "../../lib/journal/sqlite/driver.ts";
import { begin, next } from "./batches.ts";
import { makeStores, tryOne } from "./mutilate.ts";

t.test("damage anywhere: never a wrong value, never a crash", async (t) => {
  const stores = await makeStores(t.testdir());
  const total = { whole: 0, shorter: 0, refused: 0, shut: 0 };
  for (let seed = 0; seed < 120; seed++) {
    const { whole, shorter, refused, shut } = await tryOne(stores, seed);
    total.whole += whole;
    total.shorter += shorter;
    total.refused += refused;
    total.shut += shut;
  }
  t.comment(total);
  t.ok(total.whole > 100, "most flows are untouched by what hits others");
  t.ok(total.refused > 10 && total.shorter > 10, "and damage was done");
});

/** A journal of two flows, closed, after a change of its tables. */
async function changed(t: Test, sql: string, ...values: (string | number | Uint8Array)[]) {
  const dir = t.testdir();
  const journal = sqliteJournal({ dir, durability: "process" });
  for (const flow of ["f", "other"]) {
    await journal.append(flow, begin(flow), "RUNNING");
    for (const first of [3, 5, 7]) await journal.append(flow, next(first), "RUNNING");
  }
  await journal.close();
  const file = openDatabase(join(dir, "journal.db"));
  const { changes } = file.prepare(sql).run(...values);
  assert(changes > 0, "nothing was changed");
  file.close();
  return sqliteJournal({ dir, durability: "process" });
}

/** The rows of the first flow: 1, 2, 3 and 4. */
const damages: readonly (readonly [why: string, sql: string, sequence: number, problem: string])[] =
  [
    ["a batch is lost", "DELETE FROM batches WHERE row = 3", 5, "a batch is lost"],
    ["the first batch is lost", "DELETE FROM batches WHERE row = 1", 1, "a batch is lost"],
    ["the last batch is lost", "DELETE FROM batches WHERE row = 4", 7, "a batch is lost"],
    [
      "two batches are swapped",
      "UPDATE batches SET body = (SELECT body FROM batches WHERE row = 2) WHERE row = 3",
      5,
      "what stands there begins with 3",
    ],
    [
      "a batch is another flow's",
      "UPDATE batches SET body = (SELECT body FROM batches WHERE row = 6) WHERE row = 2",
      3,
      "it does not follow the batch before it",
    ],
    [
      "a batch is cut",
      "UPDATE batches SET body = substr(body, 1, 60) WHERE row = 2",
      3,
      "its checksum is wrong",
    ],
    ["a batch is text", "UPDATE batches SET body = 'nonsense' WHERE row = 2", 3, "it is cut"],
    [
      "a batch is text that is no UTF-8",
      "UPDATE batches SET body = CAST(x'ff80fe' AS TEXT) WHERE row = 2",
      3,
      "it is cut",
    ],
    [
      "the way back is a circle",
      "UPDATE batches SET previous = 4 WHERE row = 3",
      5,
      "a batch is lost",
    ],
    [
      "the way back leaves one out",
      "UPDATE batches SET previous = 1 WHERE row = 3",
      3,
      "what stands there begins with 5",
    ],
    [
      "the row says less",
      "UPDATE flows SET head = (SELECT head FROM flows WHERE id = 'other') WHERE id = 'f'",
      1,
      "its row is damaged",
    ],
    [
      "the row's state is another",
      "UPDATE flows SET state = 'SUCCESS' WHERE id = 'f'",
      1,
      "its row is damaged",
    ],
    [
      "the row's state is no UTF-8",
      "UPDATE flows SET state = CAST(x'ff80fe' AS TEXT) WHERE id = 'f'",
      1,
      "its row is damaged",
    ],
    [
      "the row's time is a text",
      "UPDATE flows SET updated_at = 'noon' WHERE id = 'f'",
      1,
      "its row is damaged",
    ],
    [
      "the row's number is out of bounds",
      "UPDATE flows SET created_at = 9223372036854775807 WHERE id = 'f'",
      1,
      "its row is damaged",
    ],
    ["the row has another name", "UPDATE flows SET id = 'g' WHERE id = 'f'", 1, "its row is lost"],
    ["the row is lost", "DELETE FROM flows WHERE id = 'f'", 1, "its row is lost"],
  ];

for (const [why, sql, sequence, problem] of damages) {
  t.test(`${why}: it is named`, async (t) => {
    const journal = await changed(t, sql);
    await t.rejects(journal.read("f"), {
      code: "JOURNAL_DAMAGED",
      about: { flow: "f", sequence, problem },
    });
    t.equal((await journal.read("other")).length, 4, "another flow can be read");
    await journal.append("other", next(9), "SUCCESS");
    await journal.append("new", begin("new"), "RUNNING");
    await journal.remove("f");
    const left = (await journal.list()).map(({ id }) => id).filter((id) => id !== "g");
    t.strictSame(left, ["new", "other"], "what is damaged can be removed");
    await journal.close();
  });
}

t.test("a blueprint that is lost or changed is found", async (t) => {
  for (const [sql, problem] of [
    ["DELETE FROM blobs WHERE number = 1", /^a value it refers to is missing/],
    ["UPDATE blobs SET body = x'00' WHERE number = 1", /^a value it refers to is damaged/],
  ] as const) {
    const journal = await changed(t, sql);
    const error = await journal.read("f").catch((error: unknown) => error);
    t.match(error, { code: "JOURNAL_DAMAGED", about: { flow: "f", sequence: 1, problem } });
    await journal.close();
  }
});

t.test("a damaged row takes no batch, and keeps no other flow from its own", async (t) => {
  const journal = await changed(t, "UPDATE flows SET state = 'SUCCESS' WHERE id = 'f'");
  const [damaged, other, following] = await Promise.allSettled([
    journal.append("f", next(9), "RUNNING"),
    journal.append("other", next(9), "RUNNING"),
    journal.append("f", next(11), "RUNNING"),
  ]);
  t.match(damaged, {
    status: "rejected",
    reason: { code: "JOURNAL_DAMAGED", about: { flow: "f", sequence: 1 } },
  });
  t.match(following, { status: "rejected", reason: { code: "JOURNAL_DAMAGED" } });
  t.match(other, { status: "fulfilled" });
  t.strictSame(
    (await journal.list()).map(({ id, state }) => [id, state]),
    [
      ["other", "RUNNING"],
      ["f", "DAMAGED"],
    ],
  );
  await journal.close();
});

t.test("a table that is gone is damage of the whole", async (t) => {
  const journal = await changed(t, "UPDATE flows SET name = name");
  await journal.close();
  const dir = t.testdir();
  const own = sqliteJournal({ dir, durability: "process" });
  await own.append("f", begin(), "RUNNING");
  await own.close();
  const file = openDatabase(join(dir, "journal.db"));
  file.exec("ALTER TABLE flows RENAME TO flow");
  file.close();
  const again = sqliteJournal({ dir, durability: "process" });
  await t.rejects(again.list(), {
    code: "JOURNAL_DAMAGED",
    about: { flow: "", sequence: 0 },
    message: /^the journal is damaged: no such table: flows/,
  });
  await t.rejects(again.read("f"), { code: "JOURNAL_DAMAGED", about: { flow: "f" } });
  await t.rejects(again.append("f", next(3), "RUNNING"), {
    code: "JOURNAL_DAMAGED",
    about: { flow: "f" },
  });
  await t.rejects(again.remove("f"), { code: "JOURNAL_DAMAGED" });
  await again.close();
});

t.test("a file that is no database says so when it is opened", async (t) => {
  const dir = t.testdir();
  const file = join(dir, "journal.db");
  writeFileSync(file, "no database at all, but a text that is long enough".repeat(100));
  t.throws(() => sqliteJournal({ dir }), {
    code: "JOURNAL_DAMAGED",
    message: `the journal is damaged: ${file}: file is not a database`,
  });
  t.match(readFileSync(file, "utf8"), /^no database at all/, "and is left as it was");
});
