/** What the servers of a simulated cluster have in common: sometimes their leader is gone. */
import type { Random } from "../../../lib/clock.ts";
import type { Time } from "../time.ts";
import { silence } from "./network.ts";
import type { Trace } from "./trace.ts";

/** Milliseconds after a leader is lost in which it may still have done what it never answers. */
const lastBreathMs = 50;

export class Leader {
  readonly time: Time;
  readonly trace: Trace;
  readonly #random: Random;
  #lostAt = -Infinity;
  #awayUntil = -Infinity;

  constructor(time: Time, random: Random, trace: Trace) {
    this.time = time;
    this.trace = trace;
    this.#random = random;
  }

  get isAway(): boolean {
    return this.time.now < this.#awayUntil;
  }

  lose(forMs: number): void {
    this.#lostAt = this.time.now;
    this.#awayUntil = this.time.now + forMs;
  }

  back(): void {
    this.#awayUntil = -Infinity;
  }

  /**
   * Does it, if there is a leader.
   *
   * @param refused - makes the error of who says that there is none
   */
  serve<Answer>(work: () => Answer, refused: () => Error): Answer | typeof silence {
    if (!this.isAway) return work();
    if (this.time.now < this.#lostAt + lastBreathMs && this.#random() < 0.5) {
      try {
        work();
      } catch {
        // Nobody hears of it.
      }
      return silence;
    }
    if (this.#random() < 0.5) return silence;
    throw refused();
  }
}
