/** Waits before something that was refused is tried again: longer each time. */
import type { Clock, Timer } from "../lib/clock.ts";

const waits = { firstMs: 100, mostMs: 10_000 } as const;

export class Backoff {
  readonly #clock: Clock;
  #refusals = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  later(again: () => void): void {
    const waitMs = Math.min(waits.mostMs, waits.firstMs * 2 ** this.#refusals++);
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      again();
    }, waitMs);
  }

  /** It went well: the next wait is a short one. */
  reset(): void {
    this.#refusals = 0;
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
  }
}
