// Refs of actors on another node, through a real server, and what a restart of that server is to them.
import t, { type Test } from "tap";
import { node, type Node, type NodeOptions } from "../../actors/node.ts";
import { connectNats } from "../../lib/nats/connect.ts";
import { refsContract } from "../contracts/refs.ts";
import { noServer, startCluster, startServer, type TestServer } from "./server.ts";

/** Another part of the same server for each test. */
let prefixes = 0;

async function join(
  t: Test,
  server: TestServer,
  prefix: string,
  options: Partial<NodeOptions> & { name: string },
): Promise<Node> {
  const transport = await connectNats({ servers: server.url, prefix, role: "node" });
  const joined = await node({ transport, ...options });
  t.teardown(async () => {
    await joined.close();
    await transport[Symbol.asyncDispose]();
  });
  return joined;
}

t.test("one server", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  refsContract(t, "one server", {
    open: async (t, options) => {
      const prefix = `test.${prefixes++}`;
      const near = await join(t, server, prefix, { name: "near" });
      await join(t, server, prefix, { name: "far", ...options });
      return { near, on: "far" };
    },
  });
});

t.test("a cluster", { skip: noServer }, async (t) => {
  const [one, other] = await startCluster(t);
  refsContract(t, "a cluster", {
    open: async (t, options) => {
      const prefix = `test.${prefixes++}`;
      const near = await join(t, one!, prefix, { name: "near" });
      await join(t, other!, prefix, { name: "far", ...options });
      return { near, on: "far" };
    },
  });
});
