/**
 * 16 tasks of some 100 ms of arithmetic each, on the event loop, on two threads and in two child processes: how much
 * of two cores arrives, beside two threads that do the same without an engine. And what a task that does nothing costs
 * there: the way to a host and back.
 *
 * Doesn't measure the start of hosts, which are there before it begins, nor large values.
 */
import { strictEqual } from "node:assert/strict";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker as Thread, workerData } from "node:worker_threads";
import { Pool, type PoolKind } from "../lib/executor/pool/pool.ts";
import { type EngineOptions, load, task, unordered } from "../lib/index.ts";
import type { Item } from "../lib/types.ts";
import { effort, measure, report, type Subject } from "./rates.ts";

/** Takes some 100 ms, and can't be left out: somebody looks at what comes out. */
function work(): number {
  let sum = 0;
  for (let at = 1; at <= 20_000_000; at++) sum = (sum * 31 + at) % 1_000_003;
  return sum;
}

const many = (name: string, count: number, execute: () => number) =>
  unordered(
    name,
    ...Array.from({ length: count }, (_, at) =>
      task({ name: `${name} ${at}`, provides: `${name} ${at}`, execute }),
    ),
  );

const share = "half of the work";

/** What the machine gives: the same work on two threads, without an engine, and each knows its share beforehand. */
async function bare(): Promise<void> {
  const halves = [0, 1].map(() => new Thread(import.meta.filename, { workerData: share }));
  await Promise.all(halves.map((thread) => once(thread, "exit")));
}

/** Exported, since hosts find tasks in what this module exports. */
export const busy = many("busy", 16, work);
export const idle = many("idle", 500, () => 1);

const run = async (flow: Item, options: EngineOptions): Promise<void> => {
  strictEqual(await load(flow, options).run(), "SUCCESS");
};

async function bench(): Promise<void> {
  console.log(`${availableParallelism()} cores`);
  const kinds: readonly PoolKind[] = ["threads", "processes"];
  const pools = kinds.map((kind) => new Pool({ kind, size: 2, modules: [import.meta.url] }));
  const subjects = (flow: Item, units: number): Subject[] => [
    { name: "serial", units, run: () => run(flow, {}) },
    ...pools.map((pool) => {
      const { kind } = pool;
      return { name: `${kind}(2)`, units, run: () => run(flow, { engine: kind, pool }) };
    }),
  ];
  for (const pool of pools) await pool.ready();
  const works = [...subjects(busy, 16), { name: "two bare threads", units: 16, run: bare }];
  report("Tasks of 100 ms", await measure(works, { ...effort, roundMs: 1 }), "serial");
  report("Tasks that do nothing", await measure(subjects(idle, 500)), "serial");
  for (const pool of pools) await pool.close();
}

// Hosts load this module too.
if (workerData === share) for (let done = 0; done < 8; done++) work();
else if (process.argv[1] === import.meta.filename) await bench();
