/**
 * JetStream over a transport's connection: requests of its API, publishing with a fence, reading from the leader.
 *
 * All is pipelined through the transport's one inbox and its one coarse timer; the client's own JetStream costs
 * several times as much. Nothing here tries again: only whoever knows what a request meant knows what its failure means.
 */
import { FlowError } from "../errors.ts";
import { nobody } from "../transport/message.ts";
import { type Headers, readHeaders, writeHeaders } from "./headers.ts";
import type { NatsTransport } from "./face.ts";
import { type Inside, insideOf } from "./transport.ts";

/** Milliseconds that the server has for an answer, unless told otherwise. */
const answerMs = 5_000;

/** The server's numbers of errors that tell something apart. */
export const jetStreamErrors = {
  noMessage: 10037,
  notEnabled: 10076,
  notEnabledForAccount: 10039,
  streamNotFound: 10059,
  streamNameInUse: 10058,
  /** The fence; newer servers have a second number for it. */
  wrongLastSequence: [10071, 10164] as readonly number[],
  /** Nothing was stored: limits, or no room. */
  full: [10023, 10047, 10077] as readonly number[],
} as const;

/** A message as a stream keeps it. */
export interface Stored {
  readonly subject: string;
  /** In the stream; grows, with gaps. */
  readonly sequence: number;
  readonly data: Buffer;
  readonly headers: Headers;
}

export interface PublishOptions {
  /** Stored only if this is the stream sequence of the subject's last message; 0: if it has none. */
  readonly expected?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** A stream's settings in the server's own words; those that are left out are the server's defaults. */
export interface StreamConfig {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly num_replicas: number;
  readonly [setting: string]: unknown;
}

interface ApiError {
  readonly code?: number;
  readonly err_code?: number;
  readonly description?: string;
}

interface Answer {
  readonly error?: ApiError;
  readonly seq?: number;
  readonly config?: StreamConfig;
  readonly purged?: number;
  readonly total?: number;
  readonly state?: {
    readonly last_seq: number;
    readonly subjects?: Readonly<Record<string, number>>;
  };
  readonly message?: {
    readonly subject: string;
    readonly seq: number;
    readonly hdrs?: string;
    readonly data?: string;
  };
  readonly [field: string]: unknown;
}

const nothing = new Uint8Array();

/** Whether an error is JetStream's with one of these numbers. */
export function isRefused(
  error: unknown,
  ...numbers: readonly number[]
): error is FlowError<"JETSTREAM_REFUSED"> {
  return FlowError.is(error, "JETSTREAM_REFUSED") && numbers.includes(error.about.errCode);
}

export class JetStream {
  /** Of the connection beneath. */
  readonly inside: Inside;

  /** @throws FlowError `INVALID_OPTION` for a transport that `connectNats` did not make */
  constructor(transport: NatsTransport) {
    this.inside = insideOf(transport);
  }

  /** The first tokens of every subject. */
  get prefix(): string {
    return this.inside.prefix;
  }

  /**
   * A name for a stream of this installation: a stream's name has no dots, and streams of two prefixes have two names.
   * Prefixes that differ in case only don't; their subjects do, and `ensureStream` refuses the second.
   */
  streamName(what: string): string {
    return `${this.prefix.toUpperCase().replaceAll(".", "=")}_${what}`;
  }

  /**
   * One request of the JetStream API.
   *
   * @param request - what follows `$JS.API.`
   * @returns the answer, from JSON
   * @throws FlowError `JETSTREAM_REFUSED`; `JETSTREAM_UNAVAILABLE` when there is none, or no leader for this;
   * `NO_ANSWER`, `FORBIDDEN`, `TRANSPORT_FULL`, `TRANSPORT_CLOSED`
   */
  async api(request: string, body?: object, timeoutMs = answerMs): Promise<Answer> {
    const bytes = body === undefined ? nothing : Buffer.from(JSON.stringify(body));
    return this.#ask(`$JS.API.${request}`, request, bytes, timeoutMs);
  }

  /** @throws FlowError `JETSTREAM_UNAVAILABLE` when the server has none for these credentials; else as `api` */
  async check(): Promise<void> {
    try {
      await this.api("INFO");
    } catch (error) {
      const { notEnabled, notEnabledForAccount } = jetStreamErrors;
      if (!isRefused(error, notEnabled, notEnabledForAccount)) throw error;
      const problem = "the server has it turned off for this account";
      throw new FlowError("JETSTREAM_UNAVAILABLE", { problem }, { cause: error });
    }
  }

