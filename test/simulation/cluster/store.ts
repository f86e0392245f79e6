/** The board's store in a simulated cluster: one authoritative map, reached over the network. */
import { FlowError } from "../../../lib/errors.ts";
import {
  type BoardStore,
  type Change,
  type Shelf,
  shelfOf,
  type Stored,
} from "../../../lib/jobboard/store.ts";
import type { Stop } from "../../../lib/transport/transport.ts";
import type { Link } from "./network.ts";
import type { Leader } from "./servers.ts";

const unavailable = (problem: string): FlowError => new FlowError("BOARD_UNAVAILABLE", { problem });

/** Milliseconds that a client waits for an answer. */
const patienceMs = 300;

/** Sees what becomes of leases. */
export interface Judge {
  renewed(lease: string, by: string): void;
  dropped(lease: string, by: string): void;
}

export class StoreServer {
  readonly leader: Leader;
  readonly entries = new Map<string, Stored>();
  /** Milliseconds that watchers lag behind, at most. */
  lagMs = 20;
  readonly #judge: Judge;
  readonly #watches = new Set<Watch>();
  #revision = 0;

  constructor(leader: Leader, judge: Judge) {
    this.leader = leader;
    this.#judge = judge;
  }

  /** The store as one process sees it. */
  store(link: Link): BoardStore {
    const ask = async <Answer>(
      what: string,
      work: () => Answer,
      withinMs = patienceMs,
    ): Promise<Answer> => {
      try {
        const served = () => this.leader.serve(work, () => unavailable("it has no leader"));
        return await link.ask(what, served, withinMs);
      } catch (error) {
        if (FlowError.is(error, "NO_ANSWER")) throw unavailable("it does not answer");
        throw error;
      }
    };
    const who = link.process.name;
    return {
      read: (key) => ask("read", () => this.entries.get(key)),
      write: (key, value, expected, withinMs) =>
        ask("write", () => this.#write(who, key, value, expected), withinMs),
      delete: (key, expected) => ask("delete", () => this.#delete(who, key, expected)),
      all: (shelf) => ask("all", () => this.#all(shelf)),
      watch: (changed) => this.#watch(link, changed, ask),
      sweep: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
  }

  #write(who: string, key: string, value: Uint8Array, expected: number): number | undefined {
    const isNow = (this.entries.get(key)?.revision ?? 0) === expected;
    this.leader.trace.add(who, "writes", key, expected, isNow ? "done" : "refused");
    if (!isNow) return undefined;
    if (shelfOf(key) === "leases") this.#judge.renewed(key, who);
    const stored = { value, revision: ++this.#revision };
    this.entries.set(key, stored);
    this.#tell({ key, stored });
    return stored.revision;
  }

  #delete(who: string, key: string, expected: number): boolean {
    if (this.entries.get(key)?.revision !== expected) return false;
    this.leader.trace.add(who, "deletes", key, expected);
    if (shelfOf(key) === "leases") this.#judge.dropped(key, who);
    this.#revision++;
    this.entries.delete(key);
    this.#tell({ key, stored: undefined });
    return true;
  }

  #all(shelf: Shelf): ReadonlyMap<string, Stored> {
    return new Map([...this.entries].filter(([key]) => shelfOf(key) === shelf));
  }

  #tell(change: Change): void {
    if (shelfOf(change.key) !== "jobs") return;
    for (const watch of this.#watches) watch.note(change.key);
  }

  async #watch(
    link: Link,
    changed: (change: Change) => void,
    ask: <Answer>(what: string, work: () => Answer) => Promise<Answer>,
  ): Promise<Stop> {
    const watch = new Watch(this, link, changed);
    const stop = (): void => {
      this.#watches.delete(watch);
      watch.stop();
    };
    try {
      const first = await ask("watch", () => {
        this.#watches.add(watch);
        return watch.first();
      });
      for (const change of first) changed(change);
      watch.open();
      return stop;
    } catch (error) {
      stop();
      throw error;
    }
  }
}

/** One process's view of the jobs. It goes on where it was when its connection is back. */
class Watch {
  readonly #server: StoreServer;
  readonly #link: Link;
  readonly #changed: (change: Change) => void;
  readonly #given = new Set<string>();
  readonly #dirty = new Set<string>();
  #early: Change[] | undefined = [];
  #isStopped = false;
  #isDue = false;

  constructor(server: StoreServer, link: Link, changed: (change: Change) => void) {
    this.#server = server;
    this.#link = link;
    this.#changed = changed;
    link.rejoined.push(() => {
      for (const key of [...this.#given, ...server.entries.keys()]) {
        if (shelfOf(key) === "jobs") this.note(key);
      }
    });
  }

  first(): Change[] {
    const all: Change[] = [];
    for (const [key, stored] of this.#server.entries) {
      if (shelfOf(key) !== "jobs") continue;
      this.#given.add(key);
      all.push({ key, stored });
    }
    return all;
  }

  /** What came before the answer to the request for the watch is given after it. */
  open(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const change of early) this.#give(change);
  }

  stop(): void {
    this.#isStopped = true;
  }

  note(key: string): void {
    // In the order of the revisions.
    this.#dirty.delete(key);
    this.#dirty.add(key);
    if (this.#isDue || this.#isStopped) return;
    this.#isDue = true;
    const { leader, lagMs } = this.#server;
    leader.time.after(this.#link.network.random() * lagMs, () => this.#flush());
  }

  #flush(): void {
    this.#isDue = false;
    const { leader, entries } = this.#server;
    if (this.#isStopped || !this.#link.isKnown) return;
    if (leader.isAway) {
      this.#isDue = true;
      leader.time.after(50, () => this.#flush());
      return;
    }
    for (const key of this.#dirty) {
      const change = { key, stored: entries.get(key) };
      this.#given.add(key);
      this.#link.down(() => this.#give(change), true);
    }
    this.#dirty.clear();
  }

  #give(change: Change): void {
    if (this.#isStopped) return;
    if (this.#early === undefined) this.#changed(change);
    else this.#early.push(change);
  }
}
