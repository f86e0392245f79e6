/** A transport over NATS: an address is a subject below the prefix. */
import { decode } from "../bytes.ts";
import type { Clock, Timer } from "../clock.ts";
import { FlowError } from "../errors.ts";
import { answerOf, bodyOf, nobody, valueOf } from "../transport/message.ts";
import { defaultAnswerMs, type Stop, type Take } from "../transport/transport.ts";
import type { WaitingLimits } from "../transport/waiting.ts";
import { Assembler } from "./chunks.ts";
import type { Connection, Subscribed } from "./connection.ts";
import { announce } from "./discovery.ts";
import type { Counts, NatsTransport, Service } from "./face.ts";
import { Rpc } from "./rpc.ts";

export interface NatsTransportOptions extends WaitingLimits {
  readonly connection: Connection;
  readonly clock: Clock;
  /** The first tokens of every subject. */
  readonly prefix: string;
  /** The subject below which answers to this transport come in. */
  readonly inbox: string;
  readonly maxBytes: number;
}

/** What other parts of lib/nats build upon, of a transport. */
export interface Inside {
  readonly connection: Connection;
  readonly rpc: Rpc;
  readonly clock: Clock;
  /** The first tokens of every subject. */
  readonly prefix: string;
  /** Subjects of two tokens or more below it are free for whoever needs some. */
  readonly inbox: string;
}

const insides = new WeakMap<object, Inside>();

/** @throws FlowError `INVALID_OPTION` when `connectNats` did not make it */
export function insideOf(transport: NatsTransport): Inside {
  const inside = insides.get(transport);
  if (inside !== undefined) return inside;
  const problem = "is none that connectNats() made";
  throw new FlowError("INVALID_OPTION", { option: "transport", problem });
}

interface Served {
  take: Take;
  readonly subscribed: Subscribed;
}

interface Heard {
  readonly hearers: Set<(body: unknown) => void>;
  readonly subscribed: Subscribed;
}

/** Addresses that `addressOf` makes; a subject may not be longer, or the server ends the connection. */
const address = /^[A-Za-z0-9_=-]+(\.[A-Za-z0-9_=-]+)*$/;
const longestAddress = 1_500;

/** Milliseconds that closing waits for what was sent before to be on its way. */
const patienceMs = 1_000;

export class SubjectTransport implements NatsTransport {
  readonly maxBytes: number;
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #prefix: string;
  readonly #inboxes: RegExp;
  readonly #rpc: Rpc;
  readonly #assembler: Assembler;
  readonly #served = new Map<string, Served>();
  readonly #heard = new Map<string, Heard>();

  private constructor(options: NatsTransportOptions, rpc: Rpc, assembler: Assembler) {
    this.maxBytes = options.maxBytes;
    this.#connection = options.connection;
    this.#clock = options.clock;
    this.#prefix = options.prefix;
    // Only there: an answer sent to where a stranger asks for it would go with our permissions.
    const own = options.prefix.replaceAll(".", "\\.");
    this.#inboxes = new RegExp(`^${own}\\.inbox\\.[A-Za-z0-9_=-]+\\.[A-Za-z0-9_=-]+\\.[0-9]+$`);
    this.#rpc = rpc;
    this.#assembler = assembler;
    const { connection, clock, prefix, inbox } = options;
    insides.set(this, { connection, rpc, clock, prefix, inbox });
  }

  /** @throws FlowError `FORBIDDEN`, `TRANSPORT_CLOSED` */
  static async open(options: NatsTransportOptions): Promise<SubjectTransport> {
    const assembler = new Assembler(options);
    const rpc = await Rpc.open({ ...options, assembler });
    return new SubjectTransport(options, rpc, assembler);
  }

