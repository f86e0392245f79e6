/** The transport of a process in a simulated cluster. It keeps to test/contracts/transport.ts, at its worst. */
import { decode } from "../../../lib/bytes.ts";
import { FlowError } from "../../../lib/errors.ts";
import { answerOf, bodyOf, isMeant, nobody, valueOf } from "../../../lib/transport/message.ts";
import type { Stop, Take, Transport } from "../../../lib/transport/transport.ts";
import { Waiting, type WaitingLimits } from "../../../lib/transport/waiting.ts";
import type { Link } from "./network.ts";

/** Sees requests that carry calls of attempts, for the oracle. */
export interface Spy {
  /** @returns what is to be given to `taken` with each delivery */
  sent(from: string, to: string, body: unknown): unknown;
  taken(by: string, sent: unknown): void;
}

interface Asked {
  readonly to: string;
  readonly bytes: number;
  readonly timeoutMs: number;
  readonly resolve: (answer: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

export interface SimLimits extends WaitingLimits {
  /** The largest body in encoded bytes. Default 16 MiB. */
  readonly maxBytes?: number;
}

const transports = new WeakMap<Link, SimTransport>();

export class SimTransport implements Transport {
  readonly maxBytes: number;
  readonly #link: Link;
  readonly #spy: Spy;
  readonly #served = new Map<string, Take>();
  readonly #heard = new Map<string, Set<(body: unknown) => void>>();
  readonly #watchers = new Set<(isConnected: boolean) => void>();
  readonly #waiting: Waiting<Uint8Array, Asked>;

  #isClosed = false;

  constructor(link: Link, spy: Spy, limits: SimLimits = {}) {
    this.maxBytes = limits.maxBytes ?? 16 * 1024 * 1024;
    this.#link = link;
    this.#spy = spy;
    this.#waiting = new Waiting(link.process.clock, limits);
    transports.set(link, this);
    link.changed = (isConnected) => {
      for (const changed of this.#watchers) changed(isConnected);
    };
    link.rejoined.push(() => {
      for (const at of this.#served.keys()) link.served.add(at);
      for (const to of this.#heard.keys()) link.patterns.add(to);
    });
  }

  get isConnected(): boolean {
    return this.#link.isConnected && !this.#isClosed;
  }

  request(to: string, body: unknown, timeoutMs = 5_000): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#needOpen();
      const bytes = bodyOf(body, to, this.maxBytes);
      const id = this.#waiting.add({
        ...{ to, bytes: bytes.byteLength, timeoutMs, reject },
        resolve: (answer) => {
          try {
            resolve(valueOf(answer, to));
          } catch (error) {
            reject(error);
          }
        },
      });
      const link = this.#link;
      const sent = this.#spy.sent(link.process.name, to, body);
      const answered = (answer: Uint8Array): void => {
        link.down(() => this.#waiting.take(id)?.resolve(answer));
      };
      link.up(() => {
        const others = link.network.links.filter((one) => one.served.has(to));
        link.network.trace.add(link.process.name, "asks", to, others.length, bytes.length);
        if (others.length === 0) answered(nobody);
        for (const other of others) {
          const taken = (): void => {
            transports.get(other)?.taken(to, bytes, sent, (answer) => {
              other.up(() => answered(answer));
            });
          };
          link.network.route(link, other, () => other.down(taken));
        }
      });
    });
  }

  /** A request arrives. */
  taken(to: string, bytes: Uint8Array, sent: unknown, answer: (answer: Uint8Array) => void): void {
    const take = this.#served.get(to);
    if (take === undefined) return answer(nobody);
    this.#spy.taken(this.#link.process.name, sent);
    void answerOf(() => take(decode(bytes)), this.maxBytes).then(answer);
  }

  publish(to: string, body: unknown): void {
    this.#needOpen();
    if (!this.isConnected) return;
    const bytes = bodyOf(body, to, this.maxBytes);
    const { network, process } = this.#link;
    this.#link.up(() => {
      network.trace.add(process.name, "tells", to, bytes.length);
      for (const other of network.links) {
        for (const pattern of other.patterns) {
          if (!isMeant(pattern, to)) continue;
          other.down(() => transports.get(other)?.hear(pattern, bytes));
        }
      }
    });
  }

  hear(pattern: string, bytes: Uint8Array): void {
    for (const hear of this.#heard.get(pattern) ?? []) {
      try {
        hear(decode(bytes));
      } catch {
        // What can't be read, or a listener's own mistake, must not stop the others.
      }
    }
  }

  async serve(at: string, take: Take): Promise<Stop> {
    this.#needOpen();
    const own: Take = (body) => take(body);
    this.#served.set(at, own);
    await this.#tell(() => this.#link.served.add(at));
    return () => {
      if (this.#served.get(at) !== own) return;
      this.#served.delete(at);
      void this.#tell(() => {
        if (!this.#served.has(at)) this.#link.served.delete(at);
      });
    };
  }

  async listen(to: string, hear: (body: unknown) => void): Promise<Stop> {
    this.#needOpen();
    const hearers = this.#heard.get(to) ?? new Set();
    const own = (body: unknown): void => {
      hear(body);
    };
    this.#heard.set(to, hearers.add(own));
    await this.#tell(() => this.#link.patterns.add(to));
    return () => {
      if (!hearers.delete(own) || hearers.size > 0) return;
      this.#heard.delete(to);
      void this.#tell(() => {
        if (!this.#heard.has(to)) this.#link.patterns.delete(to);
      });
    };
  }

  watch(changed: (isConnected: boolean) => void): Stop {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#isClosed = true;
    const link = this.#link;
    this.#waiting.reject(closed());
    this.#served.clear();
    this.#heard.clear();
    void this.#tell(() => {
      link.forget();
    });
    for (const changed of this.#watchers) changed(false);
    this.#watchers.clear();
    return Promise.resolve();
  }

  #needOpen(): void {
    if (this.#isClosed) throw closed();
  }

  /** The servers learn of it in order with what is sent before and after; a new connection is told all of it anew. */
  #tell(what: () => unknown): Promise<void> {
    return new Promise((resolve) => {
      let isTold = false;
      const told = (): void => {
        if (isTold) return;
        isTold = true;
        resolve();
      };
      this.#link.up(
        () => {
          what();
          this.#link.down(told, true);
        },
        undefined,
        true,
      );
      this.#watchers.add((isConnected) => {
        if (isConnected) told();
      });
    });
  }
}

const closed = (): FlowError => new FlowError("TRANSPORT_CLOSED", { problem: "it was asked to" });
