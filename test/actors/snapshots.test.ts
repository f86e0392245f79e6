// When snapshots are kept, what they are used for, and that nothing depends on them.
import assert from "node:assert/strict";
import t from "tap";
import { machines } from "../../actors/machines.ts";
import { load, readFlow } from "../../actors/run.ts";
import type { Clock } from "../../lib/clock.ts";
import { FlowError } from "../../lib/errors.ts";
import type { Journal, Recent, Snapshots } from "../../lib/journal/journal.ts";
import { readState } from "../../lib/journal/latest.ts";
import { memoryJournal } from "../../lib/journal/memory.ts";
import { linear } from "../../lib/patterns/linear.ts";
import type { StateSnapshot } from "../../lib/plan/snapshot.ts";
import { times } from "../../lib/retry.ts";
import { systemClock } from "../../lib/system.ts";
import { task } from "../../lib/task.ts";
import { turn } from "./fixture.ts";

/** A journal in memory that keeps snapshots as the test wants it. */
class Keeping {
  readonly inner = memoryJournal();
  readonly kept: StateSnapshot[] = [];
  /** Whole readings. */
  reads = 0;
  keep: (snapshot: StateSnapshot) => Promise<void> = () => Promise.resolve();
  recent: (flow: string) => Promise<Recent | undefined> = async (flow) => {
    const snapshot = this.kept.at(-1);
    if (snapshot === undefined) return undefined;
    const batches = await this.inner.read(flow);
    return { snapshot, batches: batches.filter(({ first }) => first > snapshot.sequence) };
  };

  readonly snapshots: Snapshots = {
    keep: async (_, snapshot) => {
      this.kept.push(snapshot);
      await this.keep(snapshot);
    },
    read: async (flow) => this.recent(flow),
  };

