// Flows whose tasks run on workers over real servers: killed workers, restarted servers, a cluster, restricted roles.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import t, { type Test } from "tap";
import { Worker } from "../../actors/worker.ts";
import { load, memoryJournal, unordered } from "../../lib/index.ts";
import { connectNats } from "../../lib/nats/connect.ts";
import type { NatsTransport } from "../../lib/nats/face.ts";
import { systemClock } from "../../lib/system.ts";
import type { Item, Task } from "../../lib/types.ts";
import { recordsOf, Stage } from "../actors/fixture.ts";
import { installed, slow } from "./fixtures/tasks.ts";
import { install, skip as noInstallation, transport as inRole } from "./installation.ts";
import { noServer, startCluster, startServer, until } from "./server.ts";

/** How often the server is restarted; 20 takes a minute. */
const restarts = Number(process.env["FOURSTROKE_RESTARTS"] ?? "2");

const leaseMs = 1_000;
const all = (name: string, items: readonly Task[]): Item => unordered(name, ...items);

async function connect(t: Test, servers: string): Promise<NatsTransport> {
  const transport = await connectNats({ servers });
  t.teardown(() => transport[Symbol.asyncDispose]());
  return transport;
}

async function startWorker(
  t: Test,
  transport: NatsTransport,
  id: string,
  tasks: readonly Task[],
  concurrency: number,
): Promise<Worker> {
  const log = (message: string): void => {
    t.comment(message);
  };
  const worker = new Worker({
    id,
    transport,
    tasks,
    concurrency,
    clock: systemClock,
    log,
    leaseMs,
  });
  await worker.start();
  t.teardown(() => {
    worker.close();
  });
  return worker;
}

/** A worker node in a process of its own, with the tasks of fixtures/tasks.ts. */
async function startNode(t: Test, url: string, id: string): Promise<ChildProcess> {
  const file = new URL("./fixtures/node.js", import.meta.url);
  const child = fork(file, [url, id, String(leaseMs)]);
  t.teardown(() => child.kill("SIGKILL"));
  await once(child, "message");
  return child;
}

async function executed(journal: ReturnType<typeof memoryJournal>, flow: string): Promise<number> {
  const records = await recordsOf(journal, flow);
  return records.filter((record) => record.startsWith("executed")).length;
}

t.test("a worker node is killed in the middle of 2,000 tasks", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const nodes = [await startNode(t, server.url, "one.1"), await startNode(t, server.url, "two.1")];
  const journal = memoryJournal();
  const transport = await connect(t, server.url);
  const engine = load(all("f", slow), { id: "f", engine: "workers", transport, journal, leaseMs });
  let done = 0;
  const by = new Set<unknown>();
  engine.atomNotifier.on("SUCCESS", ({ atom }) => {
    by.add(engine.storage.fetch(atom));
    if (++done === 500) nodes[0]!.kill("SIGKILL");
  });
  t.equal(await engine.run(), "SUCCESS");
  t.same(by, new Set(nodes.map(({ pid }) => pid)), "both have worked");
  t.equal(await executed(journal, "f"), slow.length, "each is recorded once");
  t.match((await recordsOf(journal, "f")).at(-1), "ended SUCCESS");
});

t.test("the server is restarted under 1,000 running attempts", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const journal = memoryJournal();
  const stage = new Stage();
  const tasks = Array.from({ length: 1_000 }, (_, at) => stage.task(`t${at}`));
  for (const id of ["one.1", "two.1"]) {
    await startWorker(t, await connect(t, server.url), id, tasks, 500);
  }
  const transport = await connect(t, server.url);
  for (let round = 1; round <= restarts; round++) {
    stage.calls.length = 0;
    const id = `f${round}`;
    const engine = load(all("f", tasks), { id, engine: "workers", transport, journal, leaseMs });
    const ran = engine.run();
    await until("all run", () => stage.calls.length === 1_000);
    const half = stage.calls.splice(0, 500);
    for (const { call } of half) call.succeed();
    await server.stop();
    for (const { call } of stage.calls) call.succeed();
    await server.start();
    t.equal(await ran, "SUCCESS", `round ${round}`);
    t.equal(await executed(journal, id), 1_000, "each is recorded once");
    t.notMatch((await recordsOf(journal, id)).join(), /lost/, "and none was taken for lost");
    await engine.close();
  }
});

t.test("engine and workers on different servers of a cluster", { skip: noServer }, async (t) => {
  const servers = await startCluster(t);
  const [near, ...far] = servers.map(({ url }) => url);
  for (const [at, url] of far.entries()) {
    await startWorker(t, await connect(t, url), `w${at}.1`, installed, 10);
  }
  const journal = memoryJournal();
  const transport = await connect(t, near!);
  const engine = load(all("f", installed), { id: "f", engine: "workers", transport, journal });
  t.equal(await engine.run(), "SUCCESS");
  t.equal(await executed(journal, "f"), installed.length);
});

t.test("workers under their restricted role", { skip: noInstallation }, async (t) => {
  const installation = await install(t);
  const worker = await inRole(t, installation, "worker");
  await startWorker(t, worker, "worker-1.x1", installed, 10);
  const transport = await inRole(t, installation, "engine");
  const journal = memoryJournal();
  const progress: number[] = [];
  const engine = load(all("f", installed), { id: "f", engine: "workers", transport, journal });
  engine.progressNotifier.on("t0", ({ fraction }) => progress.push(fraction));
  t.equal(await engine.run(), "SUCCESS");
  t.equal(await executed(journal, "f"), installed.length);
  t.ok(progress.includes(0.5), "progress comes through");
});

t.test(
  "many ready tasks and one slow worker wait in bounded room",
  { skip: noServer },
  async (t) => {
    const server = await startServer(t);
    const stage = new Stage();
    const tasks = Array.from({ length: 10_000 }, (_, at) => stage.task(`t${at}`));
    const worker = await startWorker(t, await connect(t, server.url), "one.1", tasks, 2);
    const transport = await connect(t, server.url);
    const engine = load(all("f", tasks), {
      engine: "workers",
      transport,
      leaseMs,
      concurrency: 100,
    });
    const ran = engine.run();
    for (let done = 0; done < 50; done++) {
      await until("one is called", () => stage.calls.length > done);
      const states = engine.storage.atoms().filter(({ state }) => state === "RUNNING").length;
      t.ok(states <= 100, "no more are under way than the engine may have");
      t.ok(worker.statistics.running <= 2, "nor at the worker than it has slots");
      stage.calls[done]!.call.succeed();
    }
    engine.kill();
    for (const { call } of stage.calls) call.succeed();
    await t.rejects(ran, { code: "KILLED" });
  },
);
