/** Three servers that take streams of three replicas. */
import type { Test } from "tap";
import { connectNats } from "../../lib/nats/connect.ts";
import { natsJournal } from "../../lib/nats/journal.ts";
import { startCluster, type TestServer } from "./server.ts";

/** Servers that have just started may need a while to hear of each other's room for streams. */
const patienceMs = 60_000;

export async function startStreamCluster(t: Test): Promise<readonly TestServer[]> {
  const servers = await startCluster(t);
  await using transport = await connectNats({ servers: servers[0]!.url, prefix: "first" });
  await using journal = natsJournal(transport, { replicas: 3, patienceMs });
  await journal.read("none");
  return servers;
}