  readonly journal: Journal = {
    durability: "none",
    snapshots: this.snapshots,
    append: (flow, batch, state) => this.inner.append(flow, batch, state),
    read: (flow) => {
      this.reads++;
      return this.inner.read(flow);
    },
    list: (query) => this.inner.list(query),
    remove: (flow) => this.inner.remove(flow),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Fails so many times before it goes on to its end. */
const stubborn = (fails: number, rest: () => Promise<void> = () => Promise.resolve()) =>
  linear(
    "stubborn",
    { retry: times(1_000) },
    task({
      name: "a",
      execute: async ({}, { attempt }) => {
        if (attempt <= fails) throw new Error(`attempt ${attempt}`);
        await rest();
        return attempt;
      },
    }),
    task({ name: "b", execute: () => "done" }),
  );

/** Long enough for a snapshot to be kept meanwhile. */
const slow = (name: string) => task({ name, execute: turn });

const sequences = ({ kept }: Keeping): number[] => kept.map(({ sequence }) => sequence);

t.test("a snapshot is kept after so many records, and none of what has ended", async (t) => {
  const keeping = new Keeping();
  await load(stubborn(40), { id: "f", journal: keeping.journal, snapshotEvery: 30 }).run();
  const batches = await keeping.inner.read("f");
  const ends = batches.map(({ first, records }) => first + records.length - 1);
  const all = sequences(keeping);
  t.ok(all.length >= 4, `${all.length} of ${ends.at(-1)} records`);
  t.ok(
    all.every((sequence) => ends.includes(sequence)),
    "each ends with a batch",
  );
  all.forEach((sequence, at) => {
    const before = all[at - 1] ?? 0;
    const next = ends.find((end) => end >= before + 30);
    t.equal(sequence, next, "with the first that is far enough");
  });
  const again = new Keeping();
  const every = { id: "f", journal: again.journal, snapshotEvery: 1 };
  await load(linear("two", slow("a"), slow("b")), every).run();
  t.ok(again.kept.length >= 2);
  const last = (await again.inner.read("f")).at(-1);
  t.notOk(
    again.kept.some(({ sequence }) => sequence >= (last?.first ?? 0)),
    "not of the end",
  );
});

t.test("none is kept without a word of it, or for less records than there are atoms", async (t) => {
  const never = new Keeping();
  await load(stubborn(40), { id: "f", journal: never.journal, snapshotEvery: 0 }).run();
  await load(stubborn(40), { id: "g", journal: never.journal }).run();
  t.strictSame(sequences(never), [], "10,000 unless told");
  const wide = new Keeping();
  const tasks = Array.from({ length: 100 }, (_, at) => slow(`t${at}`));
  await load(linear("wide", ...tasks), { id: "f", journal: wide.journal, snapshotEvery: 7 }).run();
  t.equal(sequences(wide).length, 2, "200 records of 100 atoms");
  for (const snapshotEvery of [-1, 0.5, Number.NaN]) {
    t.throws(() => load(stubborn(1), { snapshotEvery }), { code: "INVALID_OPTION" });
  }
});

t.test("one at a time, and the flow doesn't wait for it", async (t) => {
  const keeping = new Keeping();
  let keep: () => void = () => undefined;
  keeping.keep = () => new Promise((resolve) => (keep = resolve));
  let goOn: () => void = () => undefined;
  const rests = new Promise<void>((resolve) => (goOn = resolve));
  let isThere: () => void = () => undefined;
  const there = new Promise<void>((resolve) => (isThere = resolve));
  const flow = stubborn(40, async () => {
    isThere();
    await rests;
  });
  const run = load(flow, { id: "f", journal: keeping.journal, snapshotEvery: 10 }).run();
  await there;
  t.equal(keeping.kept.length, 1, "the first is still under way after forty attempts");
  keep();
  goOn();
  t.equal(await run, "SUCCESS");
  t.equal(keeping.kept.length, 2, "the next one came when there was something to keep");
});

t.test("a snapshot that can't be kept is logged, and tried again later", async (t) => {
  const keeping = new Keeping();
  keeping.keep = () => Promise.reject(new Error("no room"));
  const logged: unknown[] = [];
  const log = (...line: unknown[]): void => void logged.push(line);
  const engine = load(stubborn(40), { id: "f", journal: keeping.journal, snapshotEvery: 60, log });
  t.equal(await engine.run(), "SUCCESS");
  t.ok(keeping.kept.length >= 2);
  t.equal(logged.length, keeping.kept.length);
  const [{ sequence } = { sequence: 0 }] = keeping.kept;
  const text = 'no snapshot of flow "f" was kept: Error: no room';
  t.match(logged[0], [text, { flow: "f", sequence, error: Error }, "warn"]);
});

t.test("a snapshot that goes beyond what is wanted is not used", async (t) => {
  const keeping = await abandoned();
  const { sequence } = keeping.kept.at(-1)!;
  const at = await readState(machines, keeping.journal, "f", sequence);
  t.match([at.covered, at.state?.sequence], [sequence, sequence]);
  const before = await readState(machines, keeping.journal, "f", sequence - 1);
  t.equal(before.covered, 0);
  const first = before.late[0]?.first ?? 0;
  t.ok(first >= sequence && first - 1 === before.state?.sequence);
});

/** A flow that was let go in the middle of its life, with a snapshot that lags. */
async function abandoned(): Promise<Keeping> {
  const keeping = new Keeping();
  const options = { id: "f", journal: keeping.journal, snapshotEvery: 50 };
  let isThere: () => void = () => undefined;
  const there = new Promise<void>((resolve) => (isThere = resolve));
  const never = (): Promise<void> => {
    isThere();
    return new Promise(() => undefined);
  };
  const engine = load(stubborn(40, never), options);
  const run = engine.run().catch((error: unknown) => error);
  await there;
  engine.abandon();
  await run;
  keeping.reads = 0;
  return keeping;
}

t.test("whoever takes a flow over reads what came after its snapshot", async (t) => {
  const keeping = await abandoned();
  const { digest } = await readFlow(keeping.inner, "f");
  t.equal((await readFlow(keeping.journal, "f")).digest, digest);
  const covered = keeping.kept.at(-1)!.sequence;
  const engine = load(stubborn(40), { id: "f", journal: keeping.journal, snapshotEvery: 50 });
  engine.compile();
  await engine.prepare();
  const before = keeping.kept.length;
  t.equal(keeping.reads, 0);
  t.equal(await engine.run(), "SUCCESS");
  t.equal(engine.storage.digest, (await readFlow(keeping.inner, "f")).digest);
  const next = keeping.kept[before]?.sequence ?? Number.POSITIVE_INFINITY;
  t.ok(next >= covered + 50, "the next snapshot is due as many records after the last");
});

t.test("a snapshot of no use is as good as none", async (t) => {
  const broken: Record<string, (recent: Recent, flow: string) => Recent | undefined> = {
    none: () => undefined,
    "of another flow": ({ snapshot, batches }) => ({ snapshot: { ...snapshot, id: "g" }, batches }),
    "of other atoms": ({ snapshot, batches }) => ({
      snapshot: { ...snapshot, snapshots: snapshot.snapshots.slice(1) },
      batches,
    }),
    "without its values": ({ snapshot, batches }) => ({
      snapshot: { ...snapshot, values: [] },
      batches,
    }),
    "of machines with other states": ({ snapshot, batches }) => ({
      snapshot: {
        ...snapshot,
        lives: snapshot.lives.map((life) => ({ ...life, value: "ASLEEP" as "PENDING" })),
      },
      batches,
    }),
  };
  for (const [what, change] of Object.entries(broken)) {
    const keeping = await abandoned();
    const { recent } = keeping;
    keeping.recent = async (flow) => {
      const found = await recent(flow);
      assert(found !== undefined);
      return change(found, flow);
    };
    const engine = load(stubborn(40), { id: "f", journal: keeping.journal });
    t.equal(await engine.run(), "SUCCESS", what);
    t.equal(keeping.reads, 1, what);
    t.equal(engine.storage.digest, (await readFlow(keeping.inner, "f")).digest, what);
  }
});

t.test("after a refusal, what is folded again begins with the snapshot", async (t) => {
  for (const stored of [false, true]) {
    const keeping = new Keeping();
    const { journal, inner } = keeping;
    let refusals = 0;
    const flaky: Journal = {
      ...journal,
      append: (flow, batch, state) => {
        if (keeping.kept.length < 2 || refusals > 0) return inner.append(flow, batch, state);
        refusals++;
        if (stored) void inner.append(flow, batch, state);
        throw new FlowError("JOURNAL_UNAVAILABLE", { problem: "for once" });
      },
    };
    const clock: Clock = {
      ...systemClock,
      setTimeout: (fn) => systemClock.setTimeout(fn, 0),
    };
    const engine = load(stubborn(40), { id: "f", journal: flaky, clock, snapshotEvery: 30 });
    t.equal(await engine.run(), "SUCCESS");
    t.equal(engine.statistics.refused, 1);
    t.equal(keeping.reads, 1, "at the beginning, when there was none");
    t.equal(engine.storage.digest, (await readFlow(inner, "f")).digest);
  }
});
