/**
 * Forgets jobs that ended long ago, and their flows' journals. In this order: until the job is forgotten, whoever posts
 * it again hears that it has ended, and nothing runs again.
 */
import { background, type Clock, type Random, type Timer } from "../lib/clock.ts";
import type { Jobboard } from "../lib/jobboard/jobboard.ts";
import type { Journal } from "../lib/journal/journal.ts";
import type { Log } from "../lib/types.ts";

export interface RetentionOptions {
  readonly board: Jobboard;
  readonly journal: Journal;
  /** Milliseconds that ended jobs are kept. `Infinity`: for good. */
  readonly keepMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const mostEveryMs = 3_600_000;

/** Jobs that are looked at in one go. */
const page = 1_000;

export class Retention {
  readonly #options: RetentionOptions;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Begins to look now and then, at times of its own among several conductors. */
  start(): void {
    const { keepMs, clock, random } = this.#options;
    if (keepMs === Infinity || this.#isClosed) return;
    const everyMs = Math.min(mostEveryMs, keepMs / 4);
    const timer = clock.setTimeout(() => void this.#look(), Math.ceil(everyMs * (0.5 + random())));
    this.#timer = background(timer);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const { log } = this.#options;
    try {
      await this.#forget();
    } catch (error) {
      log("jobs that ended long ago could not be forgotten; trying again", { error }, "warn");
    }
    this.start();
  }

  async #forget(): Promise<void> {
    const { board, journal, keepMs, clock } = this.#options;
    const endedBefore = clock.now() - keepMs;
    let after: string | undefined;
    for (;;) {
      const jobs = await board.list({
        states: ["COMPLETE"],
        limit: page,
        ...(after === undefined ? {} : { after }),
      });
      for (const { id, updatedAt } of jobs) {
        if (updatedAt < endedBefore && !this.#isClosed) await journal.remove(id);
      }
      after = jobs.at(-1)?.id;
      if (jobs.length < page || this.#isClosed) break;
    }
    if (!this.#isClosed) await board.purge({ endedBefore });
  }
}
