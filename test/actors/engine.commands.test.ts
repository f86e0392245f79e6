// Cancel, kill, suspend and abort signals: what they leave behind, and that none of them comes too late to be harmless.
import t from "tap";
import { load } from "../../actors/run.ts";
import { memoryJournal } from "../../lib/journal/memory.ts";
import { untyped } from "../simulation/flows.ts";
import {
  engineIn,
  failing,
  HeldJournal,
  Pocket,
  quick,
  recordsOf,
  Stage,
  statesOf,
  turn,
  until,
  watch,
} from "./fixture.ts";

const { linear, unordered, graph, link, times, retry } = untyped;

t.test("cancelling aborts what runs and reverts everything", async (t) => {
  const stage = new Stage();
  const flow = linear("f", {}, quick("a"), stage.task("b"), quick("c"));
  const engine = load(flow);
  const ran = engine.run();
  const b = await stage.call("b");
  engine.cancel("not needed");
  t.match(b.signal.reason, {
    code: "CANCELLED",
    message: `flow "f" was cancelled: not needed`,
  });
  b.fail("aborted");
  (await stage.call("b", "revert")).succeed();
  await t.rejects(ran, { code: "CANCELLED", message: `flow "f" was cancelled: not needed` });
  t.same(statesOf(engine), { a: "REVERTED", b: "REVERTED", c: "PENDING" });
  t.equal(engine.storage.state, "REVERTED");
  t.equal(engine.storage.reason, "not needed");
});

t.test("an attempt that doesn't mind being aborted is reverted too", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a")));
  const ran = engine.run();
  const a = await stage.call("a");
  engine.cancel();
  a.succeed("done anyway");
  (await stage.call("a", "revert")).succeed();
  await t.rejects(ran, { code: "CANCELLED", message: `flow "f" was cancelled: cancelled` });
  t.same(statesOf(engine), { a: "REVERTED" });
});

t.test("cancelling aborts no revert: neither one that runs nor one that it starts", async (t) => {
  const stage = new Stage();
  const flow = unordered("f", {}, stage.task("a"), linear("g", {}, stage.task("b"), failing("c")));
  const engine = load(flow, { engine: "parallel" });
  const ran = engine.run();
  (await stage.call("a")).succeed(1);
  (await stage.call("b")).succeed(2);
  const [a, b] = [await stage.call("a", "revert"), await stage.call("b", "revert")];
  engine.cancel();
  t.notOk(a.signal.aborted);
  t.notOk(b.signal.aborted);
  a.succeed();
  b.succeed();
  await t.rejects(ran, { code: "CANCELLED" });

  const other = load(unordered("g", {}, stage.task("x"), stage.task("y")), { engine: "parallel" });
  const again = other.run();
  (await stage.call("x")).succeed(1);
  await until(() => other.storage.atom("x").state === "SUCCESS");
  other.cancel();
  const x = await stage.call("x", "revert");
  t.notOk(x.signal.aborted, "started by the very batch that cancels");
  x.succeed();
  (await stage.call("y")).fail("aborted");
  (await stage.call("y", "revert")).succeed();
  await t.rejects(again, { code: "CANCELLED" });
});

t.test("cancelling asks no controller, and ends a wait", async (t) => {
  const pocket = new Pocket();
  const flow = linear(
    "f",
    { retry: times(3, { backoff: { firstMs: 1_000, jitter: "none" } }) },
    failing("a"),
  );
  const engine = engineIn(pocket, flow);
  const ran = watch(engine.run());
  await pocket.pass(10);
  t.equal(engine.storage.atom("f_retry").intention, "RETRY");
  engine.cancel();
  await until(() => ran.isSettled);
  t.match(ran.error, { code: "CANCELLED" });
  t.equal(pocket.clock.pending, 0, "no timer is left behind");
  t.equal(pocket.time.now, 1_000_010, "at once");
});

t.test("a cancelled flow that is suspended meanwhile goes on being cancelled", async (t) => {
  const stage = new Stage();
  const journal = memoryJournal();
  const flow = linear("f", {}, quick("a"), stage.task("b"));
  const engine = load(flow, { id: "x", journal });
  const first = engine.run();
  const b = await stage.call("b");
  engine.cancel("enough");
  engine.suspend();
  b.fail("aborted");
  t.equal(await first, "SUSPENDED");
  engine.abandon();
  const next = load(flow, { id: "x", journal });
  const second = next.run();
  (await stage.call("b", "revert")).succeed();
  await t.rejects(second, { code: "CANCELLED", message: `flow "f" was cancelled: enough` });
  t.same(statesOf(next), { a: "REVERTED", b: "REVERTED" });
});

