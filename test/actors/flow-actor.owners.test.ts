// One writer at a time (I5), what a lost owner leaves behind, and whom its loss is blamed on.
import t from "tap";
import type { Engine } from "../../actors/engine.ts";
import { load } from "../../actors/run.ts";
import { FlowError } from "../../lib/errors.ts";
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

const { linear, unordered } = untyped;

t.test(
  "a replaced owner stops at once: its attempts are aborted, and nothing it does is recorded",
  async (t) => {
    const journal = memoryJournal();
    const [first, second] = [new Stage(), new Stage()];
    const make = (stage: Stage) => unordered("f", {}, stage.task("a"), stage.task("b"));
    const one = load(make(first), { id: "x", journal, engine: "parallel", owner: "one" });
    const lost = watch(one.run());
    const [a, b] = [await first.call("a"), await first.call("b")];
    const two = load(make(second), { id: "x", journal, engine: "parallel", owner: "two" });
    const ran = two.run();
    await second.call("a");
    a.succeed("late");
    await until(() => lost.isSettled);
    t.match(lost.error, {
      code: "LEASE_LOST",
      message: `flow "x" was adopted by another owner after epoch 1`,
      cause: { code: "FENCED" },
    });
    t.match(b.signal.reason, { code: "LEASE_LOST" });
    b.succeed("late");
    await t.rejects(one.run(), { code: "LEASE_LOST" });
    (await second.call("a")).succeed("A");
    (await second.call("b")).succeed("B");
    t.equal(await ran, "SUCCESS");
    t.same(two.storage.fetchAll(), { a: "A", b: "B" });
    t.equal(two.storage.epoch, 2);
  },
);

t.test("of two owners that adopt a flow at once, one is refused", async (t) => {
  const journal = memoryJournal();
  await load(linear("f", {}, quick("a")), { id: "x", journal }).run();
  const engines = ["one", "two"].map((owner) =>
    load(linear("f", {}, quick("a")), { id: "x", journal, owner }),
  );
  for (const engine of engines) engine.compile();
  const [one, two] = engines.map((engine) => watch(engine.prepare()));
  await until(() => one!.isSettled && two!.isSettled);
  t.equal(one!.error, undefined);
  t.match(two!.error, {
    code: "FENCED",
    message: `flow "x" has another owner: epoch 2, sequence 6 is not the last`,
  });
});

t.test(
  "a refused owner that was replaced meanwhile does not go on under the new owner's epoch",
  async (t) => {
    const pocket = new Pocket();
    const journal = new HeldJournal();
    const stage = new Stage();
    const flow = linear("f", {}, stage.task("a"), quick("b"));
    const one = engineIn(pocket, flow, { journal, owner: "one" });
    const lost = watch(one.run());
    await journal.storeUpTo(2);
    const a = await stage.call("a");
    a.succeed("mine");
    (await journal.nth(3)).refuse(new FlowError("JOURNAL_UNAVAILABLE", { problem: "gone" }));
    await turn();
    journal.isOpen = true;
    const two = engineIn(pocket, flow, { journal, owner: "two" });
    two.compile();
    await two.prepare();
    const before = await recordsOf(journal, "flow");
    await pocket.pass(100);
    await until(() => lost.isSettled);
    t.match(lost.error, { code: "LEASE_LOST" });
    t.same(await recordsOf(journal, "flow"), before, "I5: nothing of it is recorded");
  },
);

t.test("an owner goes on where the last one stood", async (t) => {
  const journal = memoryJournal();
  const stage = new Stage();
  const flow = linear("f", {}, stage.task("a"), stage.task("b"), stage.task("c"));
  const one = load(flow, { id: "x", journal });
  void one.run().catch(() => undefined);
  (await stage.call("a")).succeed("A");
  const lost = await stage.call("b");
  one.abandon();
  stage.calls.length = 0;
  const two = load(flow, { id: "x", journal });
  const heard: string[] = [];
  two.notifier.on("*", ({ state }) => heard.push(state));
  two.atomNotifier.on("*", ({ atom, state }) => heard.push(`${atom} ${state}`));
  const ran = two.run();
  const again = await stage.call("b");
  t.equal(again.key, lost.key, "G2: under the same key");
  again.succeed("B");
  (await stage.call("c")).succeed("C");
  t.equal(await ran, "SUCCESS");
  t.same(stage.log, ["b execute 1", "c execute 1"], "G1: what is recorded does not run again");
  t.same(
    heard,
    ["RESUMING", "SUSPENDED", "RUNNING", "b SUCCESS", "c RUNNING", "c SUCCESS", "SUCCESS"],
    "it was told to run before",
  );
});

