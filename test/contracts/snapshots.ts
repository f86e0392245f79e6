/** What every journal that keeps snapshots promises beside the rest. */
import assert from "node:assert/strict";
import type { Test } from "tap";
import { admit } from "../../lib/codec.ts";
import type { Journal, Snapshots } from "../../lib/journal/journal.ts";
import { adopt, begin, next } from "../journal/batches.ts";
import { snapshotOf } from "../journal/snapshots.ts";
import { codeOf, type Define, definer, fill, type Subject } from "./journal.ts";

const of = ({ snapshots }: Journal): Snapshots => {
  assert(snapshots !== undefined);
  return snapshots;
};

export function snapshotContract(t: Test, name: string, subject: Subject): void {
  const test = definer(t, name, subject);
  finding(test, subject);
  replacing(test, subject);
  ending(test);
}

function finding(test: Define, subject: Subject): void {
  test("a snapshot is found from the next batch on", async (t, journal) => {
    const snapshots = of(journal);
    t.equal(await snapshots.read("f"), undefined, "of an unknown flow");
    const written = await fill(journal, "f", 3);
    t.equal(await snapshots.read("f"), undefined);
    const snapshot = snapshotOf("f", 8);
    await snapshots.keep("f", snapshot);
    t.equal(await snapshots.read("f"), undefined, "nothing names it yet");
    const batches = [next(9), next(11), next(13)];
    await journal.append("f", next(9), "RUNNING");
    assert.deepStrictEqual(await snapshots.read("f"), { snapshot, batches: [next(9)] });
    await journal.append("f", next(11), "RUNNING");
    await journal.append("f", next(13), "RUNNING");
    assert.deepStrictEqual(await snapshots.read("f"), { snapshot, batches });
    const elsewhere = await subject.again(journal);
    assert.deepStrictEqual(await of(elsewhere).read("f"), { snapshot, batches });
    await elsewhere.close();
    assert.deepStrictEqual(await journal.read("f"), [...written, ...batches], "and all is there");
  });

  test("a snapshot far behind is as good as any", async (_, journal) => {
    await fill(journal, "f", 0);
    const snapshot = snapshotOf("f", 2);
    await of(journal).keep("f", snapshot);
    const batches = Array.from({ length: 60 }, (_, at) => next(3 + 2 * at));
    for (const batch of batches) await journal.append("f", batch, "RUNNING");
    assert.deepStrictEqual(await of(journal).read("f"), { snapshot, batches });
  });

  test("whatever the gate admits comes back in a snapshot", async (_, journal) => {
    await fill(journal, "f", 1);
    const large = ["x".repeat(200_000), new Uint8Array(100_000).fill(7)];
    const odd = new Map<unknown, unknown>([
      [-0, Number.NaN],
      ["__keys__", { at: new Date(5) }],
    ]);
    const values = [large, odd, undefined, null, `\uFEFF${"y".repeat(100)}`];
    const snapshot = snapshotOf("f", 4, { values: values.map((value) => admit(value, "v")) });
    await of(journal).keep("f", snapshot);
    await journal.append("f", next(5, large), "RUNNING");
    assert.deepStrictEqual(await of(journal).read("f"), { snapshot, batches: [next(5, large)] });
  });

  test("batches are appended while a snapshot is kept", async (t, journal) => {
    await fill(journal, "f", 3);
    const snapshot = snapshotOf("f", 8, { values: ["x".repeat(60_000)] });
    const kept = of(journal).keep("f", snapshot);
    const batches = Array.from({ length: 20 }, (_, at) => next(9 + 2 * at));
    const codes = batches.map((batch) => codeOf(() => journal.append("f", batch, "RUNNING")));
    t.strictSame(new Set(await Promise.all(codes)), new Set([""]));
    await kept;
    await journal.append("f", next(49), "RUNNING");
    assert.deepStrictEqual(await of(journal).read("f"), {
      snapshot,
      batches: [...batches, next(49)],
    });
  });
}