t.test("killing aborts what runs, reverts nothing, and waits for nobody", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, quick("a"), stage.task("b"), quick("c")));
  const ran = engine.run();
  const b = await stage.call("b");
  engine.kill("now");
  await t.rejects(ran, { code: "KILLED", message: `flow "f" was killed: now` });
  t.match(b.signal.reason, { code: "KILLED" });
  t.equal(engine.storage.state, "FAILURE");
  t.same(statesOf(engine), { a: "SUCCESS", b: "RUNNING", c: "PENDING" });
});

t.test("a killed flow aborts reverts as well", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a"), failing("b")));
  const ran = engine.run();
  (await stage.call("a")).succeed();
  const a = await stage.call("a", "revert");
  engine.kill();
  await t.rejects(ran, { code: "KILLED" });
  t.ok(a.signal.aborted);
});

t.test("what a killed flow left running is recorded when it ends, and not run again", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a"), quick("b")));
  const ran = engine.run();
  const a = await stage.call("a");
  engine.kill();
  await t.rejects(ran);
  a.succeed("late");
  await until(() => engine.storage.atom("a").state === "SUCCESS");
  t.equal(await engine.run(), "SUCCESS");
  t.same(stage.log, ["a execute 1"]);
  t.equal(engine.storage.fetch("a"), "late");
});

t.test("what a killed flow left running goes on under its key with the next owner", async (t) => {
  const stage = new Stage();
  const journal = memoryJournal();
  const flow = unordered("f", {}, stage.task("a"), stage.task("b"));
  const engine = load(flow, { id: "x", journal, engine: "parallel" });
  const ran = engine.run();
  const first = [await stage.call("a"), await stage.call("b")];
  engine.kill();
  await t.rejects(ran);
  engine.abandon();
  stage.calls.length = 0;
  const next = load(flow, { id: "x", journal, engine: "parallel" });
  const rest = next.run();
  const again = [await stage.call("a"), await stage.call("b")];
  t.same(
    again.map(({ key }) => key),
    first.map(({ key }) => key),
  );
  for (const call of again) call.succeed();
  t.equal(await rest, "SUCCESS");
});

t.test("a killed flow that is reset lets go of what it left running", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a"), stage.task("b"), failing("c")));
  const first = engine.run();
  const a = await stage.call("a");
  engine.kill();
  await t.rejects(first);
  await engine.reset();
  t.same(statesOf(engine), { a: "PENDING", b: "PENDING", c: "PENDING" });
  const second = engine.run();
  const again = await stage.call("a", "execute", 2);
  a.succeed("late");
  await turn();
  t.equal(engine.statistics.superseded, 1, "its outcome is of an attempt that was given up");
  again.succeed("new");
  (await stage.call("b")).succeed();
  const b = await stage.call("b", "revert");
  engine.kill();
  await t.rejects(second);
  await engine.reset();
  t.same(statesOf(engine), { a: "PENDING", b: "PENDING", c: "PENDING" }, "reverts, too");
  b.succeed();
});

t.test("commands to a flow that doesn't run change nothing", async (t) => {
  const journal = memoryJournal();
  const engine = load(linear("f", {}, quick("a")), { id: "x", journal });
  engine.compile();
  engine.cancel();
  engine.kill();
  engine.suspend();
  t.equal(await engine.run(), "SUCCESS");
  const before = await recordsOf(journal, "x");
  engine.cancel();
  engine.kill();
  engine.suspend();
  t.same(await recordsOf(journal, "x"), before);
});

t.test("commands that come while the end is being stored change nothing", async (t) => {
  const journal = new HeldJournal();
  const engine = load(linear("f", {}, quick("a")), { id: "x", journal });
  engine.atomNotifier.on("*", () => undefined);
  const ran = engine.run();
  await journal.storeUpTo(3);
  const end = await journal.nth(4);
  t.match(end.batch.records, [{ kind: "ended", state: "SUCCESS" }]);
  engine.cancel();
  engine.kill();
  engine.suspend();
  end.store();
  t.equal(await ran, "SUCCESS");
  await turn();
  t.equal(journal.appends.length, 4);
  t.same(statesOf(engine), { a: "SUCCESS" });
  t.equal(engine.storage.atom("a").intention, "EXECUTE");
});

