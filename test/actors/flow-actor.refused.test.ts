// A journal that refuses for a time: what arrived is kept, what was decided is decided again; nothing is lost, and
// nothing runs twice.
import t from "tap";
import { load, readFlow } from "../../actors/run.ts";
import { FlowError } from "../../lib/errors.ts";
import { untyped } from "../simulation/flows.ts";
import {
  engineIn,
  failing,
  HeldJournal,
  Pocket,
  quick,
  recordsOf,
  Stage,
  turn,
  until,
  watch,
} from "./fixture.ts";

const { linear, unordered, graph, link, retry, times } = untyped;
const full = () => new FlowError("JOURNAL_FULL", { flow: "flow", problem: "no space" });
const away = () => new FlowError("JOURNAL_UNAVAILABLE", { problem: "gone" });

t.test("refused for a time, a flow goes on by itself", async (t) => {
  const pocket = new Pocket();
  const journal = new HeldJournal();
  const stage = new Stage();
  const logged: string[] = [];
  const flow = linear("f", {}, stage.task("a"), stage.task("b"));
  const engine = engineIn(pocket, flow, { journal, log: (message) => logged.push(message) });
  const ran = watch(engine.run());
  await journal.storeUpTo(2);
  (await stage.call("a")).succeed("A");
  (await journal.nth(3)).refuse(full());
  await turn();
  t.same(stage.log, ["a execute 1"], "I3: nothing starts that is not durable");
  await pocket.pass(99);
  t.equal(journal.appends.length, 3, "it waits");
  await pocket.pass(1);
  (await journal.nth(4)).refuse(away());
  await pocket.pass(199);
  t.equal(journal.appends.length, 4, "longer each time");
  await pocket.pass(1);
  (await journal.nth(5)).store();
  journal.isOpen = true;
  (await stage.call("b")).succeed("B");
  await until(() => ran.isSettled);
  t.equal(ran.value, "SUCCESS");
  t.same(stage.log, ["a execute 1", "b execute 1"]);
  t.equal(engine.statistics.refused, 2);
  t.same(logged, [
    `the journal refused a batch; trying again: no room to record flow "flow": no space`,
    "the journal refused a batch; trying again: the journal can't be reached: gone",
  ]);
  const { digest } = await readFlow(journal, "flow");
  t.equal(engine.storage.digest, digest, "G7: what is in memory is what is recorded");
});

t.test("what arrives while a batch is refused goes into the next one, in order", async (t) => {
  const pocket = new Pocket();
  const journal = new HeldJournal();
  const stage = new Stage();
  const flow = unordered("f", {}, stage.task("a"), stage.task("b"), stage.task("c"));
  const engine = engineIn(pocket, flow, { journal, engine: "parallel" });
  const ran = watch(engine.run());
  await journal.storeUpTo(2);
  for (const name of ["b", "a", "c"]) {
    (await stage.call(name)).succeed(name);
    await turn();
  }
  const refused = await journal.nth(3);
  t.match(refused.batch.records, [{ kind: "executed", atom: 1 }]);
  refused.refuse(full());
  await pocket.pass(100);
  const next = await journal.nth(4);
  t.match(next.batch.records, [
    { kind: "executed", atom: 1 },
    { kind: "executed", atom: 0 },
    { kind: "executed", atom: 2 },
    { kind: "ended", state: "SUCCESS" },
  ]);
  next.store();
  await until(() => ran.isSettled);
  t.equal(ran.value, "SUCCESS");
});

t.test("what was stored after all sets off what it would have", async (t) => {
  const pocket = new Pocket();
  const journal = new HeldJournal();
  const stage = new Stage();
  const heard: string[] = [];
  const flow = linear("f", {}, stage.task("a"), stage.task("b"));
  const engine = engineIn(pocket, flow, { journal });
  engine.atomNotifier.on("*", ({ atom, state }) => heard.push(`${atom} ${state}`));
  const ran = watch(engine.run());
  await journal.storeUpTo(2);
  (await stage.call("a")).succeed("A");
  const silent = await journal.nth(3);
  t.match(silent.batch.records, [{ kind: "executed" }, { kind: "started", atom: 1 }]);
  silent.storeSilently(away());
  await turn();
  t.same(stage.log, ["a execute 1"]);
  await pocket.pass(100);
  t.same(stage.log, ["a execute 1", "b execute 1"], "its start is recorded, so it starts");
  (await stage.call("b")).succeed("B");
  (await journal.nth(4)).store();
  (await journal.nth(5)).storeSilently(away());
  await pocket.pass(100);
  await until(() => ran.isSettled);
  t.equal(ran.value, "SUCCESS", "the end as well");
  t.same(heard, ["a RUNNING", "a SUCCESS", "b RUNNING", "b SUCCESS"]);
  t.equal(journal.appends.length, 5, "nothing was written twice");
  t.equal(engine.storage.digest, (await readFlow(journal, "flow")).digest);
});

