/** A transport over a port: an end of a switch. */
import { decode, encode } from "../bytes.ts";
import type { Clock } from "../clock.ts";
import { FlowError } from "../errors.ts";
import {
  answerOf,
  bodyOf,
  type Control,
  isMeant,
  type Message,
  nobody,
  type Port,
  switchAddress,
  valueOf,
} from "./message.ts";
import { defaultAnswerMs, type Stop, type Take, type Transport } from "./transport.ts";
import { Waiting, type WaitingLimits } from "./waiting.ts";

export interface PortOptions extends WaitingLimits {
  readonly clock: Clock;
  /** The largest body in encoded bytes. Default 16 MiB. */
  readonly maxBytes?: number;
}

export class PortTransport implements Transport {
  readonly maxBytes: number;
  readonly #port: Port;
  readonly #waiting: Waiting<unknown>;
  readonly #served = new Map<string, Take>();
  readonly #heard = new Map<string, Set<(body: unknown) => void>>();
  readonly #watchers = new Set<(isConnected: boolean) => void>();
  #refused = 0;
  #closed: string | undefined;

  constructor(port: Port, options: PortOptions) {
    this.maxBytes = options.maxBytes ?? 16 * 1024 * 1024;
    this.#port = port;
    this.#waiting = new Waiting(options.clock, options);
    port.start(
      (message) => {
        this.#take(message);
      },
      () => {
        this.#close("the other end is gone");
      },
    );
  }

  /** What was published to it and could not be read, or made a listener throw. */
  get refused(): number {
    return this.#refused;
  }

  get isConnected(): boolean {
    return this.#closed === undefined;
  }

  async request(to: string, body: unknown, timeoutMs = defaultAnswerMs): Promise<unknown> {
    this.#needOpen();
    const bytes = bodyOf(body, to, this.maxBytes);
    return new Promise((resolve, reject) => {
      const asked = { to, bytes: bytes.byteLength, timeoutMs, resolve, reject };
      const id = this.#waiting.add(asked);
      this.#port.post({ kind: "request", id, to, body: bytes });
    });
  }

  publish(to: string, body: unknown): void {
    this.#needOpen();
    this.#port.post({ kind: "publish", to, body: bodyOf(body, to, this.maxBytes) });
  }

  async serve(at: string, take: Take): Promise<Stop> {
    // A function of its own, so that the same one can take over from itself.
    const own: Take = (body) => take(body);
    this.#served.set(at, own);
    await this.#control({ verb: "serve", at });
    return () => {
      if (this.#served.get(at) !== own) return;
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
        this.#hear(message.to, message.body);
    }
  }

  #hear(to: string, body: Uint8Array): void {
    for (const [pattern, hearers] of this.#heard) {
      if (!isMeant(pattern, to)) continue;
      for (const hear of hearers) {
        try {
          hear(decode(body));
        } catch {
          this.#refused++; // what can't be read, or a listener's own mistake, must not stop the others
        }
      }
    }
  }

  async #answer({ id, from, to, body }: Message & { kind: "request" }): Promise<void> {
    const take = this.#served.get(to);
    const answer =
      take === undefined ? nobody : await answerOf(() => take(decode(body)), this.maxBytes);
    if (this.#closed !== undefined) return;
    this.#port.post({ kind: "answer", id, ...(from === undefined ? {} : { from }), answer });
  }

  #settle(id: number, answer: Uint8Array): void {
    const asked = this.#waiting.take(id);
    if (asked === undefined) return; // too late
    try {
      asked.resolve(valueOf(answer, asked.to));
    } catch (error) {
      asked.reject(error as Error);
    }
  }

  #close(problem: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = problem;
    this.#waiting.reject(new FlowError("TRANSPORT_CLOSED", { problem }));
    this.#port.close();
    for (const changed of this.#watchers) changed(false);
  }
}
