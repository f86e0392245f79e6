/**
 * The system's clock and chance: one of the few places that may touch timers and random numbers
 * (I6).
 *
 * Everything else takes a `Clock` and a `Random` and is given these by default.
 */
import type { Clock, Random, Timer } from "./clock.ts";

/** Node fires at once when asked for a longer delay than this: 2^31 - 1 ms, some 24.8 days. */
const longestMs = 2_147_483_647;

/** A timer that may have to be set several times before it is due. */
class SystemTimer {
  private isBackground = false;
  private handle: NodeJS.Timeout;

  constructor(fn: () => void, delayMs: number) {
    this.handle = this.arm(fn, delayMs);
  }

  clear(): void {
    clearTimeout(this.handle);
  }

  /** See `background`. */
  unref(): void {
    this.isBackground = true;
    this.handle.unref();
  }

  private arm(fn: () => void, delayMs: number): NodeJS.Timeout {
    if (delayMs <= longestMs) return setTimeout(fn, delayMs);
    return setTimeout(() => {
      this.handle = this.arm(fn, delayMs - longestMs);
      if (this.isBackground) this.handle.unref();
    }, longestMs);
  }
}

/** This machine's time. A timer keeps the process alive until it fires or is cleared, unless it went through `background`. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (fn, delayMs) => new SystemTimer(fn, delayMs),
  clearTimeout: (timer: Timer) => {
    if (timer instanceof SystemTimer) timer.clear();
  },
  yield: (fn) => {
    setImmediate(fn);
  },
};

/** Not for secrets: jitter and choices only. */
export const systemRandom: Random = () => Math.random();
