/**
 * A connection to NATS that keeps what is to be sent while it is away, and survives what the client doesn't: a
 * callback that throws ends the client's reader, so none does.
 */
import type { MsgHdrs, NatsConnection, Subscription } from "nats";
import { FlowError } from "../errors.ts";
import type { Log } from "../types.ts";
import { cut } from "./chunks.ts";
import type { Counts } from "./face.ts";

/** Takes one message. `reply` is empty when no answer is asked for; headers are read when they are asked for. */
type Receive = (
  data: Uint8Array,
  reply: string,
  subject: string,
  headers: () => MsgHdrs | undefined,
) => void;

export interface Subscribed {
  /** Why the server does not send, if so. */
  readonly denied: FlowError<"FORBIDDEN"> | undefined;
  /** What the server has sent by then is still received. */
  stop(): void;
}

export interface ConnectionOptions {
  readonly nats: NatsConnection;
  readonly log: Log;
  /** `senderBytes` random bytes. */
  readonly sender: Uint8Array;
  /** Messages, and bytes, that are kept while the connection is away. */
  readonly window: number;
  readonly windowBytes: number;
  /** Says what is wrong with the server that the connection now leads to. */
  readonly check: (nats: NatsConnection) => FlowError | undefined;
}

interface Kept {
  readonly bytes: number;
  readonly publish: () => void;
}

/** The largest message that is sent in one piece, for the sake of those that wait behind it. */
const pieceBytes = 1024 * 1024;

