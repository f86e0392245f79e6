/** A controller's history. */
import type { Failure } from "../failure.ts";
import type { RetryAttempt } from "../types.ts";

/** The history with a failure in its last attempt; the first failure of an atom stays. */
export function withFault(
  history: readonly RetryAttempt[],
  atom: string,
  failure: Failure,
): readonly RetryAttempt[] {
  const last = history.at(-1);
  if (last === undefined || Object.hasOwn(last.failures, atom)) return history;
  return [...history.slice(0, -1), { ...last, failures: { ...last.failures, [atom]: failure } }];
}
