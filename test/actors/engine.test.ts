// What an engine does when it is told to, and in which order it tells what happened.
import t from "tap";
import { load } from "../../actors/run.ts";
import { FlowError } from "../../lib/errors.ts";
import { memoryJournal } from "../../lib/journal/memory.ts";
import { untyped } from "../simulation/flows.ts";
import {
  failing,
  HeldJournal,
  quick,
  recordsOf,
  Stage,
  statesOf,
  until,
  watch,
} from "./fixture.ts";

const { linear, unordered } = untyped;

t.test("phases come in order", async (t) => {
  const engine = load(linear("f", {}, quick("a")));
  const early = { name: "FlowError", code: "INVALID_STATE" };
  await t.rejects(engine.prepare(), {
    ...early,
    message: `flow "f" can't prepare in state UNCOMPILED`,
  });
  t.throws(
    () => {
      engine.validate();
    },
    { ...early, message: `flow "f" can't validate in state UNCOMPILED` },
  );
  t.throws(
    () => {
      engine.suspend();
    },
    { ...early, message: `flow "f" can't suspend in state UNCOMPILED` },
  );
  engine.compile();
  engine.suspend();
  await t.rejects(engine.reset(), { message: `flow "f" can't reset in state UNPREPARED` });
  t.throws(() => engine.storage.state, { message: `flow "f" can't be read in state UNPREPARED` });
  await engine.prepare();
  await engine.prepare();
  t.equal(engine.storage.state, "PENDING");
  engine.validate();
  t.equal(await engine.run(), "SUCCESS");
  t.equal(engine.storage.epoch, 1, "prepared once");
});

t.test("run does what has not been done", async (t) => {
  const journal = memoryJournal();
  const engine = load(linear("f", {}, quick("a"), quick("b", { requires: ["a"] })), {
    id: "x",
    journal,
  });
  t.equal(await engine.run(), "SUCCESS");
  t.same(engine.storage.fetchAll(), { a: "a", b: "b" });
  t.same(await recordsOf(journal, "x"), [
    "created",
    "adopted",
    "run",
    "started 0 execute 1",
    "executed 0 1",
    "started 1 execute 1",
    "executed 1 1",
    "ended SUCCESS",
  ]);
});

t.test("a flow that lacks an input is refused before anything starts", async (t) => {
  const engine = load(linear("f", {}, quick("a", { requires: ["nowhere"] })));
  await t.rejects(engine.run(), { code: "MISSING_DEPENDENCIES" });
  t.throws(() => engine.storage.state, { code: "INVALID_STATE" });
});

t.test("a second run at the same time is refused and disturbs nothing", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a")));
  const ran = engine.run();
  await t.rejects(engine.run(), { message: `flow "f" can't run in state RUNNING` });
  await t.rejects(engine.runIter().next(), { message: `flow "f" can't run in state RUNNING` });
  await t.rejects(engine.reset(), { message: `flow "f" can't reset in state RUNNING` });
  (await stage.call("a")).succeed(1);
  t.equal(await ran, "SUCCESS");
});

t.test("a flow that has succeeded runs again without calling anything", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a")));
  const ran = engine.run();
  (await stage.call("a")).succeed(1);
  await ran;
  t.equal(await engine.run(), "SUCCESS");
  t.same(stage.log, ["a execute 1"]);
});

t.test("a reverted flow starts anew by itself", async (t) => {
  const engine = load(linear("f", {}, quick("a"), failing("b", 2)));
  await t.rejects(engine.run(), { message: "b failed" });
  t.same(statesOf(engine), { a: "REVERTED", b: "REVERTED" });
  t.equal(engine.storage.state, "REVERTED");
  t.equal(await engine.run(), "SUCCESS");
  t.same(
    engine.storage.atoms().map(({ attempt, reverts }) => [attempt, reverts]),
    [
      [2, 1],
      [2, 1],
    ],
    "attempt numbers only grow",
  );
});

t.test("a reset flow starts anew", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a")));
  const first = engine.run();
  (await stage.call("a")).succeed(1);
  await first;
  await engine.reset();
  t.equal(engine.storage.state, "PENDING");
  t.same(statesOf(engine), { a: "PENDING" });
  t.same(engine.storage.fetchAll(), {});
  const second = engine.run();
  (await stage.call("a", "execute", 2)).succeed(2);
  await second;
  t.equal(engine.storage.fetch("a"), 2);
});

