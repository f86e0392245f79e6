/** A worker node in a process of its own, started with an IPC channel: `node worker.js URL ID TASKS SLOTS`. */
import { connect } from "nats";
import { Worker } from "../../actors/worker.ts";
import { connectNats } from "../../lib/nats/connect.ts";
import { systemClock } from "../../lib/system.ts";
import { noops } from "../workloads.ts";

const [servers = "", id = "", tasks, slots] = process.argv.slice(2);
const transport = await connectNats({ servers });
const worker = new Worker({
  id,
  transport,
  tasks: noops(Number(tasks)),
  concurrency: Number(slots),
  clock: systemClock,
  log: console.error,
});
await worker.start();
// For the limit that it is held against.
const bare = await connect({ servers, noAsyncTraces: true });
bare.subscribe("bare", {
  queue: "bare",
  callback: (_, message) => void message.respond(message.data),
});
await bare.flush();
process.on("disconnect", () => process.exit());
process.send?.("ready");
