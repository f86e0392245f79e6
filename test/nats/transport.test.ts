// The transport's contract over one server and over a cluster, and what only a network can do to it.
import { connect } from "nats";
import t, { type Test } from "tap";
import { connectNats, type NatsOptions } from "../../lib/nats/connect.ts";
import type { NatsTransport } from "../../lib/nats/face.ts";
import { type Ends, type Limits, transportContract } from "../contracts/transport.ts";
import { noServer, startCluster, startServer, type TestServer } from "./server.ts";

/** Another part of the same server for each test. */
let prefixes = 0;

async function join(t: Test, server: TestServer, options: Partial<NatsOptions>) {
  const transport = await connectNats({ servers: server.url, ...options });
  t.teardown(async () => transport[Symbol.asyncDispose]());
  return transport;
}

async function openEnds(
  t: Test,
  [one, other]: readonly [TestServer, TestServer],
  limits: Limits = {},
): Promise<Ends> {
  const prefix = `test.${prefixes++}`;
  const near: NatsTransport = await join(t, one, { prefix, ...limits });
  const far: NatsTransport = await join(t, other, { prefix, ...limits });
  const stranger = await connect({ servers: other.url });
  t.teardown(async () => stranger.close());
  const reply = `${prefix}.inbox.engine.x.0`;
  return {
    near,
    far,
    inject: (to, bytes) => {
      if (to === "") return; // the server itself is no address here
      stranger.publish(`${prefix}.${to}`, bytes, { reply });
      stranger.publish(`${prefix}.${to}`, bytes);
    },
  };
}

t.test("one server", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  transportContract(t, "one server", {
    open: async (t, limits) => openEnds(t, [server, server], limits),
  });
});

t.test("a cluster", { skip: noServer }, async (t) => {
  const [one, other] = await startCluster(t);
  transportContract(t, "a cluster", {
    isRouted: true,
    open: async (t, limits) => openEnds(t, [one!, other!], limits),
  });
});
