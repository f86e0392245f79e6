/** XState's simulated clock, with the rest of what our clocks can do. */
import { SimulatedClock } from "xstate";
import type { Clock, Timer } from "../../lib/clock.ts";

export class VirtualClock implements Clock {
  readonly #time = new SimulatedClock();
  /** Timers that have neither fired nor been cleared. */
  readonly pending = new Set<Timer>();

  now(): number {
    return this.#time.now();
  }

  monotonic(): number {
    return this.#time.now();
  }

  setTimeout(fn: () => void, delayMs: number): Timer {
    const timer = this.#time.setTimeout(() => {
      this.pending.delete(timer);
      fn();
    }, delayMs);
    this.pending.add(timer);
    return timer;
  }

  clearTimeout(timer: Timer): void {
    this.pending.delete(timer);
    this.#time.clearTimeout(timer as number);
  }

  yield(fn: () => void): void {
    this.setTimeout(fn, 0);
  }

  /** Lets time pass, with all that is due in it. */
  increment(ms: number): void {
    this.#time.increment(ms);
  }
}