t.test("a failed flow can be reset", async (t) => {
  const flow = linear(
    "f",
    {},
    quick("a", { revert: () => Promise.reject(new Error("stuck")) }),
    failing("b", 2),
  );
  const engine = load(flow);
  await t.rejects(engine.run(), { message: "stuck" });
  t.equal(engine.storage.state, "FAILURE");
  await engine.reset();
  t.same(statesOf(engine), { a: "PENDING", b: "PENDING" });
  t.equal(await engine.run(), "SUCCESS");
});

t.test("running again after a failed revert tries that revert again", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a"), failing("b")));
  const first = engine.run();
  (await stage.call("a")).succeed(1);
  (await stage.call("a", "revert")).fail("stuck");
  await t.rejects(first, { message: "stuck" });
  t.equal(engine.storage.atom("a").state, "REVERT_FAILURE");
  t.match(engine.storage.atom("a").revertFailure, { message: "stuck" });
  const second = engine.run();
  const again = await stage.call("a", "revert", 2);
  t.equal(engine.storage.atom("a").revertFailure, undefined);
  again.succeed("gone");
  await t.rejects(second, { message: "b failed" }, "what made it revert is what is left to raise");
  t.equal(engine.storage.state, "REVERTED");
  t.equal(engine.storage.atom("a").revertResult, "gone");
});

t.test("a suspended flow can't be reset", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a"), quick("b")));
  const ran = engine.run();
  const call = await stage.call("a");
  engine.suspend();
  t.equal(engine.storage.state, "SUSPENDING");
  call.succeed(1);
  t.equal(await ran, "SUSPENDED");
  await t.rejects(engine.reset(), { message: `flow "f" can't reset in state SUSPENDED` });
});

t.test("what runs may finish when a flow is suspended, and nothing new starts", async (t) => {
  const stage = new Stage();
  const flow = unordered(
    "f",
    {},
    linear("one", {}, stage.task("a"), stage.task("b")),
    stage.task("c"),
  );
  const engine = load(flow, { engine: "parallel" });
  const first = engine.run();
  const [a, c] = [await stage.call("a"), await stage.call("c")];
  engine.suspend();
  a.succeed(1);
  await until(() => engine.storage.atom("a").state === "SUCCESS");
  t.equal(engine.storage.state, "SUSPENDING");
  c.succeed(3);
  t.equal(await first, "SUSPENDED");
  t.same(stage.log, ["a execute 1", "c execute 1"]);
  const second = engine.run();
  (await stage.call("b")).succeed(2);
  t.equal(await second, "SUCCESS");
});

t.test("suspended with nothing left to do, a flow has ended", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a")));
  const ran = engine.run();
  const call = await stage.call("a");
  engine.suspend();
  call.succeed(1);
  t.equal(await ran, "SUCCESS");
});

t.test("suspended while it reverts, a flow goes on reverting", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a"), stage.task("b"), failing("c")));
  const first = engine.run();
  (await stage.call("a")).succeed(1);
  (await stage.call("b")).succeed(2);
  const call = await stage.call("b", "revert");
  engine.suspend();
  call.succeed();
  t.equal(await first, "SUSPENDED");
  const second = engine.run();
  (await stage.call("a", "revert")).succeed();
  await t.rejects(second, { message: "c failed" });
  t.equal(engine.storage.state, "REVERTED");
});

t.test("listeners hear flow and atoms in order, everything first", async (t) => {
  const engine = load(linear("f", {}, quick("a"), failing("b")));
  const heard: string[] = [];
  engine.notifier.on("RUNNING", () => heard.push("only running"));
  engine.notifier.on("*", ({ state, oldState }) => heard.push(`flow ${oldState}->${state}`));
  engine.atomNotifier.on("*", ({ atom, state, oldState, attempt }) => {
    heard.push(`${atom} ${attempt} ${oldState}->${state}`);
  });
  const details: unknown[] = [];
  engine.atomNotifier.on("SUCCESS", ({ result }) => details.push(result));
  engine.atomNotifier.on("FAILURE", ({ failure }) => details.push(failure?.message));
  engine.atomNotifier.on("REVERTED", ({ result }) => details.push(result));
  await t.rejects(engine.run());
  t.same(heard, [
    "flow PENDING->RUNNING",
    "only running",
    "a 1 PENDING->RUNNING",
    "a 1 RUNNING->SUCCESS",
    "b 1 PENDING->RUNNING",
    "b 1 RUNNING->FAILURE",
    "b 1 FAILURE->REVERTING",
    "b 1 REVERTING->REVERTED",
    "a 1 SUCCESS->REVERTING",
    "a 1 REVERTING->REVERTED",
    "flow RUNNING->REVERTED",
  ]);
  t.same(details, ["a", "b failed", "not b", "not a"]);
});

