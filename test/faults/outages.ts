/** When a cluster's streams took writes, as found by writing all the time. */
import { setTimeout as delay } from "node:timers/promises";
import type { Jobboard, Journal } from "../../lib/index.ts";
import { begin, next } from "../journal/batches.ts";

/** A time in which a write that was asked for had not come back. */
export interface Outage {
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
}

/** A write that takes longer than this was not just slow. */
const slowMs = 500;

export class Outages {
  readonly seen: Outage[] = [];
  readonly #jobs: Promise<void>;
  readonly #batches: Promise<void>;
  #isEnding = false;

  constructor(board: Jobboard, journal: Journal) {
    this.#jobs = this.#probe(async (n) => board.post({ id: `probe-${n}`, flow: "of nobody" }));
    const flow = "probe";
    this.#batches = this.#probe(async (n) =>
      journal.append(flow, n === 0 ? begin(flow) : next(1 + 2 * n), "RUNNING"),
    );
  }

  /** Of a span, the milliseconds after its last outage: all of them if there was none. */
  after(span: Outage): number {
    const ends = this.during(span).map(({ to }) => to);
    return span.to - Math.min(span.to, Math.max(span.from, ...ends));
  }

  during(span: Outage): Outage[] {
    return this.seen.filter(({ from, to }) => from < span.to && to > span.from);
  }

  async stop(): Promise<void> {
    this.#isEnding = true;
    await Promise.all([this.#jobs, this.#batches]);
  }

  async #probe(write: (n: number) => Promise<unknown>): Promise<void> {
    for (let n = 0; !this.#isEnding; n++) {
      const from = Date.now();
      await write(n);
      const to = Date.now();
      if (to - from > slowMs) this.seen.push({ from, to });
      await delay(100);
    }
  }
}
