/** What every journal promises, for a test file of each implementation. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Test } from "tap";
import { admit } from "../../lib/codec.ts";
import { FlowError, type ErrorCode } from "../../lib/errors.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import type { Batch } from "../../lib/plan/records.ts";
import { adopt, begin, everyRecord, next } from "../journal/batches.ts";
import { payload } from "../payloads.ts";

export interface Subject {
  readonly durability: Journal["durability"];
  /** A new, empty journal; whatever it needs goes when the test ends. */
  open(t: Test): Promise<Journal>;
  /** The same journal for another owner, elsewhere if that is possible. */
  again(journal: Journal): Promise<Journal>;
}

/** The code of what an append throws, at once or later; "" when it is written. */
export async function codeOf(append: () => undefined | Promise<void>): Promise<ErrorCode | ""> {
  try {
    await append();
    return "";
  } catch (error) {
    assert(error instanceof FlowError, String(error));
    return (error as FlowError).code;
  }
}

/** Begins a flow and adds `count` batches of two records. @returns all of them */
export async function fill(journal: Journal, flow: string, count: number): Promise<Batch[]> {
  const batches = [begin(flow), ...Array.from({ length: count }, (_, i) => next(3 + 2 * i))];
  for (const batch of batches) await journal.append(flow, batch, "RUNNING");
  return batches;
}

/** Defines tests that get a journal each. */
export function definer(t: Test, name: string, subject: Subject): Define {
  return (what, run) => {
    t.test(`${name}: ${what}`, async (t) => {
      const journal = await subject.open(t);
      await run(t, journal);
      await journal.close();
    });
  };
}

export function journalContract(t: Test, name: string, subject: Subject): void {
  const test = definer(t, name, subject);
  recording(test, subject);
  fencing(test, subject);
  listing(test);
  ending(test, subject);
}

export type Define = (what: string, run: (t: Test, journal: Journal) => Promise<void>) => void;

function recording(test: Define, subject: Subject): void {
  test("it says what it survives", async (t, journal) => {
    t.equal(journal.durability, subject.durability);
  });

  test("what was appended is read, in order, by whoever reads", async (_, journal) => {
    const written = await fill(journal, "f1", 20);
    await fill(journal, "f2", 3);
    assert.deepStrictEqual(await journal.read("f1"), written);
    const elsewhere = await subject.again(journal);
    assert.deepStrictEqual(await elsewhere.read("f1"), written);
    await elsewhere.close();
  });

  test("an unknown flow has no batches", async (t, journal) => {
    t.strictSame(await journal.read("nobody"), []);
  });

  test("every kind of record comes back", async (_, journal) => {
    const [created, adopted, ...rest] = everyRecord;
    assert(created !== undefined && adopted !== undefined);
    const first = { ...begin(), records: [created, adopted] };
    const second = { ...next(3), records: rest };
    await journal.append("f", first, "RUNNING");
    await journal.append("f", second, "RUNNING");
    assert.deepStrictEqual(await journal.read("f"), [first, second]);
  });

  test("whatever the gate admits comes back", async (_, journal) => {
    let flows = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(payload, { maxLength: 5 }), async (values) => {
        const flow = `flow-${flows++}`;
        const batches = [
          begin(flow),
          ...values.map((value, i) => next(3 + 2 * i, admit(value, "v"))),
        ];
        await Promise.all(batches.map(async (batch) => journal.append(flow, batch, "RUNNING")));
        assert.deepStrictEqual(await journal.read(flow), batches);
      }),
      { numRuns: 30 },
    );
  });

  test("large values come back", async (t, journal) => {
    const value = ["x".repeat(200_000), new Uint8Array(100_000).fill(7)];
    await journal.append("f", begin(), "RUNNING");
    await journal.append("f", next(3, value), "RUNNING");
    await journal.append("f", next(5, value), "RUNNING");
    const [, one, two] = await journal.read("f");
    assert.deepStrictEqual([one, two], [next(3, value), next(5, value)]);
  });

  test("odd names of flows are names like others", async (_, journal) => {
    const names = [
      "a b",
      "a.b",
      "../../etc/passwd",
      "%",
      "'; DROP TABLE flows; --",
      "ü\u0000x",
      "é".repeat(500),
    ];
    for (const name of names) await fill(journal, name, 1);
    for (const name of names) {
      assert.deepStrictEqual(await journal.read(name), [begin(name), next(3)], name);
    }
  });

  test("a journal may begin without an owner", async (_, journal) => {
    const first = { ...begin(), epoch: 0, records: begin().records.slice(0, 1) };
    await journal.append("f", first, "PENDING");
    await journal.append("f", adopt(2, 1, "w2"), "RUNNING");
    assert.deepStrictEqual(await journal.read("f"), [first, adopt(2, 1, "w2")]);
  });

  test("a batch without records is a mistake of the caller", async (t, journal) => {
    const empty = { ...begin(), records: [] };
    await t.rejects(async () => journal.append("f", empty, "RUNNING"), RangeError);
    t.strictSame(await journal.read("f"), []);
  });

  test("many flows at once, several batches of each under way", async (_, journal) => {
    const flows = Array.from({ length: 40 }, (_, i) => `flow-${i}`);
    const batches = (flow: string) => [
      begin(flow),
      ...Array.from({ length: 9 }, (_, i) => next(3 + 2 * i, flow)),
    ];
    await Promise.all(
      flows.flatMap((flow) =>
        batches(flow).map(async (batch) => journal.append(flow, batch, "RUNNING")),
      ),
    );
    for (const flow of flows) assert.deepStrictEqual(await journal.read(flow), batches(flow));
  });
}

