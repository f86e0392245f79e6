// Pools of real threads and processes: tasks run there, hosts die and are replaced, and everything ends.
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import t, { type Test } from "tap";
import { FlowError } from "../../lib/errors.ts";
import { type EngineOptions, load } from "../../lib/index.ts";
import { Pool, type PoolKind, type PoolOptions } from "../../lib/executor/pool/pool.ts";
import type { Item } from "../../lib/types.ts";
import * as flows from "./fixtures/tasks.ts";
import type { Crash, Where } from "./fixtures/tasks.ts";

// Threads and processes take their time on a busy machine.
t.setTimeout(180_000);

const tasks = new URL("./fixtures/tasks.js", import.meta.url);
const library = pathToFileURL(resolve(import.meta.dirname, "../../lib/index.js")).href;
const kinds: readonly PoolKind[] = ["threads", "processes"];

interface Death {
  readonly worker: string;
  readonly reason: string;
}

/** A pool that is closed when the test ends, and what was told of it. */
function open(t: Test, kind: PoolKind, options: Partial<PoolOptions> = {}) {
  const log: (readonly [string, Readonly<Record<string, unknown>> | undefined])[] = [];
  const pool = new Pool({
    kind,
    size: 2,
    modules: [tasks],
    log: (message, fields) => log.push([message, fields]),
    ...options,
  });
  const deaths: Death[] = [];
  const failures: FlowError[] = [];
  pool.watch({
    died: (worker, reason) => deaths.push({ worker, reason }),
    failed: (error) => failures.push(error),
  });
  t.teardown(async () => pool.close());
  const run = async (flow: Item, more: EngineOptions = {}) => {
    const engine = load(flow, { engine: kind, pool, ...more });
    const state = await engine.run();
    return { state, results: engine.storage.fetchAll() };
  };
  return { pool, log, deaths, failures, run };
}

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function until(met: () => boolean): Promise<void> {
  while (!met()) await wait(10);
}

const place = ({ pid, thread }: Where): string => `${pid}/${thread}`;
const placeOf = (value: unknown): string => place(value as Where);
const own = place({ pid: process.pid, thread: 0 });

