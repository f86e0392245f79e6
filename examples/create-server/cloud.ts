/**
 * A cloud of the size of this machine: an HTTP service on loopback that lends addresses, has little capacity, and
 * publishes names. Every call has an idempotency key: the same key gets the same answer and creates nothing more. Its
 * ledger is a file, so that it, too, may be killed.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";

export interface Entry {
  readonly key: string;
  readonly call: string;
  readonly what: string;
  /** False: the key had been seen, and the first answer was given again. */
  readonly created: boolean;
}

const ledgerOf = (dir: string): string => join(dir, "cloud.jsonl");

/** What the cloud was asked for, oldest first. */
export function readLedger(dir: string): Entry[] {
  const file = ledgerOf(dir);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter(Boolean).map((line) => JSON.parse(line) as Entry);
}

/** The image that servers boot from; always the same bytes. */
const image = Buffer.alloc(2 * 1024 * 1024, "fourstroke ");

/** Prints its address and serves until its input ends: until whoever started it is gone. */
export async function serveCloud(dir: string): Promise<void> {
  const ledger = readLedger(dir);
  const enter = (entry: Entry): void => {
    ledger.push(entry);
    appendFileSync(ledgerOf(dir), `${JSON.stringify(entry)}\n`);
  };

  const create = (key: string, call: string, make: () => string): string => {
    const known = ledger.find((entry) => entry.key === key && entry.call === call);
    const what = known?.what ?? make();
    enter({ key, call, what, created: known === undefined });
    return what;
  };

  const answer = async (request: IncomingMessage): Promise<[number, string | Buffer]> => {
    const key = String(request.headers["idempotency-key"]);
    const { method = "GET", url = "/" } = request;
    const body = await text(request);
    const call = `${method} ${url}`;
    if (call === "GET /image") return [200, image];
    if (call === "POST /addresses") {
      const lent = ledger.filter((entry) => entry.call === call && entry.created).length;
      return [201, create(key, call, () => `10.0.0.${lent + 1}`)];
    }
    if (call === "POST /capacity") {
      if (body === "huge") return [409, "no capacity left for flavour huge"];
      return [201, create(key, call, () => body)];
    }
    if (call === "POST /names") return [201, create(key, call, () => body)];
    if (method === "DELETE") return [200, create(key, call, () => url)];
    return [404, "not found"];
  };

  const server = createServer((request, response) => {
    answer(request).then(
      ([status, body]) => response.writeHead(status).end(body),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  console.log(`http://127.0.0.1:${port}`);
  process.stdin.resume().once("end", () => process.exit(0));
}
