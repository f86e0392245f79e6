/** Whether an event loop is busy, for a thread beside it: the loop counts, the thread looks. */

/** The longest time between two counts, in milliseconds. */
export const mostTickMs = 1_000;

/** Counts up while the event loop turns. */
export class Pulse {
  /** For the thread. */
  readonly ticks = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  readonly #ticking: NodeJS.Timeout;

  /** @param everyMs - how often the thread looks: it finds another number each time, unless the event loop is busy */
  constructor(everyMs: number) {
    const count = new Int32Array(this.ticks);
    const tickMs = Math.min(mostTickMs, everyMs / 2);
    this.#ticking = setInterval(() => void Atomics.add(count, 0, 1), tickMs).unref();
  }

  stop(): void {
    clearInterval(this.#ticking);
  }
}

/** Looks at another thread's pulse. */
export class PulseWatch {
  readonly #count: Int32Array;
  readonly #stallMs: number;
  #last = -1;
  #tickedAt = performance.now();

  /** @param stallMs - milliseconds without a tick after which it counts as hung */
  constructor(ticks: SharedArrayBuffer, stallMs: number) {
    this.#count = new Int32Array(ticks);
    this.#stallMs = stallMs;
  }

  /** What became of it since the last look. */
  look(): "beats" | "stalls" | "hangs" {
    const now = performance.now();
    const counted = Atomics.load(this.#count, 0);
    const isStalled = counted === this.#last;
    if (!isStalled) this.#tickedAt = now;
    this.#last = counted;
    if (now - this.#tickedAt > this.#stallMs) return "hangs";
    return isStalled ? "stalls" : "beats";
  }
}
