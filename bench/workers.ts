// W5: 2,000 tasks that do nothing, on two worker processes over one nats-server, each an atom whose start and result are
// recorded; held against requests to the same two processes, as many under way as the client likes best. Several attempts
// and outcomes travel in one message where they are ready together; a request of the limit is one message each way.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "nats";
import { type EngineOptions, load, sqliteJournal } from "../lib/index.ts";
import { connectNats } from "../lib/nats/connect.ts";
import { bareRequests, inFlight, pipelined, startServer } from "./limits/nats.ts";
import { measure, report } from "./rates.ts";
import { spread } from "./workloads.ts";

const tasks = 2_000;
const slots = 256;

async function startWorker(url: string, id: string): Promise<ChildProcess> {
  const file = new URL("./peer/worker.js", import.meta.url);
  const child = fork(file, [url, id, String(tasks), String(slots)]);
  await once(child, "message");
  return child;
}

const { child: server, url } = await startServer();
const workers = await Promise.all(["one", "two"].map((id) => startWorker(url, id)));
const transport = await connectNats({ servers: url });
const bare = await connect({ servers: url, noAsyncTraces: true });
const dir = mkdtempSync(join(tmpdir(), "fourstroke-bench-"));

const engine = (name: string, options: EngineOptions) => ({
  name,
  units: tasks,
  run: async () => {
    const one = load(spread(tasks), {
      engine: "workers",
      concurrency: tasks,
      transport,
      ...options,
    });
    await one.run();
    await one.close();
  },
});

const limit = `${inFlight} requests in flight`;
const journals = (["process", "disk"] as const).map((durability) => {
  return sqliteJournal({ dir: join(dir, durability), durability });
});
const rates = await measure([
  pipelined(limit, bareRequests(bare)),
  engine("in memory", {}),
  ...journals.map((journal) => engine(`survives ${journal.durability}`, { journal })),
]);
report("W5: tasks on two worker processes", rates, limit);

for (const journal of journals) await journal.close();
for (const worker of workers) worker.disconnect();
await transport[Symbol.asyncDispose]();
await bare.close();
server.kill();
rmSync(dir, { recursive: true });