/** Owners that die, each while these run. */
async function crash(make: () => Engine, running: () => boolean): Promise<string> {
  const engine = make();
  const ran = watch(engine.run());
  await until(() => running() || ran.isSettled);
  engine.abandon();
  await until(() => ran.isSettled);
  return (ran.error as FlowError).code;
}

t.test("an attempt that takes its host down three times parks the flow", async (t) => {
  const journal = memoryJournal();
  const stage = new Stage();
  const make = () => load(linear("f", {}, quick("a"), stage.task("b")), { id: "x", journal });
  for (let crashes = 1; crashes <= 3; crashes++) {
    t.equal(await crash(make, () => stage.calls.length === crashes), "ENGINE_CLOSED");
  }
  const engine = make();
  const parked = { code: "PARKED", message: `flow "f" is parked: "b" took its host down 3 times` };
  await t.rejects(engine.run(), parked);
  t.equal(engine.storage.state, "PARKED");
  t.equal(engine.storage.reason, `"b" took its host down 3 times`);
  await t.rejects(engine.run(), parked);
  t.equal(stage.calls.length, 3, "it was not run again");
  await t.rejects(make().run(), parked, "nor by another owner");

  const again = make();
  const ran = again.run({ unpark: true });
  await until(() => stage.calls.length === 4);
  t.equal(stage.calls[3]!.call.attempt, 1, "it is still the same attempt");
  stage.calls[3]!.call.succeed();
  t.equal(await ran, "SUCCESS");
});

t.test("a parked flow can be reset", async (t) => {
  const journal = memoryJournal();
  const stage = new Stage();
  const make = () => load(linear("f", {}, stage.task("a")), { id: "x", journal, maxLost: 1 });
  await crash(make, () => stage.calls.length === 1);
  const engine = make();
  await t.rejects(engine.run(), { code: "PARKED" });
  await engine.reset();
  const ran = engine.run();
  (await stage.call("a", "execute", 2)).succeed();
  t.equal(await ran, "SUCCESS");
});

t.test("losses are counted per attempt", async (t) => {
  const journal = memoryJournal();
  const stage = new Stage();
  const make = () => load(linear("f", {}, stage.task("a"), stage.task("b")), { id: "x", journal });
  for (const crashes of [1, 2]) await crash(make, () => stage.calls.length === crashes);
  const third = make();
  void third.run().catch(() => undefined);
  await until(() => stage.calls.length === 3);
  stage.calls[2]!.call.succeed();
  await until(() => stage.calls.length === 4);
  third.abandon();
  const fourth = make();
  const ran = fourth.run();
  await until(() => stage.calls.length === 5);
  stage.calls[4]!.call.succeed();
  t.equal(await ran, "SUCCESS");
});

t.test(
  "several that ran together are suspects: they go on one at a time, before anything else",
  async (t) => {
    const journal = memoryJournal();
    const stage = new Stage();
    const make = () =>
      load(
        unordered(
          "f",
          {},
          stage.task("a"),
          stage.task("b"),
          linear("g", {}, stage.task("c"), stage.task("d")),
        ),
        {
          id: "x",
          journal,
          engine: "parallel",
        },
      );
    await crash(make, () => stage.calls.length === 3);
    t.notOk((await recordsOf(journal, "x")).includes("lost"));
    stage.calls.length = 0;
    const engine = make();
    const ran = engine.run();
    for (const name of ["a", "b", "c"]) {
      const call = await stage.call(name);
      await turn();
      t.equal(stage.calls.at(-1)!.name, name);
      t.notOk(
        (await recordsOf(journal, "x")).includes("lost"),
        "nobody is to blame for that crash",
      );
      call.succeed();
    }
    (await stage.call("d")).succeed();
    t.equal(await ran, "SUCCESS");
  },
);

