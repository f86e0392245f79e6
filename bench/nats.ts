// Measures round trips over one nats-server: the transport, held against the bare client used as well as it can be
// (one inbox, numbers, no timers, bytes as they are) and beside the client's own request(). Both ends are in this
// process, so each round trip costs it twice. Doesn't measure a network, a cluster, TLS or large bodies.
import { connect } from "nats";
import { connectNats } from "../lib/nats/connect.ts";
import { bareRequests, bytes, inFlight, pipelined, startServer } from "./limits/nats.ts";
import { measure, report, type Subject } from "./rates.ts";

const body = { flow: "0190a3b4-flow", attempt: 1, inputs: { left: 1, right: 2 } };

const sequential = (name: string, ask: () => Promise<unknown>): Subject => ({
  name,
  units: 100,
  run: async () => {
    for (let i = 0; i < 100; i++) await ask();
  },
});

const { child, url } = await startServer();
const options = { servers: url, noAsyncTraces: true };
const [near, far] = [await connectNats(options), await connectNats(options)];
const [asking, answering] = [await connect(options), await connect(options)];
await far.serve("w.bench", (it) => it);
answering.subscribe("bare", { callback: (_, message) => void message.respond(message.data) });
await answering.flush();

const limit = "bare client";
const subjects = [
  [limit, bareRequests(asking)],
  ["NatsTransport", async () => near.request("w.bench", body)],
  ["client's request()", async () => asking.request("bare", bytes)],
] as const;
report("one at a time", await measure(subjects.map(([name, ask]) => sequential(name, ask))), limit);
report(
  `${inFlight} in flight`,
  await measure(subjects.map(([name, ask]) => pipelined(name, ask))),
  limit,
);

await near[Symbol.asyncDispose]();
await far[Symbol.asyncDispose]();
await asking.close();
await answering.close();
child.kill();