for (const kind of kinds) {
  t.test(`${kind}: tasks run elsewhere, on as many hosts as there are`, async (t) => {
    const { pool, run, deaths } = open(t, kind);
    const only = placeOf((await run(flows.one)).results["where"]);
    t.not(only, own);
    t.equal(only.startsWith(`${process.pid}/`), kind === "threads");
    const places = new Set<string>();
    while (places.size < 2) {
      const { results } = await run(flows.two);
      for (const value of Object.values(results)) places.add(placeOf(value));
    }
    t.ok(places.has(only));
    t.equal(pool.size, 2);
    t.strictSame(deaths, []);
  });

  t.test(`${kind}: 200 tasks on two hosts`, async (t) => {
    const { pool, run } = open(t, kind);
    await pool.ready();
    const { state, results } = await run(flows.many);
    t.equal(state, "SUCCESS");
    t.equal(Object.keys(results).length, 200);
    t.ok(new Set(Object.values(results).map(placeOf)).size <= 2);
  });

  const ways: readonly (readonly [Crash, RegExp])[] = [
    ["exit", /^it exited with 3$/],
    ["throw", kind === "threads" ? /^SyntaxError: / : /^it exited with 1$/],
    ["memory", kind === "threads" ? /memory/ : /^it was ended by SIGABRT$|^it exited with 134$/],
    ...(kind === "processes" ? [["kill", /^it was ended by SIGKILL$/] as const] : []),
  ];
  for (const [how, reason] of ways) {
    t.test(`${kind}: a host goes down with its task (${how}): another one does it`, async (t) => {
      const limits = how === "memory" ? { heapMb: 160 } : {};
      const { run, deaths } = open(t, kind, { limits });
      const store = { dir: t.testdir({}), how };
      const { state, results } = await run(flows.crashing, { store });
      t.equal(state, "SUCCESS");
      t.not(placeOf(results["after"]), own);
      t.match(deaths, [{ reason }]);
      t.equal(deaths.length, 1);
      t.equal(readFileSync(`${store.dir}/crash`, "utf8"), "xx", "executed twice");
    });
  }

  t.test(`${kind}: a task that never lets its host go is ended with it`, async (t) => {
    const { run, deaths } = open(t, kind);
    const store = { dir: t.testdir({}) };
    const { state, results } = await run(flows.spinning, { store });
    t.equal(state, "SUCCESS");
    t.not(placeOf(results["spun"]), own);
    await until(() => deaths.length > 0);
    t.match(deaths, [{ reason: /time was up/ }]);
  });

  t.test(`${kind}: a task that takes down whoever tries it parks its flow`, async (t) => {
    const { pool, deaths } = open(t, kind);
    const engine = load(flows.deadly, { engine: kind, pool });
    await t.rejects(engine.run(), { code: "PARKED" });
    t.equal(deaths.length, 3, "each of them was told after it had said that it took the task");
  });

  t.test(
    `${kind}: a module that can't be loaded is told, with its file, and tried with back-off`,
    async (t) => {
      const dir = t.testdir({
        "broken.mjs": "export const a = missing;",
        "syntax.mjs": "export const a = ;",
      });
      const cases: readonly (readonly [string, RegExp])[] = [
        ["broken.mjs", /missing is not defined/],
        ["syntax.mjs", /Unexpected token.*syntax\.mjs:1/],
        ["nowhere.mjs", /Cannot find module/],
      ];
      for (const [file, problem] of cases) {
        const { pool, failures } = open(t, kind, { modules: [tasks, resolve(dir, file)], size: 1 });
        await t.rejects(pool.ready(), {
          code: "MODULE_NOT_LOADED",
          about: { module: resolve(dir, file), problem },
        });
        const release = pool.hold();
        await wait(1_000);
        release();
        t.ok(failures.length <= 5, `${failures.length} tries in a second`);
        await pool.close();
      }
    },
  );

  t.test(`${kind}: a module that ends its host, or never gets done, fails to start`, async (t) => {
    const dir = t.testdir({
      "exits.mjs": "process.exit(7);",
      "hangs.mjs": "await new Promise(() => setInterval(() => {}, 1000));",
      "spins.mjs": "for (;;);",
    });
    const fails = async (file: string, problem: string): Promise<void> => {
      const modules = [resolve(dir, file)];
      const { pool } = open(t, kind, { modules, size: 1, limits: { startMs: 1_500 } });
      await t.rejects(pool.ready(), { code: "HOST_FAILED", about: { problem } });
      await pool.close();
    };
    await fails("exits.mjs", "it exited with 7");
    await fails("hangs.mjs", "it was not ready within 1500 ms");
    await fails("spins.mjs", "it was not ready within 1500 ms");
  });

  t.test(`${kind}: two tasks of one name and version are one too many`, async (t) => {
    const text = `import { task } from "${library}";
      export const same = task({ name: "same", execute: () => 1 });
      export const other = task({ name: "same", version: 2, execute: () => 2 });`;
    const dir = t.testdir({ "a.mjs": text, "b.mjs": text });
    const modules = [resolve(dir, "a.mjs"), resolve(dir, "b.mjs")];
    const { pool } = open(t, kind, { modules });
    const error: unknown = await pool.ready().catch((thrown: unknown) => thrown);
    t.ok(FlowError.is(error, "ALREADY_EXISTS"));
    t.match(error, { about: { what: "task", name: "same", where: modules } });
  });

  t.test(`${kind}: TypeScript, and a query that the module sees`, async (t) => {
    const text = `import { linear, task } from "${library}";
      const tells: string = new URL(import.meta.url).search;
      export default linear("f", task({ name: "t", execute: () => tells, provides: "query" }));`;
    const dir = t.testdir({ "package.json": '{ "type": "module" }', "flow.ts": text });
    const url = pathToFileURL(resolve(dir, "flow.ts"));
    url.search = "?case=7";
    const { linear, task } = await import("../../lib/index.ts");
    const flow = linear("f", task({ name: "t", execute: () => "here", provides: "query" }));
    const { run } = open(t, kind, { modules: [url] });
    t.strictSame((await run(flow)).results, { query: "?case=7" });
  });

  t.test(`${kind}: what a task says is heard here`, async (t) => {
    const said: string[] = [];
    for (const stream of [process.stdout, process.stderr]) {
      const { write } = stream;
      stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
        const text = Buffer.from(chunk as Uint8Array).toString();
        if (text.startsWith("said ")) {
          said.push(text.trim());
          (rest.find((one) => typeof one === "function") as (() => void) | undefined)?.();
          return true;
        }
        return Reflect.apply(write, stream, [chunk, ...rest]) as boolean;
      };
      t.teardown(() => (stream.write = write));
    }
    const { pool, log } = open(t, kind);
    const engine = load(flows.talking, { engine: kind, pool });
    const progress: unknown[] = [];
    engine.progressNotifier.on("*", ({ fraction, details }) => {
      if (details !== undefined) progress.push([fraction, details]);
    });
    await engine.run();
    await pool.close();
    t.strictSame(said.sort(), ["said on stderr", "said on stdout"]);
    t.match(log, [["said to the log", { fine: true, host: new RegExp(`^${kind}-\\d+-`) }]]);
    t.notOk(Object.hasOwn(log[0]?.[1] ?? {}, "secret"), "what can't cross is left out");
    t.strictSame(progress, [[0.5, { half: true }]]);
  });

  t.test(`${kind}: a host gets the environment and the heap it is to have`, async (t) => {
    const env = { ...process.env, POOL_TEST: "there" };
    const { run } = open(t, kind, { env, limits: { heapMb: 64 } });
    const { results } = await run(flows.seen);
    t.equal(results["env"], "there");
    t.equal(results["args"], 1, "its own name");
    t.not(results["input"], true);
    t.ok(Number(results["heap"]) < 200e6, `${String(results["heap"])} bytes`);
  });

  t.test(`${kind}: close lets what runs finish for a while, then ends everything`, async (t) => {
    const { pool, deaths } = open(t, kind, { size: 1, limits: { drainMs: 300 } });
    const dir = t.testdir({});
    const engine = load(flows.waiting, { engine: kind, pool, store: { dir } });
    const run = engine.run();
    run.catch(() => undefined);
    await until(() => existsSync(`${dir}/waits`));
    const pid = Number(readFileSync(`${dir}/waits`, "utf8"));
    t.ok(isThere(pid));
    const start = performance.now();
    await pool.close();
    const tookMs = performance.now() - start;
    t.ok(tookMs >= 250 && tookMs < 3_000, `${tookMs} ms`);
    if (kind === "processes") t.notOk(isThere(pid), "no child is left");
    t.match(deaths, [{ reason: "the pool is closed" }]);
    t.throws(() => pool.hold(), { code: "TRANSPORT_CLOSED" });
    t.throws(() => pool.join(), { code: "TRANSPORT_CLOSED" });
    await t.rejects(pool.ready(), { code: "TRANSPORT_CLOSED" });
    await pool.close();
    engine.abandon();
  });
}

t.test("options that can't be are refused", async (t) => {
  const refused: readonly (readonly [Partial<PoolOptions>, string])[] = [
    [{ kind: "fibres" as PoolKind }, "kind"],
    [{ modules: [] }, "modules"],
    [{ size: 0 }, "size"],
    [{ size: 1.5 }, "size"],
    [{ limits: { startMs: 0 } }, "limits.startMs"],
    [{ limits: { drainMs: -1 } }, "limits.drainMs"],
    [{ limits: { heapMb: 8 } }, "limits.heapMb"],
  ];
  for (const [options, option] of refused) {
    t.throws(() => new Pool({ kind: "threads", modules: [tasks], ...options }), {
      code: "INVALID_OPTION",
      about: { option },
    });
  }
});
