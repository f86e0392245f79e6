/** One process of a simulated world, with one engine in it. */
import type { Engine } from "../../actors/engine.ts";
import type { Random } from "../../lib/clock.ts";
import { FlowError } from "../../lib/errors.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import type { Fault, Host as StoreHost, Store } from "./store.ts";
import { SimClock, type Time } from "./time.ts";

export class Host implements StoreHost {
  readonly name: string;
  readonly clock: SimClock;
  readonly random: Random;
  readonly journal: Journal;
  readonly store: Store;
  readonly concurrency: number;
  epoch = 0;
  isAlive = true;
  isFrozen = false;
  appends = 0;
  engine: Engine | undefined;
  readonly logged: string[] = [];
  readonly #faults: readonly Fault[];
  readonly #backlog: (() => void)[] = [];
  #broken: { readonly error: unknown } | undefined;

  constructor(
    name: string,
    {
      time,
      store,
      random,
      faults,
      concurrency,
    }: {
      readonly time: Time;
      readonly store: Store;
      readonly random: Random;
      readonly faults: readonly Fault[];
      readonly concurrency: number;
    },
  ) {
    this.name = name;
    this.clock = new SimClock(time, (fn) => {
      this.deliver(fn);
    });
    this.random = random;
    this.#faults = faults;
    this.concurrency = concurrency;
    this.store = store;
    this.journal = store.journal(this);
  }

  /** What is to happen at the append that is beginning. */
  nextFault(): Fault | undefined {
    this.appends++;
    return this.#faults.find(({ at }) => at === this.appends);
  }

  /** It stops where it stands: no timer fires any more, no append answers, nothing is called. */
  die(): void {
    this.isAlive = false;
    this.clock.stop();
  }

  /** Something reaches the process: it is taken now, or when it is thawed. */
  deliver(fn: () => void): void {
    if (!this.isAlive) return;
    if (this.isFrozen) this.#backlog.push(fn);
    else fn();
  }

  /** It stops, and doesn't know that it did when it goes on. */
  freeze(): void {
    this.isFrozen = true;
  }

  thaw(): void {
    this.isFrozen = false;
    for (const fn of this.#backlog.splice(0)) this.deliver(fn);
  }

  /** A guarantee is broken: kept, since the engine would take an error thrown here for the journal's. */
  fail(error: unknown): void {
    this.#broken ??= { error };
  }

  check(): void {
    if (this.#broken !== undefined) throw this.#broken.error;
  }

  /** Hash of the state that its engine has; undefined without one, or one that let go before it had any. */
  digest(): string | undefined {
    if (!this.isAlive) return undefined;
    try {
      return this.engine?.storage.digest;
    } catch (error) {
      if (FlowError.is(error, "ENGINE_CLOSED")) return undefined;
      throw error;
    }
  }
}
