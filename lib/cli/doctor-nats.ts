/** What "durable" means on the servers of a cluster. */
import type { NatsTransport } from "../nats/face.ts";
import { JetStream } from "../nats/jetstream.ts";
import { bytes, type Finding } from "./findings.ts";
import { oneLine, plural } from "./text.ts";

/** Flows that one journal is for; each takes some 450 bytes of every server's memory. */
const mostSubjects = 1_000_000;

/** Share of a limit from which on it is worth a word. */
const nearly = 0.5;

interface StreamInfo {
  readonly config: {
    readonly name: string;
    readonly num_replicas: number;
    readonly storage: string;
  };
  readonly state: {
    readonly messages: number;
    readonly bytes: number;
    readonly num_subjects?: number;
  };
  readonly cluster?: {
    readonly leader?: string;
    readonly replicas?: readonly {
      readonly name: string;
      readonly current: boolean;
      readonly offline?: boolean;
      readonly lag?: number;
    }[];
  };
}

interface AccountInfo {
  readonly memory: number;
  readonly storage: number;
  readonly streams: number;
  readonly limits: { readonly max_storage: number; readonly max_streams: number };
  readonly api: { readonly level?: number };
}

/** @throws FlowError `JETSTREAM_UNAVAILABLE`, `FORBIDDEN`, and what else a request may */
export async function examineServers(transport: NatsTransport): Promise<readonly Finding[]> {
  const jetstream = new JetStream(transport);
  await jetstream.check();
  const account = (await jetstream.api("INFO")) as unknown as AccountInfo;
  const streams = await streamsOf(jetstream);
  const { server } = jetstream.inside.connection;
  const text = `nats-server ${server.version}, JetStream API level ${account.api.level ?? 0}`;
  return [
    { level: "good", subject: "server", text, about: { ...server } },
    {
      level: "fact",
      subject: "durability",
      text:
        "what is acknowledged is on a majority of a stream's replicas; when a server writes it through to its disk is its " +
        "sync_interval, which no client can ask for: by default every 2 minutes, so that a power cut of all replicas at " +
        'once loses up to that; with "sync_interval: always" (see nats.conf), nothing',
      about: { syncInterval: null },
    },
    accountFinding(account),
    ...(streams.length === 0
      ? [{ level: "fact", subject: "streams", text: "there are none yet" } as const]
      : streams.flatMap(streamFindings)),
  ];
}

/** Of this prefix alone. */
export async function streamsOf(jetstream: JetStream): Promise<readonly StreamInfo[]> {
  const prefix = jetstream.prefix.replaceAll(".", "=");
  const own = new RegExp(`^${prefix.toUpperCase()}_(J\\d+|B)$`);
  const found: StreamInfo[] = [];
  for (;;) {
    const page = await jetstream.api("STREAM.LIST", { offset: found.length });
    const streams = (page["streams"] ?? []) as readonly StreamInfo[];
    found.push(...streams);
    if (streams.length === 0 || found.length >= Number(page["total"])) break;
  }
  return found
    .filter(({ config: { name } }) => own.test(name) || name === `KV_${prefix}_jobs`)
    .sort((one, other) => (one.config.name < other.config.name ? -1 : 1));
}

function accountFinding({ storage, streams, limits }: AccountInfo): Finding {
  const { max_storage: most, max_streams: mostStreams } = limits;
  const limit = most > 0 ? ` of ${bytes(most)}` : ", without a limit of the account";
  const count =
    mostStreams > 0 ? `${streams} of ${mostStreams} streams` : plural(streams, "stream");
  const isNear = (most > 0 && storage > most * nearly) || streams === mostStreams;
  const text = `${bytes(storage)}${limit}, ${count}`;
  const about = { storage, maxStorage: most, streams, maxStreams: mostStreams };
  return { level: isNear ? "warning" : "good", subject: "storage", text, about };
}

function streamFindings({ config, state, cluster }: StreamInfo): Finding[] {
  const { name, num_replicas: replicas, storage } = config;
  const { messages, bytes: size, num_subjects: subjects = 0 } = state;
  const about = { replicas, storage, messages, bytes: size, subjects };
  const survives =
    replicas === 1
      ? "the server that has it may restart, but its disk must not be lost"
      : `${Math.floor((replicas - 1) / 2)} of its servers may be lost`;
  const what = `${plural(replicas, "replica")} in ${storage}: ${survives}; ${plural(messages, "message")}, ${plural(subjects, "subject")}, ${bytes(size)}`;
  const findings: Finding[] = [
    { level: storage === "file" ? "good" : "problem", subject: oneLine(name), text: what, about },
  ];
  if (subjects > mostSubjects * nearly) {
    const text = `${subjects.toLocaleString("en")} subjects of ${mostSubjects.toLocaleString("en")} that it is for: purge flows that have ended`;
    findings.push({ level: "warning", subject: oneLine(name), text, about: { subjects } });
  }
  for (const peer of cluster?.replicas ?? []) {
    if (peer.current && peer.offline !== true) continue;
    const text = `the replica on ${oneLine(peer.name)} is ${peer.offline === true ? "away" : `${peer.lag ?? 0} operations behind`}`;
    findings.push({ level: "warning", subject: oneLine(name), text, about: { ...peer } });
  }
  return findings;
}
