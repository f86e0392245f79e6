/**
 * Tells the pages that are open what changed, by server-sent events.
 *
 * The journal is looked at while somebody listens, and never for more than a tenth of the time. A page that reads more
 * slowly than things change is told the last of them, once; one that reads nothing is let go.
 */
import type { ServerResponse } from "node:http";
import { background, type Clock, type Timer } from "../clock.ts";
import type { FlowSummary, Journal } from "../journal/journal.ts";
import type { Log } from "../types.ts";
import type { ChangesDocument } from "./documents.ts";

export interface FeedOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds between two looks, if looking takes less than a tenth of that. */
  readonly lookMs: number;
  /** Milliseconds after which a page that takes nothing is let go. */
  readonly patienceMs: number;
}

/** Pages that may listen at once; flows that are followed, the newest; changes that wait for a slow page. */
const most = { clients: 64, flows: 10_000, waiting: 1_000 } as const;

/** Milliseconds after which a page hears that the server is there, if nothing else. */
const beatMs = 5_000;

class Client {
  readonly response: ServerResponse;
  readonly changed = new Map<string, FlowSummary>();
  readonly removed = new Set<string>();
  /** Too much has changed: it has to begin anew. */
  isBehind = false;
  /** When it last took all that it was sent. */
  heardAt: number;

  constructor(response: ServerResponse, now: number) {
    this.response = response;
    this.heardAt = now;
  }
}

export class Feed {
  readonly #options: FeedOptions;
  readonly #clients = new Set<Client>();
  readonly #flows = new Map<string, FlowSummary>();
  #timer: Timer | undefined;
  #problem = "";
  #beatAt = 0;
  #isClosed = false;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#clients.size;
  }

  get isFull(): boolean {
    return this.#clients.size >= most.clients;
  }

  /** The last sequence that a flow is known to have; undefined while nobody listens, or for flows that aren't followed. */
  sequenceOf(id: string): number | undefined {
    return this.#timer === undefined ? undefined : this.#flows.get(id)?.sequence;
  }

  /** Sends events to a response from now on. */
  add(response: ServerResponse): void {
    const client = new Client(response, this.#options.clock.monotonic());
    this.#clients.add(client);
    response.on("close", () => this.#clients.delete(client));
    response.on("error", () => this.#clients.delete(client));
    send(client, "hello", {});
    if (this.#problem !== "") send(client, "problem", { message: this.#problem });
    if (this.#timer === undefined) this.#look(true);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { response } of this.#clients) response.destroy();
    this.#clients.clear();
  }

  #look(isFirst: boolean): void {
    const { clock, lookMs } = this.#options;
    const startedAt = clock.monotonic();
    // Holds the place until it is known when to look again.
    this.#timer ??= 0;
    void this.#compare(isFirst).then(() => {
      this.#timer = undefined;
      if (this.#isClosed || this.#clients.size === 0) {
        this.#flows.clear();
        return;
      }
      this.#serve();
      const tookMs = clock.monotonic() - startedAt;
      const timer = clock.setTimeout(
        () => {
          this.#look(false);
        },
        Math.max(lookMs, tookMs * 9),
      );
      this.#timer = background(timer);
    });
  }

  /** Finds what changed since the last look. */
  async #compare(isFirst: boolean): Promise<void> {
    const { journal, log } = this.#options;
    try {
      const page = await journal.list({ limit: most.flows });
      const gone = new Set(this.#flows.keys());
      const changed: FlowSummary[] = [];
      for (const flow of page) {
        gone.delete(flow.id);
        const before = this.#flows.get(flow.id);
        if (before?.sequence === flow.sequence && before.state === flow.state) continue;
        this.#flows.set(flow.id, flow);
        changed.push(flow);
      }
      for (const id of gone) this.#flows.delete(id);
      // A page has asked for the flows by itself before it began to listen.
      if (!isFirst) this.#note({ changed, removed: page.length < most.flows ? [...gone] : [] });
      this.#tellProblem("");
    } catch (error) {
      log("the journal can't be listed", { error }, "warn");
      this.#tellProblem(error instanceof Error ? error.message : String(error));
    }
  }

  #tellProblem(message: string): void {
    if (message === this.#problem) return;
    this.#problem = message;
    for (const client of this.#clients) send(client, "problem", { message });
  }

  #note({ changed, removed }: ChangesDocument): void {
    for (const client of this.#clients) {
      for (const flow of changed) client.changed.set(flow.id, flow);
      for (const id of removed) {
        client.changed.delete(id);
        client.removed.add(id);
      }
      if (client.changed.size + client.removed.size <= most.waiting) continue;
      client.isBehind = true;
      client.changed.clear();
      client.removed.clear();
    }
  }

  /** Sends what waits to those who have taken what came before, and lets go of who never does. */
  #serve(): void {
    const { clock, patienceMs } = this.#options;
    const now = clock.monotonic();
    const beats = now - this.#beatAt >= beatMs;
    if (beats) this.#beatAt = now;
    for (const client of this.#clients) {
      const { response, changed, removed } = client;
      if (response.writableLength > 0) {
        if (now - client.heardAt > patienceMs) response.destroy();
        continue;
      }
      client.heardAt = now;
      if (client.isBehind) send(client, "reload", {});
      else if (changed.size + removed.size > 0) {
        send(client, "flows", { changed: [...changed.values()], removed: [...removed] });
      } else if (beats) send(client, "beat", {});
      client.isBehind = false;
      changed.clear();
      removed.clear();
    }
  }
}

function send({ response }: Client, event: string, data: object): void {
  if (!response.writableEnded) response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
