/** Requests that wait for their answers: bounded, each with a time-out, all on one coarse timer. */
import type { Clock, Timer } from "../clock.ts";
import { FlowError } from "../errors.ts";

export interface WaitingLimits {
  /** Requests that may wait at once. Default 65,536. */
  readonly window?: number;
  /** Bytes that the bodies of those requests may take together; one may be larger. Default 256 MiB. */
  readonly windowBytes?: number;
}

export interface Asked<Answer> {
  readonly to: string;
  /** Encoded bytes of the request's body. */
  readonly bytes: number;
  readonly timeoutMs: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  /** Takes back what was not sent yet. Called when it waits no more. */
  withdraw?: (() => void) | undefined;
}

interface Entry<A> {
  readonly asked: A;
  readonly deadline: number;
}

/** How exact time-outs are, in milliseconds. */
const tickMs = 50;

export class Waiting<Answer, A extends Asked<Answer> = Asked<Answer>> {
  readonly #clock: Clock;
  readonly #window: number;
  readonly #windowBytes: number;
  readonly #entries = new Map<number, Entry<A>>();
  #bytes = 0;
  #lastId = 0;
  #earliest = Infinity;
  #tick: Timer | undefined;

  constructor(clock: Clock, limits: WaitingLimits = {}) {
    const { window = 65_536, windowBytes = 256 * 1024 * 1024 } = limits;
    this.#clock = clock;
    this.#window = window;
    this.#windowBytes = windowBytes;
  }

  /**
   * @returns the number to give it its answer by; none is used twice
   * @throws FlowError `TRANSPORT_FULL`
   */
  add(asked: A): number {
    const { to, bytes, timeoutMs } = asked;
    if (this.#entries.size >= this.#window) {
      throw new FlowError("TRANSPORT_FULL", { to, limit: this.#window, of: "requests" });
    }
    if (this.#entries.size > 0 && this.#bytes + bytes > this.#windowBytes) {
      throw new FlowError("TRANSPORT_FULL", { to, limit: this.#windowBytes, of: "bytes" });
    }
    const deadline = this.#clock.monotonic() + timeoutMs;
    this.#entries.set(this.#lastId, { asked, deadline });
    this.#bytes += bytes;
    this.#earliest = Math.min(this.#earliest, deadline);
    this.#arm();
    return this.#lastId++;
  }

  /** Whoever takes it settles it. @returns undefined when nobody waits under that number any more */
  take(id: number): A | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    this.#remove(id, entry);
    return entry.asked;
  }

  /** Rejects those that are meant. */
  reject(error: Error, isMeant: (asked: A) => boolean = () => true): void {
    for (const [id, entry] of this.#entries) {
      if (!isMeant(entry.asked)) continue;
      this.#remove(id, entry);
      entry.asked.reject(error);
    }
    if (this.#entries.size > 0 || this.#tick === undefined) return;
    this.#clock.clearTimeout(this.#tick);
    this.#tick = undefined;
  }

  #remove(id: number, { asked }: Entry<A>): void {
    this.#entries.delete(id);
    this.#bytes -= asked.bytes;
    asked.withdraw?.();
  }

  #arm(): void {
    this.#tick ??= this.#clock.setTimeout(() => {
      this.#tick = undefined;
      this.#expire();
    }, tickMs);
  }

  #expire(): void {
    const now = this.#clock.monotonic();
    if (this.#earliest <= now) {
      this.#earliest = Infinity;
      for (const [id, entry] of this.#entries) {
        const { asked, deadline } = entry;
        if (deadline > now) {
          this.#earliest = Math.min(this.#earliest, deadline);
          continue;
        }
        this.#remove(id, entry);
        asked.reject(new FlowError("NO_ANSWER", { to: asked.to, timeoutMs: asked.timeoutMs }));
      }
    }
    if (this.#entries.size > 0) this.#arm();
  }
}
