// Engines whose tasks run on workers: what becomes of attempts when workers, owners and messages are lost. All in one
// process, over a switch, in virtual time.
import t from "tap";
import { drawn, seeded } from "../simulation/time.ts";
import { linear, times, unordered } from "../../lib/index.ts";
import { type Call, shardOf, workerAddress, flowAddress } from "../../lib/executor/protocol.ts";
import { packCalls } from "../../lib/executor/wire.ts";
import type { Item, Task } from "../../lib/types.ts";
import { Cluster, leaseMs, lossy } from "./cluster.ts";
import { failing, quick, recordsOf, Stage, watch } from "./fixture.ts";

const all = (name: string, ...items: readonly Item[]): Item =>
  unordered(name, ...(items as readonly Task[]));

/** Tasks that count how often they are called. */
function counted(count: number): { readonly tasks: Task[]; readonly calls: Map<string, number> } {
  const calls = new Map<string, number>();
  const tasks = Array.from({ length: count }, (_, at) =>
    quick(`t${at}`, {
      execute: (_inputs: unknown, { key }: { key: string }) => {
        calls.set(key, (calls.get(key) ?? 0) + 1);
        return at;
      },
    }),
  );
  return { tasks, calls };
}

t.test("what many workers do is each recorded once", async (t) => {
  const cluster = new Cluster();
  const { tasks, calls } = counted(500);
  const workers = await Promise.all(
    ["one", "two"].map((id) => cluster.worker(id, tasks, { concurrency: 20 })),
  );
  const engine = cluster.engine(all("f", ...tasks));
  t.equal(await cluster.pass(engine.run()), "SUCCESS");
  t.equal(calls.size, 500);
  t.ok([...calls.values()].every((count) => count === 1));
  t.equal(engine.storage.fetch("t499"), 499);
  for (const { statistics } of workers) t.ok(statistics.done > 100, `${statistics.done} done`);
  await cluster.wait(1_000);
  for (const { statistics } of workers) {
    t.match(statistics, { running: 0, kept: 0, refused: 0, superseded: 0, given: 0 });
  }
  await engine.close();
});

t.test("inputs, results, failures, reverts and progress go the whole way", async (t) => {
  const cluster = new Cluster();
  const seen: unknown[] = [];
  const a = quick("a", {
    requires: ["x"],
    execute: ({ x }: { x: number }, { progress, attempt, key }: never) => {
      (progress as (fraction: number, details: unknown) => void)(0.5, { half: true });
      seen.push(attempt, key);
      return new Map([["x", x]]);
    },
    revert: (_inputs: unknown, { result, failures }: { result: unknown; failures: object }) => {
      seen.push(result, Object.keys(failures));
    },
  });
  await cluster.worker("one", [a, failing("b")]);
  const engine = cluster.engine(
    linear("f", { retry: times(1) }, a as never, failing("b") as never),
    {
      id: "flow",
      store: { x: 7n },
    },
  );
  const told: [number, unknown][] = [];
  engine.progressNotifier.on("a", ({ fraction, details }) => told.push([fraction, details]));
  await t.rejects(cluster.pass(engine.run()), { message: "b failed" });
  t.strictSame(seen, [1, "flow/a/execute/1", new Map([["x", 7n]]), ["b"]]);
  t.strictSame(
    told.filter(([fraction]) => fraction === 0.5),
    [[0.5, { half: true }]],
  );
  t.equal(engine.storage.state, "REVERTED");
});

t.test("a task that no worker serves is named, and waits for one", async (t) => {
  const cluster = new Cluster();
  await cluster.worker("one", [quick("a")]);
  const engine = cluster.engine(linear("f", quick("a") as never, quick("b") as never));
  const ran = watch(engine.run());
  await cluster.wait(1_000);
  t.notOk(ran.isSettled);
  t.match(cluster.logged, ['no worker serves task "b" of version 1; it waits for one']);
  await cluster.worker("two", [quick("b")]);
  await cluster.until(() => ran.isSettled, "it ends");
  t.equal(ran.value, "SUCCESS");
});