t.test("listeners hear nothing of a refused batch, and everything once", async (t) => {
  const pocket = new Pocket();
  const journal = new HeldJournal();
  const engine = engineIn(pocket, linear("f", {}, quick("a")), { journal });
  const heard: string[] = [];
  engine.notifier.on("*", ({ state }) => heard.push(state));
  engine.atomNotifier.on("*", ({ atom, state }) => heard.push(`${atom} ${state}`));
  const ran = watch(engine.run());
  await journal.storeUpTo(1);
  (await journal.nth(2)).refuse(away());
  await turn();
  t.same(heard, []);
  journal.isOpen = true;
  await pocket.pass(100);
  await until(() => ran.isSettled);
  t.same(heard, ["RUNNING", "a RUNNING", "a SUCCESS", "SUCCESS"]);
});

t.test("a command that comes while a batch is refused is obeyed", async (t) => {
  const pocket = new Pocket();
  const journal = new HeldJournal();
  const stage = new Stage();
  const engine = engineIn(pocket, linear("f", {}, quick("a"), stage.task("b")), { journal });
  const ran = watch(engine.run());
  await journal.storeUpTo(2);
  (await journal.nth(3)).refuse(away());
  engine.suspend();
  journal.isOpen = true;
  await pocket.pass(100);
  await until(() => ran.isSettled);
  t.equal(ran.value, "SUSPENDED");
  t.same(stage.log, []);
});

t.test("a command in a refused batch is obeyed too, and takes back the same starts", async (t) => {
  const pocket = new Pocket();
  const journal = new HeldJournal();
  const stage = new Stage();
  const engine = engineIn(pocket, linear("f", {}, stage.task("a")), { journal });
  const ran = watch(engine.run());
  await journal.storeUpTo(1);
  await journal.nth(2);
  engine.suspend();
  await journal.storeUpTo(2);
  (await journal.nth(3)).refuse(full());
  journal.isOpen = true;
  await pocket.pass(100);
  await until(() => ran.isSettled);
  t.equal(ran.value, "SUSPENDED");
  t.same((await recordsOf(journal, "flow")).slice(3), [
    "started 0 execute 1",
    "suspend 0",
    "ended SUSPENDED",
  ]);
  t.same(stage.log, []);
});

t.test(
  "a controller that was asked before a refusal is asked again; its first answer is dropped",
  async (t) => {
    const pocket = new Pocket();
    const journal = new HeldJournal();
    journal.isOpen = true;
    const stage = new Stage();
    const answers: ((verdict: string) => void)[] = [];
    const asks = retry({
      name: "r",
      execute: () => 1,
      onFailure: () => new Promise((resolve) => answers.push(resolve)),
    });
    const scope = linear("s", { retry: asks }, failing("a", 3));
    const engine = engineIn(pocket, unordered("f", {}, scope, stage.task("b")), {
      journal,
      engine: "parallel",
    });
    const ran = watch(engine.run());
    await until(() => answers.length === 1);
    journal.isOpen = false;
    (await stage.call("b")).succeed();
    (await journal.nth(1)).refuse(full());
    await turn();
    journal.isOpen = true;
    await pocket.pass(100);
    await until(() => answers.length === 2);
    answers[1]!("RETRY");
    await until(() => answers.length === 3);
    answers[0]!("REVERT_ALL");
    await turn();
    t.notOk(ran.isSettled, "an answer to the first question is none to the second");
    answers[2]!("RETRY");
    await until(() => ran.isSettled);
    t.equal(ran.value, "SUCCESS");
  },
);

t.test("an answer that is in a refused batch is kept", async (t) => {
  const pocket = new Pocket();
  const journal = new HeldJournal();
  journal.isOpen = true;
  const asked: string[] = [];
  const asks = retry({
    name: "r",
    execute: () => 1,
    onFailure: () => {
      asked.push("asked");
      journal.isOpen = false;
      return "RETRY";
    },
  });
  const engine = engineIn(pocket, linear("f", { retry: asks }, failing("a", 2)), { journal });
  const ran = watch(engine.run());
  const held = await journal.nth(1);
  t.match(held.batch.records[0], { kind: "retryDecided", verdict: "RETRY" });
  held.refuse(away());
  await turn();
  journal.isOpen = true;
  await pocket.pass(100);
  await until(() => ran.isSettled);
  t.equal(ran.value, "SUCCESS");
  t.same(asked, ["asked"]);
});

t.test("a verdict's wait is as long as it was meant to be, whenever it is stored", async (t) => {
  const pocket = new Pocket();
  const journal = new HeldJournal();
  journal.isOpen = true;
  const backoff = { firstMs: 1_000, jitter: "none" };
  const flow = linear("f", { retry: times(2, { backoff }) }, failing("a", 2));
  const engine = engineIn(pocket, flow, { journal });
  engine.atomNotifier.on("FAILURE", () => {
    journal.isOpen = false;
  });
  const ran = watch(engine.run());
  (await journal.nth(1)).refuse(full());
  await turn();
  journal.isOpen = true;
  const begun = pocket.time.now;
  await pocket.pass(999);
  t.notOk(ran.isSettled);
  await pocket.pass(101);
  await until(() => ran.isSettled);
  t.ok(pocket.time.now >= begun + 1_000);
});

