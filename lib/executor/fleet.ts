/** The workers that an engine knows of: what they serve, what they have granted, when they were last heard of. */
import type { Job } from "./job.ts";
import { type Presence, taskKey } from "./protocol.ts";

export interface KnownWorker {
  readonly id: string;
  tasks: ReadonlySet<string>;
  isDraining: boolean;
  /** Attempts that it runs at once. */
  slots: number;
  /** Slots it has granted and that are not used. */
  credit: number;
  /** What was last wanted of it and is not granted yet. */
  wanted: number;
  /** On the clock's monotonic time. */
  heardAt: number;
  /** By key: what it was sent and has not brought back. */
  readonly jobs: Map<string, Job>;
  /** Keys of those whose time was up, until it brings their outcomes all the same. */
  readonly late: Set<string>;
}

export class Fleet {
  readonly #workers = new Map<string, KnownWorker>();

  get all(): Iterable<KnownWorker> {
    return this.#workers.values();
  }

  get(id: string): KnownWorker | undefined {
    return this.#workers.get(id);
  }

  /** Notes a beat. */
  hear(presence: Presence, now: number): KnownWorker {
    const { worker: id, tasks, state, slots } = presence;
    const served = new Set(tasks.map(([name, version]) => taskKey(name, version)));
    const isDraining = state !== "up";
    const known = this.meet(id, now);
    known.tasks = served;
    known.isDraining = isDraining;
    known.slots = slots;
    known.heardAt = now;
    return known;
  }

  /** It has said something, if not yet what it serves. */
  meet(id: string, now: number): KnownWorker {
    let worker = this.#workers.get(id);
    if (worker === undefined) {
      worker = {
        ...{ id, tasks: new Set<string>(), isDraining: true, slots: 0, credit: 0, wanted: 0 },
        ...{ heardAt: now, jobs: new Map<string, Job>(), late: new Set<string>() },
      };
      this.#workers.set(id, worker);
    }
    return worker;
  }

  forget(id: string): KnownWorker | undefined {
    const worker = this.#workers.get(id);
    this.#workers.delete(id);
    return worker;
  }

  serves(task: string): boolean {
    for (const worker of this.#workers.values()) {
      if (!worker.isDraining && worker.tasks.has(task)) return true;
    }
    return false;
  }

  /** Those not heard of since then. */
  silentSince(time: number): KnownWorker[] {
    return [...this.#workers.values()].filter(({ heardAt }) => heardAt < time);
  }

  /** Starts everybody's silence anew: it was the transport that was silent. */
  hearAll(now: number): void {
    for (const worker of this.#workers.values()) {
      worker.heardAt = now;
      // What was granted may have been taken back meanwhile.
      worker.wanted = 0;
    }
  }
}