t.test("a failed revert is told with its failure", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a"), failing("b")));
  const heard: unknown[] = [];
  engine.atomNotifier.on("REVERT_FAILURE", ({ attempt, failure }) =>
    heard.push([attempt, failure?.message]),
  );
  const ran = engine.run();
  (await stage.call("a")).succeed(1);
  (await stage.call("a", "revert")).fail("stuck");
  await t.rejects(ran);
  t.same(heard, [[1, "stuck"]]);
});

t.test("a listener that was taken away hears nothing more", async (t) => {
  const engine = load(linear("f", {}, quick("a"), quick("b")));
  const heard: string[] = [];
  const leave = engine.atomNotifier.on("SUCCESS", ({ atom }) => {
    heard.push(atom);
    leave();
  });
  await engine.run();
  t.same(heard, ["a"]);
});

t.test("a listener's error is logged and dropped", async (t) => {
  const logged: string[] = [];
  const engine = load(linear("f", {}, quick("a")), { log: (message) => logged.push(message) });
  const heard: string[] = [];
  engine.atomNotifier.on("*", () => {
    throw new Error("deaf");
  });
  engine.atomNotifier.on("SUCCESS", ({ atom }) => heard.push(atom));
  t.equal(await engine.run(), "SUCCESS");
  t.same(heard, ["a"]);
  t.same(logged, ["a listener failed: Error: deaf", "a listener failed: Error: deaf"]);
});

t.test("progress is told: 0 and 1 by the engine, the rest by tasks", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a"), failing("b")));
  const heard: unknown[] = [];
  engine.progressNotifier.on("a", ({ fraction, details }) => heard.push([fraction, details]));
  const ran = engine.run();
  const call = await stage.call("a");
  call.progress(0.25, { step: 1 });
  call.progress(7);
  call.progress(-1);
  call.progress(NaN);
  call.succeed(1);
  (await stage.call("a", "revert")).succeed();
  await t.rejects(ran);
  t.same(heard, [
    [0, undefined],
    [0.25, { step: 1 }],
    [1, undefined],
    [0, undefined],
    [0, undefined],
    [1, undefined],
    [0, undefined],
    [1, undefined],
  ]);
});

t.test("progress is stored with the next batch, and causes none", async (t) => {
  const stage = new Stage();
  const journal = memoryJournal();
  const flow = unordered("f", {}, stage.task("a"), stage.task("b"));
  const engine = load(flow, { id: "x", journal, engine: "parallel" });
  const ran = engine.run();
  const [a, b] = [await stage.call("a"), await stage.call("b")];
  const before = await recordsOf(journal, "x");
  a.progress(0.2);
  a.progress(0.5, { lines: 5 });
  t.equal(engine.storage.atom("a").progress, 0, "storage shows what is recorded");
  t.same(await recordsOf(journal, "x"), before);
  b.succeed(2);
  await until(() => engine.storage.atom("b").state === "SUCCESS");
  t.same((await recordsOf(journal, "x")).slice(before.length), ["progress", "executed 1 1"]);
  t.equal(engine.storage.atom("a").progress, 0.5);
  a.fail("no");
  b.signal.throwIfAborted();
  (await stage.call("b", "revert")).succeed();
  (await stage.call("a", "revert")).succeed();
  await t.rejects(ran, { message: "no" });
});

t.test("progress of an attempt that has ended says nothing", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a"), stage.task("b")));
  const ran = engine.run();
  const a = await stage.call("a");
  a.succeed(1);
  const b = await stage.call("b");
  const heard: number[] = [];
  engine.progressNotifier.on("*", ({ fraction }) => heard.push(fraction));
  a.progress(0.5);
  b.succeed(2);
  await ran;
  t.equal(engine.storage.atom("a").progress, 1);
  t.same(heard, [1]);
});

t.test("statistics count what this engine did", async (t) => {
  const engine = load(linear("f", {}, quick("a"), quick("b")));
  t.same(engine.statistics, {
    batches: 0,
    records: 0,
    started: 0,
    superseded: 0,
    refused: 0,
    activeMs: 0,
  });
  await engine.run();
  const { activeMs, ...counts } = engine.statistics;
  t.same(counts, { batches: 3, records: 8, started: 2, superseded: 0, refused: 0 });
  t.ok(activeMs >= 0);
});

