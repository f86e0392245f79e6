// What a run that failed raises, what is undone of it, and what the options say about that.
import t from "tap";
import { load } from "../../actors/run.ts";
import { memoryJournal } from "../../lib/journal/memory.ts";
import { untyped } from "../simulation/flows.ts";
import { failing, quick, recordsOf, Stage, statesOf } from "./fixture.ts";

const { linear, unordered, retry, times } = untyped;

const alwaysRevert = (name: string) => retry({ name, execute: () => 1, onFailure: () => "REVERT" });
const stuck = { revert: () => Promise.reject(new Error("stuck")) };

t.test("one failure is raised as it was thrown", async (t) => {
  class Broken extends Error {
    override name = "Broken";
    code = 7;
  }
  const error = new Broken("in two");
  const engine = load(linear("f", {}, quick("a", { execute: () => Promise.reject(error) })));
  await t.rejects(engine.run(), error);
  t.match(engine.storage.failures(), { a: { name: "Broken", message: "in two", code: "7" } });
});

t.test("a failure that another owner recorded is raised as it was recorded", async (t) => {
  const journal = memoryJournal();
  const stage = new Stage();
  const flow = linear("f", {}, stage.task("a"), failing("b"));
  const one = load(flow, { id: "x", journal });
  void one.run().catch(() => undefined);
  (await stage.call("a")).succeed();
  await stage.call("a", "revert");
  one.abandon();
  stage.calls.length = 0;
  // What a journal on a disk gives back is not the very object that was recorded.
  const copy = structuredClone(await journal.read("x"));
  const other = memoryJournal();
  for (const batch of copy) void other.append("x", batch, "RUNNING");
  const two = load(flow, { id: "x", journal: other });
  const ran = two.run();
  (await stage.call("a", "revert")).succeed();
  await t.rejects(ran, { name: "Error", message: "b failed" });
});

t.test("several failures are raised as one error that lists them", async (t) => {
  const stage = new Stage();
  const engine = load(unordered("f", {}, stage.task("a"), stage.task("b"), quick("c")), {
    engine: "parallel",
  });
  const ran = engine.run();
  const [a, b] = [await stage.call("a"), await stage.call("b")];
  b.fail("second");
  a.fail("first");
  (await stage.call("a", "revert")).succeed();
  (await stage.call("b", "revert")).succeed();
  await t.rejects(ran, {
    code: "SEVERAL_FAILURES",
    message: `flow "f": 2 failures, in b, a`,
    errors: [{ message: "second" }, { message: "first" }],
  });
});

t.test("a failed revert is raised alone: it is what a person must look at", async (t) => {
  const engine = load(linear("f", {}, quick("a", stuck), failing("b")));
  await t.rejects(engine.run(), { message: "stuck" });
  t.match(engine.storage.failures(), { b: { message: "b failed" } }, "the cause can still be read");
});

t.test("a failure that a retry healed is not raised again", async (t) => {
  const flow = linear("f", {}, linear("in", { retry: times(2) }, failing("a", 2)), failing("b"));
  const engine = load(flow);
  await t.rejects(engine.run(), { message: "b failed" });
  t.same(Object.keys(engine.storage.failures()), ["b"]);
});

t.test(
  "a retry that is given up undoes its scope only; deferReverts undoes everything",
  async (t) => {
    const make = () =>
      linear(
        "f",
        {},
        quick("a"),
        linear("in", { retry: alwaysRevert("r") }, quick("b"), failing("c")),
        quick("d"),
      );
    const one = load(make());
    await t.rejects(one.run(), { message: "c failed" });
    t.same(statesOf(one), {
      a: "SUCCESS",
      r: "REVERTED",
      b: "REVERTED",
      c: "REVERTED",
      d: "PENDING",
    });
    t.equal(one.storage.state, "REVERTED");

    const two = load(make(), { deferReverts: true });
    await t.rejects(two.run(), { message: "c failed" });
    t.same(statesOf(two), {
      a: "REVERTED",
      r: "REVERTED",
      b: "REVERTED",
      c: "REVERTED",
      d: "PENDING",
    });
  },
);

t.test("with deferReverts an outer controller is still asked first", async (t) => {
  const inner = linear("in", { retry: alwaysRevert("r") }, quick("b"), failing("c", 2));
  const flow = linear(
    "f",
    {},
    quick("a"),
    linear("out", { retry: times(2, { name: "o" }) }, inner),
    quick("d"),
  );
  const engine = load(flow, { deferReverts: true });
  t.equal(await engine.run(), "SUCCESS");
  t.equal(engine.storage.atom("a").attempt, 1);
  t.match(engine.storage.history("o")[0]!.failures, { r: { message: "c failed" } });
});

t.test("deferReverts holds per run, not per flow", async (t) => {
  const journal = memoryJournal();
  const flow = linear(
    "f",
    {},
    quick("a"),
    linear("in", { retry: alwaysRevert("r") }, failing("c", 3)),
  );
  await t.rejects(load(flow, { id: "x", journal, deferReverts: true }).run());
  const next = load(flow, { id: "x", journal });
  await t.rejects(next.run(), { message: "c failed" });
  t.same(statesOf(next), { a: "SUCCESS", r: "REVERTED", c: "REVERTED" });
});

