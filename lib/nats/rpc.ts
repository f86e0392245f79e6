/**
 * Requests and answers, pipelined: one inbox for all answers, numbers to tell them apart, one coarse timer. A fifth of
 * what the client's own `request` costs.
 */
import type { Clock } from "../clock.ts";
import { FlowError } from "../errors.ts";
import { nobody } from "../transport/message.ts";
import { type Asked, Waiting, type WaitingLimits } from "../transport/waiting.ts";
import type { Assembler } from "./chunks.ts";
import type { Connection } from "./connection.ts";

export interface Question {
  readonly subject: string;
  /** What the subject is called in errors. */
  readonly to: string;
  readonly body: Uint8Array;
  readonly timeoutMs: number;
  /** As `lib/nats/headers.ts` writes them. */
  readonly headers?: Uint8Array;
  /** Whoever answers is the server itself: what was sent before the connection went is not answered any more. */
  readonly ofServer?: boolean;
}

interface Sent extends Asked<Uint8Array> {
  readonly subject: string;
  readonly ofServer: boolean;
}

export interface RpcOptions extends WaitingLimits {
  readonly clock: Clock;
  readonly connection: Connection;
  readonly assembler: Assembler;
  /** The subject below which answers come in; nobody else knows it. */
  readonly inbox: string;
}

export class Rpc {
  readonly #connection: Connection;
  readonly #assembler: Assembler;
  readonly #inbox: string;
  readonly #waiting: Waiting<Uint8Array, Sent>;

  private constructor({ connection, assembler, inbox, clock, ...limits }: RpcOptions) {
    this.#connection = connection;
    this.#assembler = assembler;
    this.#inbox = inbox;
    this.#waiting = new Waiting(clock, limits);
    connection.onForbidden((error) => {
      this.#refuse(error);
    });
    connection.watch((isConnected) => {
      if (isConnected) this.#giveUp();
    });
    connection.onClosed((problem) => {
      this.#waiting.reject(new FlowError("TRANSPORT_CLOSED", { problem }));
    });
  }

  /** @throws FlowError `FORBIDDEN` when the credentials don't allow the inbox; `TRANSPORT_CLOSED` */
  static async open(options: RpcOptions): Promise<Rpc> {
    const rpc = new Rpc(options);
    const { connection, inbox } = options;
    const subscribed = connection.subscribe(`${inbox}.*`, (data, _, subject) => {
      rpc.#take(data, subject);
    });
    await connection.settled();
    if (subscribed.denied !== undefined) throw subscribed.denied;
    return rpc;
  }

  /**
   * @returns the answer's bytes; `nobody` when nobody takes the request
   * @throws FlowError `NO_ANSWER`, `FORBIDDEN`, `TRANSPORT_FULL`, `TRANSPORT_CLOSED`
   */
  async ask(question: Question): Promise<Uint8Array> {
    const { subject, to, body, timeoutMs, headers, ofServer = false } = question;
    return new Promise((resolve, reject) => {
      const bytes = body.byteLength + (headers?.byteLength ?? 0);
      const asked: Sent = { to, subject, ofServer, bytes, timeoutMs, resolve, reject };
      const id = this.#waiting.add(asked);
      try {
        const reply = `${this.#inbox}.${id}`;
        asked.withdraw = this.#connection.send(subject, body, to, reply, headers);
      } catch (error) {
        this.#waiting.take(id);
        throw error;
      }
    });
  }

  #take(frame: Uint8Array, subject: string): void {
    const id = Number(subject.slice(this.#inbox.length + 1));
    const answer = this.#whole(frame, id);
    if (answer === undefined) return;
    const asked = this.#waiting.take(id);
    if (asked === undefined) this.#connection.counts.late++;
    else asked.resolve(answer);
  }

  #whole(frame: Uint8Array, id: number): Uint8Array | undefined {
    // Only a server says nothing: that nobody subscribes to where the request went.
    if (frame.byteLength === 0) return nobody;
    try {
      return this.#assembler.take(this.#inbox, frame);
    } catch (error) {
      this.#connection.counts.refused++;
      this.#waiting.take(id)?.reject(error as Error);
      return undefined;
    }
  }

  /** What was kept meanwhile can be taken back, and was sent just now. */
  #giveUp(): void {
    const problem = "the connection was lost before the answer came";
    const error = new FlowError("JETSTREAM_UNAVAILABLE", { problem });
    this.#waiting.reject(error, ({ ofServer, withdraw }) => ofServer && withdraw === undefined);
  }

  #refuse(error: FlowError<"FORBIDDEN">): void {
    const { operation, subject } = error.about;
    if (operation !== "publish") return;
    this.#waiting.reject(error, (asked) => asked.subject === subject);
  }
}