t.test("steps are batches; nothing moves between two of them", async (t) => {
  const journal = memoryJournal();
  const engine = load(linear("f", {}, quick("a"), quick("b")), { id: "x", journal });
  const seen: string[] = [];
  const lengths: number[] = [];
  for await (const state of engine.runIter()) {
    seen.push(state);
    lengths.push((await recordsOf(journal, "x")).length);
    await new Promise((resolve) => setImmediate(resolve));
    t.equal((await recordsOf(journal, "x")).length, lengths.at(-1));
  }
  t.same(seen, ["RUNNING", "RUNNING", "SUCCESS"]);
  t.same(lengths, [4, 6, 8]);
});

t.test("a flow that fails throws out of its steps", async (t) => {
  const engine = load(linear("f", {}, failing("a")));
  const seen: string[] = [];
  await t.rejects(
    (async () => {
      for await (const state of engine.runIter()) seen.push(state);
    })(),
    { message: "a failed" },
  );
  t.equal(seen.at(-1), "REVERTED");
});

t.test("leaving the steps early suspends the flow and waits for what runs", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, quick("a"), stage.task("b"), stage.task("c")));
  const left = watch(
    (async () => {
      for await (const _ of engine.runIter()) if (stage.calls.length > 0) break;
    })(),
  );
  const b = await stage.call("b");
  await until(() => engine.storage.state === "SUSPENDING");
  t.equal(left.isSettled, false);
  b.succeed(2);
  await until(() => left.isSettled);
  t.equal(engine.storage.state, "SUSPENDED");
  t.same(statesOf(engine), { a: "SUCCESS", b: "SUCCESS", c: "PENDING" });
  const ran = engine.run();
  (await stage.call("c")).succeed(3);
  t.equal(await ran, "SUCCESS");
});

t.test("closing suspends, waits for what runs, and lets go", async (t) => {
  const stage = new Stage();
  const journal = memoryJournal();
  const flow = linear("f", {}, stage.task("a"), stage.task("b"));
  const engine = load(flow, { id: "x", journal });
  const ran = watch(engine.run());
  const a = await stage.call("a");
  const closed = [watch(engine.close()), watch(engine.close())];
  await until(() => engine.storage.state === "SUSPENDING");
  t.notOk(closed[0]!.isSettled);
  a.succeed(1);
  await until(() => closed.every(({ isSettled }) => isSettled), "both callers hear of it");
  t.equal(ran.value, "SUSPENDED");
  await t.rejects(engine.run(), {
    code: "ENGINE_CLOSED",
    message: `the engine of flow "f" is closed`,
  });
  t.equal(engine.storage.state, "SUSPENDED", "what is known can still be read");
  const next = load(flow, { id: "x", journal });
  const rest = next.run();
  (await stage.call("b")).succeed(2);
  t.equal(await rest, "SUCCESS");
});

t.test("an engine that was left alone can be closed", async (t) => {
  const engine = load(linear("f", {}, quick("a")));
  await engine.close();
  await t.rejects(engine.run(), { code: "ENGINE_CLOSED" });
});

t.test("await using closes the engine", async (t) => {
  const engine = load(linear("f", {}, quick("a")));
  await engine.run();
  await engine[Symbol.asyncDispose]();
  await t.rejects(engine.run(), { code: "ENGINE_CLOSED" });
});

t.test(
  "abandoning lets go at once: attempts are aborted and nothing more is recorded",
  async (t) => {
    const stage = new Stage();
    const journal = memoryJournal();
    const flow = linear("f", {}, stage.task("a"));
    const engine = load(flow, { id: "x", journal });
    const ran = engine.run();
    const a = await stage.call("a");
    const before = await recordsOf(journal, "x");
    engine.abandon();
    await t.rejects(ran, { code: "ENGINE_CLOSED" });
    t.match(a.signal.reason, { code: "ENGINE_CLOSED" });
    a.succeed(1);
    await new Promise((resolve) => setImmediate(resolve));
    t.same(await recordsOf(journal, "x"), before);
  },
);

t.test("abandoned while it is being prepared, an engine writes nothing", async (t) => {
  const journal = memoryJournal();
  const engine = load(linear("f", {}, quick("a")), { id: "x", journal });
  engine.compile();
  const prepared = engine.prepare();
  engine.abandon();
  await t.rejects(prepared, { code: "ENGINE_CLOSED" });
  t.same(await recordsOf(journal, "x"), []);
});

