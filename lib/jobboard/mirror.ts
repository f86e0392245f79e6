/** One watch of the store for all who watch or wait on a board. */
import type { Stop } from "../transport/transport.ts";
import type { BoardStore, Change } from "./store.ts";

export interface Watcher {
  /** Only this key. Default: all. */
  readonly key?: string;
  /** Does not throw. */
  readonly changed: (change: Change) => void;
  /** The board is closed, or can't be followed any more. */
  readonly ended: (error: Error) => void;
}

/** Follows the store while somebody watches, and knows every job meanwhile. */
export class Mirror {
  readonly #store: BoardStore;
  /** By the key they are for. */
  readonly #watchers = new Map<string | undefined, Set<Watcher>>();
  /** Those that follow one key by themselves. */
  readonly #single = new Map<Watcher, () => void>();
  #jobs = new Map<string, Change>();
  #watch: Promise<Stop> | undefined;

  constructor(store: BoardStore) {
    this.#store = store;
  }

  /**
   * @returns when every job that is there has been given
   * @throws FlowError as the store's `watch`
   */
  async add(watcher: Watcher): Promise<Stop> {
    const { key } = watcher;
    if (this.#watch === undefined && this.#store.watchKey !== undefined && key !== undefined) {
      return this.#addSingle(watcher, this.#store.watchKey(key, watcher.changed, watcher.ended));
    }
    // What the watch has given so far; the rest comes as it gives it.
    for (const job of key === undefined ? [...this.#jobs.values()] : [this.#jobs.get(key)]) {
      if (job !== undefined) watcher.changed(job);
    }
    const watchers = this.#watchers.get(key) ?? new Set();
    this.#watchers.set(key, watchers.add(watcher));
    const stop = (): void => {
      if (!watchers.delete(watcher) || this.#watchers.get(key) !== watchers) return;
      if (watchers.size === 0) this.#watchers.delete(key);
      if (this.#watchers.size === 0) this.#close();
    };
    try {
      await (this.#watch ??= this.#open());
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }

  end(error: Error): void {
    const watchers = [...this.#watchers.values()].flatMap((some) => [...some]);
    this.#watchers.clear();
    this.#close();
    for (const { ended } of watchers) ended(error);
  }

  /** As `end`, and for those that don't need the watch, too. */
  close(error: Error): void {
    this.end(error);
    for (const [{ ended }, stop] of [...this.#single]) {
      ended(error);
      stop();
    }
  }

  async #addSingle(watcher: Watcher, watching: Promise<Stop>): Promise<Stop> {
    const stop = (): void => {
      if (this.#single.delete(watcher))
        void watching.then(
          (stop) => stop(),
          () => undefined,
        );
    };
    this.#single.set(watcher, stop);
    try {
      await watching;
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }

  async #open(): Promise<Stop> {
    const jobs = this.#jobs;
    const changed = (change: Change): void => {
      // A watch that is being stopped may still give something.
      if (this.#jobs !== jobs) return;
      if (change.stored === undefined) jobs.delete(change.key);
      else jobs.set(change.key, change);
      for (const key of [undefined, change.key]) {
        for (const watcher of [...(this.#watchers.get(key) ?? [])]) {
          // One that was told before may have stopped it.
          if (this.#watchers.get(key)?.has(watcher)) watcher.changed(change);
        }
      }
    };
    return this.#store.watch(changed, (error) => {
      if (this.#jobs === jobs) this.end(error);
    });
  }

  #close(): void {
    const watch = this.#watch;
    this.#watch = undefined;
    this.#jobs = new Map();
    void watch?.then(
      (stop) => {
        stop();
      },
      () => undefined, // whoever added a watcher heard it
    );
  }
}
