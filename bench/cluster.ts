/**
 * Flows whose journal is a stream: 500 flows of 10 tasks at once on one event loop, and W5, 2,000 tasks on two worker
 * processes; on one server and on three, with the servers' default sync and with an fsync for each message. Beside the
 * bare client in the same run: as many fenced messages as the flows have batches, one under way for each flow; and all
 * of them through one log with group commit, which no journal of ours is, since each flow is fenced by itself.
 *
 * `BENCH_ONLY=R1` and the like for one of the settings.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectNats, load, natsJournal } from "../lib/index.ts";
import { startServers } from "./limits/nats.ts";
import { openStream } from "./limits/stream.ts";
import { effort, measure, report } from "./rates.ts";
import { chain, spread } from "./workloads.ts";

const flows = 500;
const tasks = 2_000;
/** Batches of a flow of ten tasks. */
const batches = 11;

const settings = [
  { name: "R1", replicas: 1, sync: "default" },
  { name: "R1 sync", replicas: 1, sync: "always" },
  { name: "R3", replicas: 3, sync: "default" },
  { name: "R3 sync", replicas: 3, sync: "always" },
] as const;

async function startWorker(url: string, id: string): Promise<ChildProcess> {
  const child = fork(new URL("./peer/worker.js", import.meta.url), [url, id, String(tasks), "256"]);
  await once(child, "message");
  return child;
}

const all = async (run: () => Promise<unknown>): Promise<void> => {
  await Promise.all(Array.from({ length: flows }, run));
};

async function bench({ name, replicas, sync }: (typeof settings)[number]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "fourstroke-bench-"));
  const { urls, stop } = await startServers(folder, replicas, sync);
  const transport = await connectNats({ servers: urls });
  const journal = natsJournal(transport, { replicas });
  const bare = await openStream(urls, replicas);
  const workers = await Promise.all(["one", "two"].map((id) => startWorker(urls[0] ?? "", id)));
  // A stream with an fsync for each message is slow: few rounds say enough.
  const rounds = sync === "always" ? { ...effort, rounds: Math.min(3, effort.rounds) } : effort;
  const limit = "fenced messages, bare";
  const flow = chain(10);
  report(
    `500 flows of 10, ${name}: tasks`,
    await measure(
      [
        { name: limit, units: flows * 10, run: () => all(() => bare.chain(batches)) },
        {
          name: "one log, group commit",
          units: flows * 10,
          run: () => all(() => bare.grouped(batches)),
        },
        {
          name: "engine",
          units: flows * 10,
          run: () => all(() => load(flow, { engine: "parallel", journal }).run()),
        },
      ],
      rounds,
    ),
    limit,
  );
  report(
    `W5, ${name}: tasks`,
    await measure(
      [
        { name: "one log, group commit", units: tasks, run: () => bare.grouped(20) },
        {
          name: "engine, two workers",
          units: tasks,
          run: async () => {
            const options = { engine: "workers", concurrency: tasks, transport, journal } as const;
            const engine = load(spread(tasks), options);
            await engine.run();
            await engine.close();
          },
        },
      ],
      rounds,
    ),
    "engine, two workers",
  );
  for (const worker of workers) worker.disconnect();
  await bare.close();
  await journal.close();
  await transport[Symbol.asyncDispose]();
  await stop();
  rmSync(folder, { recursive: true, force: true });
}

for (const setting of settings) {
  const only = process.env["BENCH_ONLY"];
  if (only === undefined || only === setting.name) await bench(setting);
}