t.test("a worker never runs more than it has slots, and engines share them in turns", async (t) => {
  const cluster = new Cluster();
  const stage = new Stage();
  const tasks = ["a", "b", "c", "d"].map((name) => stage.task(name));
  await cluster.worker("one", tasks, { concurrency: 2 });
  const [first, second] = ["f", "g"].map((id) =>
    watch(cluster.engine(all(id, ...tasks), { id }).run()),
  );
  const order: string[] = [];
  for (let done = 0; done < 8; done++) {
    await cluster.until(() => stage.calls.length > done, "another one is called");
    await cluster.wait(100);
    t.ok(stage.calls.length <= done + 2, "two at most are open");
    order.push(stage.calls[done]!.call.key.slice(0, 1));
    stage.calls[done]!.call.succeed();
  }
  await cluster.until(() => first!.isSettled && second!.isSettled, "both end");
  t.match(order.slice(0, 6).sort().join(""), /^f{2,4}g{2,4}$/, "neither has to wait for the other");
});

t.test("an attempt whose worker is gone is recorded as lost and goes to another one", async (t) => {
  const cluster = new Cluster();
  const stage = new Stage();
  const task = stage.task("a");
  const transport = cluster.switch.join();
  await cluster.worker("one", [task], { transport });
  const engine = cluster.engine(all("f", task), { id: "f" });
  const ran = watch(engine.run());
  await cluster.until(() => stage.calls.length === 1, "it is called");
  await transport[Symbol.asyncDispose]();
  await cluster.worker("two", [task]);
  const from = cluster.pocket.clock.monotonic();
  await cluster.until(() => stage.calls.length === 2, "it is called again");
  const tookMs = cluster.pocket.clock.monotonic() - from;
  t.ok(tookMs <= 1.5 * leaseMs, `within one and a half leases, in ${tookMs} ms`);
  t.equal(stage.calls[1]!.call.key, stage.calls[0]!.call.key, "under the same key");
  stage.calls[1]!.call.succeed("second");
  await cluster.until(() => ran.isSettled, "it ends");
  t.equal(engine.storage.fetch("a"), "second");
  t.match(await recordsOf(cluster.journal, "f"), /lost/);
});

t.test("an engine that was held up takes nobody for gone", async (t) => {
  const cluster = new Cluster();
  const stage = new Stage();
  const task = stage.task("a");
  const ran = watch(cluster.engine(all("f", task), { id: "f" }).run());
  await cluster.wait(10);
  // It beats after the engine has looked who is silent.
  await cluster.worker("one", [task]);
  await cluster.until(() => stage.calls.length === 1, "it is called");
  cluster.pocket.time.advance(cluster.pocket.time.now + 10 * leaseMs);
  await cluster.wait(5 * leaseMs);
  t.equal(stage.calls.length, 1);
  stage.calls[0]!.call.succeed();
  await cluster.until(() => ran.isSettled, "it ends");
  t.notMatch(await recordsOf(cluster.journal, "f"), /lost/);
});

t.test("an outcome after another one of its key is refused, and counted", async (t) => {
  const cluster = new Cluster();
  const stage = new Stage();
  const task = stage.task("a");
  const dead = cluster.switch.join();
  let isCut = false;
  const cut = lossy(dead, () => (isCut ? 0 : 1), 0.5);
  const one = await cluster.worker("one", [task], { transport: cut });
  const engine = cluster.engine(all("f", task), { id: "f" });
  const ran = watch(engine.run());
  await cluster.until(() => stage.calls.length === 1, "it is called");
  isCut = true;
  const two = await cluster.worker("two", [task]);
  await cluster.until(() => stage.calls.length === 2, "it is called again");
  stage.calls[1]!.call.succeed("second");
  await cluster.until(() => ran.isSettled, "it ends");
  stage.calls[0]!.call.succeed("first");
  await cluster.wait(100);
  t.equal(one.statistics.kept, 1, "kept while it is cut off");
  isCut = false;
  await cluster.wait(10_000);
  t.match(one.statistics, { kept: 0, superseded: 1 });
  t.match(two.statistics, { kept: 0, superseded: 0 });
  t.equal(engine.storage.fetch("a"), "second");
});

