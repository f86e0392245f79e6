/** What the page asks for, as JSON. Flows are named in the query: any text can be a flow's name. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { FlowError } from "../errors.ts";
import type { Journal } from "../journal/journal.ts";
import type { Log } from "../types.ts";
import { presentWithout } from "../why/present.ts";
import { type Cluster, jobDocument } from "./cluster.ts";
import type { AboutDocument, FlowProgress, PresentDocument, RecordsDocument } from "./documents.ts";
import type { Feed } from "./feed.ts";
import { Reader } from "./reader.ts";

export interface ApiOptions {
  readonly journal: Journal;
  readonly cluster: Cluster;
  readonly feed: Feed;
  readonly runner: (owner: string) => string | undefined;
  readonly gone: (owner: string) => string | undefined;
  /** See `InspectorOptions`. */
  readonly place: string;
  /** What is kept here is kept on a server, which may be away. */
  readonly isRemote: boolean;
  readonly about: AboutDocument;
  readonly log: Log;
}

/** Flows in one answer, flows whose progress is asked for at once, bytes of a body. */
const most = { flows: 1_000, progress: 50, body: 4 * 1024 } as const;

/** What can't be answered, with its status. */
class Unanswerable extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

type Answer = (query: URLSearchParams) => Promise<unknown>;

export class Api {
  readonly #options: ApiOptions;
  readonly #reader: Reader;
  readonly #reads: ReadonlyMap<string, Answer>;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.#reader = new Reader(options.journal);
    this.#reads = new Map<string, Answer>([
      ["/api/about", () => Promise.resolve(options.about)],
      ["/api/flows", (query) => this.#flows(query)],
      ["/api/progress", (query) => this.#progress(query)],
      ["/api/records", (query) => this.#records(query)],
      ["/api/present", (query) => this.#present(query)],
      ["/api/cluster", () => options.cluster.document()],
    ]);
  }

  answer(request: IncomingMessage, response: ServerResponse, url: URL): void {
    this.#answered(request, response, url).catch((error: unknown) => {
      this.#fails(response, error);
    });
  }

  async #answered(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const { pathname, searchParams } = url;
    const { method } = request;
    if (pathname === "/api/command") {
      if (method !== "POST") throw wrongMethod();
      json(response, 200, await this.#command(request, searchParams));
      return;
    }
    if (method !== "GET") throw wrongMethod();
    if (pathname === "/api/events") {
      this.#events(response);
      return;
    }
    const read = this.#reads.get(pathname);
    if (read === undefined) throw new Unanswerable(404, "NOT_FOUND", "nothing is answered there");
    json(response, 200, await read(searchParams));
  }

  #events(response: ServerResponse): void {
    const { feed } = this.#options;
    if (feed.isFull) throw new Unanswerable(503, "TOO_MANY", "too many pages are open");
    response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8" });
    feed.add(response);
  }

  #flows(query: URLSearchParams): Promise<unknown> {
    return this.#reader.flows({
      states: query.getAll("state").slice(0, 16),
      text: query.get("text") ?? "",
      limit: wholeIn(query, "limit", 1, most.flows, 200),
      before: query.get("before") ?? undefined,
    });
  }

  /** Of flows that are on the screen: it takes folding them. */
  async #progress(query: URLSearchParams): Promise<Record<string, FlowProgress | null>> {
    const found: [string, FlowProgress | null][] = [];
    for (const id of query.getAll("id").slice(0, most.progress)) {
      const sequence = this.#options.feed.sequenceOf(id) ?? -1;
      try {
        found.push([id, (await this.#reader.progress(id, sequence)) ?? null]);
      } catch {
        found.push([id, null]); // its journal can't be read: told when it is looked at
      }
    }
    return Object.fromEntries(found);
  }

  async #records(query: URLSearchParams): Promise<RecordsDocument> {
    const id = idIn(query);
    const after = wholeIn(query, "after", 0, Number.MAX_SAFE_INTEGER, 0);
    const records = await this.#reader.records(id, after, this.#options.feed.sequenceOf(id));
    if (after === 0 && records.batches.length === 0) {
      throw new FlowError("NOT_FOUND", { what: "flow", name: id });
    }
    return records;
  }

  async #present(query: URLSearchParams): Promise<PresentDocument> {
    const { about, cluster, feed, isRemote, place } = this.#options;
    const id = idIn(query);
    try {
      const job = await cluster.job(id);
      const state = await this.#reader.state(id, feed.sequenceOf(id));
      const present = await cluster.present(job, state, this.#options);
      return { job: job === undefined ? null : jobDocument(job), present };
    } catch (error) {
      const present = isRemote ? presentWithout(place, about.source, error) : undefined;
      if (present === undefined) throw error;
      return { job: null, present };
    }
  }

  async #command(request: IncomingMessage, query: URLSearchParams): Promise<unknown> {
    if (!this.#options.about.allowEdits) {
      throw new Unanswerable(403, "READ_ONLY", "started without --allow-edits");
    }
    // A form of another site can send neither of these.
    const type = request.headers["content-type"] ?? "";
    if (!type.startsWith("application/json") || request.headers["x-fourstroke"] !== "inspect") {
      throw new Unanswerable(415, "WRONG_TYPE", "commands are JSON, from the page");
    }
    return this.#options.cluster.command(idIn(query), await bodyOf(request));
  }

  #fails(response: ServerResponse, error: unknown): void {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { status, code, message } = statusOf(error);
    if (status === 500) this.#options.log("a request of the page failed", { error }, "error");
    if (status === 413) response.setHeader("Connection", "close");
    json(response, status, { error: { code, message } });
  }
}

