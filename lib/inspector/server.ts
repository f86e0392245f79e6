/**
 * The inspector's server: the page, and what the page asks for. Reads only, unless edits are allowed.
 *
 * Every request passes the guard first. What a request names is looked up in what there is; nothing of it becomes the
 * name of a file.
 */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isIPv6 } from "node:net";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { FlowError } from "../errors.ts";
import type { Jobboard } from "../jobboard/jobboard.ts";
import type { Journal } from "../journal/journal.ts";
import type { Transport } from "../transport/transport.ts";
import type { Log } from "../types.ts";
import { Api } from "./api.ts";
import { Cluster } from "./cluster.ts";
import { Feed } from "./feed.ts";
import { type PageFile, pageFiles } from "./files.ts";
import { Guard, isLoopback, type Refusal } from "./guard.ts";

export interface InspectorOptions {
  readonly journal: Journal;
  /** Without one, there are no cluster and no commands. */
  readonly board?: Jobboard;
  /** Through which nodes and workers are heard. */
  readonly transport?: Transport;
  /** What it listens on. Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any that is free. */
  readonly port?: number;
  /** At least 16 characters. Default: none on a loopback address without edits, else one is made. */
  readonly token?: string;
  /** Whether the page may command flows. Default false. */
  readonly allowEdits?: boolean;
  /** Words for where the flows come from. */
  readonly source: string;
  /** What commands of the command line need to mean the same place, with a space before. Default: nothing. */
  readonly place?: string;
  readonly version: string;
  /** Words for the process behind an owner's name, if it lives. */
  readonly runner?: (owner: string) => string | undefined;
  /** Words for the process behind an owner's name, if it is known to be gone. */
  readonly gone?: (owner: string) => string | undefined;
  readonly clock: Clock;
  readonly log?: Log;
  /** Milliseconds between two looks at the journal while a page is open. Default 500. */
  readonly lookMs?: number;
  /** Milliseconds after which a page that reads nothing is let go. Default 15,000. */
  readonly patienceMs?: number;
}

export interface Inspector extends AsyncDisposable {
  /** What to open, the token included if there is one. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

const shortestToken = 16;

/** Requests at once, and what is read of one. */
const most = {
  connections: 256,
  headerBytes: 8 * 1024,
  headersMs: 5_000,
  requestMs: 10_000,
} as const;

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const headers = {
  "Content-Security-Policy": policy,
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
} as const;

/**
 * Serves the inspector until it is closed. Closing it leaves journal, board and transport open.
 *
 * @throws FlowError `INVALID_OPTION` when it can't listen there, or the token is too short; `NOT_FOUND` when the page
 * was not built
 */
export async function serveInspector(options: InspectorOptions): Promise<Inspector> {
  const { journal, board, transport, clock, log = () => undefined } = options;
  const { host = "127.0.0.1", port = 0, allowEdits = false } = options;
  const { lookMs = 500, patienceMs = 15_000 } = options;
  if (options.token !== undefined && options.token.length < shortestToken) {
    const problem = `it has fewer than ${shortestToken} characters`;
    throw new FlowError("INVALID_OPTION", { option: "token", problem });
  }
  const needsToken = allowEdits || !isLoopback(host);
  const token = options.token ?? (needsToken ? randomBytes(24).toString("base64url") : undefined);
  const files = pageFiles(join(import.meta.dirname, "page"));
  const cluster = new Cluster(board, journal, clock);
  const feed = new Feed({ journal, clock, log, lookMs, patienceMs });
  const { source, place = "", version, runner = () => undefined, gone = () => undefined } = options;
  const about = { version, source, hasBoard: board !== undefined, allowEdits };
  const isRemote = transport !== undefined;
  const api = new Api({ journal, cluster, feed, runner, gone, place, isRemote, about, log });
  const server = createServer({
    maxHeaderSize: most.headerBytes,
    headersTimeout: most.headersMs,
    requestTimeout: most.requestMs,
    connectionsCheckingInterval: 1_000,
  });
  server.maxConnections = most.connections;
  const at = await listening(server, host, port);
  const front = new Front(new Guard({ host, port: at, token }), files, api);
  server.on("request", (request, response) => {
    front.answer(request, response);
  });
  const unlisten = transport === undefined ? () => undefined : await cluster.listen(transport);
  const name = isIPv6(host) ? `[${host}]` : host;
  const query = token === undefined ? "" : `?token=${encodeURIComponent(token)}`;
  const close = async (): Promise<void> => {
    unlisten();
    feed.close();
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://${name}:${at}/${query}`, port: at, close, [Symbol.asyncDispose]: close };
}

async function listening(server: Server, host: string, port: number): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port }, resolve);
    });
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    const problem = `can't listen on ${host}, port ${port}: ${code}`;
    throw new FlowError("INVALID_OPTION", { option: "port", problem }, { cause: error });
  }
  return (server.address() as AddressInfo).port;
}

/** Decides what a request is for. */
class Front {
  readonly #guard: Guard;
  readonly #files: ReadonlyMap<string, PageFile>;
  readonly #api: Api;

  constructor(guard: Guard, files: ReadonlyMap<string, PageFile>, api: Api) {
    this.#guard = guard;
    this.#files = files;
    this.#api = api;
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.setHeader("Cache-Control", "no-store");
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    const url = urlOf(request);
    const isPage = url.pathname === "/" && request.method === "GET";
    // A token in the address is kept as a cookie, and the address forgotten.
    const isEntry = isPage && this.#guard.accepts(url.searchParams.get("token"));
    const refusal = this.#guard.refuses(request, isPage);
    if (isEntry && (refusal === undefined || refusal.code === "NO_TOKEN")) {
      response.setHeader("Set-Cookie", this.#guard.cookie);
      response.writeHead(303, { Location: "/" }).end();
    } else if (refusal !== undefined) refuse(request, response, refusal);
    else if (url.pathname.startsWith("/api/")) this.#api.answer(request, response, url);
    else this.#file(request, response, url.pathname);
  }

  #file(request: IncomingMessage, response: ServerResponse, path: string): void {
    const { method } = request;
    const file = this.#files.get(path);
    if (method !== "GET" && method !== "HEAD") {
      refuse(request, response, {
        status: 405,
        code: "WRONG_METHOD",
        message: "it can only be read",
      });
    } else if (file === undefined) {
      refuse(request, response, {
        status: 404,
        code: "NOT_FOUND",
        message: "there is no such page",
      });
    } else {
      const { type, bytes, isFinal } = file;
      if (isFinal) response.setHeader("Cache-Control", "public, max-age=31536000, immutable");
      response.writeHead(200, { "Content-Type": type, "Content-Length": bytes.length });
      response.end(method === "HEAD" ? undefined : bytes);
    }
  }
}

function urlOf({ url = "" }: IncomingMessage): URL {
  const base = "http://inspector";
  // What is no path of its own, `*` or the address of another server, leads nowhere.
  return url.startsWith("/") && URL.canParse(`${base}${url}`)
    ? new URL(`${base}${url}`)
    : new URL("/nowhere", base);
}

function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  const { status, code, message } = refusal;
  // What it still has to say is not read.
  if (request.method === "POST") response.setHeader("Connection", "close");
  response.writeHead(status, { "Content-Type": "application/json; charset=utf-8" });
  response.end(JSON.stringify({ error: { code, message } }));
}
