// Measures round trips over one nats-server: the transport, held against the bare client used as well as it can be
// (one inbox, numbers, no timers, bytes as they are) and beside the client's own request(). Both ends are in this
// process, so each round trip costs it twice. Doesn't measure a network, a cluster, TLS or large bodies.
import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { connect, createInbox, type NatsConnection } from "nats";
import { connectNats } from "../lib/nats/connect.ts";
import { measure, report, type Subject } from "./rates.ts";

const inFlight = 256;
const body = { flow: "0190a3b4-flow", attempt: 1, inputs: { left: 1, right: 2 } };
const bytes = new TextEncoder().encode(JSON.stringify(body));

async function startServer(): Promise<{ child: ChildProcess; url: string }> {
  const finder = resolve(import.meta.dirname, "../../scripts/nats-server.mjs");
  const { natsServer } = (await import(pathToFileURL(finder).href)) as {
    natsServer(): Promise<string>;
  };
  const args = ["-a", "127.0.0.1", "-p", "-1"];
  const child = spawn(await natsServer(), args, { stdio: ["ignore", "ignore", "pipe"] });
  let port = "";
  for await (const line of createInterface({ input: child.stderr })) {
    port = /client connections on \S+:(\d+)/.exec(line)?.[1] ?? port;
    if (line.includes("Server is ready")) return { child, url: `nats://127.0.0.1:${port}` };
  }
  throw new Error("the server did not start");
}

/** The least that a request and its answer cost with this client. */
function bareRequests(nats: NatsConnection): () => Promise<unknown> {
  const inbox = createInbox();
  const waiting = new Map<string, (answer: Uint8Array) => void>();
  nats.subscribe(`${inbox}.*`, {
    callback: (_, message) => {
      const id = message.subject.slice(inbox.length + 1);
      waiting.get(id)?.(message.data);
      waiting.delete(id);
    },
  });
  let last = 0;
  return async () =>
    new Promise((answered) => {
      const id = (last++).toString(36);
      waiting.set(id, answered);
      nats.publish("bare", bytes, { reply: `${inbox}.${id}` });
    });
}

/** Keeps that many requests under way until all are answered. */
const pipelined = (name: string, ask: () => Promise<unknown>): Subject => {
  const units = 8 * inFlight;
  return {
    name,
    units,
    run: async () => {
      let left = units;
      const line = async (): Promise<void> => {
        while (left-- > 0) await ask();
      };
      await Promise.all(Array.from({ length: inFlight }, line));
    },
  };
};

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
