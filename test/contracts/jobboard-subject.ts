/** What the parts of the jobboards' contract have in common. */
import type { Test } from "tap";
import type { Clock } from "../../lib/clock.ts";
import type { GoneJob, Job, Jobboard } from "../../lib/jobboard/jobboard.ts";
import { systemClock } from "../../lib/system.ts";

export interface Subject {
  /** A new, empty board; whatever it needs goes when the test ends. */
  open(t: Test, clock: Clock): Promise<Jobboard>;
  /** The same board for another process, elsewhere if that is possible. */
  again(board: Jobboard): Promise<Jobboard>;
}

export type Define = (
  what: string,
  run: (t: Test, board: Jobboard, clock: Wall) => Promise<void>,
) => void;

/** The system's clock, but for the wall time: a millisecond later each time it is read. */
export class Wall implements Clock {
  at = 1_000;
  now(): number {
    return ++this.at;
  }
  monotonic = systemClock.monotonic;
  setTimeout = systemClock.setTimeout;
  clearTimeout = systemClock.clearTimeout;
  yield = systemClock.yield;
}

/** What becomes of a promise: its error's code, or "" when there is none. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "",
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );
}

/** What a watcher knows: the last state of each job, and a way to wait for more. */
export class Seen {
  readonly jobs = new Map<string, Job | GoneJob>();
  readonly #waiting = new Set<() => void>();

  readonly changed = (job: Job | GoneJob): void => {
    this.jobs.set(job.id, job);
    for (const look of this.#waiting) look();
  };

  stateOf(id: string): string {
    const job = this.jobs.get(id);
    return job === undefined ? "unknown" : "gone" in job ? "gone" : job.state;
  }

  revisionOf(id: string): number {
    const job = this.jobs.get(id);
    return job === undefined || "gone" in job ? 0 : job.revision;
  }

  /** Resolves when it holds. */
  async until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}

export const ids = (jobs: readonly Job[]): string[] => jobs.map(({ id }) => id);