t.test("who hears the last outcome may still suspend; unheard, the end goes with it", async (t) => {
  const kinds = async (isHeard: boolean) => {
    const journal = memoryJournal();
    const engine = load(linear("f", {}, quick("a")), { id: "x", journal });
    if (isHeard)
      engine.atomNotifier.on("SUCCESS", () => {
        engine.suspend();
      });
    await engine.run();
    return (await journal.read("x")).slice(1).map(({ records }) => records.map((it) => it.kind));
  };
  t.same(await kinds(false), [
    ["run", "started"],
    ["executed", "ended"],
  ]);
  t.same(await kinds(true), [["run", "started"], ["executed"], ["suspend"], ["ended"]]);
});

t.test("aborting a run's signal cancels the flow, for that run only", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a")));
  const [first, second] = [new AbortController(), new AbortController()];
  const one = engine.run({ signal: first.signal });
  const call = await stage.call("a");
  first.abort(new Error("changed my mind"));
  call.fail("aborted");
  (await stage.call("a", "revert")).succeed();
  await t.rejects(one, { code: "CANCELLED", message: `flow "f" was cancelled: changed my mind` });

  const two = engine.run({ signal: second.signal });
  (await stage.call("a", "execute", 2)).succeed();
  await two;
  await engine.reset();
  const three = engine.run();
  const last = await stage.call("a", "execute", 3);
  second.abort();
  t.notOk(last.signal.aborted, "of an earlier run");
  last.succeed();
  t.equal(await three, "SUCCESS");
});

t.test("a signal that was aborted before lets nothing start", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a")));
  await t.rejects(engine.run({ signal: AbortSignal.abort("no") }), {
    code: "CANCELLED",
    message: `flow "f" was cancelled: no`,
  });
  t.same(stage.log, []);
  t.equal(engine.storage.state, "REVERTED");
});

t.test("starts that are recorded and not launched are taken back by a suspend", async (t) => {
  const journal = new HeldJournal();
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a"), quick("b")), { id: "x", journal });
  const heard: string[] = [];
  engine.atomNotifier.on("*", ({ atom, state }) => heard.push(`${atom} ${state}`));
  const first = engine.run();
  await journal.storeUpTo(1);
  await journal.nth(2);
  engine.suspend();
  await journal.storeUpTo(4);
  t.equal(await first, "SUSPENDED");
  t.same(await recordsOf(journal, "x"), [
    "created",
    "adopted",
    "run",
    "started 0 execute 1",
    "suspend 0",
    "ended SUSPENDED",
  ]);
  t.same(stage.log, [], "not run");
  t.same(heard, [], "not told");
  t.same(statesOf(engine), { a: "PENDING", b: "PENDING" });
  journal.isOpen = true;
  const second = engine.run();
  (await stage.call("a", "execute", 2)).succeed();
  t.equal(await second, "SUCCESS");
  t.same(heard, ["a RUNNING", "a SUCCESS", "b RUNNING", "b SUCCESS"]);
});

t.test("a revert that is taken back leaves the atom as it was", async (t) => {
  const journal = new HeldJournal();
  journal.isOpen = true;
  const stage = new Stage();
  const flow = linear("f", {}, stage.task("a"), stage.task("b"));
  const engine = load(flow, { id: "x", journal });
  const first = engine.run();
  (await stage.call("a")).succeed("A");
  const b = await stage.call("b");
  journal.isOpen = false;
  b.fail("no");
  const failed = await journal.nth(1);
  t.match(failed.batch.records.at(-1), { kind: "started", atom: 1, direction: "revert" });
  engine.suspend();
  await journal.storeUpTo(3);
  t.equal(await first, "SUSPENDED");
  t.match(engine.storage.atom("b"), { state: "FAILURE", intention: "REVERT", reverts: 1 });

  const second = engine.run();
  await journal.storeUpTo(4);
  (await stage.call("b", "revert", 2)).succeed();
  await journal.nth(5);
  engine.suspend();
  await journal.storeUpTo(7);
  t.equal(await second, "SUSPENDED");
  t.match(engine.storage.atom("a"), { state: "SUCCESS", progress: 1, result: "A", reverts: 1 });

  journal.isOpen = true;
  const third = engine.run();
  (await stage.call("a", "revert", 2)).fail("stuck");
  await t.rejects(third, { message: "stuck" });
  journal.isOpen = false;
  const fourth = engine.run();
  await journal.nth(8);
  engine.suspend();
  await journal.storeUpTo(10);
  t.equal(await fourth, "SUSPENDED");
  t.match(
    engine.storage.atom("a"),
    { state: "REVERT_FAILURE", revertFailure: { message: "stuck" }, reverts: 3 },
    "a second try that was taken back",
  );
  t.notOk(stage.log.includes("a revert 3"));
});

