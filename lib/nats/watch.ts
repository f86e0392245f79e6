/**
 * Follows subjects of a stream: first the last message of each subject, in the order of the stream, then whatever comes.
 *
 * An ordered consumer without acknowledgements. When it is not heard of, or a message is missing, or the connection was
 * away, another one takes over from the last message that was taken: none is taken twice, none that is there is left
 * out. Of a subject that changes several times while the connection is away, it may be only the last change.
 */
import type { MsgHdrs } from "nats";
import { background, type Timer } from "../clock.ts";
import { FlowError } from "../errors.ts";
import type { Stop } from "../transport/transport.ts";
import type { Subscribed } from "./connection.ts";
import { isRefused, type JetStream, jetStreamErrors } from "./jetstream.ts";

/** A message as a watch sees it. */
export interface Seen {
  readonly subject: string;
  /** In the stream. */
  readonly sequence: number;
  readonly data: Uint8Array;
  readonly header: (name: string) => string | undefined;
  /** When the server stored it, epoch milliseconds of its clock. */
  readonly storedAt: number;
}

export interface WatchOptions {
  readonly stream: string;
  /** Wildcards allowed. They must not overlap. */
  readonly subjects: readonly string[];
  /** The data is left out. Default false. */
  readonly headersOnly?: boolean;
  /** Called for each message, in order. A purge of a subject is told by nobody. */
  readonly take: (message: Seen) => void;
  /** Called once everything was taken that was there when the watch began; after that, it follows. */
  readonly caughtUp?: () => void;
  /** The watch ended for good: it is not allowed any more, the stream is gone, or the connection ended. */
  readonly ended?: (error: Error) => void;
}

/** The server says that often, in milliseconds, that it is there; without that twice, another consumer is made. */
const beatMs = 5_000;

/** Milliseconds until the next try after one that failed: the first, and at most. */
const retryMs = { first: 250, most: 5_000 } as const;

/** Milliseconds after which a server forgets a consumer that nobody listens to. */
const forgottenMs = 30_000;

const nanoseconds = (ms: number): number => ms * 1_000_000;

let watches = 0;

/**
 * Resolves when the server knows of it.
 *
 * @throws FlowError as `JetStream.api` does
 */
export async function watch(jetstream: JetStream, options: WatchOptions): Promise<Stop> {
  const watching = new Watching(jetstream, options);
  await watching.start();
  return () => {
    watching.stop();
  };
}

class Watching {
  readonly #jetstream: JetStream;
  readonly #options: WatchOptions;
  readonly #unwatch: Stop;
  readonly #unclose: Stop;
  /** Sequence in the stream of the last message that was taken, and in the consumer. */
  #last = 0;
  #delivered = 0;
  #isCaughtUp = false;
  #consumer: string | undefined;
  #subscribed: Subscribed | undefined;
  #timer: Timer | undefined;
  #wasHeard = false;
  #failures = 0;
  #isOver = false;

