// The jobboard in a file: the contract, and what only a file has.
import { existsSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { sqliteJobboard } from "../../lib/jobboard/sqlite.ts";
import { openDatabase } from "../../lib/journal/sqlite/driver.ts";
import { sqliteJournal } from "../../lib/journal/sqlite.ts";
import { jobboardContract } from "../contracts/jobboard.ts";
import { child, output } from "../journal/files.ts";
import { Seen } from "../contracts/jobboard-subject.ts";

t.setTimeout(120_000);

const folders = new WeakMap<object, string>();

jobboardContract(t, "sqlite", {
  open: async (t, clock) => {
    const dir = t.testdir();
    const board = sqliteJobboard({ dir, clock, durability: "process" });
    folders.set(board, dir);
    return board;
  },
  again: async (board) => sqliteJobboard({ dir: folders.get(board) ?? "", pollMs: 5 }),
});

t.test("what is asked for is checked", async (t) => {
  for (const [options, message] of [
    [
      { dir: "a", pollMs: 0 },
      'option "pollMs": 0 is not a whole number of milliseconds of 1 or more',
    ],
    [
      { dir: "a", busyTimeoutMs: -1 },
      'option "busyTimeoutMs": -1 is not a whole number of milliseconds',
    ],
    [{}, 'option "dir": give either a folder as dir or a file as file'],
  ] as const) {
    t.throws(() => sqliteJobboard(options as object as { dir: string }), {
      code: "INVALID_OPTION",
      message,
    });
  }
  t.notOk(existsSync("a"));
});

t.test("jobs survive their process, beside a journal in the same folder", async (t) => {
  const dir = t.testdir();
  await using journal = sqliteJournal({ dir });
  const board = sqliteJobboard({ dir });
  const job = await board.post({ id: "j", flow: "f", store: { a: new Date(1) } });
  await board.close();
  await using again = sqliteJobboard({ dir });
  t.strictSame(await again.get("j"), job);
  t.strictSame(await journal.list(), []);
});

t.test("what can't be opened says why", async (t) => {
  const dir = t.testdir({ file: "text", damaged: { "jobs.db": "x".repeat(5_000) } });
  t.throws(() => sqliteJobboard({ dir: join(dir, "file") }), {
    code: "BOARD_UNAVAILABLE",
    message: /^the jobboard can't be reached: .*file: EEXIST/,
  });
  await sqliteJournal({ file: join(dir, "jobs.db") }).close();
  t.throws(() => sqliteJobboard({ dir }), {
    code: "BOARD_UNAVAILABLE",
    message: /jobs.db is a database of another program$/,
  });
  t.throws(() => sqliteJobboard({ dir: join(dir, "damaged") }), {
    code: "BOARD_DAMAGED",
    message: /^the jobboard is damaged: .*jobs.db: file is not a database/,
  });
});

t.test("an entry that was changed is found out, and told from the others", async (t) => {
  const dir = t.testdir();
  await using board = sqliteJobboard({ dir });
  for (const id of ["a", "b"]) await board.post({ id, flow: "f" });
  const file = openDatabase(join(dir, "jobs.db"));
  file.exec("UPDATE entries SET value = CAST(x'0011223344' AS BLOB) WHERE key = 'a'");
  const damaged = {
    code: "BOARD_DAMAGED",
    message: 'entry "a" of the jobboard is damaged: its checksum is wrong',
  };
  await t.rejects(board.get("a"), damaged);
  await t.rejects(board.claim("a", "c"), damaged);
  await t.rejects(board.wait("a"), damaged);
  await t.rejects(board.list(), damaged);
  t.match(await board.claim("b", "c"), { owner: "c" });
  file.close();
});

t.test("a writer elsewhere that takes too long, and no room", async (t) => {
  const dir = t.testdir();
  await using board = sqliteJobboard({ dir, busyTimeoutMs: 10, maxBytes: 65_536 });
  await board.post({ id: "j", flow: "f" });
  const file = openDatabase(join(dir, "jobs.db"));
  file.exec("BEGIN IMMEDIATE");
  await t.rejects(board.claim("j", "c"), {
    code: "BOARD_UNAVAILABLE",
    message: "the jobboard can't be reached: database is locked",
  });
  t.match(await board.get("j"), { state: "UNCLAIMED" }, "reading goes on");
  file.exec("ROLLBACK");
  file.close();
  t.match(await board.claim("j", "c"), { owner: "c" });
  await t.rejects(board.post({ id: "k", flow: "f", store: { x: "x".repeat(100_000) } }), {
    code: "BOARD_FULL",
    message: "no room on the jobboard: database or disk is full",
  });
  t.equal(await board.get("k"), undefined);
});

t.test("a watcher that was held up for long hears what went meanwhile", async (t) => {
  const dir = t.testdir();
  const timers: (() => void)[] = [];
  const clock = {
    now: () => 1,
    monotonic: () => 1,
    setTimeout: (fn: () => void) => timers.push(fn),
    clearTimeout: () => undefined,
    yield: () => undefined,
  };
  await using board = sqliteJobboard({ dir, clock });
  await using elsewhere = sqliteJobboard({ dir, durability: "process" });
  for (const id of ["old", "kept"]) await elsewhere.post({ id, flow: "f" });
  const seen = new Seen();
  await board.watch(seen.changed);
  await elsewhere.claim("old", "c");
  await elsewhere.consume("old", "c", { state: "SUCCESS" });
  t.equal(await elsewhere.purge({ endedBefore: Infinity }), 1);
  for (let i = 0; i < 10_001; i++) await elsewhere.renew({ owner: "c", leaseMs: 1_000 });
  await elsewhere.post({ id: "later", flow: "f" });
  await elsewhere.claim("later", "c");
  await elsewhere.consume("later", "c", { state: "SUCCESS" });
  t.equal(await elsewhere.purge({ endedBefore: Infinity }), 1);
  const file = openDatabase(join(dir, "jobs.db"));
  const rows = file.prepare("SELECT count(*) AS rows FROM entries").get();
  t.equal(rows?.["rows"], 3, "the kept job, the lease, and that the later one went");
  file.close();
  timers.at(-1)?.();
  t.equal(seen.stateOf("old"), "gone");
  t.equal(seen.stateOf("kept"), "UNCLAIMED");
});

t.test("four processes race for 100 jobs: each is claimed once", async (t) => {
  const dir = t.testdir();
  await using board = sqliteJobboard({ dir });
  const all = Array.from({ length: 100 }, (_, i) => `job-${i}`);
  await Promise.all(all.map(async (id) => board.post({ id, flow: "f" })));
  const racers = Array.from({ length: 4 }, () => child("../jobboard/racer.js", [dir]));
  const won = (await Promise.all(racers.map(output))).flat().map((line) => line.split(" "));
  t.strictSame(won.map(([id]) => id).sort(), all.toSorted());
  t.equal(new Set(won.map(([, token]) => token)).size, 100, "no two claims have the same token");
  t.equal(await board.count(["COMPLETE"]), 100);
  for (const { claims } of await board.list({ limit: 1_000 })) if (claims !== 1) t.fail("twice");
});
