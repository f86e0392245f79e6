/** A transport over a port: an end of a switch. */
import { decode, encode } from "../bytes.ts";
import type { Clock, Timer } from "../clock.ts";
import { FlowError } from "../errors.ts";
import {
  answerOf,
  bodyOf,
  type Control,
  isMeant,
  type Message,
  type Port,
  switchAddress,
  valueOf,
} from "./message.ts";
import { defaultAnswerMs, type Stop, type Take, type Transport } from "./transport.ts";

interface Waiting {
  readonly to: string;
  readonly timeoutMs: number;
  readonly deadline: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface PortOptions {
  readonly clock: Clock;
  /** The largest body in encoded bytes. Default 16 MiB. */
  readonly maxBytes?: number;
  /** Requests that may wait for their answers at once. Default 65,536. */
  readonly window?: number;
}

/** How exact time-outs are, in milliseconds. */
const tickMs = 50;

export class PortTransport implements Transport {
  readonly maxBytes: number;
  readonly #port: Port;
  readonly #clock: Clock;
  readonly #window: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #served = new Map<string, Take>();
  readonly #heard = new Map<string, Set<(body: unknown) => void>>();
  readonly #watchers = new Set<(isConnected: boolean) => void>();
  #lastId = 0;
  #tick: Timer | undefined;
  #closed: string | undefined;

  constructor(port: Port, { clock, maxBytes = 16 * 1024 * 1024, window = 65_536 }: PortOptions) {
    this.maxBytes = maxBytes;
    this.#port = port;
    this.#clock = clock;
    this.#window = window;
    port.start(
      (message) => {
        this.#take(message);
      },
      () => {
        this.#close("the other end is gone");
      },
    );
  }

  get isConnected(): boolean {
    return this.#closed === undefined;
  }

  async request(to: string, body: unknown, timeoutMs = defaultAnswerMs): Promise<unknown> {
    this.#needOpen();
    if (this.#waiting.size >= this.#window) {
      throw new FlowError("TRANSPORT_FULL", { to, limit: this.#window });
    }
    const bytes = bodyOf(body, to, this.maxBytes);
    const id = this.#lastId++;
    return new Promise((resolve, reject) => {
      const deadline = this.#clock.monotonic() + timeoutMs;
      this.#waiting.set(id, { to, timeoutMs, deadline, resolve, reject });
      this.#port.post({ kind: "request", id, to, body: bytes });
      this.#arm();
    });
  }

  publish(to: string, body: unknown): void {
    this.#needOpen();
    this.#port.post({ kind: "publish", to, body: bodyOf(body, to, this.maxBytes) });
  }

  async serve(at: string, take: Take): Promise<Stop> {
    this.#served.set(at, take);
    await this.#control({ verb: "serve", at });
    return () => {
      if (this.#served.get(at) !== take) return;
      this.#served.delete(at);
      this.#tell({ verb: "leave", at });
    };
  }

  async listen(to: string, hear: (body: unknown) => void): Promise<Stop> {
    const known = this.#heard.get(to);
    const hearers = known ?? new Set();
    // A function of its own, so that the same one can listen twice.
    const own = (body: unknown): void => {
      hear(body);
    };
    this.#heard.set(to, hearers.add(own));
    if (known === undefined) await this.#control({ verb: "listen", at: to });
    return () => {
      if (!hearers.delete(own) || hearers.size > 0) return;
      this.#heard.delete(to);
      this.#tell({ verb: "ignore", at: to });
    };
  }

  watch(changed: (isConnected: boolean) => void): Stop {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close("it was asked to");
    return Promise.resolve();
  }

  #needOpen(): void {
    if (this.#closed !== undefined) {
      throw new FlowError("TRANSPORT_CLOSED", { problem: this.#closed });
    }
  }

  async #control(control: Control): Promise<void> {
    await this.request(switchAddress, control);
  }

  /** Nobody waits for what an end does no more. */
  #tell(control: Control): void {
    if (this.#closed !== undefined) return;
    this.#port.post({ kind: "publish", to: switchAddress, body: encode(control) });
  }

  #take(message: Message): void {
    switch (message.kind) {
      case "request":
        void this.#answer(message);
        return;
      case "answer":
        this.#settle(message.id, message.answer);
        return;
      case "publish":
        for (const [pattern, hearers] of this.#heard) {
          if (!isMeant(pattern, message.to)) continue;
          for (const hear of hearers) hear(decode(message.body));
        }
    }
  }

  async #answer({ id, from, to, body }: Message & { kind: "request" }): Promise<void> {
    const take = this.#served.get(to);
    const answer = await answerOf(() => {
      if (take === undefined) throw new FlowError("NO_RECEIVER", { to });
      return take(decode(body));
    }, this.maxBytes);
    if (this.#closed !== undefined) return;
    this.#port.post({ kind: "answer", id, ...(from === undefined ? {} : { from }), answer });
  }

  #settle(id: number, answer: Uint8Array): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return; // too late
    this.#waiting.delete(id);
    try {
      waiting.resolve(valueOf(answer));
    } catch (error) {
      waiting.reject(error as Error);
    }
  }

  #arm(): void {
    this.#tick ??= this.#clock.setTimeout(() => {
      this.#tick = undefined;
      this.#expire();
    }, tickMs);
  }

  #expire(): void {
    const now = this.#clock.monotonic();
    for (const [id, { to, timeoutMs, deadline, reject }] of this.#waiting) {
      if (deadline > now) continue;
      this.#waiting.delete(id);
      reject(new FlowError("NO_ANSWER", { to, timeoutMs }));
    }
    if (this.#waiting.size > 0) this.#arm();
  }

  #close(problem: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = problem;
    if (this.#tick !== undefined) this.#clock.clearTimeout(this.#tick);
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new FlowError("TRANSPORT_CLOSED", { problem }));
    this.#port.close();
    for (const changed of this.#watchers) changed(false);
  }
}
