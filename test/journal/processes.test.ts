// Several processes on one file, and processes that are killed: what was acknowledged is there.
import assert from "node:assert/strict";
import t from "tap";
import { sqliteJournal } from "../../lib/journal/sqlite.ts";
import { child, output } from "./files.ts";
import { Dice } from "./random.ts";

// Starting some thirty processes takes its time on a machine that is busy.
t.setTimeout(180_000);

for (const durability of ["process", "disk"] as const) {
  t.test(`${durability}: four processes race for one flow: one wins each sequence`, async (t) => {
    const dir = t.testdir();
    const last = 60;
    const racers = Array.from({ length: 4 }, () =>
      child("racer.js", [dir, durability, "f", `${last}`]),
    );
    const won = await Promise.all(racers.map(output));
    const all = won
      .flat()
      .map(Number)
      .sort((a, b) => a - b);
    t.strictSame(
      all,
      Array.from({ length: last / 2 }, (_, i) => i * 2 + 1),
    );
    await using journal = sqliteJournal({ dir, durability });
    const batches = await journal.read("f");
    const writers = racers.map(({ process }) => `w${process.pid}`);
    for (const { first, writer } of batches) {
      const winner = won.findIndex((sequences) => sequences.includes(`${first}`));
      assert.equal(writer, writers[winner], `sequence ${first} is the winner's`);
    }
    t.equal(batches.length, last / 2);
  });

  t.test(`${durability}: killed ten times, nothing acknowledged is lost`, async (t) => {
    const dir = t.testdir();
    const dice = new Dice(durability === "disk" ? 1 : 2);
    let acknowledged = 0;
    for (let kill = 0; kill < 10; kill++) {
      const { process, lines, ended } = child("appender.js", [dir, durability, "f"]);
      let left = 1 + dice.below(100);
      // It goes on appending while the signal is under way: any moment of a commit may be the last.
      for await (const line of lines) {
        acknowledged = Number(line);
        if (--left === 0) process.kill("SIGKILL");
      }
      t.equal((await ended).how, "SIGKILL");
      await using journal = sqliteJournal({ dir, durability });
      const batches = await journal.read("f");
      const [summary] = await journal.list();
      const sequence = batches.reduce((sum, { records }) => sum + records.length, 0);
      t.ok(
        sequence >= acknowledged + 1,
        `${sequence} records; acknowledged up to ${acknowledged + 1}`,
      );
      t.equal(summary?.sequence, sequence, "the listing agrees");
    }
  });
}
