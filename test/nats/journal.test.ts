// The journal's contract on one server and on a cluster.
import t, { type Test } from "tap";
import { connectNats } from "../../lib/nats/connect.ts";
import { natsJournal } from "../../lib/nats/journal.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import { journalContract, type Subject } from "../contracts/journal.ts";
import { snapshotContract } from "../contracts/snapshots.ts";
import { noServer, startServer, type TestServer } from "./server.ts";
import { startStreamCluster } from "./streams.ts";

/** Another part of the same server for each test. */
let prefixes = 0;

function contractOn(
  t: Test,
  name: string,
  servers: readonly TestServer[],
  replicas: number,
  streams = 1,
): void {
  const opened = new WeakMap<Journal, () => Promise<Journal>>();
  const subject: Subject = {
    durability: "server",
    open: async (t) => {
      const prefix = `test.${prefixes++}`;
      const another = async (): Promise<Journal> => {
        const transport = await connectNats({ servers: servers.map(({ url }) => url), prefix });
        t.teardown(async () => transport[Symbol.asyncDispose]());
        const journal = natsJournal(transport, { replicas, streams });
        opened.set(journal, another);
        return journal;
      };
      return another();
    },
    again: async (journal) => opened.get(journal)!(),
  };
  journalContract(t, name, subject);
  snapshotContract(t, name, subject);
}

t.test("one server", { skip: noServer }, async (t) => {
  contractOn(t, "one server", [await startServer(t)], 1);
});

t.test("one server, several streams", { skip: noServer }, async (t) => {
  contractOn(t, "several streams", [await startServer(t)], 1, 2);
});

t.test("a cluster", { skip: noServer }, async (t) => {
  t.setTimeout(120_000);
  contractOn(t, "a cluster", await startStreamCluster(t), 3);
});
