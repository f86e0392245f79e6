// Lines of attempts on their way into the journal: they wait for a batch, not for long, and none is lost or there twice.
import t from "tap";
import type { CallContext, Item, LogLine, TaskLog } from "../../lib/types.ts";
import { FlowError } from "../../lib/errors.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import { memoryJournal } from "../../lib/journal/memory.ts";
import { LoggedLines, type LoggedLine } from "../../lib/plan/logged.ts";
import { untyped } from "../simulation/flows.ts";
import { seeded } from "../simulation/time.ts";
import { Cluster, leaseMs, lossy } from "./cluster.ts";
import { engineIn, HeldJournal, Pocket, Stage, turn, until, watch } from "./fixture.ts";
import { KeptLines } from "../../actors/kept-lines.ts";
import type { Message } from "../../actors/messages.ts";

const { linear, unordered } = untyped;
const full = () => new FlowError("JOURNAL_FULL", { flow: "flow", problem: "no space" });

async function linesOf(journal: Journal, flow = "flow"): Promise<LoggedLine[]> {
  const reading = new LoggedLines();
  return (await journal.read(flow)).flatMap(({ first, at, records }) =>
    records.flatMap((record, place) => reading.take(record, first + place, at) ?? []),
  );
}

const messages = (lines: readonly LoggedLine[]): string[] => lines.map(({ message }) => message);

/** A task that hands its log to the test. */
function talker(stage: Stage, logs: Map<string, TaskLog>, name: string): Item {
  const held = stage.task(name);
  return {
    ...held,
    execute: (inputs: Record<string, unknown>, context: CallContext) => {
      logs.set(name, context.log);
      return held.execute(inputs, context);
    },
  };
}

t.test(
  "a line goes with the next batch, whatever that is of, or makes one after a while",
  async (t) => {
    const pocket = new Pocket();
    const journal = new HeldJournal();
    const stage = new Stage();
    const logs = new Map<string, TaskLog>();
    const flow = unordered("f", {}, talker(stage, logs, "a"), stage.task("b"));
    const ran = watch(engineIn(pocket, flow, { journal, engine: "parallel" }).run());
    await journal.storeUpTo(2);
    await stage.call("a");
    logs.get("a")?.("early");
    await pocket.pass(499);
    t.equal(journal.appends.length, 2, "nothing is recorded for a line alone");
    (await stage.call("b")).succeed();
    const third = await journal.nth(3);
    t.match(third.batch.records, [
      { kind: "logged", atom: 0, direction: "execute", attempt: 1, line: 1, message: "early" },
      { kind: "executed", atom: 1 },
    ]);
    logs.get("a")?.("late");
    third.store();
    await pocket.pass(499);
    t.equal(journal.appends.length, 3, "it has not waited for long");
    await pocket.pass(1);
    const fourth = await journal.nth(4);
    t.match(fourth.batch.records, [{ kind: "logged", atom: 0, line: 2, message: "late" }]);
    t.equal(fourth.batch.records.length, 1);
    logs.get("a")?.("later");
    await pocket.pass(60_000);
    t.equal(journal.appends.length, 4, "one batch is under way at a time");
    fourth.store();
    t.match((await journal.nth(5)).batch.records, [{ kind: "logged", message: "later" }]);
    await journal.storeUpTo(5);
    await pocket.pass(60_000);
    t.equal(journal.appends.length, 5, "without lines there is nothing to record");
    journal.isOpen = true;
    (await stage.call("a")).succeed();
    await until(() => ran.isSettled);
    logs.get("a")?.("too late: it is over");
    t.strictSame(messages(await linesOf(journal)), ["early", "late", "later"]);
  },
);