t.test("what takes its workers down three times parks its flow", async (t) => {
  const cluster = new Cluster();
  const stage = new Stage();
  const task = stage.task("a");
  const engine = cluster.engine(all("f", task), { id: "f" });
  const ran = watch(engine.run());
  for (const [at, id] of ["one", "two", "three"].entries()) {
    const transport = cluster.switch.join();
    await cluster.worker(id, [task], { transport });
    await cluster.until(() => stage.calls.length === at + 1, "it is called");
    await transport[Symbol.asyncDispose]();
  }
  await cluster.until(() => ran.isSettled, "it ends");
  t.match(ran.error, { code: "PARKED", message: /"a" took its host down 3 times/ });
  t.equal(engine.storage.state, "PARKED");
  await cluster.worker("four", [task]);
  const again = watch(engine.run({ unpark: true }));
  await cluster.until(() => stage.calls.length === 4, "it is called once more");
  stage.calls[3]!.call.succeed();
  await cluster.until(() => again.isSettled, "it ends");
  t.equal(again.value, "SUCCESS");
});

t.test("those who shared a worker with a poison are not parked with it", async (t) => {
  const cluster = new Cluster();
  const healthy = new Stage();
  const innocent = [healthy.task("h1"), healthy.task("h2")];
  const flows = [quick("poison"), ...innocent].map((task, at) => {
    return watch(cluster.engine(all(`f${at}`, task), { id: `f${at}` }).run());
  });
  for (let at = 0; !flows[0]!.isSettled; at++) {
    const transport = cluster.switch.join();
    // Whoever runs it dies of it.
    const poison = quick("poison", {
      execute: async () => {
        await transport[Symbol.asyncDispose]();
        return new Promise(() => undefined);
      },
    });
    await cluster.worker(`w${at}`, [poison, ...innocent], { transport, concurrency: 3 });
    await cluster.wait(3 * leaseMs);
  }
  t.match(flows[0]!.error, { code: "PARKED" });
  const tasks = [quick("poison"), ...innocent];
  await cluster.worker("last", tasks, { concurrency: 3 });
  for (let waits = 0; waits < 50 && !flows.every(({ isSettled }) => isSettled); waits++) {
    for (const { call } of healthy.calls) call.succeed();
    await cluster.wait(leaseMs);
  }
  t.strictSame(
    flows.slice(1).map(({ value, error }) => value ?? error),
    ["SUCCESS", "SUCCESS"],
  );
});

t.test("a task outlives the owner of its flow", async (t) => {
  const cluster = new Cluster();
  const stage = new Stage();
  const flow = linear("f", stage.task("a") as never, quick("b") as never) as Item;
  const worker = await cluster.worker("one", [stage.task("a"), quick("b")]);
  const first = cluster.engine(flow, { id: "f" });
  first.run().catch(() => undefined);
  await cluster.until(() => stage.calls.length === 1, "it is called");
  first.abandon();
  const second = cluster.engine(flow, { id: "f" });
  const ran = watch(second.run());
  await cluster.wait(5 * leaseMs);
  t.equal(stage.calls.length, 1, "it is not called again while it runs");
  t.notOk(stage.calls[0]!.call.signal.aborted);
  stage.calls[0]!.call.succeed("late");
  await cluster.until(() => ran.isSettled, "it ends");
  t.equal(second.storage.fetch("a"), "late");
  t.match(worker.statistics, { done: 2, superseded: 0 });
  t.notMatch(await recordsOf(cluster.journal, "f"), /lost/);
});