function fencing(test: Define, subject: Subject): void {
  test("I5: only the next sequence is taken", async (t, journal) => {
    const written = await fill(journal, "f", 2);
    for (const first of [1, 5, 6, 8, 9, 100]) {
      t.equal(
        await codeOf(() => journal.append("f", next(first), "RUNNING")),
        "FENCED",
        `first ${first}`,
      );
    }
    t.equal(await codeOf(() => journal.append("f", begin(), "RUNNING")), "FENCED", "it has begun");
    t.equal(
      await codeOf(() => journal.append("new", next(3), "RUNNING")),
      "FENCED",
      "it hasn't begun",
    );
    assert.deepStrictEqual(await journal.read("f"), written);
    t.strictSame(await journal.read("new"), []);
    t.equal(await codeOf(() => journal.append("f", next(7), "RUNNING")), "");
  });

  test("I5: a new epoch begins with adopted, and is the next one", async (t, journal) => {
    await fill(journal, "f", 1);
    t.equal(
      await codeOf(() => journal.append("f", next(5, 1, 0), "RUNNING")),
      "FENCED",
      "an old epoch",
    );
    t.equal(
      await codeOf(() => journal.append("f", next(5, 1, 2), "RUNNING")),
      "FENCED",
      "not adopted",
    );
    t.equal(
      await codeOf(() => journal.append("f", adopt(5, 3, "w2"), "RUNNING")),
      "FENCED",
      "skips one",
    );
    t.equal(
      await codeOf(() => journal.append("g", adopt(1, 2, "w2"), "RUNNING")),
      "FENCED",
      "a first epoch of 2",
    );
    t.equal(await codeOf(() => journal.append("f", adopt(5, 2, "w2"), "RUNNING")), "");
    t.equal(
      await codeOf(() => journal.append("f", next(6, 1, 1), "RUNNING")),
      "FENCED",
      "the old owner",
    );
    t.equal(await codeOf(() => journal.append("f", next(6, 1, 2, "w2"), "RUNNING")), "");
  });

  test("I5: what fenced says can be read", async (t, journal) => {
    await fill(journal, "f", 1);
    await t.rejects(async () => journal.append("f", next(3, 1, 1), "RUNNING"), {
      code: "FENCED",
      about: { flow: "f", epoch: 1, sequence: 2 },
      message: 'flow "f" has another owner: epoch 1, sequence 2 is not the last',
    });
  });

  test("I5: a fenced flow keeps no other from its batch", async (t, journal) => {
    await fill(journal, "f", 1);
    const appends = [
      codeOf(() => journal.append("before", begin("before"), "RUNNING")),
      codeOf(() => journal.append("f", next(99), "RUNNING")),
      codeOf(() => journal.append("after", begin("after"), "RUNNING")),
    ];
    t.strictSame(await Promise.all(appends), ["", "FENCED", ""]);
    t.equal((await journal.read("after")).length, 1);
  });

  test("I5: of two owners on one handle, one wins", async (t, journal) => {
    await fill(journal, "f", 1);
    const race = ["w1", "w2"].map((w) =>
      codeOf(() => journal.append("f", next(5, w, 1, w), "RUNNING")),
    );
    t.strictSame((await Promise.all(race)).sort(), ["", "FENCED"]);
    t.equal((await journal.read("f")).length, 3);
  });

  test("I5: an owner elsewhere is seen", async (t, journal) => {
    await fill(journal, "f", 1);
    const elsewhere = await subject.again(journal);
    t.equal(await codeOf(() => elsewhere.append("f", adopt(5, 2, "w2"), "RUNNING")), "");
    t.equal(await codeOf(() => journal.append("f", next(5), "RUNNING")), "FENCED");
    t.equal(
      await codeOf(() => journal.append("f", adopt(6, 3, "w1"), "RUNNING")),
      "",
      "and can be followed",
    );
    t.equal(await codeOf(() => elsewhere.append("f", next(6, 1, 2, "w2"), "RUNNING")), "FENCED");
    await elsewhere.close();
  });
}