for (const isStored of [false, true]) {
  const what = isStored ? "stored all the same" : "not stored";
  t.test(`the batch of a line is refused and ${what}: the line is there once`, async (t) => {
    const pocket = new Pocket();
    const journal = new HeldJournal();
    const stage = new Stage();
    const logs = new Map<string, TaskLog>();
    const flow = unordered("f", {}, talker(stage, logs, "a"), stage.task("b"));
    const ran = watch(engineIn(pocket, flow, { journal, engine: "parallel" }).run());
    await journal.storeUpTo(2);
    const call = await stage.call("a");
    logs.get("a")?.("one");
    (await stage.call("b")).succeed();
    const third = await journal.nth(3);
    t.match(third.batch.records, [{ kind: "logged" }, { kind: "executed", atom: 1 }]);
    if (isStored) third.storeSilently(full());
    else third.refuse(full());
    journal.isOpen = true;
    await pocket.pass(1_000);
    call.succeed();
    await until(() => ran.isSettled);
    t.equal(ran.value, "SUCCESS");
    t.strictSame(messages(await linesOf(journal)), ["one"]);
  });
}

t.test(
  "the batch of lines alone is refused: they are there once, and the outcome is",
  async (t) => {
    const pocket = new Pocket();
    const journal = new HeldJournal();
    const stage = new Stage();
    const logs = new Map<string, TaskLog>();
    const flow = linear("f", {}, talker(stage, logs, "a"));
    const ran = watch(engineIn(pocket, flow, { journal }).run());
    await journal.storeUpTo(2);
    const call = await stage.call("a");
    logs.get("a")?.("one");
    await pocket.pass(500);
    const third = await journal.nth(3);
    t.match(third.batch.records, [{ kind: "logged" }]);
    call.succeed();
    third.refuse(full());
    journal.isOpen = true;
    await pocket.pass(1_000);
    await until(() => ran.isSettled);
    t.equal(ran.value, "SUCCESS");
    t.strictSame(messages(await linesOf(journal)), ["one"]);
  },
);

t.test("lines are no step of somebody who takes single ones", async (t) => {
  const pocket = new Pocket();
  const journal = memoryJournal();
  const stage = new Stage();
  const logs = new Map<string, TaskLog>();
  const engine = engineIn(pocket, linear("f", {}, talker(stage, logs, "a")), { journal });
  const steps = engine.runIter();
  await steps.next();
  const call = await stage.call("a");
  const step = watch(steps.next());
  logs.get("a")?.("one");
  const before = (await journal.read("flow")).length;
  await pocket.pass(60_000);
  t.equal((await journal.read("flow")).length, before);
  t.notOk(step.isSettled);
  call.succeed();
  await until(() => step.isSettled);
  for await (const _ of steps);
  t.strictSame(messages(await linesOf(journal)), ["one"]);
});

t.test("a flow that is let go of leaves no timer behind", async (t) => {
  const pocket = new Pocket();
  const stage = new Stage();
  const logs = new Map<string, TaskLog>();
  const engine = engineIn(pocket, linear("f", {}, talker(stage, logs, "a")));
  const ran = watch(engine.run());
  await stage.call("a");
  logs.get("a")?.("one");
  t.not(pocket.time.dueAt, undefined);
  engine.abandon();
  t.equal(pocket.time.dueAt, undefined);
  await until(() => ran.isSettled);
});

t.test("of a killed flow, what still runs is recorded with its outcome", async (t) => {
  const pocket = new Pocket();
  const journal = memoryJournal();
  const stage = new Stage();
  const logs = new Map<string, TaskLog>();
  const engine = engineIn(pocket, linear("f", {}, talker(stage, logs, "a")), { journal });
  const ran = watch(engine.run());
  const call = await stage.call("a");
  logs.get("a")?.("before");
  engine.kill();
  await until(() => ran.isSettled);
  const ended = (await journal.read("flow")).length;
  logs.get("a")?.("after");
  await pocket.pass(60_000);
  t.equal((await journal.read("flow")).length, ended, "a line makes no batch");
  call.succeed();
  await turn();
  const records = (await journal.read("flow")).flatMap(({ records }) => records);
  const kinds = records.slice(-5).map(({ kind }) => kind);
  t.strictSame(kinds, ["logged", "kill", "ended", "logged", "executed"]);
  t.strictSame(messages(await linesOf(journal)), ["before", "after"]);
});

t.test("what was dropped is told when the attempt's time is up", async (t) => {
  const pocket = new Pocket();
  const journal = memoryJournal();
  const flow = untyped.task({
    name: "a",
    timeoutMs: 50,
    execute: (_: unknown, { log }: CallContext) => {
      for (let n = 0; n < 1_010; n++) log(`line ${n}`);
      return new Promise(() => undefined);
    },
  });
  const ran = watch(engineIn(pocket, flow, { journal }).run());
  await pocket.pass(100);
  await until(() => ran.isSettled);
  t.match((await linesOf(journal)).at(-1), { message: "10 lines were not kept" });
});

