// fourstroke in the peer harness with its journal in JetStream. Needs the built project: `npm run build` first.
import { connectNats, natsJournal } from "../../build/lib/index.js";
import { openEngine } from "./adapter.mjs";
import { openWorkers } from "./workers.mjs";

export async function open(job) {
  const transport = await connectNats({ servers: job.env.nats.url });
  const journal = natsJournal(transport);
  const opened = await (job.workload === "W5" ? openWorkers(job, journal) : openEngine(journal));
  return {
    ...opened,
    async close() {
      await opened.close();
      await transport[Symbol.asyncDispose]();
    },
  };
}