  /**
   * Makes a stream, unless it is there; gives it more replicas if it has fewer. Other settings of a stream that is
   * there stay as they are.
   *
   * @throws FlowError `ALREADY_EXISTS` when a stream of that name has other subjects; else as `api`
   */
  async ensureStream(config: StreamConfig): Promise<void> {
    const found = await this.#streamConfig(config.name);
    if (found === undefined) {
      try {
        await this.api(`STREAM.CREATE.${config.name}`, config);
        return;
      } catch (error) {
        if (!isRefused(error, jetStreamErrors.streamNameInUse)) throw error;
      }
    }
    // Somebody else may have made it just now, with other settings.
    const present = found ?? (await this.#streamConfig(config.name));
    if (present === undefined) return;
    if (!isSame(present.subjects, config.subjects)) {
      const where = [present.subjects.join(" "), config.subjects.join(" ")];
      throw new FlowError("ALREADY_EXISTS", { what: "stream", name: config.name, where });
    }
    if (present.num_replicas >= config.num_replicas) return;
    const grown = { ...present, num_replicas: config.num_replicas };
    await this.api(`STREAM.UPDATE.${config.name}`, grown);
  }

  /**
   * Stores a message. No message id is given, so a server takes none for a duplicate.
   *
   * @returns its sequence in the stream
   * @throws FlowError `JETSTREAM_REFUSED`: a fence that does not hold is one of
   * `jetStreamErrors.wrongLastSequence`, which also comes if an earlier try of the same was stored;
   * `PAYLOAD_REFUSED` when it is larger than a server takes; else as `api`. After all but `PAYLOAD_REFUSED` and
   * `TRANSPORT_FULL` it may have been stored, or be stored later.
   */
  async publish(subject: string, body: Uint8Array, options: PublishOptions = {}): Promise<number> {
    const { expected, timeoutMs = answerMs } = options;
    const fence =
      expected === undefined ? {} : { "Nats-Expected-Last-Subject-Sequence": String(expected) };
    const headers = writeHeaders({ ...fence, ...options.headers });
    const bytes = body.byteLength + headers.byteLength;
    const { limit } = this.inside.connection;
    if (bytes > limit) {
      const problem = `takes ${bytes} bytes, more than the ${limit} that the server takes`;
      throw new FlowError("PAYLOAD_REFUSED", { path: `a message to ${subject}`, problem });
    }
    const { seq } = await this.#ask(subject, subject, body, timeoutMs, headers);
    if (typeof seq === "number" && seq > (expected ?? 0)) return seq;
    throw refusal(subject, { description: "the answer is no acknowledgement" });
  }

  /** The subject's last message, as the stream's leader has it. A leader that was deposed may not know it yet. */
  async last(stream: string, subject: string, timeoutMs?: number): Promise<Stored | undefined> {
    return this.#get(stream, { last_by_subj: subject }, timeoutMs);
  }

  /** The message of a sequence, from the leader. */
  async get(stream: string, sequence: number, timeoutMs?: number): Promise<Stored | undefined> {
    return this.#get(stream, { seq: sequence }, timeoutMs);
  }

  /** The first message of a subject, wildcards allowed, that has at least this sequence; from the leader. */
  async next(
    stream: string,
    subject: string,
    sequence: number,
    timeoutMs?: number,
  ): Promise<Stored | undefined> {
    return this.#get(stream, { seq: Math.max(1, sequence), next_by_subj: subject }, timeoutMs);
  }

  /**
   * All messages of a subject from one sequence to another, both included, in order; from the leader. Several requests
   * are under way at a time.
   */
  async between(stream: string, subject: string, from: number, to: number): Promise<Stored[]> {
    const walkers = Math.max(1, Math.min(mostWalkers, Math.ceil((to - from + 1) / leastStretch)));
    const stretch = Math.ceil((to - from + 1) / walkers);
    const walks = Array.from({ length: walkers }, async (_, walker) => {
      const start = from + walker * stretch;
      return this.#walk(stream, subject, start, Math.min(to, start + stretch - 1));
    });
    return (await Promise.all(walks)).flat();
  }

  /** Forgets the messages of a subject, wildcards allowed. @returns how many these were */
  async purge(stream: string, subject: string): Promise<number> {
    const { purged } = await this.api(`STREAM.PURGE.${stream}`, { filter: subject });
    return purged ?? 0;
  }

  async #walk(stream: string, subject: string, from: number, to: number): Promise<Stored[]> {
    const found: Stored[] = [];
    for (let at = from; at <= to; ) {
      const message = await this.next(stream, subject, at);
      if (message === undefined || message.sequence > to) break;
      found.push(message);
      at = message.sequence + 1;
    }
    return found;
  }

  async #get(stream: string, which: object, timeoutMs?: number): Promise<Stored | undefined> {
    const request = `STREAM.MSG.GET.${stream}`;
    try {
      const { message } = await this.api(request, which, timeoutMs);
      if (message === undefined)
        throw refusal(request, { description: "there is no answer in it" });
      const { subject, seq: sequence, hdrs = "", data = "" } = message;
      const headers = readHeaders(Buffer.from(hdrs, "base64"));
      return { subject, sequence, data: Buffer.from(data, "base64"), headers };
    } catch (error) {
      if (isRefused(error, jetStreamErrors.noMessage)) return undefined;
      throw error;
    }
  }

  async #streamConfig(name: string): Promise<StreamConfig | undefined> {
    try {
      return (await this.api(`STREAM.INFO.${name}`)).config;
    } catch (error) {
      if (isRefused(error, jetStreamErrors.streamNotFound)) return undefined;
      throw error;
    }
  }

  async #ask(
    subject: string,
    to: string,
    body: Uint8Array,
    timeoutMs: number,
    headers?: Uint8Array,
  ): Promise<Answer> {
    const question = { subject, to, body, timeoutMs, ofServer: true };
    const bytes = await this.inside.rpc.ask(
      headers === undefined ? question : { ...question, headers },
    );
    if (bytes === nobody) {
      const problem = `nobody answers ${to}: it is turned off, has no leader, or there is no stream for it`;
      throw new FlowError("JETSTREAM_UNAVAILABLE", { problem });
    }
    const answer = parse(bytes, to);
    if (answer.error !== undefined) throw refusal(to, answer.error);
    return answer;
  }
}

/** Requests for messages of one subject that are under way at once, and the least sequences that one is for. */
const mostWalkers = 16;
const leastStretch = 8;

const isSame = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && [...one].sort().join() === [...other].sort().join();

function parse(bytes: Uint8Array, request: string): Answer {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = undefined;
  }
  if (typeof answer === "object" && answer !== null) return answer as Answer;
  throw refusal(request, { description: "the answer can't be read" });
}

function refusal(request: string, { code = 0, err_code = 0, description = "" }: ApiError) {
  const about = { request, status: code, errCode: err_code, problem: description };
  return new FlowError("JETSTREAM_REFUSED", about);
}
