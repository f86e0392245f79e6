// No room: a typed error, everything acknowledged stays, and it goes on when there is room.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { type SqliteJournal, sqliteJournal } from "../../lib/journal/sqlite.ts";
import type { Batch } from "../../lib/plan/records.ts";
import { codeOf } from "../contracts/journal.ts";
import { begin, next } from "./batches.ts";

/** Appends until there is no room. @returns what was acknowledged, and what was refused */
async function untilFull(t: Test, journal: SqliteJournal, flow: string): Promise<[Batch[], Batch]> {
  const written: Batch[] = [];
  for (let first = 1; first < 20_000; first += 2) {
    const batch = first === 1 ? begin(flow) : next(first, "v".repeat(2_000));
    try {
      await journal.append(flow, batch, "RUNNING");
      written.push(batch);
    } catch (error) {
      t.match(error, { code: "JOURNAL_FULL", message: /^no room to record flow "big": .*full/ });
      return [written, batch];
    }
  }
  throw new Error("it is never full");
}

for (const durability of ["process", "disk"] as const) {
  t.test(`${durability}: a file has a largest size`, async (t) => {
    const dir = t.testdir();
    const options = { dir, durability, maxBytes: 256 * 1024 };
    const journal = sqliteJournal(options);
    const small = [begin("small"), ...[3, 5, 7, 9].map((first) => next(first, "v".repeat(6_000)))];
    for (const batch of small) await journal.append("small", batch, "RUNNING");
    const [written, refused] = await untilFull(t, journal, "big");
    t.equal(await codeOf(() => journal.append("big", refused, "RUNNING")), "JOURNAL_FULL", "again");
    assert.deepStrictEqual(await journal.read("big"), written);
    assert.deepStrictEqual(await journal.read("small"), small);

    // Several under way at once: what builds upon a refused batch is no fenced one.
    const following = next(refused.first + 2, "v".repeat(2_000));
    const codes = [refused, following].map((batch) =>
      codeOf(() => journal.append("big", batch, "RUNNING")),
    );
    t.strictSame(await Promise.all(codes), ["JOURNAL_FULL", "JOURNAL_FULL"]);

    await journal.remove("small");
    t.equal(
      await codeOf(() => journal.append("big", refused, "RUNNING")),
      "",
      "there is room again",
    );
    assert.deepStrictEqual(await journal.read("big"), [...written, refused]);
    await journal.close();
    t.ok(statSync(join(dir, "journal.db")).size <= 256 * 1024);
    const again = sqliteJournal(options);
    assert.deepStrictEqual(await again.read("big"), [...written, refused]);
    await again.close();
  });
}

const notHere = "a file system can't be mounted here";

/** Runs a test in a file system of 600 KiB. @returns false where none can be mounted */
async function onSmallDisk(run: (dir: string) => Promise<void>): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), "fourstroke-room-"));
  try {
    const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=600k", "tmpfs", dir]);
    if (status !== 0) return false;
    await run(dir);
    return true;
  } finally {
    // Lazily: a connection of libsql keeps its file open until it is collected as garbage.
    spawnSync("umount", ["-l", dir]);
    rmSync(dir, { recursive: true });
  }
}

for (const durability of ["process", "disk"] as const) {
  t.test(`${durability}: the disk is full`, async (t) => {
    const mounted = await onSmallDisk(async (dir) => {
      const ballast = join(dir, "ballast");
      writeFileSync(ballast, Buffer.alloc(200 * 1024));
      const journal = sqliteJournal({ dir, durability });
      const [written, refused] = await untilFull(t, journal, "big");
      t.ok(written.length > 10, `${written.length} batches fitted`);
      assert.deepStrictEqual(await journal.read("big"), written);
      rmSync(ballast);
      const retried = await codeOf(() => journal.append("big", refused, "RUNNING"));
      t.equal(retried, "", "there is room again");
      assert.deepStrictEqual(await journal.read("big"), [...written, refused]);
      await journal.close();
    });
    if (!mounted) t.pass(notHere, { skip: notHere });
  });

  t.test(`${durability}: the disk is full from the beginning`, async (t) => {
    const mounted = await onSmallDisk(async (dir) => {
      writeFileSync(join(dir, "ballast"), Buffer.alloc(590 * 1024));
      t.throws(() => sqliteJournal({ dir, durability }), {
        code: "JOURNAL_FULL",
        message:
          /^no room to make the journal: .*journal.db: (database or disk is full|disk I\/O error)/,
      });
    });
    if (!mounted) t.pass(notHere, { skip: notHere });
  });
}