const wrongMethod = () => new Unanswerable(405, "WRONG_METHOD", "this is not done that way");

const statuses: Readonly<Record<string, number>> = {
  NOT_FOUND: 404,
  INVALID_OPTION: 400,
  PAYLOAD_REFUSED: 400,
  INVALID_STATE: 409,
  COMMANDS_FULL: 409,
  FORBIDDEN: 403,
  BOARD_UNAVAILABLE: 503,
  JOURNAL_UNAVAILABLE: 503,
};

interface Status {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

function statusOf(error: unknown): Status {
  if (error instanceof Unanswerable) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof FlowError)) return { status: 500, code: "INTERNAL", message };
  const { code } = error as FlowError;
  // What the server of the streams forbids, the page can't mend: whoever started the inspector can.
  const hint = code === "FORBIDDEN" ? "; the inspector's credentials are for looking only" : "";
  return { status: statuses[code] ?? 500, code, message: `${message}${hint}` };
}

function idIn(query: URLSearchParams): string {
  const id = query.get("id");
  if (id !== null && id !== "") return id;
  throw new Unanswerable(400, "BAD_REQUEST", "which flow?");
}

function wholeIn(
  query: URLSearchParams,
  name: string,
  least: number,
  largest: number,
  otherwise: number,
): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= largest) return number;
  throw new Unanswerable(
    400,
    "BAD_REQUEST",
    `${name} is no whole number from ${least} to ${largest}`,
  );
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const text = await textOf(request);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Unanswerable(400, "BAD_REQUEST", "that is no JSON");
  }
}

/** What is too long is not read to its end; the answer goes out all the same. */
function textOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      text += chunk;
      if (text.length <= most.body) return;
      request.pause();
      reject(new Unanswerable(413, "TOO_LARGE", "that is too long"));
    });
    request.on("end", () => {
      resolve(text);
    });
    request.on("close", () => {
      reject(new Unanswerable(400, "BAD_REQUEST", "it was cut"));
    });
  });
}

function json(response: ServerResponse, status: number, value: unknown): void {
  const bytes = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": bytes.length,
  });
  response.end(bytes);
}