  /** What went wrong beside the requests. */
  get counts(): Readonly<Counts> {
    const { counts } = this.#connection;
    return { ...counts, refused: counts.refused + this.#assembler.lost };
  }

  get isConnected(): boolean {
    return this.#connection.isConnected;
  }

  /**
   * As every transport; and FlowError `FORBIDDEN` when the credentials don't allow it, `INVALID_OPTION` for what is no
   * address.
   *
   * In a cluster, servers learn of each other's subscriptions a moment later: `NO_RECEIVER` may come too early.
   */
  async request(to: string, body: unknown, timeoutMs = defaultAnswerMs): Promise<unknown> {
    this.#connection.needOpen();
    const subject = this.#subjectOf(to, to);
    const bytes = bodyOf(body, to, this.maxBytes);
    return valueOf(await this.#rpc.ask({ subject, to, body: bytes, timeoutMs }), to);
  }

  /** Nothing is kept for later: while the connection is away, it is counted and told to nobody. */
  publish(to: string, body: unknown): void {
    this.#connection.tell(this.#subjectOf(to, to), bodyOf(body, to, this.maxBytes));
  }

  /**
   * While the connection is away it waits until it is back. Another connection's server of the same address gets each
   * request too; the first answer counts.
   *
   * @throws FlowError `FORBIDDEN`, `INVALID_OPTION`, `TRANSPORT_CLOSED`
   */
  async serve(at: string, take: Take): Promise<Stop> {
    this.#connection.needOpen();
    const subject = this.#subjectOf(at, at);
    // A function of its own, so that the same one can take over from itself.
    const own: Take = (body) => take(body);
    let served = this.#served.get(at);
    if (served === undefined || served.subscribed.denied !== undefined) {
      const subscribed = this.#connection.subscribe(subject, (frame, reply) => {
        this.#receive(at, frame, reply);
      });
      served = { take: own, subscribed };
      this.#served.set(at, served);
    } else served.take = own;
    const { subscribed } = served;
    const stop = (): void => {
      if (this.#served.get(at)?.take !== own) return;
      this.#served.delete(at);
      subscribed.stop();
    };
    await this.#known(subscribed, stop);
    return stop;
  }

  /** @throws FlowError `FORBIDDEN`, `INVALID_OPTION`, `TRANSPORT_CLOSED` */
  async listen(to: string, hear: (body: unknown) => void): Promise<Stop> {
    this.#connection.needOpen();
    const subject = this.#subjectOf(to, to.endsWith(".*") ? to.slice(0, -2) : to);
    // A function of its own, so that the same one can listen twice.
    const own = (body: unknown): void => {
      hear(body);
    };
    let heard = this.#heard.get(to);
    if (heard === undefined || heard.subscribed.denied !== undefined) {
      const hearers = heard?.hearers ?? new Set();
      const subscribed = this.#connection.subscribe(subject, (frame) => {
        this.#hear(to, hearers, frame);
      });
      heard = { hearers, subscribed };
      this.#heard.set(to, heard);
    }
    const { hearers, subscribed } = heard;
    hearers.add(own);
    const stop = (): void => {
      if (!hearers.delete(own) || hearers.size > 0 || this.#heard.get(to) !== heard) return;
      this.#heard.delete(to);
      subscribed.stop();
    };
    await this.#known(subscribed, stop);
    return stop;
  }

  watch(changed: (isConnected: boolean) => void): Stop {
    return this.#connection.watch(changed);
  }

  /** Hears once that the connection ended for good, and why; until then it comes back by itself. */
  onClosed(hear: (problem: string) => void): void {
    this.#connection.onClosed(hear);
  }

  async announce(service: Service): Promise<Stop> {
    this.#connection.needOpen();
    return announce(this.#connection, this.#clock, service);
  }

  /** What was sent before still goes, for a second at most. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#assembler.close();
    let timer: Timer | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = this.#clock.setTimeout(resolve, patienceMs);
    });
    await this.#connection.close("it was asked to", patience);
    if (timer !== undefined) this.#clock.clearTimeout(timer);
  }

  #subjectOf(to: string, tokens: string): string {
    if (to.length > longestAddress) {
      const problem = `has ${to.length} characters, more than the ${longestAddress} of a subject`;
      throw new FlowError("INVALID_OPTION", { option: "address", problem });
    }
    if (!address.test(tokens)) {
      const problem = `${JSON.stringify(to)} is not what addressOf() makes`;
      throw new FlowError("INVALID_OPTION", { option: "address", problem });
    }
    return `${this.#prefix}.${to}`;
  }

  /** Resolves when the server knows the subscription; stops it otherwise. */
  async #known(subscribed: Subscribed, stop: Stop): Promise<void> {
    try {
      await this.#connection.settled();
      if (subscribed.denied !== undefined) throw subscribed.denied;
    } catch (error) {
      stop();
      throw error;
    }
  }

  #receive(at: string, frame: Uint8Array, reply: string): void {
    const { counts } = this.#connection;
    if (!this.#inboxes.test(reply)) {
      counts.refused++;
      return;
    }
    let request: { readonly body: unknown } | undefined;
    try {
      const bytes = this.#assembler.take(at, frame);
      if (bytes === undefined) return;
      request = { body: read(bytes, at) };
    } catch (error) {
      counts.refused++;
      void this.#answer(reply, () => {
        throw error;
      });
      return;
    }
    const { body } = request;
    const take = this.#served.get(at)?.take;
    if (take === undefined) this.#send(reply, nobody);
    else void this.#answer(reply, () => take(body));
  }

  async #answer(reply: string, give: () => unknown): Promise<void> {
    this.#send(reply, await answerOf(give, this.maxBytes));
  }

  #send(reply: string, answer: Uint8Array): void {
    this.#connection.guard("an answer could not be sent", () => {
      this.#connection.send(reply, answer, "whoever asked");
    });
  }

  #hear(to: string, hearers: ReadonlySet<(body: unknown) => void>, frame: Uint8Array): void {
    try {
      const bytes = this.#assembler.take(`${to} (heard)`, frame);
      if (bytes === undefined) return;
      for (const hear of hearers) {
        const body = read(bytes, to); // a copy for each
        this.#connection.guard("a listener failed", () => {
          hear(body);
        });
      }
    } catch {
      this.#connection.counts.refused++;
    }
  }
}

/** @throws FlowError `PAYLOAD_REFUSED` */
function read(bytes: Uint8Array, at: string): unknown {
  try {
    return decode(bytes);
  } catch (cause) {
    const problem = "can't be read";
    throw new FlowError("PAYLOAD_REFUSED", { path: `a message at ${at}`, problem }, { cause });
  }
}
