/** Time and chance, passed in (I6): the only two doors to the outside that lib/ and actors/ have. */

/** What a `setTimeout` of a clock returns; only good for `clearTimeout` of the same clock. */
export type Timer = object | number;

export interface Clock {
  /** Wall time, in milliseconds since 1970. Decides nothing; it is recorded for people. */
  now(): number;
  /** Milliseconds since some moment; never goes back. */
  monotonic(): number;
  setTimeout(fn: () => void, delayMs: number): Timer;
  clearTimeout(timer: Timer): void;
  /** Calls `fn` after everything that is waiting now (input, output, timers) had a turn. */
  yield(fn: () => void): void;
}

/** Draws a number from [0, 1). */
export type Random = () => number;

/** A timer that keeps no process alive: what it does is not worth waiting for. */
export function background(timer: Timer): Timer {
  if (typeof timer === "object" && "unref" in timer) (timer as { unref(): void }).unref();
  return timer;
}
