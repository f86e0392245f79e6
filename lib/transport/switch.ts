/** Routes messages between the ends of one process and those that it started: the middle of a star of ports. */
import { decode, encode } from "../bytes.ts";
import type { Clock } from "../clock.ts";
import {
  type Control,
  isMeant,
  type Message,
  nobody,
  type Port,
  switchAddress,
} from "./message.ts";
import { PortTransport } from "./port.ts";
import type { Transport } from "./transport.ts";

interface End {
  readonly number: number;
  readonly port: Port;
  readonly patterns: Set<string>;
}

const done = encode({ value: undefined });

export class Switch {
  readonly #clock: Clock;
  readonly #ends = new Map<number, End>();
  readonly #served = new Map<string, End>();
  #lastEnd = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A transport for somebody in this process. */
  join(): Transport {
    const [near, far] = portPair();
    this.attach(far);
    return new PortTransport(near, { clock: this.#clock });
  }

  /** Another end, here or elsewhere. `gone` is called when it is closed. */
  attach(port: Port, gone?: () => void): void {
    const end: End = { number: ++this.#lastEnd, port, patterns: new Set() };
    this.#ends.set(end.number, end);
    port.start(
      (message) => {
        this.#route(end, message);
      },
      () => {
        this.#ends.delete(end.number);
        for (const [at, served] of this.#served) if (served === end) this.#served.delete(at);
        gone?.();
      },
    );
  }

  /** All ends are closed. */
  close(): void {
    for (const { port } of this.#ends.values()) port.close();
    this.#ends.clear();
    this.#served.clear();
  }

  #route(from: End, message: Message): void {
    switch (message.kind) {
      case "request":
        return this.#request(from, message);
      case "answer":
        if (message.from === undefined) return;
        this.#ends
          .get(message.from)
          ?.port.post({ kind: "answer", id: message.id, answer: message.answer });
        return;
      case "publish":
        return this.#publish(from, message);
    }
  }

  #request(from: End, message: Message & { kind: "request" }): void {
    const { id, to, body } = message;
    if (to === switchAddress) {
      this.#control(from, body);
      from.port.post({ kind: "answer", id, answer: done });
      return;
    }
    const end = this.#served.get(to);
    if (end === undefined) {
      from.port.post({ kind: "answer", id, answer: nobody });
      return;
    }
    end.port.post({ kind: "request", id, from: from.number, to, body });
  }

  #publish(from: End, message: Message & { kind: "publish" }): void {
    if (message.to === switchAddress) return this.#control(from, message.body);
    for (const { patterns, port } of this.#ends.values()) {
      for (const pattern of patterns) {
        if (!isMeant(pattern, message.to)) continue;
        port.post(message);
        break;
      }
    }
  }

  #control(from: End, body: Uint8Array): void {
    const { verb, at } = controlOf(body);
    switch (verb) {
      case undefined:
        return;
      case "serve":
        this.#served.set(at, from);
        return;
      case "leave":
        if (this.#served.get(at) === from) this.#served.delete(at);
        return;
      case "listen":
        from.patterns.add(at);
        return;
      case "ignore":
        from.patterns.delete(at);
    }
  }
}

/** Nothing to do when it can't be read: an end that sends such things is broken, and must not break the others. */
function controlOf(body: Uint8Array): Partial<Control> & { readonly at: string } {
  try {
    const { verb, at } = decode(body) as Control;
    if (typeof at === "string") return { verb, at };
  } catch {
    // as below
  }
  return { at: "" };
}

/** Two ends in one process. Messages are taken later, never while they are posted. */
export function portPair(): readonly [Port, Port] {
  const one = new LocalPort();
  const other = new LocalPort();
  one.other = other;
  other.other = one;
  return [one, other];
}

class LocalPort implements Port {
  other: LocalPort | undefined;
  #take: ((message: Message) => void) | undefined;
  #closed: (() => void) | undefined;
  #inbox: Message[] = [];
  #isDue = false;

  post(message: Message): void {
    this.other?.receive(message);
  }

  start(take: (message: Message) => void, closed: () => void): void {
    this.#take = take;
    this.#closed = closed;
    this.#due();
  }

  close(): void {
    const { other } = this;
    this.other = undefined;
    this.#take = undefined;
    other?.lose();
  }

  receive(message: Message): void {
    this.#inbox.push(message);
    this.#due();
  }

  /** The other end closed: what it had posted is still taken. */
  lose(): void {
    this.other = undefined;
    void Promise.resolve().then(() => {
      this.#drain();
      this.#closed?.();
      this.#take = undefined;
    });
  }

  #due(): void {
    if (this.#isDue || this.#inbox.length === 0) return;
    this.#isDue = true;
    void Promise.resolve().then(() => {
      this.#isDue = false;
      this.#drain();
    });
  }

  #drain(): void {
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const message of inbox) this.#take?.(message);
  }
}