t.test("an outcome is kept until there is an owner again", async (t) => {
  const cluster = new Cluster();
  const stage = new Stage();
  const flow = all("f", stage.task("a"));
  const worker = await cluster.worker("one", [stage.task("a")]);
  const first = cluster.engine(flow, { id: "f" });
  first.run().catch(() => undefined);
  await cluster.until(() => stage.calls.length === 1, "it is called");
  first.abandon();
  stage.calls[0]!.call.succeed("kept");
  await cluster.wait(60_000);
  t.equal(worker.statistics.kept, 1);
  const second = cluster.engine(flow, { id: "f" });
  t.equal(await cluster.pass(second.run()), "SUCCESS");
  t.equal(second.storage.fetch("a"), "kept");
  t.equal(stage.calls.length, 1);
  await cluster.wait(1_000);
  t.equal(worker.statistics.kept, 0);
});

t.test("an outcome that nobody takes is given up in the end, and said so", async (t) => {
  const cluster = new Cluster();
  const stage = new Stage();
  const task = stage.task("a");
  const limits = { keepMs: 20_000, count: 1 };
  const worker = await cluster.worker("one", [task], { limits, concurrency: 2 });
  const engine = cluster.engine(all("f", task), { id: "f" });
  engine.run().catch(() => undefined);
  await cluster.until(() => stage.calls.length === 1, "it is called");
  engine.abandon();
  stage.calls[0]!.call.succeed();
  await cluster.wait(10_000);
  t.equal(worker.statistics.kept, 1);
  await cluster.wait(20_000);
  t.match(worker.statistics, { kept: 0, given: 1 });
  t.match(cluster.logged.join(), /nobody took the outcome of f\/a\/execute\/1; it is given up/);
});

t.test(
  "a worker refuses what it does not know, what it gave no slot for, and owners of the past",
  async (t) => {
    const cluster = new Cluster();
    const worker = await cluster.worker("one", [quick("a")], { concurrency: 1 });
    const asks = cluster.switch.join();
    const call = (task: string, epoch: number): Call => ({
      key: `f/${task}/execute/${epoch}`,
      flow: "f",
      epoch,
      task,
      version: 1,
      alone: false,
      keepsLines: true,
      direction: "execute",
      attempt: epoch,
      inputs: {},
    });
    const send = (...calls: Call[]) => {
      const message = { kind: "calls", engine: "e", flows: packCalls(calls) };
      return cluster.pass(asks.request(workerAddress("one"), message));
    };
    t.strictSame(await send(call("b", 2)), ["unknown-task"]);
    t.strictSame(await send(call("a", 2)), ["no-credit"]);
    t.strictSame(await send(call("a", 1)), ["superseded"]);
    const want = { kind: "want", engine: "e", slots: 5 };
    t.equal(await cluster.pass(asks.request(workerAddress("one"), want)), 1);
    t.strictSame(await send(call("a", 2), call("a", 2), call("a", 3)), [null, null, "no-credit"]);
    t.match(worker.statistics, { refused: 4 });
  },
);

t.test("a grant that nobody uses comes back", async (t) => {
  const cluster = new Cluster();
  await cluster.worker("one", [quick("a")], { concurrency: 1 });
  const asks = cluster.switch.join();
  const want = (engine: string) =>
    cluster.pass(asks.request(workerAddress("one"), { kind: "want", engine, slots: 1 }));
  t.equal(await want("dead"), 1);
  t.equal(await want("other"), 0);
  await cluster.wait(20_000);
  t.equal(await want("third"), 1);
});

t.test("a worker that drains takes no more, and waits for what it has", async (t) => {
  const cluster = new Cluster();
  const stage = new Stage();
  const tasks = [stage.task("a"), stage.task("b")];
  const worker = await cluster.worker("one", tasks, { concurrency: 1 });
  const ran = watch(cluster.engine(all("f", ...tasks), { id: "f" }).run());
  await cluster.until(() => stage.calls.length === 1, "it is called");
  const drained = watch(worker.drain(60_000));
  await cluster.wait(500);
  t.notOk(drained.isSettled);
  stage.calls[0]!.call.succeed();
  await cluster.until(() => drained.isSettled, "it is empty");
  t.strictSame(drained.value, []);
  t.equal(stage.calls.length, 1);
  worker.close();
  await cluster.worker("two", tasks);
  await cluster.until(() => stage.calls.length === 2, "another one has it");
  stage.calls[1]!.call.succeed();
  await cluster.until(() => ran.isSettled, "it ends");
});