t.test("lines that wait for a batch are bounded for the flow as a whole", (t) => {
  const { clock } = new Pocket();
  const kept = new KeptLines(clock, () => undefined);
  const line = (line: number): LogLine => ({ line, level: "info", message: "x".repeat(4_000) });
  const attempts = Array.from({ length: 12 }, (_, atom) => {
    return { atom, direction: "execute", attempt: 1 } as const;
  });
  for (let n = 1; n <= 30; n++) for (const of of attempts) kept.add(of, line(n));
  const other: Message = { type: "suspend" };
  const taken = kept.before([other], true);
  t.equal(taken.pop(), other, "behind the lines");
  const whole = Math.floor((1024 * 1024) / 4_000);
  t.equal(taken.length, whole + 12, "each attempt says what it lacks");
  const lacks = taken.slice(whole).map((it) => (it as unknown as LogLine).fields?.["dropped"]);
  t.equal(
    lacks.reduce((sum: number, n) => sum + Number(n), 0),
    30 * 12 - whole,
  );
  t.strictSame(kept.before([other], true), [other]);
  kept.add(attempts[0]!, line(31));
  t.strictSame(kept.before([], true), [], "without anything else they wait");
  t.equal(kept.before([other], true).length, 2, "there is room again");
  t.end();
});

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
  t.test(
    `workers: whatever messages are lost, each line is there once, in order; seed ${seed}`,
    async (t) => {
      const cluster = new Cluster();
      const random = seeded(seed);
      const tasks = Array.from({ length: 5 }, (_, at) =>
        untyped.task({
          name: `t${at}`,
          execute: async (_: unknown, { log }: CallContext) => {
            for (let n = 1; n <= 20; n++) {
              log(`t${at} line ${n}`);
              if (n % 5 === 0) {
                await new Promise<void>((done) => void cluster.pocket.clock.setTimeout(done, 30));
              }
            }
          },
        }),
      );
      const transport = lossy(cluster.switch.join(), random, 0.3);
      await cluster.worker("one", tasks, { concurrency: 3, transport });
      const engine = cluster.engine(
        unordered("f", {}, ...tasks),
        { id: "flow" },
        lossy(cluster.switch.join(), random, 0.3),
      );
      t.equal(await cluster.pass(engine.run()), "SUCCESS");
      const lines = await linesOf(cluster.journal);
      for (const at of tasks.keys()) {
        const expected = Array.from({ length: 20 }, (_, n) => `t${at} line ${n + 1}`);
        const own = lines.filter(({ atom }) => atom === `t${at}`);
        t.strictSame(messages(own), expected);
        t.ok(own.every(({ missing }) => missing === 0));
      }
    },
  );
}

t.test("lines that no owner was there for go to the next one, with the outcome", async (t) => {
  const cluster = new Cluster();
  const stage = new Stage();
  const logs = new Map<string, TaskLog>();
  const task = talker(stage, logs, "a") as never;
  const worker = await cluster.worker("one", [task]);
  const first = cluster.engine(linear("f", {}, task), { id: "flow" });
  const ran = watch(first.run());
  await cluster.until(() => stage.calls.length === 1, "it runs");
  logs.get("a")?.("to nobody's journal");
  await turn();
  await turn();
  first.abandon();
  await cluster.until(() => ran.isSettled, "it is let go of");
  logs.get("a")?.("kept one");
  await turn();
  logs.get("a")?.("kept two");
  (await stage.call("a")).succeed();
  await turn();
  const second = cluster.engine(linear("f", {}, task), { id: "flow" });
  t.equal(await cluster.pass(second.run()), "SUCCESS");
  await cluster.wait(leaseMs);
  t.strictSame(
    (await linesOf(cluster.journal)).map(({ line, missing, message }) => [line, missing, message]),
    [
      [2, 1, "kept one"],
      [3, 0, "kept two"],
    ],
    "what the first owner took and never recorded is known to be missing",
  );
  t.equal(worker.statistics.done, 1);
});