t.test("a second crash is blamed on the suspect that ran", async (t) => {
  const journal = memoryJournal();
  const stage = new Stage();
  const make = () =>
    load(unordered("f", {}, stage.task("a"), stage.task("b")), {
      id: "x",
      journal,
      engine: "parallel",
    });
  await crash(make, () => stage.calls.length === 2);
  const second = make();
  void second.run().catch(() => undefined);
  await until(() => stage.calls.length === 3);
  stage.calls[2]!.call.succeed();
  await until(() => stage.calls.length === 4);
  t.equal(stage.calls[3]!.name, "b");
  second.abandon();
  for (const calls of [5, 6]) await crash(make, () => stage.calls.length === calls);
  const last = make();
  await t.rejects(last.run(), {
    code: "PARKED",
    message: `flow "f" is parked: "b" took its host down 3 times`,
  });
  t.same(statesOf(last), { a: "SUCCESS", b: "RUNNING" });
});

t.test("an owner that died resting lost nothing", async (t) => {
  const journal = memoryJournal();
  const stage = new Stage();
  const flow = linear("f", {}, stage.task("a"), stage.task("b"));
  const make = () => load(flow, { id: "x", journal, maxLost: 1 });
  const one = make();
  const ran = one.run();
  const a = await stage.call("a");
  one.suspend();
  a.succeed();
  await ran;
  one.abandon();
  const two = make();
  const rest = two.run();
  (await stage.call("b")).succeed();
  t.equal(await rest, "SUCCESS");
});

t.test(
  "suspended before it launched what an earlier owner had started, a flow rests",
  async (t) => {
    const journal = new HeldJournal();
    journal.isOpen = true;
    const stage = new Stage();
    const flow = linear("f", {}, stage.task("a"), failing("b"));
    const make = () => load(flow, { id: "x", journal });
    const one = make();
    void one.run().catch(() => undefined);
    (await stage.call("a")).succeed();
    await stage.call("a", "revert");
    one.abandon();
    stage.calls.length = 0;
    const two = make();
    two.compile();
    await two.prepare();
    journal.isOpen = false;
    const ran = two.run();
    await journal.nth(1);
    two.suspend();
    await journal.storeUpTo(3);
    t.equal(await ran, "SUSPENDED", "the revert has no outcome: it has not ended");
    t.same(stage.log, []);
    journal.isOpen = true;
    const rest = two.run();
    (await stage.call("a", "revert")).succeed();
    await t.rejects(rest, { message: "b failed" });
  },
);

t.test(
  "while its attempts end at once, a flow lets the rest of the process have its turns",
  async (t) => {
    const pocket = new Pocket();
    const many = Array.from({ length: 1_000 }, (_, place) => quick(`t${place}`));
    const engine = engineIn(pocket, linear("f", {}, ...many));
    const ran = watch(engine.run());
    await turn();
    t.notOk(ran.isSettled);
    const done = engine.storage.atoms().filter(({ state }) => state === "SUCCESS").length;
    t.ok(done > 100 && done < 500, `${done} in one go`);
    await pocket.pass(1);
    await until(() => ran.isSettled);
    t.equal(ran.value, "SUCCESS");
  },
);

t.test("what ends while a batch is being stored is the next batch, all of it", async (t) => {
  const journal = new HeldJournal();
  const stage = new Stage();
  const flow = unordered("f", {}, ...["a", "b", "c", "d"].map((name) => stage.task(name)));
  const engine = load(flow, { id: "x", journal, engine: "parallel" });
  const ran = engine.run();
  await journal.storeUpTo(2);
  for (const name of ["a", "b", "c", "d"]) {
    (await stage.call(name)).succeed();
    await turn();
  }
  await journal.storeUpTo(4);
  t.equal(await ran, "SUCCESS");
  t.same(
    journal.appends.slice(2).map(({ batch }) => batch.records.length),
    [1, 4],
  );
});
