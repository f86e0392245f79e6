/** Three servers that take streams of three replicas. */
import type { Test } from "tap";
import { connectNats } from "../../lib/nats/connect.ts";
import { JetStream } from "../../lib/nats/jetstream.ts";
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

/** Whether a stream finds as many peers as there are servers; it need not, for half a minute and more. */
async function placesStreams(servers: readonly TestServer[]): Promise<boolean> {
  const transport = await connectNats({ servers: servers.map(({ url }) => url), prefix: "probe" });
  const jetstream = new JetStream(transport);
  const probe = { name: "probe", subjects: ["probe.stream"], num_replicas: servers.length };
  try {
    await until("a stream finds its peers", () => isDone(jetstream, "CREATE.probe", probe), 5_000);
    await until("it is gone", () => isDone(jetstream, "DELETE.probe"), 5_000);
    return true;
  } catch {
    return false;
  } finally {
    await transport[Symbol.asyncDispose]();
  }
}

const isDone = (jetstream: JetStream, request: string, body?: object): Promise<boolean> =>
  jetstream.api(`STREAM.${request}`, body).then(
    () => true,
    () => false,
  );

/**
 * Servers that start at the same moment sometimes agree on a leader before the third one is there, and never take it
 * in, or don't hear for long what room the others have (2.10.27): they start anew then.
 */
export async function startStreamCluster(t: Test): Promise<readonly TestServer[]> {
  const servers = await startCluster(t);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    let size = 0;
    await until("they have a leader", async () => {
      size = await sharing(servers);
      return size > 0;
    });
    if (size === servers.length && (await placesStreams(servers))) return servers;
    await Promise.all(servers.map(async (server) => server.stop()));
    await Promise.all(servers.map(async (server) => server.forget()));
    await Promise.all(servers.map(async (server) => server.start()));
    for (const server of servers) await meets(server, servers.length - 1);
  }
  throw new Error("the servers don't share streams");
}

interface StreamsSeen {
  readonly account_details?: readonly {
    readonly stream_detail?: readonly {
      readonly cluster: {
        readonly leader?: string;
        readonly replicas?: readonly { readonly current: boolean }[];
      };
    }[];
  }[];
}

/**
 * Waits until each stream has a leader that says of all others that they have what it has: one that came back may take
 * long, and while it does, those that are left without another one may find no leader.
 */
export async function areInStep(servers: readonly TestServer[]): Promise<void> {
  const haveCaughtUp = async (): Promise<boolean> => {
    const leaders = new Set<string>();
    for (const server of servers) {
      const { server_name: name } = await server.monitor("/varz");
      const { account_details = [] } = (await server.monitor("/jsz?streams=1")) as StreamsSeen;
      for (const { cluster } of account_details.flatMap((one) => one.stream_detail ?? [])) {
        if (cluster.leader === undefined) return false;
        leaders.add(cluster.leader);
        const isBehind = cluster.replicas?.some(({ current }) => !current) ?? true;
        if (cluster.leader === name && isBehind) return false;
      }
    }
    return leaders.size > 0;
  };
  await until("all servers have caught up", haveCaughtUp, 90_000);
}
