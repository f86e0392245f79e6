/** A jobboard that lives as long as its object: for one process, and for tests. */
import type { Clock, Random } from "../clock.ts";
import { systemClock, systemRandom } from "../system.ts";
import type { Stop } from "../transport/transport.ts";
import { Board } from "./board.ts";
import type { Jobboard } from "./jobboard.ts";
import { type BoardStore, type Change, type Shelf, shelfOf, type Stored } from "./store.ts";

/** Several boards may share one, as several processes share a file. */
export class MemoryStore implements BoardStore {
  readonly #entries = new Map<string, Stored>();
  readonly #watchers = new Set<(change: Change) => void>();
  #revision = 0;

  read(key: string): Promise<Stored | undefined> {
    return Promise.resolve(this.#entries.get(key));
  }

  write(key: string, value: Uint8Array, expected: number): Promise<number | undefined> {
    if ((this.#entries.get(key)?.revision ?? 0) !== expected) return Promise.resolve(undefined);
    const stored = { value, revision: ++this.#revision };
    this.#entries.set(key, stored);
    this.#tell({ key, stored });
    return Promise.resolve(stored.revision);
  }

  delete(key: string, expected: number): Promise<boolean> {
    if (this.#entries.get(key)?.revision !== expected) return Promise.resolve(false);
    this.#revision++;
    this.#entries.delete(key);
    this.#tell({ key, stored: undefined });
    return Promise.resolve(true);
  }

  all(shelf: Shelf): Promise<ReadonlyMap<string, Stored>> {
    return Promise.resolve(new Map([...this.#entries].filter(([key]) => shelfOf(key) === shelf)));
  }

  watch(changed: (change: Change) => void): Promise<Stop> {
    // A function of its own, so that the same one can watch twice.
    const own = (change: Change): void => {
      changed(change);
    };
    for (const [key, stored] of this.#entries) {
      if (shelfOf(key) === "jobs") own({ key, stored });
    }
    this.#watchers.add(own);
    return Promise.resolve(() => void this.#watchers.delete(own));
  }

  /** There is nothing to forget. */
  sweep(): Promise<void> {
    return Promise.resolve();
  }

  /** Other boards may go on. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  #tell(change: Change): void {
    if (shelfOf(change.key) !== "jobs") return;
    for (const tell of this.#watchers) tell(change);
  }
}

export interface MemoryJobboardOptions {
  /** Default: the system's. */
  readonly clock?: Clock;
  readonly random?: Random;
}

/** Nothing survives the process, and only what has the object shares it. */
export function memoryJobboard(options: MemoryJobboardOptions = {}): Jobboard {
  const { clock = systemClock, random = systemRandom } = options;
  return new Board({ store: new MemoryStore(), clock, random });
}
