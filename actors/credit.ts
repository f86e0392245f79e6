/**
 * A worker's slots: who was granted how many of them, and who waits for some.
 *
 * A slot is free, granted to an engine, or in use. Never more are granted than there are. Engines that want more than
 * is free wait in line and are granted one slot each in turn, however many one of them wants.
 */
import type { Clock, Timer } from "../lib/clock.ts";
import { engineAddress, type Grant } from "../lib/executor/protocol.ts";
import type { Transport } from "../lib/transport/transport.ts";

export interface CreditOptions {
  readonly worker: string;
  readonly slots: number;
  readonly transport: Transport;
  readonly clock: Clock;
}

/** A grant that is not used comes back after so many milliseconds: its engine may be gone. */
const grantMs = 5_000;

/** A reservation that is not renewed ends after so many milliseconds. */
const reservedMs = 1_000;

/** Engines that may wait for slots at once; those beyond ask again. */
const mostWants = 1_000;

export class Credit {
  readonly #options: CreditOptions;
  readonly #granted = new Map<string, number>();
  readonly #wants = new Map<string, number>();
  #used = 0;
  #reservedUntil = -Infinity;
  #isClosed = false;
  #expiry: Timer | undefined;
  /** Engines that were granted something or used it since the last look. */
  readonly #recent = new Set<string>();

  constructor(options: CreditOptions) {
    this.#options = options;
  }

  get free(): number {
    if (this.#reservedUntil > this.#options.clock.monotonic()) return 0;
    let granted = 0;
    for (const slots of this.#granted.values()) granted += slots;
    return Math.max(0, this.#options.slots - this.#used - granted);
  }

  /** An engine could use so many slots. @returns how many it is granted at once; it waits for the rest */
  want(engine: string, slots: number): number {
    const now = this.#wants.size === 0 ? Math.min(slots, this.free) : 0;
    this.#grant(engine, now);
    this.#wants.delete(engine);
    if (slots > now && this.#wants.size < mostWants) this.#wants.set(engine, slots - now);
    if (now === 0) this.#serve();
    return now;
  }

  release(engine: string, slots: number): void {
    this.#wants.delete(engine);
    this.retract(engine, slots);
  }

  /** What an engine was offered did not reach it. */
  retract(engine: string, slots: number): void {
    this.#take(engine, slots);
    this.#serve();
  }

  /** An attempt begins. @returns false if its engine has no slot */
  use(engine: string): boolean {
    if (this.#isClosed || this.#take(engine, 1) === 0) return false;
    this.#used++;
    return true;
  }

  /**
   * So many attempts of an engine are over.
   *
   * @returns how many of their slots it may use again: all, unless others wait
   */
  offer(engine: string, slots: number): number {
    const over = Math.min(slots, this.#used);
    this.#used -= over;
    if (this.#isClosed) return 0;
    const others = this.#wants.size - (this.#wants.has(engine) ? 1 : 0);
    if (others > 0) {
      this.#serve();
      return 0;
    }
    const wanted = this.#wants.get(engine) ?? 0;
    if (wanted > over) this.#wants.set(engine, wanted - over);
    else this.#wants.delete(engine);
    this.#grant(engine, over);
    return over;
  }

  /** Grants nothing for a while: somebody wants the worker for itself. */
  reserve(): void {
    this.#reservedUntil = this.#options.clock.monotonic() + reservedMs;
  }

  /** Whoever wanted the worker for itself has had it. */
  unreserve(): void {
    this.#reservedUntil = -Infinity;
    this.#serve();
  }

  close(): void {
    this.#isClosed = true;
    this.#wants.clear();
    this.#granted.clear();
    if (this.#expiry !== undefined) this.#options.clock.clearTimeout(this.#expiry);
  }

  #grant(engine: string, slots: number): void {
    if (slots === 0) return;
    this.#granted.set(engine, (this.#granted.get(engine) ?? 0) + slots);
    this.#recent.add(engine);
    this.#arm();
  }

  #arm(): void {
    this.#expiry ??= this.#options.clock.setTimeout(() => {
      this.#expiry = undefined;
      this.#expire();
    }, grantMs);
  }

  #take(engine: string, slots: number): number {
    const granted = this.#granted.get(engine) ?? 0;
    const taken = Math.min(slots, granted);
    if (taken === granted) this.#granted.delete(engine);
    else this.#granted.set(engine, granted - taken);
    if (taken > 0) this.#recent.add(engine);
    return taken;
  }

  #expire(): void {
    for (const engine of this.#granted.keys()) {
      if (!this.#recent.has(engine)) this.#granted.delete(engine);
    }
    this.#recent.clear();
    this.#serve();
    if (this.#granted.size > 0) this.#arm();
  }

  /** Grants what is free to those who wait, in turns. */
  #serve(): void {
    let { free } = this;
    const grants = new Map<string, number>();
    while (free > 0 && this.#wants.size > 0) {
      for (const [engine, slots] of this.#wants) {
        if (free === 0) break;
        free--;
        grants.set(engine, (grants.get(engine) ?? 0) + 1);
        if (slots === 1) this.#wants.delete(engine);
        else this.#wants.set(engine, slots - 1);
      }
    }
    for (const [engine, slots] of grants) this.#offerTo(engine, slots);
  }

  #offerTo(engine: string, slots: number): void {
    const { transport, worker } = this.#options;
    this.#grant(engine, slots);
    const grant: Grant = { worker, slots };
    transport.request(engineAddress(engine), grant).then(
      (takes) => {
        if (slots > (takes as number)) this.release(engine, slots - (takes as number));
      },
      () => {
        this.release(engine, slots);
      },
    );
  }
}
