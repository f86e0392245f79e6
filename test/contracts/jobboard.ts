/** What every jobboard promises, for a test file of each implementation. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Test } from "tap";
import { encode } from "../../lib/bytes.ts";
import { admit } from "../../lib/codec.ts";
import { payload } from "../payloads.ts";
import { jobboardLeases } from "./jobboard-leases.ts";
import { jobboardCommands } from "./jobboard-commands.ts";
import { jobboardOwners } from "./jobboard-owners.ts";
import { codeOf, type Define, ids, type Subject, Wall } from "./jobboard-subject.ts";
import { jobboardWatches } from "./jobboard-watches.ts";

export function jobboardContract(t: Test, name: string, subject: Subject): void {
  const test: Define = (what, run) => {
    t.test(`${name}: ${what}`, async (t) => {
      const clock = new Wall();
      const board = await subject.open(t, clock);
      await run(t, board, clock);
      await board.close();
    });
  };
  posting(test, subject);
  listing(test);
  jobboardOwners(test, subject);
  jobboardCommands(test);
  jobboardWatches(test, subject);
  jobboardLeases(test, subject);
  ending(test);
}

function posting(test: Define, subject: Subject): void {
  test("a posted job is there, for everybody", async (t, board) => {
    const job = await board.post({ id: "j", flow: "trip" });
    t.match(job, {
      ...{ id: "j", flow: "trip", store: {}, details: {}, priority: "NORMAL", state: "UNCLAIMED" },
      ...{ owner: undefined, isHeld: false, claims: 0, commands: [], commanded: 0 },
      ...{ postedAt: 1_002, updatedAt: 1_002 },
    });
    t.strictSame(await board.get("j"), job);
    const elsewhere = await subject.again(board);
    t.strictSame(await elsewhere.get("j"), job);
    await elsewhere.close();
    t.equal(await board.get("k"), undefined);
  });

  test("what a job carries comes back as it was", async (_, board) => {
    let posts = 0;
    await fc.assert(
      fc.asyncProperty(payload, async (value) => {
        const id = `job-${posts++}`;
        const kept = admit(value, "v");
        fc.pre(encode(kept).byteLength < 150_000);
        const blueprint = { hash: "h", needs: ["retry@1"] };
        await board.post({ id, flow: "f", store: { value }, details: { value }, blueprint });
        const job = await board.get(id);
        // Not by deepStrictEqual, which takes two invalid dates in sets for different.
        assert(encode(job?.store).equals(encode({ value: kept })));
        assert(encode(job?.details).equals(encode({ value: kept })));
        assert.deepStrictEqual(job?.blueprint, blueprint);
      }),
      { numRuns: 50 },
    );
  });

  test("nobody changes what is kept by changing what he has", async (_, board) => {
    const store = { list: [1] };
    const job = await board.post({ id: "j", flow: "f", store });
    store.list.push(2);
    (job.store["list"] as number[]).push(3);
    assert.deepStrictEqual((await board.get("j"))?.store, { list: [1] });
  });

  test("an id is made up where there is none", async (t, board) => {
    const [one, other] = [await board.post({ flow: "f" }), await board.post({ flow: "f" })];
    t.match(one.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    t.not(one.id, other.id);
  });

  test("odd names are names like others", async (t, board) => {
    const names = [
      "a b",
      "a.b",
      "lease.x",
      "*",
      ">",
      "../../etc",
      "'; --",
      "ü\u0000x",
      "é".repeat(99),
    ];
    for (const id of names) await board.post({ id, flow: id });
    for (const id of names) {
      t.equal((await board.claim(id, id)).owner, id);
      t.match(await board.get(id), { id, flow: id, owner: id });
    }
    t.strictSame(ids(await board.list()), names);
    t.strictSame(await board.leases(), []);
  });

  test("the same job posted 100 times at once is one job", async (t, board) => {
    const elsewhere = await subject.again(board);
    const post = { id: "j", flow: "f", store: { a: [1, new Map([["x", 1n]])] }, details: { b: 2 } };
    const jobs = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => (i % 2 === 0 ? board : elsewhere).post(post)),
    );
    t.equal(new Set(jobs.map(({ revision }) => revision)).size, 1);
    t.equal(await board.count(), 1);
    await board.claim("j", "c");
    await board.consume("j", "c", { state: "SUCCESS" });
    t.equal((await board.post(post)).state, "COMPLETE", "also when it has ended");
    await elsewhere.close();
  });

  test("the same is the same in another order, and with what is equal to nothing", async (t, board) => {
    const store = (): object => ({ x: new Set([{ y: new Date(NaN) }]), z: NaN });
    const job = await board.post({ id: "j", flow: "f", store: { a: 1, b: store() } });
    const again = await board.post({ id: "j", flow: "f", store: { a: 1, b: store() } });
    t.equal(again.revision, job.revision);
    await board.post({ id: "k", flow: "f", store: { a: 1, b: { x: 1, y: 2 } } });
    t.equal((await board.post({ id: "k", flow: "f", store: { b: { y: 2, x: 1 }, a: 1 } })).id, "k");
  });

  test("another job under the same id is refused", async (t, board) => {
    await board.post({ id: "j", flow: "f", store: { a: 1 }, details: { b: 2 } });
    const others = [
      { flow: "g", store: { a: 1 }, details: { b: 2 } },
      { flow: "f", store: { a: 2 }, details: { b: 2 } },
      { flow: "f", store: { a: 1 }, details: { b: 2, c: undefined } },
      { flow: "f", store: { a: 1 }, details: { b: 2 }, priority: "HIGH" },
      { flow: "f", store: { a: 1 }, details: { b: 2 }, blueprint: { hash: "h", needs: [] } },
    ] as const;
    for (const other of others) {
      await t.rejects(board.post({ id: "j", ...other }), {
        code: "ALREADY_EXISTS",
        message: 'job "j" exists already',
      });
    }
    t.equal(await board.count(), 1);
  });

  test("what makes no sense is refused", async (t, board) => {
    const wrong: readonly (readonly [post: object, code: string, message: string])[] = [
      [{ flow: "" }, "INVALID_OPTION", 'option "flow": is empty'],
      [{ flow: 1 }, "INVALID_OPTION", 'option "flow": is a number'],
      [{ flow: "f", id: "" }, "INVALID_OPTION", 'option "id": is empty'],
      [
        { flow: "f", id: "é".repeat(201) },
        "INVALID_OPTION",
        'option "id": is longer than 1000 characters as a token',
      ],
      [
        { flow: "f", priority: "URGENT" },
        "INVALID_OPTION",
        'option "priority": "URGENT" is none of VERY_HIGH, HIGH, NORMAL, LOW, VERY_LOW',
      ],
      [{ flow: "f", store: [] }, "INVALID_OPTION", 'option "store": is an array'],
      [{ flow: "f", store: { f: () => 1 } }, "PAYLOAD_REFUSED", "store.f is a function"],
      [{ flow: "f", details: { s: Symbol("s") } }, "PAYLOAD_REFUSED", "details.s is a symbol"],
    ];
    for (const [post, code, message] of wrong) {
      await t.rejects(board.post(post as { flow: string }), { code, message }, message);
    }
    await t.rejects(board.post({ flow: "f", store: { a: "x".repeat(400_000) } }), {
      code: "PAYLOAD_REFUSED",
      message: /^job takes 400\d\d\d bytes with all that belongs to it, more than 393216$/,
    });
    t.equal(await board.count(), 0);
  });
}

function listing(test: Define): void {
  test("jobs are listed by priority, then age", async (t, board) => {
    t.strictSame(await board.list(), []);
    const order = ["LOW", "HIGH", "VERY_LOW", undefined, "HIGH", "VERY_HIGH", "NORMAL"] as const;
    for (const [i, priority] of order.entries()) {
      const id = `${priority ?? "default"}-${i}`;
      await board.post({ id, flow: i % 2 === 0 ? "even" : "odd", ...(priority && { priority }) });
    }
    const all = ["VERY_HIGH-5", "HIGH-1", "HIGH-4", "default-3", "NORMAL-6", "LOW-0", "VERY_LOW-2"];
    t.strictSame(ids(await board.list()), all);
    t.strictSame(ids(await board.list({ limit: 2 })), all.slice(0, 2));
    t.strictSame(ids(await board.list({ after: "HIGH-4", limit: 3 })), all.slice(3, 6));
    t.strictSame(ids(await board.list({ flow: "odd" })), ["VERY_HIGH-5", "HIGH-1", "default-3"]);
    t.strictSame(ids(await board.list({ after: "VERY_LOW-2" })), []);
    await board.claim("HIGH-4", "c");
    await board.claim("LOW-0", "c");
    await board.consume("LOW-0", "c", { state: "SUCCESS" });
    t.strictSame(ids(await board.list({ states: ["CLAIMED"] })), ["HIGH-4"]);
    t.strictSame(ids(await board.list({ states: ["CLAIMED", "COMPLETE"] })), ["HIGH-4", "LOW-0"]);
    t.strictSame(await board.list({ states: [] }), []);
    t.equal(await board.count(), 7);
    t.equal(await board.count(["UNCLAIMED"]), 5);
    t.equal(await board.count(["CLAIMED", "COMPLETE"]), 2);
  });

  test("a listing refuses what makes no sense", async (t, board) => {
    for (const limit of [0, 1.5, 10_001, Number.NaN]) {
      const message = `option "limit": ${limit} is not a whole number from 1 to 10000`;
      await t.rejects(board.list({ limit }), { code: "INVALID_OPTION", message });
    }
    await t.rejects(board.list({ after: "x" }), { code: "NOT_FOUND", message: 'no job "x"' });
  });

  test("a page has 100 jobs unless told", async (t, board) => {
    await Promise.all(Array.from({ length: 120 }, async () => board.post({ flow: "f" })));
    t.equal((await board.list()).length, 100);
    t.equal((await board.list({ limit: 10_000 })).length, 120);
  });
}

function ending(test: Define): void {
  test("ended jobs are forgotten when they are old enough, others never", async (t, board, clock) => {
    const post = { flow: "f" } as const;
    for (const id of ["old", "young", "trashed", "claimed", "free"])
      await board.post({ id, ...post });
    for (const id of ["old", "trashed", "claimed"]) await board.claim(id, "c");
    const { revision } = await board.consume("old", "c", { state: "SUCCESS" });
    await board.trash("trashed", "c", "bad");
    const endedBefore = clock.at + 1;
    await board.claim("young", "c");
    await board.consume("young", "c", { state: "SUCCESS" });
    t.equal(await board.purge({ endedBefore: 0 }), 0);
    t.equal(await board.purge({ endedBefore }), 1);
    t.strictSame(ids(await board.list()).sort(), ["claimed", "free", "trashed", "young"]);
    t.equal(await board.get("old"), undefined);
    t.ok((await board.post({ id: "old", ...post })).revision > revision, "revisions never go back");
    t.equal((await board.claim("old", "c")).state, "CLAIMED", "the id is free again");
  });

  test("a closed board refuses, twice as well as once", async (t, board) => {
    await board.post({ id: "j", flow: "f" });
    const waiting = codeOf(board.wait("j"));
    await board[Symbol.asyncDispose]();
    await board.close();
    t.equal(await waiting, "BOARD_UNAVAILABLE");
    const lease = { owner: "c", leaseMs: 1_000 };
    const calls: readonly (() => Promise<unknown>)[] = [
      async () => board.post({ flow: "f" }),
      async () => board.get("j"),
      async () => board.list(),
      async () => board.count(),
      async () => board.owner("j"),
      async () => board.claim("j", "c"),
      async () => board.abandon("j", "c"),
      async () => board.consume("j", "c", { state: "SUCCESS" }),
      async () => board.trash("j", "c", "bad"),
      async () => board.restore("j"),
      async () => board.command("j", { kind: "cancel" }),
      async () => board.takeCommands("j", "c"),
      async () => board.wait("j"),
      async () => board.watch(() => undefined),
      async () => board.renew(lease),
      async () => board.leases(),
      async () => board.dropLease("c", 1),
      async () => board.purge({ endedBefore: 0 }),
    ];
    for (const call of calls) {
      await t.rejects(call(), {
        code: "BOARD_UNAVAILABLE",
        message: "the jobboard can't be reached: it is closed",
      });
    }
  });
}
