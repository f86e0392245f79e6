// What once made an engine wait for its workers though nothing was in the way. In virtual time.
import t from "tap";
import type { Engine } from "../../actors/engine.ts";
import { Worker } from "../../actors/worker.ts";
import type { Clock } from "../../lib/clock.ts";
import { type Call, workerAddress } from "../../lib/executor/protocol.ts";
import { packCalls } from "../../lib/executor/wire.ts";
import { linear, unordered } from "../../lib/index.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import type { Transport } from "../../lib/transport/transport.ts";
import type { Item, Task } from "../../lib/types.ts";
import { Cluster, leaseMs } from "./cluster.ts";
import { failing, quick, Stage } from "./fixture.ts";

/** Far less than a grant takes to come back, or a request to be given up. */
const soonMs = 500;

const flowOf = (make: typeof linear | typeof unordered, ...items: readonly Task[]): Item =>
  (make as (name: string, ...items: readonly Item[]) => Item)("f", ...items);

/** @returns milliseconds until it is settled, however */
async function timed(cluster: Cluster, promise: Promise<unknown>): Promise<number> {
  const { clock } = cluster.pocket;
  const start = clock.monotonic();
  await cluster.pass(promise).catch(() => undefined);
  return clock.monotonic() - start;
}

/** Runs it until an atom is told to be in a state, within which the engine dies. */
async function dieAt(
  cluster: Cluster,
  engine: Engine,
  atom: string,
  state: "SUCCESS",
): Promise<void> {
  let isDead = false;
  engine.atomNotifier.on(state, (change) => {
    if (change.atom !== atom) return;
    isDead = true;
    engine.abandon();
  });
  engine.run().catch(() => undefined);
  await cluster.until(() => isDead, `${atom} is ${state}`);
}

