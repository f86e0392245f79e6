/** The way in from outside: a connection to NATS, as a transport. */
import { randomBytes } from "node:crypto";
import type { ConnectionOptions, NatsConnection } from "nats";
import type { Clock } from "../clock.ts";
import { FlowError } from "../errors.ts";
import { tokenOf } from "../names.ts";
import { systemClock } from "../system.ts";
import type { WaitingLimits } from "../transport/waiting.ts";
import { logOf } from "../log.ts";
import type { Log, Logger } from "../types.ts";
import { senderBytes } from "./chunks.ts";
import { Connection } from "./connection.ts";
import { type ServerUrl, parseServers } from "./servers.ts";
import type { NatsTransport } from "./face.ts";
import { SubjectTransport } from "./transport.ts";

/** Certificates as PEM, or the files that they are in. */
export interface NatsTls {
  readonly ca?: string;
  readonly caFile?: string;
  readonly cert?: string;
  readonly certFile?: string;
  readonly key?: string;
  readonly keyFile?: string;
}

export interface NatsOptions extends WaitingLimits {
  /** `nats://host:port` or `tls://host:port`, one or several of a cluster; `user:password@` may come before the host. */
  readonly servers: string | readonly string[];
  /** The first tokens of every subject: what tells one installation from another. Default `fs`. */
  readonly prefix?: string;
  /** A token of the inbox, so that `nats.conf` can give each role its own. Default `engine`. */
  readonly role?: string;
  /** What the server calls this connection when it lists its connections. */
  readonly name?: string;
  /** The seed of an nkey. */
  readonly seed?: string;
  readonly user?: string;
  readonly password?: string;
  readonly tls?: NatsTls;
  /** Milliseconds until a server must have answered. Default 5,000. */
  readonly connectMs?: number;
  /** The largest body in encoded bytes. Default 16 MiB. */
  readonly maxBytes?: number;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Gets what happens beside the requests. Default: nothing is logged. */
  readonly log?: Log | Logger;
}

/** Older ones can't fence a replicated stream, and don't know `sync_interval`. */
const oldest = { major: 2, minor: 10 } as const;

/** What the client calls a server that does not want us. */
const refusals: ReadonlySet<string> = new Set([
  "AUTHORIZATION_VIOLATION",
  "BAD_AUTHENTICATION",
  "AUTHENTICATION_EXPIRED",
  "AUTHENTICATION_TIMEOUT",
  "ACCOUNT_EXPIRED",
]);

/**
 * Connects, and stays connected: what is asked while the server is away waits until it is back.
 *
 * @throws FlowError `SERVER_UNREACHABLE`, `CREDENTIALS_REFUSED`, `SERVER_TOO_OLD`; `FORBIDDEN` when the inbox is not
 * allowed; `INVALID_OPTION`
 */
export async function connectNats(options: NatsOptions): Promise<NatsTransport> {
  const { prefix = "fs", role = "engine", clock = systemClock } = options;
  const log = logOf(options.log);
  const { window = 65_536, windowBytes = 256 * 1024 * 1024 } = options;
  const { maxBytes = 16 * 1024 * 1024 } = options;
  if (!/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(prefix)) {
    const problem = `${JSON.stringify(prefix)} is no list of tokens of letters, digits, _ and -`;
    throw new FlowError("INVALID_OPTION", { option: "prefix", problem });
  }
  const servers = parseServers(options.servers);
  const nats = await dial(servers, options);
  const fault = check(nats);
  if (fault !== undefined) {
    await nats.close();
    throw fault;
  }
  const sender = randomBytes(senderBytes);
  const connection = new Connection({ nats, log, sender, window, windowBytes, check });
  // Whoever knows the inbox may answer, so nobody can guess it.
  const inbox = `${prefix}.inbox.${tokenOf(role)}.${randomBytes(16).toString("base64url")}`;
  const limits = { maxBytes, window, windowBytes };
  try {
    return await SubjectTransport.open({ connection, clock, prefix, inbox, ...limits });
  } catch (error) {
    await nats.close();
    throw error;
  }
}

async function dial(servers: readonly ServerUrl[], options: NatsOptions): Promise<NatsConnection> {
  const { connect, nkeyAuthenticator } = await import("nats");
  const { seed, tls, name, connectMs = 5_000 } = options;
  const user = options.user ?? servers[0]?.user;
  const password = options.password ?? servers[0]?.password;
  const settings: ConnectionOptions = {
    servers: servers.map(({ address }) => address),
    timeout: connectMs,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    pingInterval: 1_000,
    maxPingOut: 2,
    noAsyncTraces: true,
  };
  if (name !== undefined) settings.name = name;
  if (user !== undefined) settings.user = user;
  if (password !== undefined) settings.pass = password;
  if (tls !== undefined) settings.tls = { ...tls };
  else if (servers.some((it) => it.isSecure)) settings.tls = {};
  if (seed !== undefined) {
    const authenticator = nkeyAuthenticator(new TextEncoder().encode(seed.trim()));
    try {
      authenticator("a nonce");
    } catch {
      throw new FlowError("INVALID_OPTION", { option: "seed", problem: "is no seed of an nkey" });
    }
    settings.authenticator = authenticator;
  }
  try {
    return await connect(settings);
  } catch (error) {
    throw refusal(servers, error);
  }
}

function refusal(servers: readonly ServerUrl[], error: unknown): FlowError {
  const addresses = servers.map(({ address }) => address);
  const { code = "", message = "it said nothing" } = (error ?? {}) as Partial<
    Record<"code" | "message", string>
  >;
  const about = { servers: addresses, problem: message };
  return refusals.has(code)
    ? new FlowError("CREDENTIALS_REFUSED", about, { cause: error })
    : new FlowError("SERVER_UNREACHABLE", about, { cause: error });
}

/** What is wrong with the server that a connection leads to. */
function check(nats: NatsConnection): FlowError | undefined {
  const found = nats.info?.version ?? "unknown";
  const [major = 0, minor = 0] = found.split(".").map(Number);
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return undefined;
  const needed = `${oldest.major}.${oldest.minor}`;
  return new FlowError("SERVER_TOO_OLD", { server: nats.getServer(), found, needed });
}