t.test("with neverResolve a failure ends the flow as it is; a later run resolves it", async (t) => {
  const journal = memoryJournal();
  const stage = new Stage();
  const flow = linear("f", { retry: times(2) }, stage.task("a"), failing("b", 2), quick("c"));
  const one = load(flow, { id: "x", journal, neverResolve: true });
  const ran = one.run();
  (await stage.call("a")).succeed(1);
  await t.rejects(ran, { message: "b failed" });
  t.equal(one.storage.state, "FAILURE");
  t.same(statesOf(one), { f_retry: "SUCCESS", a: "SUCCESS", b: "FAILURE", c: "PENDING" });
  t.notOk((await recordsOf(journal, "x")).some((record) => record.startsWith("retryDecided")));
  one.abandon();
  const two = load(flow, { id: "x", journal });
  const rest = two.run();
  (await stage.call("a", "revert")).succeed();
  (await stage.call("a", "execute", 2)).succeed(2);
  t.equal(await rest, "SUCCESS");
  t.same(statesOf(two), { f_retry: "SUCCESS", a: "SUCCESS", b: "SUCCESS", c: "SUCCESS" });
});

t.test("with neverResolve, what runs beside the failure may finish", async (t) => {
  const stage = new Stage();
  const engine = load(
    unordered("f", {}, stage.task("a"), linear("g", {}, stage.task("b"), quick("c"))),
    {
      engine: "parallel",
      neverResolve: true,
    },
  );
  const ran = engine.run();
  (await stage.call("a")).fail("no");
  (await stage.call("b")).succeed();
  await t.rejects(ran, { message: "no" });
  t.same(statesOf(engine), { a: "FAILURE", b: "SUCCESS", c: "PENDING" });
});

t.test(
  "siblings of a failure run to their end and are undone then; what hasn't started never does",
  async (t) => {
    const stage = new Stage();
    const flow = unordered(
      "f",
      {},
      stage.task("a"),
      linear("g", {}, stage.task("b"), stage.task("c")),
    );
    const engine = load(flow, { engine: "parallel" });
    const ran = engine.run();
    (await stage.call("a")).fail("no");
    await stage.call("a", "revert");
    (await stage.call("b")).succeed();
    (await stage.call("b", "revert")).succeed();
    (await stage.call("a", "revert")).succeed();
    await t.rejects(ran, { message: "no" });
    t.same(stage.log, ["a execute 1", "b execute 1", "a revert 1", "b revert 1"]);
    t.same(statesOf(engine), { a: "REVERTED", b: "REVERTED", c: "PENDING" });
  },
);

t.test("a failed revert stops everything else; what runs may finish", async (t) => {
  const stage = new Stage();
  const flow = unordered(
    "f",
    {},
    linear("g", {}, quick("x"), stage.task("a")),
    stage.task("b"),
    stage.task("c"),
  );
  const engine = load(flow, { engine: "parallel" });
  const ran = engine.run();
  (await stage.call("a")).succeed();
  (await stage.call("b")).succeed();
  (await stage.call("c")).fail("no");
  const [a, b, c] = [
    await stage.call("a", "revert"),
    await stage.call("b", "revert"),
    await stage.call("c", "revert"),
  ];
  b.fail("stuck");
  c.succeed();
  a.succeed();
  await t.rejects(ran, { message: "stuck" });
  t.same(statesOf(engine), { x: "SUCCESS", a: "REVERTED", b: "REVERT_FAILURE", c: "REVERTED" });
});

t.test("an outer controller gives an inner one fresh attempts", async (t) => {
  const inner = linear(
    "in",
    { retry: times(2, { name: "i", provides: "n" }) },
    failing("a", 4, { requires: ["n"] }),
  );
  const engine = load(linear("f", { retry: times(2, { name: "o" }) }, inner));
  t.equal(await engine.run(), "SUCCESS");
  t.equal(engine.storage.atom("a").attempt, 4);
  t.same(
    engine.storage.history("i").map(({ value }) => value),
    [1, 2],
  );
  t.equal(engine.storage.history("o").length, 2);
});

t.test("a controller that can't make an attempt is its parent's failure", async (t) => {
  const broken = retry({
    name: "i",
    execute: (_: unknown, { attempt }: { attempt: number }) => {
      if (attempt === 1) throw new Error("no attempt");
    },
    onFailure: () => "RETRY",
  });
  const engine = load(
    linear("f", { retry: times(2, { name: "o" }) }, linear("in", { retry: broken }, quick("a"))),
  );
  t.equal(await engine.run(), "SUCCESS");
  t.match(engine.storage.history("o"), [
    { failures: { i: { message: "no attempt" } } },
    { failures: {} },
  ]);
});

t.test("revertAll undoes what lies outside the scope too", async (t) => {
  const flow = linear(
    "f",
    {},
    quick("a"),
    linear("in", { retry: times(2, { revertAll: true }) }, failing("b")),
  );
  const engine = load(flow);
  await t.rejects(engine.run(), { message: "b failed" });
  t.match(statesOf(engine), { a: "REVERTED", b: "REVERTED" });
});
