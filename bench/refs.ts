// Measures what asking an actor costs: one here, and one on another node over a nats-server, held against the bare
// client's request and answer used as well as it can be. Both nodes are in this process, so each round trip costs it
// twice. The actor is a machine whose context is one number; its snapshots travel too. Doesn't measure a network.
import { connect } from "nats";
import { assign, type EventObject, setup } from "xstate";
import { type Node, node } from "../actors/node.ts";
import { connectNats } from "../lib/nats/connect.ts";
import { bareRequests, inFlight, pipelined, startServer } from "./limits/nats.ts";
import { measure, report } from "./rates.ts";

const counter = setup({
  types: {
    context: {} as { n: number },
    events: {} as { type: "COUNT"; replyTo?: { send(event: EventObject): void } },
  },
}).createMachine({
  context: { n: 0 },
  on: {
    COUNT: {
      actions: [
        assign({ n: ({ context }) => context.n + 1 }),
        ({ context, event }) => event.replyTo?.send({ type: "is", n: context.n } as EventObject),
      ],
    },
  },
});

const { child, url } = await startServer();
const options = { servers: url, noAsyncTraces: true };
const transports = [await connectNats(options), await connectNats(options)] as const;
const join = (at: 0 | 1, name: string): Promise<Node> =>
  node({ name, transport: transports[at], actors: { counter } });
const [near, far] = [await join(0, "near"), await join(1, "far")];
const [asking, answering] = [await connect(options), await connect(options)];
answering.subscribe("bare", { callback: (_, message) => void message.respond(message.data) });
await answering.flush();

const limit = "bare client";
const here = await near.spawn<typeof counter>("counter");
const there = await near.spawn<typeof counter>("counter", { on: "far" });
const subjects = [
  pipelined(limit, bareRequests(asking)),
  pipelined("ask there", async () => there.ask({ type: "COUNT" })),
  pipelined("ask here", async () => here.ask({ type: "COUNT" })),
];
report(`${inFlight} in flight`, await measure(subjects), limit);

for (const one of [near, far]) await one.close();
for (const one of transports) await one[Symbol.asyncDispose]();
await asking.close();
await answering.close();
child.kill();
