/** Waits for the end of a job. */
import type { Clock, Timer } from "../clock.ts";
import { FlowError } from "../errors.ts";
import type { Stop } from "../transport/transport.ts";
import type { Job, WaitOptions } from "./jobboard.ts";
import type { Mirror } from "./mirror.ts";
import { hasEnded } from "./rules.ts";
import { type Change, jobKey } from "./store.ts";

export interface Awaited {
  readonly id: string;
  readonly mirror: Mirror;
  readonly clock: Clock;
  /** Undefined when the job is gone. @throws FlowError `BOARD_DAMAGED` */
  readonly read: (change: Change) => Job | undefined;
}

/** @throws FlowError `JOB_NOT_ENDED`, `NOT_FOUND`, `INVALID_OPTION`, `BOARD_UNAVAILABLE`; or the signal's reason */
export async function untilEnded(
  { id, mirror, clock, read }: Awaited,
  { timeoutMs, signal }: WaitOptions,
): Promise<Job> {
  if (timeoutMs !== undefined && !(Number.isSafeInteger(timeoutMs) && timeoutMs >= 0)) {
    const problem = `${String(timeoutMs)} is not a whole number of milliseconds`;
    throw new FlowError("INVALID_OPTION", { option: "timeoutMs", problem });
  }
  signal?.throwIfAborted();
  let timer: Timer | undefined;
  let aborted: (() => void) | undefined;
  let watching: Promise<Stop> | undefined;
  let last: Job | undefined;
  try {
    return await new Promise<Job>((resolve, reject) => {
      const missing = (): void => {
        reject(new FlowError("NOT_FOUND", { what: "job", name: id }));
      };
      const changed = (change: Change): void => {
        try {
          last = read(change);
          if (last === undefined) missing();
          else if (hasEnded(last)) resolve(last);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      watching = mirror.add({ key: jobKey(id), changed, ended: reject });
      watching.then(() => {
        if (last === undefined) missing();
      }, reject);
      if (timeoutMs !== undefined) {
        timer = clock.setTimeout(() => {
          const state = last?.state ?? "unknown";
          reject(new FlowError("JOB_NOT_ENDED", { job: id, state, timeoutMs }));
        }, timeoutMs);
      }
      aborted = () => {
        reject(signal?.reason as Error);
      };
      signal?.addEventListener("abort", aborted, { once: true });
    });
  } finally {
    if (timer !== undefined) clock.clearTimeout(timer);
    if (aborted !== undefined) signal?.removeEventListener("abort", aborted);
    void watching?.then(
      (stop) => {
        stop();
      },
      () => undefined,
    );
  }
}