t.test("a refused end is tried again", async (t) => {
  const pocket = new Pocket();
  const journal = new HeldJournal();
  const engine = engineIn(pocket, linear("f", {}, quick("a")), { journal });
  engine.atomNotifier.on("*", () => undefined);
  const ran = watch(engine.run());
  await journal.storeUpTo(3);
  (await journal.nth(4)).refuse(full());
  journal.isOpen = true;
  await pocket.pass(100);
  await until(() => ran.isSettled);
  t.equal(ran.value, "SUCCESS");
});

t.test("undecided deciders are asked after a refusal", async (t) => {
  const pocket = new Pocket();
  const journal = new HeldJournal();
  const asked: string[] = [];
  const decide = () => asked.push("asked") > 0;
  const flow = graph("f", { links: [link("a", "b", { decide })] }, quick("a"), quick("b"));
  const engine = engineIn(pocket, flow, { journal });
  const ran = watch(engine.run());
  await journal.storeUpTo(2);
  (await journal.nth(3)).refuse(full());
  await turn();
  t.same(asked, [], "not before its reason is durable");
  journal.isOpen = true;
  await pocket.pass(100);
  await until(() => ran.isSettled);
  t.equal(ran.value, "SUCCESS");
  t.same(asked, ["asked"]);
});

t.test("a journal that can't be read after a refusal is asked for longer", async (t) => {
  const pocket = new Pocket();
  const journal = new HeldJournal();
  const engine = engineIn(pocket, linear("f", {}, quick("a")), { journal });
  const ran = watch(engine.run());
  await journal.storeUpTo(1);
  (await journal.nth(2)).refuse(away());
  journal.unreadable = away();
  await pocket.pass(1_000);
  t.ok(engine.statistics.refused > 2);
  journal.isOpen = true;
  journal.unreadable = undefined;
  await pocket.pass(10_000);
  await until(() => ran.isSettled);
  t.equal(ran.value, "SUCCESS");
});

t.test("a journal that is damaged stops the engine", async (t) => {
  const pocket = new Pocket();
  const journal = new HeldJournal();
  const stage = new Stage();
  const engine = engineIn(pocket, linear("f", {}, stage.task("a")), { journal });
  const ran = watch(engine.run());
  await journal.storeUpTo(2);
  const a = await stage.call("a");
  a.succeed();
  const damaged = new FlowError("JOURNAL_DAMAGED", {
    flow: "flow",
    sequence: 2,
    problem: "checksum",
  });
  (await journal.nth(3)).refuse(damaged);
  await until(() => ran.isSettled);
  t.equal(ran.error, damaged);
  await t.rejects(engine.run(), damaged);
});

t.test("refused at the very beginning, an engine can be prepared again", async (t) => {
  for (const error of [
    full(),
    away(),
    new FlowError("FENCED", { flow: "flow", epoch: 1, sequence: 0 }),
  ]) {
    const journal = new HeldJournal();
    const engine = engineIn(new Pocket(), linear("f", {}, quick("a")), { journal });
    engine.compile();
    const prepared = engine.prepare();
    (await journal.nth(1)).refuse(error);
    await t.rejects(prepared, error);
    journal.isOpen = true;
    t.equal(await engine.run(), "SUCCESS");
  }
});

t.test(
  "refused at the very beginning, a run without an id fails, and can be tried again",
  async (t) => {
    const journal = new HeldJournal();
    const engine = load(linear("f", {}, quick("a")), { journal });
    const ran = engine.run();
    (await journal.nth(1)).refuse(full());
    await t.rejects(ran, {
      code: "JOURNAL_FULL",
      message: `no room to record flow "flow": no space`,
    });
    journal.isOpen = true;
    t.equal(await engine.run(), "SUCCESS");
  },
);

t.test("let go while it waits to try again, an engine leaves no timer behind", async (t) => {
  const pocket = new Pocket();
  const journal = new HeldJournal();
  const engine = engineIn(pocket, linear("f", {}, quick("a")), { journal });
  const ran = watch(engine.run());
  await journal.storeUpTo(1);
  (await journal.nth(2)).refuse(full());
  await turn();
  t.equal(pocket.clock.pending, 1);
  engine.abandon();
  await until(() => ran.isSettled);
  t.equal(pocket.clock.pending, 0);

  const other = engineIn(pocket, linear("f", {}, quick("a")), { journal, id: "other" });
  const again = watch(other.run());
  await journal.storeUpTo(3);
  const held = await journal.nth(4);
  other.abandon();
  await until(() => again.isSettled);
  held.refuse(full());
  await turn();
  t.equal(pocket.clock.pending, 0, "refused after it has let go");
});
