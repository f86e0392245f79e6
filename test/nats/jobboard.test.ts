// The jobboard on NATS: the contract, on one server and on three.
import t, { type Test } from "tap";
import type { Jobboard } from "../../lib/jobboard/jobboard.ts";
import { connectNats } from "../../lib/nats/connect.ts";
import type { NatsTransport } from "../../lib/nats/face.ts";
import { natsJobboard, type NatsJobboardOptions } from "../../lib/nats/jobboard.ts";
import { jobboardContract } from "../contracts/jobboard.ts";
import { noServer, startCluster, startServer } from "./server.ts";

t.setTimeout(180_000);

/** Connections of a board, by the board. */
const hosts = new WeakMap<object, { readonly t: Test; readonly prefix: string }>();
let boards = 0;

async function connect(t: Test, servers: string[], prefix: string): Promise<NatsTransport> {
  const transport = await connectNats({ servers, prefix });
  t.teardown(async () => transport[Symbol.asyncDispose]());
  return transport;
}

function contract(t: Test, name: string, servers: string[], options: NatsJobboardOptions): void {
  jobboardContract(t, name, {
    open: async (t, clock) => {
      const prefix = `fs${++boards}`;
      const transport = await connect(t, servers, prefix);
      const board = await natsJobboard(transport, { ...options, clock });
      hosts.set(board, { t, prefix });
      return board;
    },
    again: async (board: Jobboard) => {
      const host = hosts.get(board);
      if (host === undefined) throw new Error("it is none of ours");
      return natsJobboard(await connect(host.t, servers.toReversed(), host.prefix), options);
    },
  });
}

t.test("one server", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  contract(t, "nats", [server.url], {});
});

t.test("three servers", { skip: noServer }, async (t) => {
  const servers = await startCluster(t);
  contract(
    t,
    "nats, R3",
    servers.map(({ url }) => url),
    { replicas: 3 },
  );
});