t.test("a controller's start that is taken back gives its whole scope back", async (t) => {
  const journal = new HeldJournal();
  journal.isOpen = true;
  const stage = new Stage();
  const flow = linear("f", { retry: times(2) }, quick("a"), failing("b", 2), stage.task("c"));
  const engine = load(flow, { id: "x", journal });
  const before: string[] = [];
  // The last revert of the scope: what follows of it is the controller's next start.
  engine.atomNotifier.on("REVERTING", ({ atom }) => {
    if (atom === "a") journal.isOpen = false;
  });
  const first = engine.run();
  const held = await journal.nth(1);
  t.match(held.batch.records, [
    { kind: "reverted", atom: 1 },
    { kind: "started", atom: 0, direction: "execute", attempt: 2 },
  ]);
  engine.suspend();
  await journal.storeUpTo(3);
  t.equal(await first, "SUSPENDED");
  t.match(engine.storage.atom("f_retry"), {
    state: "SUCCESS",
    intention: "RETRY",
    progress: 1,
    attempt: 2,
  });
  t.equal(engine.storage.history("f_retry").length, 1);
  t.match(engine.storage.atom("a"), {
    state: "REVERTED",
    intention: "REVERT",
    revertResult: "not a",
  });
  t.match(engine.storage.atom("b"), { state: "REVERTED", failure: { message: "b failed" } });
  journal.isOpen = true;
  engine.atomNotifier.on("*", ({ atom, state }) => before.push(`${atom} ${state}`));
  const second = engine.run();
  (await stage.call("c")).succeed();
  t.equal(await second, "SUCCESS");
  t.same(before.slice(0, 4), ["f_retry RETRYING", "a PENDING", "b PENDING", "f_retry RUNNING"]);
  t.equal(engine.storage.atom("f_retry").attempt, 3, "the one that was taken back counts");
  t.equal(engine.storage.history("f_retry").length, 2, "but is no attempt of the controller's");
});

t.test(
  "killed while starts are being recorded, a flow launches them with the next run",
  async (t) => {
    const journal = new HeldJournal();
    const stage = new Stage();
    const engine = load(linear("f", {}, stage.task("a")), { id: "x", journal });
    const first = engine.run();
    await journal.storeUpTo(1);
    await journal.nth(2);
    engine.kill();
    await journal.storeUpTo(3);
    const ended = watch(first);
    await journal.storeUpTo(4);
    await until(() => ended.isSettled);
    t.match(ended.error, { code: "KILLED" });
    t.same(stage.log, []);
    journal.isOpen = true;
    const second = engine.run();
    (await stage.call("a")).succeed();
    t.equal(await second, "SUCCESS");
  },
);

t.test("a decider that never answers keeps nobody from cancelling or killing", async (t) => {
  for (const command of ["cancel", "kill"] as const) {
    const never = new Promise<boolean>(() => undefined);
    const flow = graph(
      "f",
      { links: [link("a", "b", { decide: () => never })] },
      quick("a"),
      quick("b"),
    );
    const engine = load(flow);
    const ran = engine.run();
    await turn();
    engine[command]();
    await t.rejects(ran, { code: command === "kill" ? "KILLED" : "CANCELLED" });
  }
});

