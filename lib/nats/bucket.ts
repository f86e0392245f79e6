/**
 * A bucket of keys in a stream, as NATS's own tools know it: one subject for each key, of which the stream keeps the
 * last message. A key that was deleted leaves a marker.
 */
import type { Stop } from "../transport/transport.ts";
import { isRefused, type JetStream, jetStreamErrors } from "./jetstream.ts";
import { watch } from "./watch.ts";

/** A key as its last message has it. */
export interface Kept {
  readonly key: string;
  /** Sequence in the stream. */
  readonly revision: number;
  readonly data: Uint8Array;
  /** It was deleted. */
  readonly isMarker: boolean;
}

export interface BucketOptions {
  readonly jetstream: JetStream;
  /** Letters, digits, `_`, `-` and `=`. */
  readonly name: string;
  readonly replicas: number;
}

/** Requests that are under way at once when many keys are read. */
const mostAtOnce = 256;

const operation = "KV-Operation";
const nothing = new Uint8Array();

export class Bucket {
  readonly #jetstream: JetStream;
  readonly #name: string;
  readonly #replicas: number;

  constructor({ jetstream, name, replicas }: BucketOptions) {
    this.#jetstream = jetstream;
    this.#name = name;
    this.#replicas = replicas;
  }

  /** @throws FlowError as `JetStream.ensureStream` and `JetStream.check` */
  async ensure(): Promise<void> {
    await this.#jetstream.ensureStream({
      name: this.#stream,
      subjects: [this.#subject(">")],
      num_replicas: this.#replicas,
      // What makes it a bucket for others.
      max_msgs_per_subject: 1,
      discard: "new",
      allow_rollup_hdrs: true,
      deny_delete: true,
      allow_direct: true,
      storage: "file",
    });
  }

  /** From the stream's leader. */
  async last(key: string, timeoutMs?: number): Promise<Kept | undefined> {
    const found = await this.#jetstream.last(this.#stream, this.#subject(key), timeoutMs);
    if (found === undefined) return undefined;
    const isMarker = found.headers.has(operation);
    return { key, revision: found.sequence, data: found.data, isMarker };
  }

  /**
   * @param expected - revision of the key's last message, a marker too; 0: it has none
   * @returns the new revision; undefined when it is another one
   */
  async put(
    key: string,
    data: Uint8Array,
    expected: number,
    timeoutMs?: number,
  ): Promise<number | undefined> {
    return this.#publish(key, data, expected, {}, timeoutMs);
  }

  /** Leaves a marker. @returns as `put` */
  async delete(key: string, expected: number, timeoutMs?: number): Promise<number | undefined> {
    return this.#publish(key, nothing, expected, { [operation]: "DEL" }, timeoutMs);
  }

  /** Every key below a pattern, those with markers too. */
  async keys(pattern: string): Promise<string[]> {
    const keys: string[] = [];
    for (;;) {
      const request = { subjects_filter: this.#subject(pattern), offset: keys.length };
      const answer = await this.#jetstream.api(`STREAM.INFO.${this.#stream}`, request);
      const { subjects = {} } = answer["state"] as { subjects?: Record<string, number> };
      const found = Object.keys(subjects);
      for (const subject of found) keys.push(this.#keyOf(subject));
      if (found.length === 0 || keys.length >= Number(answer["total"] ?? 0)) return keys;
    }
  }

  /** The last message of each of these keys that has one, from the leader. */
  async lastOf(keys: readonly string[]): Promise<Kept[]> {
    const all: Kept[] = [];
    const left = keys.values();
    const read = async (): Promise<void> => {
      for (const key of left) {
        const kept = await this.last(key);
        if (kept !== undefined) all.push(kept);
      }
    };
    await Promise.all(Array.from({ length: Math.min(mostAtOnce, keys.length) }, read));
    return all;
  }

  /** Forgets the markers of all that was deleted so many changes of the bucket ago. */
  async forgetMarkers(changesAgo: number): Promise<void> {
    const answer = await this.#jetstream.api(`STREAM.INFO.${this.#stream}`);
    const { last_seq: last } = answer["state"] as { last_seq: number };
    const markers = (await this.lastOf(await this.keys(">"))).filter(
      ({ isMarker, revision }) => isMarker && revision < last - changesAgo,
    );
    for (const { key, revision } of markers) {
      // Only up to the marker: somebody may make the key anew just now.
      const purge = { filter: this.#subject(key), seq: revision + 1 };
      await this.#jetstream.api(`STREAM.PURGE.${this.#stream}`, purge);
    }
  }

  /** As `watch` of a stream: the last message of each key, then whatever comes. */
  async watch(
    pattern: string,
    take: (kept: Kept) => void,
    caughtUp: () => void,
    ended: (error: Error) => void,
  ): Promise<Stop> {
    return watch(this.#jetstream, {
      stream: this.#stream,
      subjects: [this.#subject(pattern)],
      take: (message) => {
        const { subject, sequence: revision, data } = message;
        const isMarker = message.header(operation) !== undefined;
        take({ key: this.#keyOf(subject), revision, data, isMarker });
      },
      caughtUp,
      ended,
    });
  }

  /**
   * Hears that somebody writes the key, before the write is stored or refused. What happens while the connection is
   * away is not heard.
   */
  listen(key: string, hear: () => void): Stop {
    const { connection } = this.#jetstream.inside;
    const subscribed = connection.subscribe(this.#subject(key), hear);
    return () => {
      subscribed.stop();
    };
  }

  async #publish(
    key: string,
    data: Uint8Array,
    expected: number,
    headers: Readonly<Record<string, string>>,
    timeoutMs?: number,
  ): Promise<number | undefined> {
    const options = { expected, headers, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    try {
      return await this.#jetstream.publish(this.#subject(key), data, options);
    } catch (error) {
      if (isRefused(error, ...jetStreamErrors.wrongLastSequence)) return undefined;
      throw error;
    }
  }

  get #stream(): string {
    return `KV_${this.#name}`;
  }

  #subject(key: string): string {
    return `$KV.${this.#name}.${key}`;
  }

  #keyOf(subject: string): string {
    return subject.slice(this.#subject("").length);
  }
}