t.test("abandoned while it is being reset, an engine says so", async (t) => {
  const journal = new HeldJournal();
  journal.isOpen = true;
  const engine = load(linear("f", {}, quick("a")), { id: "x", journal });
  await engine.run();
  journal.isOpen = false;
  const reset = engine.reset();
  await journal.nth(1);
  engine.abandon();
  await t.rejects(reset, { code: "ENGINE_CLOSED" });
});

t.test("options that can't be are refused by name", async (t) => {
  const flow = linear("f", {}, quick("a"));
  const cases = [
    [{ concurrency: 0 }, `option "concurrency": expected a whole number of 1 or more, got 0`],
    [{ concurrency: 1.5 }, `option "concurrency": expected a whole number of 1 or more, got 1.5`],
    [{ maxLost: -1 }, `option "maxLost": expected a whole number of 1 or more, got -1`],
    [
      { engine: "serail" as "serial" },
      `option "engine": expected one of serial, parallel, threads, processes, workers, got "serail"`,
    ],
  ] as const;
  for (const [options, message] of cases) {
    t.throws(() => load(flow, options), { name: "FlowError", code: "INVALID_OPTION", message });
  }
  t.equal(await load(flow, { engine: "parallel", concurrency: Infinity }).run(), "SUCCESS");
});

t.test("no more attempts run at once than the engine may", async (t) => {
  for (const [options, most] of [
    [{}, 1],
    [{ engine: "parallel", concurrency: 2 }, 2],
  ] as const) {
    const stage = new Stage();
    const engine = load(
      unordered("f", {}, stage.task("a"), stage.task("b"), stage.task("c")),
      options,
    );
    const ran = engine.run();
    await stage.call("a");
    await new Promise((resolve) => setImmediate(resolve));
    t.equal(stage.calls.length, most);
    for (const name of ["a", "b", "c"]) (await stage.call(name)).succeed();
    t.equal(await ran, "SUCCESS");
  }
});

t.test(
  "larger priority goes first forwards and backwards; then as declared, and the other way round",
  async (t) => {
    const order: string[] = [];
    const told = (name: string, priority: number) =>
      quick(name, {
        priority,
        execute: () => order.push(name),
        revert: () => order.push(`-${name}`),
      });
    const all = unordered(
      "all",
      {},
      told("a", 0),
      told("b", 5),
      told("c", 0),
      told("d", -1),
      told("e", 5),
    );
    const engine = load(linear("f", {}, all, failing("z")));
    await t.rejects(engine.run());
    t.same(order.slice(0, 5), ["b", "e", "a", "c", "d"]);
    t.same(order.slice(5), ["-e", "-b", "-c", "-a", "-d"]);
  },
);

t.test("values of the store go before those of providers", async (t) => {
  const seen: unknown[] = [];
  const takes = quick("b", { requires: ["a"], execute: ({ a }: { a: unknown }) => seen.push(a) });
  const engine = load(linear("f", {}, quick("a"), takes), { store: { a: "stored" } });
  await engine.run();
  t.same(seen, ["stored"]);
  t.equal(engine.storage.fetch("a"), "stored");
  t.equal(engine.storage.atom("a").result, "a");
});

t.test(
  "a journal that is not there, or that another flow could take for its own, is an error",
  async (t) => {
    const journal = memoryJournal();
    await load(linear("f", {}, quick("a")), { id: "x", journal }).run();
    const other = load(linear("f", {}, quick("a", { version: 2 })), { id: "x", journal });
    await t.rejects(other.run(), {
      code: "BLUEPRINT_CHANGED",
      message: `flow "f" differs from its journal: "a" was version 1, now it is 2`,
    });
    t.same((await recordsOf(journal, "x")).length, 6, "nothing was written");
  },
);

t.test("a journal that can't be read refuses to be prepared, and may be tried again", async (t) => {
  const journal = new HeldJournal();
  journal.isOpen = true;
  journal.unreadable = new FlowError("JOURNAL_DAMAGED", {
    flow: "x",
    sequence: 3,
    problem: "checksum",
  });
  const engine = load(linear("f", {}, quick("a")), { id: "x", journal });
  await t.rejects(engine.run(), {
    code: "JOURNAL_DAMAGED",
    message: `journal of flow "x" is damaged at sequence 3: checksum`,
  });
  journal.unreadable = undefined;
  t.equal(await engine.run(), "SUCCESS");
});
