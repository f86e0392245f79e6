/** Three servers that take streams of three replicas. */
import type { Test } from "tap";
import { meets, startCluster, type TestServer, until } from "./server.ts";

const attempts = 5;

/** How many servers share their streams; 0 while they have no leader yet. */
async function sharing(servers: readonly TestServer[]): Promise<number> {
  for (const server of servers) {
    const { meta_cluster: meta = {} } = (await server.monitor("/jsz")) as {
      meta_cluster?: { leader?: string; cluster_size?: number; replicas?: readonly unknown[] };
    };
    // Only the leader knows its replicas.
    if (meta.replicas !== undefined) return meta.cluster_size ?? 0;
  }
  return 0;
}

/**
 * Servers that start at the same moment sometimes agree on a leader before the third one is there, and never take it in
 * (2.10.27): they start anew then.
 */
export async function startStreamCluster(t: Test): Promise<readonly TestServer[]> {
  const servers = await startCluster(t);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    let size = 0;
    await until("they have a leader", async () => {
      size = await sharing(servers);
      return size > 0;
    });
    if (size === servers.length) return servers;
    await Promise.all(servers.map(async (server) => server.stop()));
    await Promise.all(servers.map(async (server) => server.forget()));
    await Promise.all(servers.map(async (server) => server.start()));
    for (const server of servers) await meets(server, servers.length - 1);
  }
  throw new Error("the servers don't share streams");
}