function listing(test: Define): void {
  test("a listing shows flows as their last batch left them, the newest first", async (t, journal) => {
    t.strictSame(await journal.list(), []);
    await journal.append("a", begin("trip", 5_000), "RUNNING");
    await journal.append("b", begin("hotel", 4_000), "RUNNING");
    await journal.append("a", { ...adopt(3, 2, "w2"), at: 6_000 }, "SUSPENDED");
    t.strictSame(await journal.list(), [
      {
        id: "b",
        name: "hotel",
        state: "RUNNING",
        createdAt: 4_000,
        updatedAt: 4_000,
        sequence: 2,
        epoch: 1,
      },
      {
        id: "a",
        name: "trip",
        state: "SUSPENDED",
        createdAt: 5_000,
        updatedAt: 6_000,
        sequence: 3,
        epoch: 2,
      },
    ]);
  });

  test("a listing is filtered and comes in pages", async (t, journal) => {
    for (let i = 0; i < 120; i++) {
      await journal.append(
        `f${i}`,
        begin(i % 2 === 0 ? "even" : "odd"),
        i % 3 === 0 ? "SUCCESS" : "RUNNING",
      );
    }
    const ids = async (query: Parameters<Journal["list"]>[0]) =>
      (await journal.list(query)).map(({ id }) => id);
    t.equal((await journal.list()).length, 100, "a page has 100 unless told");
    t.strictSame(await ids({ limit: 3 }), ["f119", "f118", "f117"]);
    t.strictSame(await ids({ limit: 2, before: "f117" }), ["f116", "f115"]);
    t.strictSame(await ids({ states: ["SUCCESS"], limit: 2 }), ["f117", "f114"]);
    t.strictSame(await ids({ states: ["SUCCESS"], name: "even", limit: 2, before: "f114" }), [
      "f108",
      "f102",
    ]);
    t.equal((await ids({ states: ["SUCCESS", "RUNNING"], limit: 10_000 })).length, 120);
    t.strictSame(await ids({ states: [] }), []);
    t.strictSame(await ids({ name: "none" }), []);
    t.strictSame(await ids({ before: "f0" }), [], "nothing comes before the first");
  });

  test("a listing refuses what makes no sense", async (t, journal) => {
    for (const limit of [0, 1.5, 10_001, Number.NaN, -1]) {
      const message = `option "limit": ${limit} is not a whole number from 1 to 10000`;
      await t.rejects(journal.list({ limit }), { code: "INVALID_OPTION", message });
    }
    await t.rejects(journal.list({ before: "x" }), { code: "NOT_FOUND", message: 'no flow "x"' });
  });

  test("a removed flow is gone, and its name is free", async (t, journal) => {
    await fill(journal, "f", 5);
    await fill(journal, "g", 2);
    await journal.remove("f");
    await journal.remove("nobody");
    t.strictSame(await journal.read("f"), []);
    t.strictSame(
      (await journal.list()).map(({ id }) => id),
      ["g"],
    );
    t.equal(
      await codeOf(() => journal.append("f", next(13), "RUNNING")),
      "FENCED",
      "its owner is out",
    );
    assert.deepStrictEqual(await fill(journal, "f", 1), await journal.read("f"));
    t.equal((await journal.read("g")).length, 3, "what others share with it stays");
  });
}

function ending(test: Define, subject: Subject): void {
  test("closing settles what is under way, twice as well as once", async (t, journal) => {
    const appends = [begin(), next(3), next(5)].map((b) =>
      codeOf(() => journal.append("f", b, "RUNNING")),
    );
    await journal.close();
    await journal.close();
    t.strictSame(await Promise.all(appends), ["", "", ""]);
  });

  test("a closed handle refuses", async (t, journal) => {
    await journal[Symbol.asyncDispose]();
    const closed = {
      code: "JOURNAL_UNAVAILABLE",
      message: "the journal can't be reached: it is closed",
    };
    await t.rejects(async () => journal.append("f", begin(), "RUNNING"), closed);
    await t.rejects(journal.read("f"), closed);
    await t.rejects(journal.list(), closed);
    await t.rejects(journal.remove("f"), closed);
  });

  if (subject.durability === "none") return;
  test("what was acknowledged is there after closing", async (_, journal) => {
    const written = await fill(journal, "f", 3);
    const elsewhere = await subject.again(journal);
    await journal.close();
    assert.deepStrictEqual(await elsewhere.read("f"), written);
    await elsewhere.close();
  });
}