/** A transport of a process that stops: what it serves answers no more. */
function stopping(inner: Transport): { readonly transport: Transport; stop(): void } {
  let isStopped = false;
  const never = (): Promise<never> => new Promise(() => undefined);
  return {
    stop: () => (isStopped = true),
    transport: {
      maxBytes: inner.maxBytes,
      get isConnected() {
        return inner.isConnected;
      },
      request: (...asked) => (isStopped ? never() : inner.request(...asked)),
      publish: (to, body) => {
        if (!isStopped) inner.publish(to, body);
      },
      serve: (at, take) =>
        inner.serve(at, async (body) => {
          const answer = await Promise.resolve(take(body)).catch(never);
          return isStopped ? never() : answer;
        }),
      listen: (to, hear) => inner.listen(to, hear),
      watch: (changed) => inner.watch(changed),
      [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
    },
  };
}

/** A transport of a process that takes a while to answer. */
function late(cluster: Cluster, inner: Transport): Transport {
  return {
    ...stopping(inner).transport,
    serve: (at, take) =>
      inner.serve(at, async (body) => {
        const answer = await take(body);
        await new Promise<void>((go) => void cluster.pocket.clock.setTimeout(go, 20));
        return answer;
      }),
  };
}

t.test("slots that come when their job has gone to another worker are given back", async (t) => {
  const cluster = new Cluster();
  const stage = new Stage();
  const tasks = [quick("only"), stage.task("a"), stage.task("b")] as const;
  await cluster.worker("one", tasks);
  await cluster.worker("two", tasks, { transport: late(cluster, cluster.switch.join()) });
  const transport = cluster.switch.join();
  await cluster.pass(cluster.engine(flowOf(linear, tasks[0]), {}, transport).run());
  const both = cluster.engine(flowOf(unordered, tasks[1], tasks[2]), {}, transport);
  const ran = both.run();
  t.ok(
    (await timed(
      cluster,
      cluster.until(() => stage.calls.length === 2, "both run"),
    )) < soonMs,
  );
  for (const { call } of stage.calls) call.succeed();
  t.equal(await cluster.pass(ran), "SUCCESS");
});

t.test(
  "slots that come while the owner's lease is in doubt are not used before it is certain",
  async (t) => {
    const cluster = new Cluster();
    const stage = new Stage();
    const tasks = [stage.task("a"), stage.task("b")] as const;
    await cluster.worker("one", tasks);
    const first = cluster.engine(flowOf(linear, tasks[0]), { id: "first" });
    const firstRan = first.run();
    await cluster.until(() => stage.calls.length === 1, "a runs");
    const lease = { isFresh: true, onRenewed: () => undefined };
    const second = cluster.engine(flowOf(linear, tasks[1]), { id: "second", lease });
    const secondRan = second.run();
    await cluster.wait(300);
    lease.isFresh = false;
    stage.calls[0]?.call.succeed();
    await cluster.wait(3_000);
    t.strictSame(stage.log, ["a execute 1"], "somebody else may own it by now");
    lease.isFresh = true;
    await cluster.until(() => stage.calls.length === 2, "b runs");
    stage.calls[1]?.call.succeed();
    t.strictSame(await cluster.pass(Promise.all([firstRan, secondRan])), ["SUCCESS", "SUCCESS"]);
  },
);

const chain = [quick("a"), quick("b"), quick("c")] as const;

t.test("an owner that lets go says so to who waits for its word", async (t) => {
  const cluster = new Cluster();
  const { journal } = cluster;
  await cluster.worker("one", chain);
  const flow = flowOf(linear, ...chain);
  let isAsked = false;
  const append: Journal["append"] = (of, batch, state) => {
    if (!batch.records.some(({ kind }) => kind === "executed")) {
      return journal.append(of, batch, state);
    }
    isAsked = true;
    return new Promise(() => undefined);
  };
  const stuck = Object.create(journal, { append: { value: append } }) as Journal;
  const first = cluster.engine(flow, { id: "f", journal: stuck });
  first.run().catch(() => undefined);
  await cluster.until(() => isAsked, "an outcome is to be recorded");
  first.abandon();
  const next = cluster.engine(flow, { id: "f" });
  t.ok((await timed(cluster, next.run())) < soonMs);
  t.equal(next.storage.state, "SUCCESS");
});

t.test("a new owner does not wait until a request to a dead one is given up", async (t) => {
  const cluster = new Cluster();
  // The dead one's slot comes back only when its grant is over.
  await cluster.worker("one", chain, { concurrency: 2 });
  const flow = flowOf(linear, ...chain);
  const dying = stopping(cluster.switch.join());
  const engine = cluster.engine(flow, { id: "f" }, dying.transport);
  engine.atomNotifier.on("SUCCESS", dying.stop);
  await dieAt(cluster, engine, "a", "SUCCESS");
  const next = cluster.engine(flow, { id: "f" });
  t.ok((await timed(cluster, next.run())) < leaseMs + soonMs);
  t.equal(next.storage.state, "SUCCESS");
});

t.test(
  "a worker that says what it runs before it says that it is there is missed when it dies",
  async (t) => {
    const cluster = new Cluster();
    const stage = new Stage();
    const task = stage.task("a");
    const flow = flowOf(linear, task);
    const near = cluster.switch.join();
    await cluster.worker("one", [task], { transport: near });
    const dying = stopping(cluster.switch.join());
    const engine = cluster.engine(flow, { id: "f" }, dying.transport);
    engine.run().catch(() => undefined);
    await cluster.until(() => stage.calls.length === 1, "a runs");
    dying.stop();
    const ears = cluster.switch.join();
    let isDeaf = true;
    const deaf: Transport = {
      ...stopping(ears).transport,
      listen: (to, hear) =>
        ears.listen(to, (body) => {
          if (!isDeaf) hear(body);
        }),
    };
    const ran = cluster.engine(flow, { id: "f" }, deaf).run();
    await cluster.wait(leaseMs / 2);
    await near[Symbol.asyncDispose]();
    isDeaf = false;
    await cluster.worker("two", [task]);
    await cluster.until(() => stage.calls.length === 2, "the other worker has it");
    stage.calls[1]?.call.succeed();
    t.equal(await cluster.pass(ran), "SUCCESS");
  },
);

t.test("what is being recorded is done by nobody else when its worker goes", async (t) => {
  const cluster = new Cluster();
  const { journal } = cluster;
  const stage = new Stage();
  const task = stage.task("a");
  const one = await cluster.worker("one", [task], { concurrency: 2 });
  let store: (() => void) | undefined;
  const append: Journal["append"] = (of, batch, state) => {
    if (!batch.records.some(({ kind }) => kind === "executed")) {
      return journal.append(of, batch, state);
    }
    return new Promise((resolve) => {
      store = () => {
        resolve(journal.append(of, batch, state));
      };
    });
  };
  const slow = Object.create(journal, { append: { value: append } }) as Journal;
  const ran = cluster.engine(flowOf(linear, task), { id: "f", journal: slow }).run();
  await cluster.until(() => stage.calls.length === 1, "a runs");
  stage.calls[0]?.call.succeed();
  await cluster.until(() => store !== undefined, "its outcome is being recorded");
  one.close();
  await cluster.worker("two", [task]);
  await cluster.wait(2 * leaseMs);
  t.strictSame(stage.log, ["a execute 1"]);
  store?.();
  t.equal(await cluster.pass(ran), "SUCCESS");
});

t.test("what was taken back before it was launched is looked for nowhere", async (t) => {
  const cluster = new Cluster();
  const tasks = [quick("a", { revert: () => null }), failing("b")] as const;
  await cluster.worker("one", tasks);
  const engine = cluster.engine(flowOf(linear, ...tasks));
  engine.atomNotifier.on("FAILURE", () => {
    engine.suspend();
  });
  t.equal(await cluster.pass(engine.run()), "SUSPENDED");
  t.ok((await timed(cluster, engine.run())) < soonMs);
  t.equal(engine.storage.state, "REVERTED");
});

t.test("what a worker has not begun when it is closed never begins", async (t) => {
  const { pocket, switch: joined, log } = new Cluster();
  const stage = new Stage();
  const begin: (() => void)[] = [];
  const clock: Clock = {
    now: () => pocket.clock.now(),
    monotonic: () => pocket.clock.monotonic(),
    setTimeout: (fn, delayMs) => pocket.clock.setTimeout(fn, delayMs),
    clearTimeout: (timer) => {
      pocket.clock.clearTimeout(timer);
    },
    yield: (fn) => void begin.push(fn),
  };
  const tasks = [stage.task("a")];
  const worker = new Worker({ id: "one", tasks, transport: joined.join(), clock, log });
  await worker.start();
  const asking = joined.join();
  const ask = (body: unknown): Promise<unknown> => asking.request(workerAddress("one"), body);
  await ask({ kind: "want", engine: "e", slots: 1 });
  const named = { key: "f/a/execute/1", flow: "f", task: "a", epoch: 1, version: 1, attempt: 1 };
  const call: Call = { ...named, direction: "execute", alone: false, keepsLines: true, inputs: {} };
  t.strictSame(await ask({ kind: "calls", engine: "e", flows: packCalls([call]) }), [null]);
  worker.close();
  t.equal(begin.length, 1);
  for (const go of begin) go();
  t.strictSame(stage.log, []);
});
