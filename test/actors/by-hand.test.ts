// Flows that are made by hand from others, where what they take over is much.
import t from "tap";
import { forkStored } from "../../actors/by-hand.ts";
import { encodeBatch } from "../../lib/journal/record.ts";
import { memoryJournal } from "../../lib/journal/memory.ts";
import { systemClock } from "../../lib/system.ts";
import { load } from "../../lib/index.ts";
import { untyped } from "../simulation/flows.ts";
import { quick } from "./fixture.ts";

t.test("a fork takes over many results and large ones in batches of a size", async (t) => {
  const sizes = [...Array.from({ length: 120 }, () => 10), 400_000, 500_000, 600_000, 3_000_000, 5];
  const tasks = sizes.map((size, at) => quick(`t${at}`, { execute: () => "x".repeat(size) }));
  const flow = untyped.linear("f", {}, ...tasks, quick("last"));
  const journal = memoryJournal();
  await load(flow, { id: "old", journal }).run();
  await forkStored({ journal, clock: systemClock, owner: "me" }, "old", "last", "new");

  const batches = await journal.read("new");
  const sizesOf = batches.map((batch) => {
    const { bytes, parts } = encodeBatch(batch);
    return parts.reduce((sum, part) => sum + part.bytes.length, bytes.length);
  });
  const mebibyte = 1024 * 1024;
  const [large, ...others] = sizesOf.filter((size) => size > mebibyte + 16 * 1024);
  t.strictSame(others, []);
  t.ok(large !== undefined && large < 3_100_000, "what is larger goes alone");
  t.ok(batches.every(({ records }) => records.length <= 50));
  t.equal(batches.length, 7, `${sizesOf.join()} bytes`);

  const forked = load(flow, { id: "new", journal });
  await forked.run();
  const lengths = sizes.map((_, at) => String(forked.storage.fetch(`t${at}`)).length);
  t.strictSame(lengths, sizes);
  t.equal(forked.statistics.started, 1, "only what comes after it is done");
});
