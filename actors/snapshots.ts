/** When the owner of a flow has a snapshot of it kept. */
import type { Journal, Snapshots as Kept } from "../lib/journal/journal.ts";
import { isActive } from "../lib/plan/due.ts";
import { toSnapshot } from "../lib/plan/snapshot.ts";
import type { FlowState } from "../lib/plan/state.ts";
import type { Log } from "../lib/types.ts";

export interface SnapshotsOptions {
  readonly journal: Journal;
  readonly flow: string;
  /** Records from one to the next; 0: none is kept. */
  readonly every: number;
  readonly log: Log;
}

export class Snapshots {
  readonly #options: SnapshotsOptions;
  #covered = 0;
  #isBusy = false;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
  }

  /** The flow is taken up; a snapshot covers its records up to this one. */
  begin(covered: number): void {
    this.#covered = covered;
  }

  /** The state is durable, and goes on to change when this returns. Never throws; what can't be kept is no loss. */
  offer(state: FlowState): void {
    const { journal, every } = this.#options;
    const { snapshots } = journal;
    if (snapshots === undefined || every === 0 || this.#isBusy) return;
    // A snapshot costs as much as there are atoms: so it is made for no less records than that.
    if (state.sequence - this.#covered < Math.max(every, state.shape.atoms)) return;
    // Of what has ended there is little to come.
    if (!isActive(state)) return;
    void this.#keep(snapshots, state);
  }

  async #keep(snapshots: Kept, state: FlowState): Promise<void> {
    const { flow, log } = this.#options;
    const { sequence } = state;
    this.#covered = sequence;
    this.#isBusy = true;
    try {
      await snapshots.keep(flow, toSnapshot(state));
    } catch (error) {
      const text = `no snapshot of flow "${flow}" was kept: ${String(error)}`;
      log(text, { flow, sequence, error }, "warn");
    }
    this.#isBusy = false;
  }
}
