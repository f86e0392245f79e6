/** Lists flows by the headers of their last messages: one pass over a stream's subjects, the page in memory. */
import { FlowError } from "../../errors.ts";
import type { FlowQuery, FlowSummary } from "../../journal/journal.ts";
import { pageSize } from "../../journal/rules.ts";
import type { Stop } from "../../transport/transport.ts";
import { watch } from "../watch.ts";
import { compareHeads, type Head, headHeader, readHead, summaryOf } from "./head.ts";
import { patiently, type Place } from "./place.ts";

/** Milliseconds that a replica gets to have what the leader has. */
const replicaMs = 2_000;

/** Of flows that may be listed, the first of the listing. */
class Page {
  readonly #limit: number;
  #heads: Head[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(head: Head): void {
    this.#heads.push(head);
    if (this.#heads.length >= 2 * this.#limit + 1_000) this.#cut();
  }

  take(): readonly Head[] {
    this.#cut();
    return this.#heads;
  }

  #cut(): void {
    this.#heads = this.#heads.sort(compareHeads).slice(0, this.#limit);
  }
}

export class Listing {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  /** @throws FlowError as `Journal.list` does */
  async list(query: FlowQuery | undefined): Promise<readonly FlowSummary[]> {
    const limit = pageSize(query);
    const before = query?.before === undefined ? undefined : await this.#head(query.before);
    const wanted = (head: Head): boolean =>
      matches(head, query) && (before === undefined || compareHeads(before, head) < 0);
    const page = await this.first(limit, wanted);
    return page.map(summaryOf);
  }

  /** The first of a listing, at most so many, that are wanted. */
  async first(limit: number, wanted: (head: Head) => boolean): Promise<readonly Head[]> {
    const page = new Page(limit);
    let isReplicated = false;
    for (const stream of this.#place.streams) {
      const replicas = await patiently(this.#place, async () =>
        this.#scan(stream, (head) => {
          if (wanted(head)) page.add(head);
        }),
      );
      isReplicated ||= replicas > 1;
    }
    const heads = page.take();
    if (!isReplicated) return heads;
    // A replica may be a moment behind: what is shown is as the leader has it.
    const found = await Promise.all(heads.map(async ({ id }) => this.#find(id)));
    return found.filter((head) => head !== undefined && wanted(head)) as Head[];
  }

  async #head(flow: string): Promise<Head> {
    const head = await this.#find(flow);
    if (head !== undefined) return head;
    throw new FlowError("NOT_FOUND", { what: "flow", name: flow });
  }

  async #find(flow: string): Promise<Head | undefined> {
    const { jetstream } = this.#place;
    const [stream, subject] = [this.#place.streamOf(flow), this.#place.subjectOf(flow)];
    const last = await patiently(this.#place, async () => jetstream.last(stream, subject));
    return last && readHead(flow, last.headers.get(headHeader), last.sequence);
  }

  /** Takes the head of each flow in a stream. @returns how many replicas the stream has */
  async #scan(stream: string, take: (head: Head) => void): Promise<number> {
    const { jetstream, clock } = this.#place;
    const { config, state } = await jetstream.api(`STREAM.INFO.${stream}`);
    const replicas = config?.num_replicas ?? 1;
    const last = (state as { last_seq?: number } | undefined)?.last_seq ?? 0;
    // What was removed in between is waited for in vain.
    const isThere = replicas > 1 && last > 0 && (await jetstream.get(stream, last)) !== undefined;
    const heads = new Map<string, Head>();
    const { promise, resolve, reject } = newPromise();
    let seen = 0;
    let isCaughtUp = false;
    const timer = clock.setTimeout(
      () => {
        if (isCaughtUp) resolve();
        else reject(new FlowError("NO_ANSWER", { to: stream, timeoutMs: this.#place.patienceMs }));
      },
      isThere ? replicaMs : this.#place.patienceMs,
    );
    const look = (): void => {
      if (isCaughtUp && (!isThere || seen >= last)) resolve();
    };
    let stop: Stop | undefined;
    try {
      stop = await watch(jetstream, {
        stream,
        subjects: [`${jetstream.prefix}.j.*.*`],
        headersOnly: true,
        take: ({ subject, sequence, header }) => {
          const flow = this.#place.flowOf(subject);
          seen = sequence;
          heads.set(flow, readHead(flow, header(headHeader), sequence));
          look();
        },
        caughtUp: () => {
          isCaughtUp = true;
          look();
        },
        ended: reject,
      });
      await promise;
    } finally {
      clock.clearTimeout(timer);
      stop?.();
    }
    for (const head of heads.values()) take(head);
    return replicas;
  }
}

function newPromise() {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

function matches(head: Head, query: FlowQuery | undefined): boolean {
  if (query?.name !== undefined && head.name !== query.name) return false;
  return query?.states === undefined || query.states.includes(head.state);
}
