/** How long a retry controller waits between two attempts. */

export interface Backoff {
  /** The wait before the first retry, in whole milliseconds. */
  readonly firstMs: number;
  /** Each further wait is this many times longer; 1 or more. */
  readonly factor: number;
  /** No wait is longer than this, in whole milliseconds. */
  readonly maxMs: number;
  /** `full`: a random part of the wait. `none`: all of it. */
  readonly jitter: "full" | "none";
}

/**
 * The longest wait before an attempt: `firstMs * factor ** (attempt - 2)`, at most `maxMs`.
 *
 * @param attempt - the attempt about to start; 2 is the first retry
 * @returns milliseconds, a whole number, at most `maxMs`
 * @throws RangeError if `attempt` is not a whole number of 2 or more
 */
export function backoffMs(backoff: Omit<Backoff, "jitter">, attempt: number): number {
  if (!Number.isSafeInteger(attempt) || attempt < 2) {
    throw new RangeError(`attempt must be a whole number from 2 up, got ${String(attempt)}`);
  }
  // No wait is no wait, however often it grows; 0 times Infinity would be no number.
  if (backoff.firstMs === 0) return 0;
  // factor ** attempt overflows to Infinity on a long-lived flow; min() brings it back.
  return Math.min(backoff.maxMs, Math.round(backoff.firstMs * backoff.factor ** (attempt - 2)));
}

/**
 * The wait itself. With full jitter it is drawn from 0 up to, not including, `backoffMs`, so that atoms
 * which failed together don't return together.
 *
 * @param random - draws from [0, 1)
 * @returns milliseconds, a whole number
 * @throws RangeError as `backoffMs`
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ ("full jitter")
 */
export function waitMs(backoff: Backoff, attempt: number, random: () => number): number {
  const most = backoffMs(backoff, attempt);
  return backoff.jitter === "none" ? most : Math.floor(random() * most);
}
