/** Timers of controllers that wait before their next attempt. */
import type { Clock, Timer } from "../lib/clock.ts";
import type { FlowRecord } from "../lib/plan/records.ts";
import { SparseMap } from "../lib/plan/sparse.ts";
import type { FlowState } from "../lib/plan/state.ts";

/** Of a turn, what ends waits. */
interface Outlasted {
  readonly records: readonly FlowRecord[];
  readonly hasEdits: boolean;
}

export class Waits {
  readonly #timers = new SparseMap<{ readonly timer: Timer; readonly dueAt: number }>();
  readonly #clock: Clock;
  readonly #over: (retry: number) => void;

  /** @param over - called when a controller has waited long enough */
  constructor(clock: Clock, over: (retry: number) => void) {
    this.#clock = clock;
    this.#over = over;
  }

  /** Re-armed with what remains; never longer than it was meant to be, whatever the wall clock says. */
  arm(state: FlowState, retry: number): void {
    const wait = state.waits.get(retry);
    const armed = this.#timers.get(retry);
    if (wait === undefined || armed?.dueAt === wait.dueAt) return;
    // The timer of an earlier wait, which came to nothing, would cut this one short.
    if (armed !== undefined) this.#clock.clearTimeout(armed.timer);
    const { dueAt } = wait;
    const remainsMs = Math.min(wait.delayMs, Math.max(0, dueAt - this.#clock.now()));
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(retry);
      this.#over(retry);
    }, remainsMs);
    this.#timers.set(retry, { timer, dueAt });
  }

  /** Drops those that a durable batch has ended: with the run, or by hand. */
  outlast({ records, hasEdits }: Outlasted, state: FlowState): void {
    if (records.some(({ kind }) => kind === "ended" || kind === "parked")) this.clear();
    else if (hasEdits) this.#drop(state);
  }

  #drop(state: FlowState): void {
    for (const [retry, { timer, dueAt }] of [...this.#timers]) {
      if (state.waits.get(retry)?.dueAt === dueAt) continue;
      this.#clock.clearTimeout(timer);
      this.#timers.delete(retry);
    }
  }

  clear(): void {
    for (const [, { timer }] of this.#timers) this.#clock.clearTimeout(timer);
    this.#timers.clear();
  }
}
