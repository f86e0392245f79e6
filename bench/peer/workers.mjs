// fourstroke in the peer harness, its tasks on worker processes over NATS. Needs the built project: `npm run build` first.
import { fork } from "node:child_process";
import { once } from "node:events";
import { load, sqliteJournal } from "../../build/lib/index.js";
import { connectNats } from "../../build/lib/nats/connect.js";
import { spread } from "../../build/bench/workloads.js";

const durabilities = { durable: "process", "durable-sync": "disk" };
const most = 2_000;

export function open({ mode, dir, ...job }) {
  return openWorkers(
    job,
    mode === "volatile" ? undefined : sqliteJournal({ dir, durability: durabilities[mode] }),
  );
}

export async function openWorkers({ env, workers }, journal) {
  const file = new URL("../../build/bench/peer/worker.js", import.meta.url);
  const children = Array.from({ length: workers || 1 }, (_, at) =>
    fork(file, [env.nats.url, `worker-${at}`, String(most), "256"]),
  );
  await Promise.all(children.map((child) => once(child, "message")));
  const transport = await connectNats({ servers: env.nats.url });
  return {
    async dist(n) {
      const engine = load(spread(n), {
        engine: "workers",
        concurrency: most,
        transport,
        ...(journal === undefined ? {} : { journal }),
      });
      await engine.run();
      const results = Object.values(engine.storage.fetchAll());
      await engine.close();
      return results.reduce((sum, one) => sum + one, 0);
    },
    async close() {
      for (const child of children) child.disconnect();
      await transport[Symbol.asyncDispose]();
      await journal?.close();
    },
  };
}