function replacing(test: Define, subject: Subject): void {
  test("of several snapshots, the latest is found", async (_, journal) => {
    await fill(journal, "f", 3);
    for (const first of [9, 11, 13]) {
      await of(journal).keep("f", snapshotOf("f", first - 1));
      await journal.append("f", next(first), "RUNNING");
    }
    const latest = { snapshot: snapshotOf("f", 12), batches: [next(13)] };
    assert.deepStrictEqual(await of(journal).read("f"), latest);
    await of(journal).keep("f", snapshotOf("f", 14));
    assert.deepStrictEqual(await of(journal).read("f"), latest, "the one that nothing names");
  });

  test("a snapshot that ends elsewhere than the flow does is not kept", async (t, journal) => {
    await fill(journal, "f", 3);
    for (const [sequence, epoch] of [
      [6, 1],
      [10, 1],
      [8, 2],
    ] as const) {
      await of(journal).keep("f", snapshotOf("f", sequence, { epoch }));
    }
    await of(journal).keep("nobody", snapshotOf("nobody", 2));
    await journal.append("f", next(9), "RUNNING");
    t.equal(await of(journal).read("f"), undefined);
  });

  test("I5: the next owner has the snapshot, and the last one can't change it", async (t, journal) => {
    await fill(journal, "f", 3);
    const snapshot = snapshotOf("f", 8);
    await of(journal).keep("f", snapshot);
    await journal.append("f", next(9), "RUNNING");
    const elsewhere = await subject.again(journal);
    assert.deepStrictEqual(await of(elsewhere).read("f"), { snapshot, batches: [next(9)] });
    await elsewhere.append("f", adopt(11, 2, "w2"), "RUNNING");
    const batches = [next(9), adopt(11, 2, "w2")];
    await of(journal).keep("f", snapshotOf("f", 10));
    t.equal(await codeOf(() => journal.append("f", next(11), "RUNNING")), "FENCED");
    assert.deepStrictEqual(await of(journal).read("f"), { snapshot, batches });
    const later = snapshotOf("f", 11, { epoch: 2 });
    await of(elsewhere).keep("f", later);
    await elsewhere.append("f", next(12, 1, 2, "w2"), "RUNNING");
    assert.deepStrictEqual(await of(journal).read("f"), {
      snapshot: later,
      batches: [next(12, 1, 2, "w2")],
    });
    await elsewhere.close();
  });

  test("an owner that dies before its snapshot is named leaves none", async (t, journal) => {
    const written = await fill(journal, "f", 3);
    await of(journal).keep("f", snapshotOf("f", 8));
    const elsewhere = await subject.again(journal);
    await elsewhere.append("f", adopt(9, 2, "w2"), "RUNNING");
    t.equal(await of(elsewhere).read("f"), undefined);
    assert.deepStrictEqual(await elsewhere.read("f"), [...written, adopt(9, 2, "w2")]);
    await of(elsewhere).keep("f", snapshotOf("f", 9, { epoch: 2 }));
    await elsewhere.append("f", next(10, 1, 2, "w2"), "RUNNING");
    t.equal((await of(elsewhere).read("f"))?.snapshot.sequence, 9, "the next one can be kept");
    await elsewhere.close();
  });
}

function ending(test: Define): void {
  test("a removed flow has no snapshot, and gives none to the next of its name", async (t, journal) => {
    const batches = [next(3), next(5)];
    for (const isNamed of [true, false]) {
      await fill(journal, "f", 1);
      await of(journal).keep("f", snapshotOf("f", 4));
      if (isNamed) await journal.append("f", next(5), "RUNNING");
      await journal.remove("f");
      t.equal(await of(journal).read("f"), undefined);
      await journal.append("f", begin("f"), "RUNNING");
      for (const batch of batches) await journal.append("f", batch, "RUNNING");
      t.equal(await of(journal).read("f"), undefined, isNamed ? "named" : "not named");
      await journal.remove("f");
    }
  });

  test("a closed handle keeps and gives no snapshots", async (t, journal) => {
    await fill(journal, "f", 1);
    await journal.close();
    const closed = { code: "JOURNAL_UNAVAILABLE" };
    await t.rejects(of(journal).keep("f", snapshotOf("f", 4)), closed);
    await t.rejects(of(journal).read("f"), closed);
  });
}