t.test("a decider is asked again after a kill, and its late answer is dropped", async (t) => {
  const answers: ((runs: boolean) => void)[] = [];
  const decide = () => new Promise<boolean>((resolve) => answers.push(resolve));
  const flow = graph("f", { links: [link("a", "b", { decide })] }, quick("a"), quick("b"));
  const journal = memoryJournal();
  const engine = load(flow, { id: "x", journal });
  const first = engine.run();
  await until(() => answers.length === 1);
  engine.kill();
  await t.rejects(first);
  const before = await recordsOf(journal, "x");
  answers[0]!(false);
  await turn();
  t.same(await recordsOf(journal, "x"), before);
  const second = engine.run();
  await until(() => answers.length === 2);
  answers[1]!(true);
  t.equal(await second, "SUCCESS");
  t.same(statesOf(engine), { a: "SUCCESS", b: "SUCCESS" });
});

t.test("a listener's suspend withdraws what the same batch has started", async (t) => {
  const journal = memoryJournal();
  const stage = new Stage();
  const engine = load(linear("f", {}, quick("a"), stage.task("b")), { id: "x", journal });
  engine.atomNotifier.on("SUCCESS", () => {
    engine.suspend();
  });
  t.equal(await engine.run(), "SUSPENDED");
  t.same(stage.log, []);
  t.same((await recordsOf(journal, "x")).slice(-4), [
    "executed 0 1",
    "started 1 execute 1",
    "suspend 1",
    "ended SUSPENDED",
  ]);
});

t.test("suspended while a verdict frees a start, it does not start", async (t) => {
  let answer: (runs: boolean) => void = () => undefined;
  const decide = () => new Promise<boolean>((resolve) => (answer = resolve));
  const stage = new Stage();
  const flow = graph("f", { links: [link("a", "b", { decide })] }, quick("a"), stage.task("b"));
  const engine = load(flow);
  const first = engine.run();
  await turn();
  engine.suspend();
  answer(true);
  t.equal(await first, "SUSPENDED");
  t.same(stage.log, []);
  const second = engine.run();
  (await stage.call("b")).succeed();
  t.equal(await second, "SUCCESS");
});

t.test("suspended while a controller is asked, a flow waits for its verdict", async (t) => {
  let answer: (verdict: string) => void = () => undefined;
  const asks = retry({
    name: "r",
    execute: () => 1,
    onFailure: () => new Promise((resolve) => (answer = resolve)),
  });
  const engine = load(linear("f", { retry: asks }, failing("a", 2)));
  const first = watch(engine.run());
  await until(() => engine.storage.atom("a").state === "FAILURE");
  engine.suspend();
  await turn();
  t.notOk(first.isSettled);
  answer("RETRY");
  await until(() => first.isSettled);
  t.equal(first.value, "SUSPENDED");
  t.equal(engine.storage.atom("r").intention, "RETRY");
  t.equal(await engine.run(), "SUCCESS");
});

t.test("a crash between a kill and the end ends the flow killed", async (t) => {
  const journal = new HeldJournal();
  const stage = new Stage();
  const flow = linear("f", {}, stage.task("a"));
  const engine = load(flow, { id: "x", journal });
  void engine.run().catch(() => undefined);
  await journal.storeUpTo(2);
  await stage.call("a");
  engine.kill("stop it");
  await journal.storeUpTo(3);
  engine.abandon();
  journal.isOpen = true;
  const next = load(flow, { id: "x", journal });
  await t.rejects(next.run(), { code: "KILLED", message: `flow "f" was killed: stop it` });
  t.same(stage.log, ["a execute 1"], "nothing more runs");
});

t.test(
  "a crash between a failed revert and the end does not try that revert again by itself",
  async (t) => {
    const journal = new HeldJournal();
    journal.isOpen = true;
    const stage = new Stage();
    const flow = linear("f", {}, stage.task("a"), failing("b"));
    const engine = load(flow, { id: "x", journal });
    engine.atomNotifier.on("*", () => undefined);
    void engine.run().catch(() => undefined);
    (await stage.call("a")).succeed();
    const call = await stage.call("a", "revert");
    journal.isOpen = false;
    call.fail("stuck");
    await journal.storeUpTo(1);
    engine.abandon();
    journal.isOpen = true;
    const next = load(flow, { id: "x", journal });
    await t.rejects(next.run(), { message: "stuck" });
    t.same(stage.log, ["a execute 1", "a revert 1"]);
    const again = next.run();
    (await stage.call("a", "revert", 2)).succeed();
    await t.rejects(again, { message: "b failed" }, "told to, it does");
  },
);
