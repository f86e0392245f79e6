/** Where a journal keeps a flow, and how long it waits for the servers. */
import type { Clock } from "../../clock.ts";
import { FlowError } from "../../errors.ts";
import { shardOf } from "../../executor/protocol.ts";
import { nameOf, tokenOf } from "../../names.ts";
import type { JetStream, StreamConfig } from "../jetstream.ts";

const shardCount = 256;

/** A line of the protocol holds the subject and little else; servers take 4 KiB by default. */
const longestToken = 3_500;

/** The most bytes of one message: well below what servers take, and little enough not to hold up others. */
export const pieceBytes = 128 * 1024;

export class Place {
  readonly jetstream: JetStream;
  readonly clock: Clock;
  /** Milliseconds that whoever appends or reads waits for servers that are away. */
  readonly patienceMs: number;
  readonly streams: readonly string[];
  readonly blobStream: string;
  /** From then on, on the monotonic clock, nobody waits any more. */
  #closesAt = Infinity;
  #begunAt = 0;

  constructor(jetstream: JetStream, streams: number, patienceMs: number) {
    this.jetstream = jetstream;
    this.clock = jetstream.inside.clock;
    this.patienceMs = patienceMs;
    this.streams = Array.from({ length: streams }, (_, n) => jetstream.streamName(`J${n}`));
    this.blobStream = jetstream.streamName("B");
  }

  /** @throws FlowError `INVALID_OPTION` for a name that is too long for a subject */
  subjectOf(flow: string): string {
    return `${this.jetstream.prefix}.j.${shardOf(flow)}.${tokenIn(flow)}`;
  }

  /** The flow that a subject is of. */
  flowOf(subject: string): string {
    return nameOf(subject.slice(subject.lastIndexOf(".") + 1));
  }

  /** What the subjects of the flow's blobs begin with. */
  blobsOf(flow: string): string {
    return `${this.jetstream.prefix}.b.${tokenIn(flow)}`;
  }

  streamOf(flow: string): string {
    return this.streams[this.#streamAt(Number.parseInt(shardOf(flow), 16))] ?? "";
  }

  /** The subjects of one stream's journals. */
  subjectsIn(stream: number): readonly string[] {
    const begin = `${this.jetstream.prefix}.j`;
    if (this.streams.length === 1) return [`${begin}.*.*`];
    return Array.from({ length: shardCount }, (_, shard) => shard)
      .filter((shard) => this.#streamAt(shard) === stream)
      .map((shard) => `${begin}.${shard.toString(16).padStart(2, "0")}.*`);
  }

  /** Makes what is missing. @throws as `JetStream.ensureStream` */
  async prepare(replicas: number): Promise<void> {
    await this.jetstream.check();
    const { limit } = this.jetstream.inside.connection;
    if (limit < 2 * pieceBytes) {
      const problem = `max_payload is ${limit}; at least ${2 * pieceBytes} is needed`;
      throw new FlowError("JETSTREAM_UNAVAILABLE", { problem });
    }
    const blobs = [`${this.jetstream.prefix}.b.>`];
    const configs = [
      ...this.streams.map((name, n) => configOf(name, this.subjectsIn(n), replicas)),
      configOf(this.blobStream, blobs, replicas),
    ];
    for (const config of configs) await this.jetstream.ensureStream(config);
  }

  /** Wall time in milliseconds, later for each flow that begins. */
  begin(): number {
    this.#begunAt = Math.max(this.#begunAt + 1 / 1_024, this.clock.now());
    return this.#begunAt;
  }

  /** Who waits does so for five seconds more at most. */
  close(): void {
    this.#closesAt = Math.min(this.#closesAt, this.clock.monotonic() + 5_000);
  }

  /** Begins to be patient. */
  wait(): Patience {
    return new Patience(this.clock, () => this.#closesAt, this.patienceMs);
  }

  #streamAt(shard: number): number {
    return Math.floor((shard * this.streams.length) / shardCount);
  }
}

function configOf(name: string, subjects: readonly string[], replicas: number): StreamConfig {
  return {
    name,
    subjects,
    num_replicas: replicas,
    storage: "file",
    retention: "limits",
    // Full means that nothing is stored, never that something is forgotten.
    discard: "new",
    max_msgs: -1,
    max_bytes: -1,
    max_age: 0,
    // A journal is forgotten as a whole or not at all.
    deny_delete: true,
    allow_rollup_hdrs: false,
  };
}

function tokenIn(flow: string): string {
  const token = tokenOf(flow);
  if (token.length <= longestToken) return token;
  const problem = `takes ${token.length} characters in a subject, more than ${longestToken}`;
  throw new FlowError("INVALID_OPTION", { option: "id", problem });
}

/**
 * What a leader is asked that is gone is answered by nobody, and another one is there some seconds later: whoever asks
 * for longer at a time hears of it later.
 */
const answers = { firstMs: 1_000, mostMs: 2_000, leastMs: 100 } as const;

const pauses = { firstMs: 50, mostMs: 1_000 } as const;

/** How long one job waits for servers that are away. */
export class Patience {
  readonly #clock: Clock;
  readonly #closesAt: () => number;
  readonly #endsAt: number;
  #nextMs: number = pauses.firstMs;
  #answerMs: number = answers.firstMs;

  constructor(clock: Clock, closesAt: () => number, patienceMs: number) {
    this.#clock = clock;
    this.#closesAt = closesAt;
    this.#endsAt = clock.monotonic() + patienceMs;
  }

  get isOver(): boolean {
    return this.#clock.monotonic() >= Math.min(this.#endsAt, this.#closesAt());
  }

  /** Milliseconds to wait for one answer; longer each time. */
  get answerMs(): number {
    const left = Math.min(this.#endsAt, this.#closesAt()) - this.#clock.monotonic();
    return Math.max(answers.leastMs, Math.min(this.#answerMs, left));
  }

  /** Longer each time. */
  async pause(): Promise<void> {
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(pauses.mostMs, 2 * delayMs);
    this.#answerMs = Math.min(answers.mostMs, 2 * this.#answerMs);
    await new Promise<void>((resolve) => {
      this.#clock.setTimeout(resolve, delayMs);
    });
  }
}

/** Whether the servers may do it when they are asked again. */
export const isPassing = (error: unknown): boolean =>
  FlowError.is(error, "NO_ANSWER") ||
  FlowError.is(error, "JETSTREAM_UNAVAILABLE") ||
  FlowError.is(error, "JETSTREAM_REFUSED") ||
  FlowError.is(error, "TRANSPORT_FULL");

/** What whoever appends or reads is told instead of an error of what is beneath. */
export function outwards(error: unknown): unknown {
  if (isPassing(error) || FlowError.is(error, "TRANSPORT_CLOSED")) {
    return new FlowError(
      "JOURNAL_UNAVAILABLE",
      { problem: (error as Error).message },
      { cause: error },
    );
  }
  return error;
}

/** Asks again until it is answered. @throws FlowError `JOURNAL_UNAVAILABLE` when that takes too long */
export async function patiently<Result>(
  place: Place,
  ask: (timeoutMs: number) => Promise<Result>,
): Promise<Result> {
  const patience = place.wait();
  for (;;) {
    try {
      return await ask(patience.answerMs);
    } catch (error) {
      if (!isPassing(error) || patience.isOver) throw outwards(error);
      await patience.pause();
    }
  }
}