export class Connection {
  readonly counts: Counts = { unsent: 0, late: 0, refused: 0, failed: 0 };
  readonly #options: ConnectionOptions;
  readonly #nats: NatsConnection;
  readonly #watchers = new Set<(isConnected: boolean) => void>();
  readonly #forbidden = new Set<(error: FlowError<"FORBIDDEN">) => void>();
  readonly #closing = new Set<(problem: string) => void>();
  readonly #changes = new Set<() => void>();
  readonly #kept = new Map<number, Kept>();
  #keptBytes = 0;
  #lastKept = 0;
  #lastCut = 0;
  #limit: number;
  #isConnected = true;
  #closed: string | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#nats = options.nats;
    this.#limit = options.nats.info?.max_payload ?? pieceBytes;
    void this.#follow();
    void this.#nats.closed().then((error) => {
      this.#close(error instanceof Error ? `the server ended it: ${error.message}` : "it ended");
    });
  }

  get isConnected(): boolean {
    return this.#isConnected && this.#closed === undefined;
  }

  /** The server that it is connected to, or was last: its name and its version. */
  get server(): { readonly name: string; readonly version: string } {
    const { server_name: name = "unknown", version = "unknown" } = this.#nats.info ?? {};
    return { name, version };
  }

  /** The most bytes that the server takes in one message, headers included. */
  get limit(): number {
    return this.#limit;
  }

  /** @throws FlowError `TRANSPORT_CLOSED` */
  needOpen(): void {
    if (this.#closed !== undefined) {
      throw new FlowError("TRANSPORT_CLOSED", { problem: this.#closed });
    }
  }

  watch(changed: (isConnected: boolean) => void): () => void {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  }

  /** Hears what the server did not let through. */
  onForbidden(hear: (error: FlowError<"FORBIDDEN">) => void): void {
    this.#forbidden.add(hear);
  }

  /** Hears once that the connection ended for good, and why. */
  onClosed(hear: (problem: string) => void): () => void {
    this.#closing.add(hear);
    return () => void this.#closing.delete(hear);
  }

  /**
   * Sends now, or when the connection is back. In order.
   *
   * @param to - what it is sent to, for errors
   * @param headers - as `lib/nats/headers.ts` writes them. What has some is never cut
   * @returns takes it back if it was not sent yet; undefined when it was
   * @throws FlowError `TRANSPORT_CLOSED`, `TRANSPORT_FULL`
   */
  send(
    subject: string,
    body: Uint8Array,
    to: string,
    reply = "",
    headers?: Uint8Array,
  ): (() => void) | undefined {
    this.needOpen();
    if (this.#isConnected) {
      this.#publish(subject, body, reply, headers);
      return undefined;
    }
    const { window, windowBytes } = this.#options;
    const bytes = body.byteLength;
    if (this.#kept.size >= window) {
      throw new FlowError("TRANSPORT_FULL", { to, limit: window, of: "messages" });
    }
    if (this.#kept.size > 0 && this.#keptBytes + bytes > windowBytes) {
      throw new FlowError("TRANSPORT_FULL", { to, limit: windowBytes, of: "bytes" });
    }
    const number = this.#lastKept++;
    this.#kept.set(number, {
      bytes,
      publish: () => {
        this.#publish(subject, body, reply, headers);
      },
    });
    this.#keptBytes += bytes;
    return () => {
      if (this.#kept.delete(number)) this.#keptBytes -= bytes;
    };
  }

  /** Sends now or, while the connection is away, never. @throws FlowError `TRANSPORT_CLOSED` */
  tell(subject: string, body: Uint8Array): void {
    this.needOpen();
    if (this.#isConnected) this.#publish(subject, body, "");
    else this.counts.unsent++;
  }

  /** Survives reconnects. See `settled` for when the server knows it. */
  subscribe(subject: string, receive: Receive): Subscribed {
    let denied: FlowError<"FORBIDDEN"> | undefined;
    const subscription = this.#nats.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) {
          denied = new FlowError("FORBIDDEN", { operation: "subscribe", subject });
          return;
        }
        this.guard("a message could not be taken", () => {
          receive(message.data, message.reply ?? "", message.subject, () => message.headers);
        });
      },
    });
    return {
      get denied() {
        return denied;
      },
      stop: () => {
        stop(subscription);
      },
    };
  }

  /**
   * Resolves when the server has taken everything that was sent before; while the connection is away, that is when it
   * is back.
   *
   * @throws FlowError `TRANSPORT_CLOSED`
   */
  async settled(): Promise<void> {
    let isTaken = false;
    while (!isTaken) {
      this.needOpen();
      const flushed = this.#isConnected ? this.#nats.flush() : undefined;
      isTaken = await this.#changeOr(flushed);
    }
  }

  /** What it throws is logged and counted. */
  guard(what: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.counts.failed++;
      this.#options.log(what, { error }, "error");
    }
  }

  /** What was sent before is on its way when it resolves, unless that takes longer than `patience`. */
  async close(problem: string, patience: Promise<void>): Promise<void> {
    if (this.#closed === undefined) {
      const sent = this.#isConnected ? this.#nats.flush().catch(() => undefined) : undefined;
      this.#close(problem);
      await Promise.race([sent, patience]);
    }
    await this.#nats.close();
  }

  /** False when the connection goes, comes back or ends; true when `sooner` resolves before. */
  async #changeOr(sooner: Promise<void> | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const changed = (): void => {
        this.#changes.delete(changed);
        resolve(false);
      };
      this.#changes.add(changed);
      sooner?.then(
        () => {
          this.#changes.delete(changed);
          resolve(true);
        },
        () => undefined, // the connection went, and that will be heard
      );
    });
  }

  async #follow(): Promise<void> {
    for await (const status of this.#nats.status()) {
      const type: string = status.type;
      if (type === "disconnect") this.#lose();
      else if (type === "reconnect") this.#regain();
      else if (type === "error") this.#complain(status.data, status.permissionContext);
    }
  }

  #lose(): void {
    if (!this.#isConnected || this.#closed !== undefined) return;
    this.#isConnected = false;
    this.#options.log("the connection to NATS is away", {}, "warn");
    this.#tell(false);
  }

  #regain(): void {
    if (this.#isConnected || this.#closed !== undefined) return;
    const fault = this.#options.check(this.#nats);
    if (fault !== undefined) {
      this.#close(fault.message);
      void this.#nats.close();
      return;
    }
    this.#limit = this.#nats.info?.max_payload ?? this.#limit;
    this.#isConnected = true;
    this.#options.log("the connection to NATS is back", { server: this.#nats.getServer() });
    const kept = [...this.#kept.values()];
    this.#kept.clear();
    this.#keptBytes = 0;
    for (const { publish } of kept) publish();
    this.#tell(true);
  }

  #complain(code: unknown, context: { operation: string; subject: string } | undefined): void {
    if (context === undefined) {
      this.#options.log("NATS reports an error", { code }, "error");
      return;
    }
    const { subject } = context;
    const operation = context.operation === "publish" ? "publish" : "subscribe";
    const error = new FlowError("FORBIDDEN", { operation, subject });
    this.#options.log(error.message, { operation, subject, error }, "error");
    for (const hear of this.#forbidden) hear(error);
  }

  #tell(isConnected: boolean): void {
    for (const changed of [...this.#changes]) changed();
    for (const changed of this.#watchers) {
      this.guard("a watcher of the connection failed", () => {
        changed(isConnected);
      });
    }
  }

  #close(problem: string): void {
    if (this.#closed !== undefined) return;
    const wasConnected = this.#isConnected;
    this.#closed = problem;
    this.#kept.clear();
    this.#keptBytes = 0;
    for (const hear of this.#closing) hear(problem);
    if (wasConnected) this.#tell(false);
    else for (const changed of [...this.#changes]) changed();
  }

  #publish(subject: string, body: Uint8Array, reply: string, headers?: Uint8Array): void {
    this.guard(`a message to ${subject} could not be sent`, () => {
      if (headers !== undefined) {
        // All that the client asks of headers when it sends them.
        const written = { encode: () => headers } as unknown as MsgHdrs;
        this.#nats.publish(subject, body, { reply, headers: written });
        return;
      }
      const limit = Math.min(this.#limit, pieceBytes);
      if (body.byteLength <= limit) {
        this.#nats.publish(subject, body, { reply });
        return;
      }
      this.#lastCut = (this.#lastCut + 1) >>> 0;
      for (const chunk of cut(body, limit, this.#options.sender, this.#lastCut)) {
        this.#nats.publish(subject, chunk, { reply });
      }
    });
  }
}

/** What is on its way from the server is still given to the callback. */
function stop(subscription: Subscription): void {
  if (subscription.isClosed() || subscription.isDraining()) return;
  subscription.drain().catch(() => undefined);
}
