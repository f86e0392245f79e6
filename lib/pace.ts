/** What decides between another attempt and giving up, the same for all paced controllers. */
import { type Backoff, waitMs } from "./backoff.ts";
import {
  anyWhole,
  type Declared,
  describe,
  longestMs,
  needWhole,
  readFlag,
  readFunction,
  readOptions,
  readWhole,
} from "./declared.ts";
import type { Failure } from "./failure.ts";
import type { Question, TimedVerdict, Verdict } from "./types.ts";

/** How `times`, `forEach` and `parameterizedForEach` are paced. */
export interface PaceOptions {
  /** Whether giving up reverts everything, not only the controller's flow. Default false. */
  readonly revertAll?: boolean | undefined;
  /** The wait between attempts. Default none. */
  readonly backoff?: BackoffOptions | undefined;
  /** Failures for which it returns true are not retried. */
  readonly unless?: ((failure: Failure) => boolean) | undefined;
  /** No attempt starts later than this many milliseconds after the first one. Default: no limit. */
  readonly withinMs?: number | undefined;
}

/**
 * Before the n-th retry it waits `firstMs * factor ** (n - 1)` milliseconds, at most `maxMs`; with
 * full jitter a random part of that.
 */
export interface BackoffOptions {
  /** The first wait, in whole milliseconds, from 0 to 2,147,483,647. */
  readonly firstMs: number;
  /** How much longer each wait is than the one before; 1 or more. Default 2. */
  readonly factor?: number | undefined;
  /** The longest wait, in whole milliseconds, from 0 to 2,147,483,647. Default 60,000. */
  readonly maxMs?: number | undefined;
  /** Default `full`: what failed together shall not come back together. */
  readonly jitter?: Backoff["jitter"] | undefined;
}

export const paceKeys: readonly string[] = ["revertAll", "backoff", "unless", "withinMs"];
const backoffKeys = ["firstMs", "factor", "maxMs", "jitter"];

/** Decides, once it is known whether another attempt could be made at all. */
export type Pace = (question: Question, another: boolean) => Verdict | TimedVerdict;

export function readPace(options: Declared, problems: string[]): Pace {
  const giveUp = readFlag(options, "revertAll", problems) === true ? "REVERT_ALL" : "REVERT";
  const backoff = readBackoff(options["backoff"], problems);
  const unless = readFunction(options, "unless", problems) as
    | ((failure: Failure) => boolean)
    | undefined;
  const withinMs = readWhole(options, "withinMs", { ...anyWhole, least: 0 }, problems) ?? Infinity;
  return ({ history, failure, elapsedMs, random }, another) => {
    if (!another || unless?.(failure)) return giveUp;
    // Asked without any attempt: a decider ignored the controller, but not the flows in its own.
    const attempt = Math.max(1, history.length) + 1;
    const delayMs = backoff === undefined ? 0 : waitMs(backoff, attempt, random);
    if (elapsedMs + delayMs > withinMs) return giveUp;
    return delayMs === 0 ? "RETRY" : { verdict: "RETRY", delayMs };
  };
}

function readBackoff(given: unknown, problems: string[]): Backoff | undefined {
  if (given === undefined) return undefined;
  const told: string[] = [];
  const options = readOptions(given, "it", backoffKeys, told);
  const range = { least: 0, most: longestMs };
  const firstMs = needWhole(options, "firstMs", range, told) ?? 0;
  const maxMs = readWhole(options, "maxMs", range, told) ?? 60_000;
  const { factor = 2, jitter = "full" } = options;
  if (typeof factor !== "number" || !Number.isFinite(factor) || factor < 1) {
    told.push(`factor must be a number from 1 up, got ${describe(factor)}`);
  }
  if (jitter !== "full" && jitter !== "none") {
    told.push(`jitter must be "full" or "none", got ${describe(jitter)}`);
  }
  if (told.length > 0) {
    problems.push(...told.map((problem) => `backoff: ${problem}`));
    return undefined;
  }
  return { firstMs, factor: factor as number, maxMs, jitter: jitter as Backoff["jitter"] };
}