t.test("a drain that is over in time says what it leaves", async (t) => {
  const cluster = new Cluster();
  const stage = new Stage();
  const worker = await cluster.worker("one", [stage.task("a")]);
  cluster
    .engine(all("f", stage.task("a")), { id: "f" })
    .run()
    .catch(() => undefined);
  await cluster.until(() => stage.calls.length === 1, "it is called");
  t.strictSame(await cluster.pass(worker.drain(1_000)), ["f/a/execute/1"]);
});

t.test("the time of an attempt counts from when a worker has it", async (t) => {
  const cluster = new Cluster();
  const stage = new Stage();
  const task = stage.task("a", { timeoutMs: 500 });
  const engine = cluster.engine(all("f", task), { id: "f" });
  const ran = watch(engine.run());
  await cluster.wait(2_000);
  t.notOk(ran.isSettled, "it waits for a worker");
  const worker = await cluster.worker("one", [task]);
  await cluster.until(() => stage.calls.length === 1, "it is called");
  await cluster.until(() => stage.calls[0]!.call.signal.aborted, "the worker hears of it");
  t.match(stage.calls[0]!.call.signal.reason, { code: "TASK_TIMED_OUT" });
  stage.calls[0]!.call.succeed();
  await cluster.wait(1_000);
  t.match(worker.statistics, { superseded: 1, kept: 0 });
  await cluster.until(() => stage.calls.length === 2, "it is reverted");
  stage.calls[1]!.call.succeed();
  await cluster.until(() => ran.isSettled, "it ends");
  t.match(ran.error, { code: "TASK_TIMED_OUT" });
});

t.test("cancelling reaches what runs elsewhere and what still waits", async (t) => {
  const cluster = new Cluster();
  const stage = new Stage();
  const tasks = [stage.task("a"), stage.task("b")];
  await cluster.worker("one", tasks, { concurrency: 1 });
  const engine = cluster.engine(all("f", ...tasks), { id: "f" });
  const ran = watch(engine.run());
  await cluster.until(() => stage.calls.length === 1, "one is called");
  engine.cancel("enough");
  const { signal } = stage.calls[0]!.call;
  await cluster.until(() => signal.aborted, "it hears of it");
  t.match(signal.reason, { code: "CANCELLED", message: /enough/ });
  stage.calls[0]!.call.fail("stopped");
  await cluster.until(() => stage.calls.length === 2, "it is reverted");
  t.equal(stage.calls[1]!.call.direction, "revert");
  while (!ran.isSettled) {
    for (const { call } of stage.calls) call.succeed();
    await cluster.wait(100);
  }
  t.match(ran.error, { code: "CANCELLED" });
});

t.test("whatever messages are lost, each attempt is recorded once", async (t) => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const cluster = new Cluster();
    const random = seeded(Math.floor(drawn(seed, "lossy") * 2 ** 32));
    const { tasks, calls } = counted(60);
    for (const id of ["one", "two"]) {
      const transport = lossy(cluster.switch.join(), random, 0.2);
      await cluster.worker(id, tasks, { concurrency: 5, transport });
    }
    const engine = cluster.engine(
      all("f", ...tasks),
      { id: "f" },
      lossy(cluster.switch.join(), random, 0.2),
    );
    t.equal(await cluster.pass(engine.run()), "SUCCESS", `seed ${seed}`);
    t.equal(calls.size, 60);
    const records = await recordsOf(cluster.journal, "f");
    t.equal(records.filter((record) => record.startsWith("executed")).length, 60);
    await engine.close();
  }
});

t.test("addresses are spread by the flow's hash and hold any name", async (t) => {
  t.match(shardOf("f"), /^[0-9a-f]{2}$/);
  t.equal(flowAddress("a.b *"), `f.${shardOf("a.b *")}.a=002eb=0020=002a`);
});
