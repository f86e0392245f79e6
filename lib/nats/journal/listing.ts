/** Lists flows by the headers of their last messages: one pass over a stream's subjects, the page in memory. */
import { FlowError } from "../../errors.ts";
import type { FlowQuery, FlowSummary } from "../../journal/journal.ts";
import { pageSize } from "../../journal/rules.ts";
import type { Stop } from "../../transport/transport.ts";
import { each } from "../each.ts";
import { watch } from "../watch.ts";
import { compareHeads, type Head, headHeader, readHead, summaryOf } from "./head.ts";
import { patiently, type Place } from "./place.ts";

/** Milliseconds that a replica gets to have what the leader has. */
const replicaMs = 2_000;

/** Last messages that are read at once. */
const readsAtOnce = 256;

/** The first flows of a listing, of those that are offered. */
class Page {
  readonly #limit: number;
  readonly #wanted: (head: Head) => boolean;
  readonly #heads = new Map<string, Head>();

  constructor(limit: number, wanted: (head: Head) => boolean) {
    this.#limit = limit;
    this.#wanted = wanted;
  }

  /** In place of what was offered of that flow before. */
  offer(head: Head): void {
    if (this.#wanted(head)) this.#heads.set(head.id, head);
    else this.#heads.delete(head.id);
    if (this.#heads.size >= 2 * this.#limit + 1_000) this.take();
  }

  take(): readonly Head[] {
    const heads = [...this.#heads.values()].sort(compareHeads);
    for (const { id } of heads.splice(this.#limit)) this.#heads.delete(id);
    return heads;
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
    const page = new Page(limit, wanted);
    let isReplicated = false;
    for (const stream of this.#place.streams) {
      const replicas = await patiently(this.#place, async () => this.#scan(stream, page));
      isReplicated ||= replicas > 1;
    }
    const heads = page.take();
    if (!isReplicated) return heads;
    // A replica may be a moment behind: what is shown is as the leader has it.
    const found: (Head | undefined)[] = [];
    await each(heads.length, readsAtOnce, async (index) => {
      found[index] = await this.#find(heads[index]?.id ?? "");
    });
    return found.filter((head) => head !== undefined).filter(wanted);
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

  /** Offers the head of each flow in a stream. @returns how many replicas the stream has */
  async #scan(stream: string, page: Page): Promise<number> {
    const { jetstream } = this.#place;
    const { config, state } = await jetstream.api(`STREAM.INFO.${stream}`);
    const replicas = config?.num_replicas ?? 1;
    const last = state?.last_seq ?? 0;
    // What was removed in between is waited for in vain.
    const isThere = replicas > 1 && last > 0 && (await jetstream.get(stream, last)) !== undefined;
    try {
      await this.#follow(stream, page, isThere ? last : 0);
      return replicas;
    } catch (error) {
      // Whoever only looks may not make consumers: these could be told to write in their stead.
      if (!FlowError.is(error, "FORBIDDEN")) throw error;
      await this.#readEach(stream, page);
      return 1;
    }
  }

  /** By a consumer, which sends headers only. It may run where a replica is that has not everything yet. */
  async #follow(stream: string, page: Page, upTo: number): Promise<void> {
    const { jetstream, clock, patienceMs } = this.#place;
    const { promise, resolve, reject } = newPromise();
    let seen = 0;
    let isCaughtUp = false;
    const gaveUp = (): void => {
      if (isCaughtUp) resolve();
      else reject(new FlowError("NO_ANSWER", { to: stream, timeoutMs: patienceMs }));
    };
    let timer = clock.setTimeout(gaveUp, patienceMs);
    const look = (): void => {
      if (isCaughtUp && seen >= upTo) resolve();
    };
    let stop: Stop | undefined;
    try {
      stop = await watch(jetstream, {
        stream,
        subjects: [`${jetstream.prefix}.j.*.*`],
        headersOnly: true,
        take: ({ subject, sequence, header }) => {
          page.offer(readHead(this.#place.flowOf(subject), header(headHeader), sequence));
          seen = sequence;
          look();
        },
        caughtUp: () => {
          isCaughtUp = true;
          clock.clearTimeout(timer);
          timer = clock.setTimeout(gaveUp, replicaMs);
          look();
        },
        ended: reject,
      });
      await promise;
    } finally {
      clock.clearTimeout(timer);
      stop?.();
    }
  }

  /** From the leader, whole messages: slower. */
  async #readEach(stream: string, page: Page): Promise<void> {
    const { jetstream } = this.#place;
    for (let offset = 0; ; ) {
      const filter = { subjects_filter: `${jetstream.prefix}.j.>`, offset };
      const { state, total = 0 } = await jetstream.api(`STREAM.INFO.${stream}`, filter);
      const subjects = Object.keys(state?.subjects ?? {});
      await each(subjects.length, readsAtOnce, async (index) => {
        const head = await this.#find(this.#place.flowOf(subjects[index] ?? ""));
        if (head !== undefined) page.offer(head);
      });
      offset += subjects.length;
      if (subjects.length === 0 || offset >= total) return;
    }
  }
}

function newPromise() {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => undefined); // whoever waits for it may have failed before
  return { promise, resolve, reject };
}

function matches(head: Head, query: FlowQuery | undefined): boolean {
  if (query?.name !== undefined && head.name !== query.name) return false;
  return query?.states === undefined || query.states.includes(head.state);
}
