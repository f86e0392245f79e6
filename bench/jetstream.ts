/**
 * Appends per second of the JetStream journal, beside the bare client used as well as it can be: fenced messages of the
 * same size, answered through one inbox, one under way for each flow. One chain of awaited appends, and 500 flows of 10
 * at once. A batch is what a task makes, some 100 bytes; of ten messages of a flow the first is its blueprint.
 *
 * Doesn't measure a cluster, nor `sync_interval: always`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectNats } from "../lib/nats/connect.ts";
import { natsJournal } from "../lib/nats/journal.ts";
import { batch, flowId } from "./batches.ts";
import { startServer } from "./limits/nats.ts";
import { openStream } from "./limits/stream.ts";
import { measure, report } from "./rates.ts";

const folder = mkdtempSync(join(tmpdir(), "fourstroke-bench-"));
const { child, url } = await startServer(["-js", "-sd", folder]);
const transport = await connectNats({ servers: url });
const journal = natsJournal(transport);
const bare = await openStream([url], 1);
let flows = 0;

async function chain(count: number): Promise<void> {
  const flow = flowId(flows++);
  for (let place = 0; place < count; place++) await journal.append(flow, batch(place), "RUNNING");
}

const many = async (one: (count: number) => Promise<void>): Promise<void> => {
  await Promise.all(Array.from({ length: 500 }, async () => one(10)));
};

const length = 500;
report(
  "one chain",
  await measure([
    { name: "bare client", units: length, run: async () => bare.chain(length) },
    { name: "journal", units: length, run: async () => chain(length) },
  ]),
  "bare client",
);
report(
  "500 flows at once",
  await measure([
    { name: "bare client", units: 5_000, run: async () => many((count) => bare.chain(count)) },
    { name: "journal", units: 5_000, run: async () => many(chain) },
  ]),
  "bare client",
);

await journal.close();
await transport[Symbol.asyncDispose]();
await bare.close();
child.kill();
rmSync(folder, { recursive: true, force: true });
