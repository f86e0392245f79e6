/**
 * Tasks per second of the engine, with each journal, beside the limit of that path in the same run:
 * in memory, a library that runs a graph of functions and records nothing; on disk, the store with the same rows and
 * no engine; fsync by fsync, one awaited fsync per task.
 *
 * W1: a chain of 1,000. W2: 1 -> 1,000 -> 1. W3: 500 chains of 10 at once. W4: 100 chains of 20 at once, of which the
 * last task fails and all are undone. L1: one task, alone.
 *
 * Doesn't measure work: tasks add a number. Doesn't measure compiling: a flow is declared once and run many times.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineOptions, type Journal, load, sqliteJournal } from "../lib/index.ts";
import type { Flow } from "../lib/types.ts";
import { graphRun } from "./limits/graph.ts";
import { fsyncs, openRows, type Rows } from "./limits/store.ts";
import { measure, median, report, type Subject } from "./rates.ts";
import { chain, fan, saga } from "./workloads.ts";

const options: EngineOptions = { engine: "parallel", concurrency: 1_000 };

const all = async (count: number, run: () => Promise<unknown>): Promise<void> => {
  await Promise.all(Array.from({ length: count }, run));
};

interface Workload {
  readonly name: string;
  readonly units: number;
  readonly run: (start: (flow: Flow) => Promise<unknown>) => Promise<unknown>;
  /** The same work without an engine or records. */
  readonly graph?: () => Promise<void>;
  /** The rows that the engine's batches are, without an engine. */
  readonly rows: (rows: Rows) => Promise<void>;
}

const workloads: readonly Workload[] = [
  {
    name: "W1",
    units: 1_000,
    run: (start) => start(chain(1_000)),
    graph: () => graphRun.chain(1_000),
    rows: (rows) => rows.chain(1_000),
  },
  {
    name: "W2",
    units: 1_002,
    run: (start) => start(fan(1_000)),
    graph: () => graphRun.fan(1_000),
    rows: (rows) => rows.fan(1_000),
  },
  {
    name: "W3",
    units: 5_000,
    run: (start) => all(500, () => start(chain(10))),
    graph: () => all(500, () => graphRun.chain(10)),
    rows: (rows) => all(500, () => rows.chain(10)),
  },
  {
    name: "W4",
    units: 3_900,
    run: (start) => all(100, () => start(saga(20)).catch(() => undefined)),
    rows: (rows) => all(100, () => rows.chain(39)),
  },
];

const starter =
  (journal?: Journal) =>
  (flow: Flow): Promise<unknown> =>
    load(flow, journal === undefined ? options : { ...options, journal }).run();

async function inMemory(): Promise<void> {
  for (const { name, units, run, graph } of workloads) {
    const subjects: Subject[] = [{ name: "engine", units, run: () => run(starter()) }];
    if (graph !== undefined) subjects.push({ name: "p-graph", units, run: graph });
    report(
      `${name} in memory`,
      await measure(subjects),
      graph === undefined ? "engine" : "p-graph",
    );
  }
}

async function onDisk(durability: "process" | "disk"): Promise<void> {
  for (const { name, units, run, rows } of workloads) {
    const dir = mkdtempSync(join(tmpdir(), "fourstroke-bench-"));
    const journal = sqliteJournal({ dir, durability });
    const store = openRows(join(dir, "rows.db"), durability);
    const limit = durability === "disk" && name === "W1" ? "fsync per task" : "store";
    const subjects: Subject[] = [
      { name: "engine", units, run: () => run(starter(journal)) },
      { name: "store", units, run: () => rows(store) },
    ];
    if (limit !== "store") {
      subjects.push({ name: limit, units, run: () => fsyncs(join(dir, "fsync"), units) });
    }
    report(`${name}, survives ${durability}`, await measure(subjects), limit);
    await journal.close();
    store.close();
    rmSync(dir, { recursive: true });
  }
}

/** Milliseconds of one task in a flow of its own, one after the other. */
async function latency(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "fourstroke-bench-"));
  const journals: [string, Journal | undefined][] = [
    ["memory", undefined],
    ["process", sqliteJournal({ dir: join(dir, "process"), durability: "process" })],
    ["disk", sqliteJournal({ dir: join(dir, "disk"), durability: "disk" })],
  ];
  console.log("\nL1: one task, milliseconds");
  for (const [name, journal] of journals) {
    const start = starter(journal);
    const samples: number[] = [];
    for (let at = 0; at < 1_500; at++) {
      const from = performance.now();
      await start(chain(1));
      if (at >= 500) samples.push(performance.now() - from);
    }
    samples.sort((a, b) => a - b);
    const p99 = samples[Math.floor(samples.length * 0.99)] ?? NaN;
    console.log(`  ${name}: p50 ${median(samples).toFixed(4)}, p99 ${p99.toFixed(4)}`);
    await journal?.close();
  }
  rmSync(dir, { recursive: true });
}

await inMemory();
await onDisk("process");
await onDisk("disk");
await latency();