  constructor(jetstream: JetStream, options: WatchOptions) {
    this.#jetstream = jetstream;
    this.#options = options;
    const { connection } = jetstream.inside;
    this.#unwatch = connection.watch((isConnected) => {
      if (isConnected && this.#consumer !== undefined) this.#restart();
    });
    this.#unclose = connection.onClosed((problem) => {
      this.#end(new FlowError("TRANSPORT_CLOSED", { problem }));
    });
  }

  async start(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  stop(): void {
    this.#isOver = true;
    this.#unwatch();
    this.#unclose();
    this.#leave();
  }

  /** Makes a consumer that begins after the last message. */
  async #open(): Promise<void> {
    const { inbox, connection } = this.#jetstream.inside;
    const { stream, subjects, headersOnly = false } = this.#options;
    // The inbox's last token is nobody else's.
    const name = `${inbox.slice(inbox.lastIndexOf(".") + 1)}-${++watches}`;
    const subject = `${inbox}.watch.${watches}`;
    this.#consumer = name;
    this.#delivered = 0;
    const subscribed = connection.subscribe(subject, (data, reply, at, headers) => {
      if (this.#consumer === name) this.#receive(data, reply, at, headers);
    });
    this.#subscribed = subscribed;
    const from = this.#isCaughtUp
      ? { deliver_policy: "by_start_sequence", opt_start_seq: this.#last + 1 }
      : { deliver_policy: "last_per_subject" };
    const config = {
      name,
      deliver_subject: subject,
      ...from,
      filter_subjects: subjects,
      headers_only: headersOnly,
      ack_policy: "none",
      max_deliver: 1,
      flow_control: true,
      idle_heartbeat: nanoseconds(beatMs),
      inactive_threshold: nanoseconds(forgottenMs),
      mem_storage: true,
      num_replicas: 1,
    };
    const request = `CONSUMER.CREATE.${stream}.${name}`;
    const made = await this.#jetstream.api(request, { stream_name: stream, config });
    if (this.#consumer !== name) return;
    if (subscribed.denied !== undefined) throw subscribed.denied;
    this.#failures = 0;
    this.#arm(2 * beatMs);
    if (made["num_pending"] === 0) this.#catchUp();
  }

  #receive(
    data: Uint8Array,
    reply: string,
    subject: string,
    headers: () => MsgHdrs | undefined,
  ): void {
    this.#wasHeard = true;
    const about = reply === "" || !reply.startsWith("$JS.ACK.") ? headers() : undefined;
    if (about?.code === 100) {
      this.#attend(about, reply);
      return;
    }
    // $JS.ACK[.domain.account].stream.consumer.deliveries.sequence.delivered.time.pending[.random]
    const tokens = reply.split(".");
    const at = tokens.length > 9 ? 7 : 5;
    const [sequence = NaN, delivered = NaN, time = NaN, pending = NaN] = tokens
      .slice(at, at + 4)
      .map(Number);
    if (Number.isNaN(pending)) return;
    if (delivered !== this.#delivered + 1) {
      this.#restart();
      return;
    }
    this.#delivered = delivered;
    if (sequence > this.#last) {
      this.#last = sequence;
      this.#take(subject, sequence, data, time, headers);
    }
    if (pending === 0 && !this.#isOver) this.#catchUp();
  }

  #take(
    subject: string,
    sequence: number,
    data: Uint8Array,
    time: number,
    headers: () => MsgHdrs | undefined,
  ): void {
    this.#jetstream.inside.connection.guard("a watch failed", () => {
      this.#options.take({
        subject,
        sequence,
        data,
        header: (name) => headers()?.get(name) || undefined,
        storedAt: time / 1e6,
      });
    });
  }

  /** The server is there, or wants to know whether we keep up. */
  #attend(about: MsgHdrs, reply: string): void {
    const { connection } = this.#jetstream.inside;
    const stalled = about.get("Nats-Consumer-Stalled");
    const answer = reply === "" ? stalled : reply;
    if (answer !== "") {
      connection.guard("a watch could not be kept going", () => {
        connection.send(answer, new Uint8Array(), "the server");
      });
    }
    const last = about.get("Nats-Last-Consumer");
    if (last !== "" && Number(last) !== this.#delivered) this.#restart();
  }

  #catchUp(): void {
    if (this.#isCaughtUp) return;
    this.#isCaughtUp = true;
    this.#jetstream.inside.connection.guard("a watch failed", () => this.#options.caughtUp?.());
  }

  /** Another consumer takes over. */
  #restart(): void {
    this.#leave();
    if (this.#isOver) return;
    this.#open().catch((error: unknown) => {
      this.#leave();
      const { streamNotFound } = jetStreamErrors;
      const forGood =
        isRefused(error, streamNotFound) ||
        FlowError.is(error, "FORBIDDEN") ||
        FlowError.is(error, "TRANSPORT_CLOSED");
      if (forGood) this.#end(error);
      else this.#arm(Math.min(retryMs.most, retryMs.first * 2 ** this.#failures++));
    });
  }

  /** Looks in a while whether the consumer was heard of. */
  #arm(delayMs: number): void {
    const { clock } = this.#jetstream.inside;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    if (this.#isOver) return;
    this.#wasHeard = false;
    const timer = clock.setTimeout(() => {
      this.#timer = undefined;
      if (this.#wasHeard) this.#arm(2 * beatMs);
      else this.#restart();
    }, delayMs);
    this.#timer = background(timer);
  }

  #leave(): void {
    const { clock, connection } = this.#jetstream.inside;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#subscribed?.stop();
    this.#subscribed = undefined;
    const consumer = this.#consumer;
    this.#consumer = undefined;
    if (consumer === undefined || !connection.isConnected) return;
    // If it does not hear of it, the server forgets the consumer by itself.
    const request = `CONSUMER.DELETE.${this.#options.stream}.${consumer}`;
    this.#jetstream.api(request).catch(() => undefined);
  }

  #end(error: Error): void {
    if (this.#isOver) return;
    this.stop();
    this.#options.ended?.(error);
  }
}
