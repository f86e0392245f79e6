/** Addresses of servers as a user writes them. */
import { FlowError } from "../errors.ts";

export interface ServerUrl {
  /** Host and port, without secrets. */
  readonly address: string;
  readonly isSecure: boolean;
  readonly user?: string;
  readonly password?: string;
}

const defaultPort = 4222;

/** @throws FlowError `INVALID_OPTION`, which doesn't repeat what may hold a password */
export function parseServers(servers: string | readonly string[]): readonly ServerUrl[] {
  const list = typeof servers === "string" ? servers.split(",") : servers;
  if (list.length === 0) throw invalid("names none");
  return list.map((server) => parse(server.trim()));
}

function parse(server: string): ServerUrl {
  const [, scheme = "nats", rest = server] = /^([a-z]+):\/\/(.*)$/.exec(server) ?? [];
  if (scheme !== "nats" && scheme !== "tls")
    throw invalid(`is no nats: or tls: URL, but ${scheme}:`);
  try {
    const { hostname, port, username, password } = new URL(`nats://${rest}`);
    return {
      address: `${hostname}:${port === "" ? defaultPort : port}`,
      isSecure: scheme === "tls",
      ...(username === "" ? {} : { user: decodeURIComponent(username) }),
      ...(password === "" ? {} : { password: decodeURIComponent(password) }),
    };
  } catch {
    throw invalid("is no URL such as nats://127.0.0.1:4222");
  }
}

const invalid = (problem: string): FlowError =>
  new FlowError("INVALID_OPTION", { option: "servers", problem });
