// The SQLite journal: the contract with both durabilities, and what only a file has.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { sqliteJournal } from "../../lib/journal/sqlite.ts";
import { openDatabase } from "../../lib/journal/sqlite/driver.ts";
import { ThreadLane } from "../../lib/journal/sqlite/lane.ts";
import { codeOf, fill, journalContract } from "../contracts/journal.ts";
import { begin, next } from "./batches.ts";
import { child, output } from "./files.ts";

t.setTimeout(180_000);

const durabilities = ["process", "disk"] as const;

for (const durability of durabilities) {
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

t.test("what is asked for is checked", async (t) => {
  const wrong: readonly (readonly [options: object, message: string])[] = [
    [{}, 'option "dir": give either a folder as dir or a file as file'],
    [{ dir: "a", file: "b" }, 'option "dir": give either a folder as dir or a file as file'],
    [
      { dir: "a", durability: "most" },
      'option "durability": "most" is neither "process" nor "disk"',
    ],
    [
      { dir: "a", busyTimeoutMs: -1 },
      'option "busyTimeoutMs": -1 is not a whole number of milliseconds',
    ],
    [{ dir: "a", maxBytes: 5 }, 'option "maxBytes": 5 is not a whole number of at least 65536'],
  ];
  for (const [options, message] of wrong) {
    t.throws(() => sqliteJournal(options), { code: "INVALID_OPTION", message });
  }
  t.notOk(existsSync("a"), "nothing is made for what is refused");
});

t.test("a folder is made for its owner alone; a file's folder must be there", async (t) => {
  const dir = join(t.testdir(), "deep", "er");
  const journal = sqliteJournal({ dir });
  t.equal(journal.durability, "disk", "the safest is the default");
  await journal.close();
  t.equal(statSync(dir).mode & 0o777, 0o700);
  t.ok(existsSync(join(dir, "journal.db")));
  await sqliteJournal({ file: join(dir, "other.db") }).close();
  t.ok(existsSync(join(dir, "other.db")));
  const file = join(dir, "missing", "a.db");
  t.throws(() => sqliteJournal({ file }), {
    code: "JOURNAL_UNAVAILABLE",
    message: new RegExp(`^the journal can't be reached: ${file}: .*`),
  });
});

t.test("what can't be opened says why", async (t) => {
  const dir = t.testdir({ file: "text", folder: {} });
  t.throws(() => sqliteJournal({ dir: join(dir, "file") }), {
    code: "JOURNAL_UNAVAILABLE",
    message: /^the journal can't be reached: .*file: EEXIST/,
  });
  t.throws(() => sqliteJournal({ file: join(dir, "folder") }), { code: "JOURNAL_UNAVAILABLE" });
});

t.test("another program's database is left alone, and so is a newer journal", async (t) => {
  const dir = t.testdir();
  const file = join(dir, "theirs.db");
  const theirs = openDatabase(file);
  theirs.exec("CREATE TABLE notes(text TEXT)");
  theirs.close();
  t.throws(() => sqliteJournal({ file }), {
    code: "JOURNAL_UNAVAILABLE",
    message: `the journal can't be reached: ${file} is a database of another program`,
  });
  await sqliteJournal({ dir }).close();
  const journal = openDatabase(join(dir, "journal.db"));
  journal.exec("PRAGMA user_version = 7");
  journal.close();
  t.throws(() => sqliteJournal({ dir }), {
    code: "JOURNAL_UNAVAILABLE",
    message: /journal.db was written by a newer fourstroke: schema 7; this one knows 1$/,
  });
});

for (const durability of durabilities) {
  t.test(`${durability}: a writer elsewhere that takes too long is no fence`, async (t) => {
    const dir = t.testdir();
    const journal = sqliteJournal({ dir, durability, busyTimeoutMs: 10 });
    const written = await fill(journal, "f", 1);
    const other = openDatabase(join(dir, "journal.db"));
    other.exec("BEGIN IMMEDIATE");
    const appends = [next(5), next(7)].map((b) => codeOf(() => journal.append("f", b, "RUNNING")));
    t.strictSame(await Promise.all(appends), ["JOURNAL_UNAVAILABLE", "JOURNAL_UNAVAILABLE"]);
    await t.rejects(journal.remove("f"), {
      code: "JOURNAL_UNAVAILABLE",
      message: "the journal can't be reached: database is locked",
    });
    assert.deepStrictEqual(await journal.read("f"), written, "reading goes on");
    other.exec("ROLLBACK");
    other.close();
    t.equal(
      await codeOf(() => journal.append("f", next(5), "RUNNING")),
      "",
      "the same batch again",
    );
    await journal.close();
  });

  t.test(
    `${durability}: flows that others have moved on are told from the rest of their group`,
    async (t) => {
      const dir = t.testdir();
      const journal = sqliteJournal({ dir, durability });
      const other = sqliteJournal({ dir, durability });
      const flows = Array.from({ length: 40 }, (_, i) => `f${i}`);
      await Promise.all(flows.map(async (flow) => journal.append(flow, begin(flow), "RUNNING")));
      for (const flow of ["f3", "f20"]) await other.append(flow, next(3, "theirs"), "RUNNING");
      const codes = await Promise.all(
        flows.map(async (flow) => codeOf(() => journal.append(flow, next(3, flow), "RUNNING"))),
      );
      const fenced = flows.filter((_, i) => codes[i] === "FENCED");
      t.strictSame(fenced, ["f3", "f20"]);
      for (const flow of flows) {
        const value = fenced.includes(flow) ? "theirs" : flow;
        assert.deepStrictEqual(await journal.read(flow), [begin(flow), next(3, value)]);
      }
      await other.close();
      await journal.close();
    },
  );

  t.test(`${durability}: thousands of flows in one turn`, async (t) => {
    const journal = sqliteJournal({ dir: t.testdir(), durability });
    const flows = Array.from({ length: 2_500 }, (_, i) => `flow-${i}`);
    const batches = [begin(), next(3), next(5)];
    await Promise.all(
      flows.flatMap((flow) => batches.map((batch) => journal.append(flow, batch, "RUNNING"))),
    );
    assert.deepStrictEqual(await journal.read("flow-0"), batches);
    assert.deepStrictEqual(await journal.read("flow-2499"), batches);
    t.equal((await journal.list({ limit: 10_000 })).length, 2_500);
    await journal.close();
  });

  t.test(
    `${durability}: a process that leaves a journal open ends, and loses nothing`,
    async (t) => {
      const dir = t.testdir();
      t.strictSame(await output(child("leaver.js", [dir, durability])), []);
      await using journal = sqliteJournal({ dir, durability });
      t.strictSame(
        (await journal.list()).map(({ id }) => id),
        ["g", "f"],
      );
    },
  );
}

t.test("nothing is said on stderr", async (t) => {
  const { ended, lines } = child("leaver.js", [t.testdir(), "disk"]);
  for await (const line of lines) t.fail(line);
  t.strictSame(await ended, { how: 0, stderr: "" });
});

t.test("without any SQLite it says what to install", async (t) => {
  const dir = t.testdir();
  const without = join(dir, "without.cjs");
  writeFileSync(
    without,
    `process.getBuiltinModule = () => undefined;
     const Module = require("node:module");
     const resolve = Module._resolveFilename;
     Module._resolveFilename = (name, ...rest) => {
       if (name === "libsql") throw new Error("not found");
       return resolve(name, ...rest);
     };`,
  );
  const { ended, lines } = child("leaver.js", [join(dir, "journal"), "disk"], ["-r", without]);
  for await (const line of lines) t.fail(line);
  const { how, stderr } = await ended;
  t.equal(how, 1);
  const problem =
    /can't be reached: Node [\d.]+ has no SQLite of its own \(22\.13 and later do\), and the package libsql is missing: npm install libsql/;
  t.match(stderr, problem);
});

t.test(
  "a value that several flows share is kept once, and goes with the last of them",
  async (t) => {
    const dir = t.testdir();
    const journal = sqliteJournal({ dir, durability: "process" });
    const rows = (table: string): number => {
      const file = openDatabase(join(dir, "journal.db"));
      const count = Number(file.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.["rows"]);
      file.close();
      return count;
    };
    const large = next(3, "x".repeat(100_000));
    for (const flow of ["a", "b", "c"]) {
      await journal.append(flow, begin("same"), "RUNNING");
      if (flow !== "c") await journal.append(flow, large, "RUNNING");
    }
    t.strictSame([rows("blobs"), rows("uses"), rows("batches")], [2, 5, 5]);
    await journal.remove("a");
    t.strictSame([rows("blobs"), rows("uses"), rows("batches")], [2, 3, 3]);
    assert.deepStrictEqual(await journal.read("b"), [begin("same"), large]);
    await journal.remove("b");
    t.strictSame([rows("blobs"), rows("uses"), rows("batches")], [1, 1, 1], "the large value went");
    await journal.remove("c");
    t.strictSame([rows("blobs"), rows("uses"), rows("batches"), rows("flows")], [0, 0, 0, 0]);
    await journal.close();
  },
);

/** Flows in every state, of which every second is old. */
async function variety(t: Test, durability: "process" | "disk") {
  const journal = sqliteJournal({ dir: t.testdir(), durability });
  const states = ["SUCCESS", "REVERTED", "FAILURE", "SUSPENDED", "RUNNING", "PARKED"];
  await Promise.all(
    states.flatMap((state) =>
      [1_000, 2_000].map((at) => journal.append(`${state}-${at}`, begin("trip", at), state)),
    ),
  );
  const left = async () => (await journal.list()).map(({ id }) => id).sort();
  return { journal, left };
}

for (const durability of durabilities) {
  t.test(`${durability}: retention forgets what ended long ago, and nothing else`, async (t) => {
    const { journal, left } = await variety(t, durability);
    const all = await left();
    t.equal(await journal.purge({ updatedBefore: 1_000 }), 0, "nothing is that old");
    t.equal(await journal.purge({ updatedBefore: 2_000, states: ["REVERTED"] }), 1);
    t.strictSame(
      await left(),
      all.filter((id) => id !== "REVERTED-1000"),
    );
    t.equal(await journal.purge({ updatedBefore: 2_000 }), 2);
    t.equal(await journal.purge({ updatedBefore: 9_999 }), 3);
    const kept = ["PARKED", "RUNNING", "SUSPENDED"].flatMap((state) => [
      `${state}-1000`,
      `${state}-2000`,
    ]);
    t.strictSame(await left(), kept);
    await t.rejects(journal.purge({ updatedBefore: 9_999, states: ["RUNNING"] }), {
      code: "INVALID_OPTION",
      message: 'option "states": "RUNNING" is none of SUCCESS, REVERTED, FAILURE',
    });
    await journal.close();
    await t.rejects(journal.purge({ updatedBefore: 1 }), { code: "JOURNAL_UNAVAILABLE" });
  });
}

t.test("retention takes its time in steps, and tells a writer that its flow is gone", async (t) => {
  const journal = sqliteJournal({ dir: t.testdir(), durability: "process" });
  const flows = Array.from({ length: 250 }, (_, i) => `flow-${i}`);
  await Promise.all(flows.map((flow) => journal.append(flow, begin(), "SUCCESS")));
  await journal.append("young", begin("young", 9_000), "SUCCESS");
  t.equal(await journal.purge({ updatedBefore: 5_000 }), 250);
  t.strictSame(
    (await journal.list()).map(({ id }) => id),
    ["young"],
  );
  t.equal(await codeOf(() => journal.append("flow-3", next(3), "RUNNING")), "FENCED");
  await journal.close();
});

t.test("disk: a thread that can't open the file says so until it can", async (t) => {
  const dir = join(t.testdir(), "later");
  const options = { file: join(dir, "journal.db"), busyTimeoutMs: 10, maxBytes: undefined };
  const lane = new ThreadLane({ ...options, durability: "disk" });
  const remove = { kind: "remove", flow: "f" } as const;
  t.match(await lane.ask(remove), { refusal: { code: "JOURNAL_UNAVAILABLE" } });
  mkdirSync(dir);
  t.strictSame(await lane.ask(remove), { forgotten: 1 });
  await lane.close();
});

t.test("disk: a thread that failed is told from one that answers", async (t) => {
  const file = join(t.testdir(), "journal.db");
  const lane = new ThreadLane({ file, durability: "disk", busyTimeoutMs: 10, maxBytes: undefined });
  const failed = { code: "JOURNAL_UNAVAILABLE", message: /its thread failed: TypeError/ };
  await t.rejects(lane.ask({ kind: "purge", purge: null as never }), failed);
  await t.rejects(lane.ask({ kind: "remove", flow: "f" }), failed, "and so from then on");
  await lane.close();
});
