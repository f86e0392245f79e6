/** Virtual time. Nothing happens by itself: whoever drives it takes one event after the other. */
import type { Clock, Random, Timer } from "../../lib/clock.ts";

interface Event {
  readonly dueAt: number;
  readonly order: number;
  readonly fn: () => void;
}

/** Any moment will do; this one is easy to see in a failure's text. */
const beginning = 1_000_000;

export class Time {
  #now = beginning;
  #made = 0;
  readonly #events = new Set<Event>();
  readonly #chance: Random | undefined;

  /** @param chance - picks among events that are due at once; without it they happen as they were made */
  constructor(chance?: Random) {
    this.#chance = chance;
  }

  get now(): number {
    return this.#now;
  }

  get isEmpty(): boolean {
    return this.#events.size === 0;
  }

  /** When the next event is due; undefined: there is none. */
  get dueAt(): number | undefined {
    return this.isEmpty ? undefined : Math.min(...[...this.#events].map(({ dueAt }) => dueAt));
  }

  /** Lets time pass in which nothing is due. */
  advance(to: number): void {
    this.#now = Math.max(this.#now, to);
  }

  after(delayMs: number, fn: () => void): Event {
    const event = { dueAt: this.#now + Math.max(0, delayMs), order: this.#made++, fn };
    this.#events.add(event);
    return event;
  }

  cancel(event: object): void {
    this.#events.delete(event as Event);
  }

  /** Lets the next event happen. False when there is none. */
  next(): boolean {
    let due: Event[] = [];
    for (const event of this.#events) {
      const first = due[0];
      if (first === undefined || event.dueAt < first.dueAt) due = [event];
      else if (event.dueAt === first.dueAt) due.push(event);
    }
    const event = due[this.#chance === undefined ? 0 : Math.floor(this.#chance() * due.length)];
    if (event === undefined) return false;
    this.#events.delete(event);
    this.#now = Math.max(this.#now, event.dueAt);
    event.fn();
    return true;
  }
}

/** The clock of one process. It stops with the process; its wall clock can be wrong. */
export class SimClock implements Clock {
  readonly #time: Time;
  readonly #deliver: (fn: () => void) => void;
  readonly #pending = new Set<object>();
  #stopped = false;
  /** By how much the wall clock is wrong. */
  skewMs = 0;

  /** @param deliver - calls what is due, when its process can take it */
  constructor(time: Time, deliver: (fn: () => void) => void = (fn) => fn()) {
    this.#time = time;
    this.#deliver = deliver;
  }

  now(): number {
    return this.#time.now + this.skewMs;
  }

  monotonic(): number {
    return this.#time.now;
  }

  setTimeout(fn: () => void, delayMs: number): Timer {
    if (this.#stopped) return {};
    const event = this.#time.after(delayMs, () => {
      this.#deliver(() => {
        // Cleared while its process was frozen: then it isn't pending any more.
        if (this.#pending.delete(event)) fn();
      });
    });
    this.#pending.add(event);
    return event;
  }

  clearTimeout(timer: Timer): void {
    this.#pending.delete(timer as object);
    this.#time.cancel(timer as object);
  }

  yield(fn: () => void): void {
    this.setTimeout(fn, 0);
  }

  /** Timers that have neither fired nor been cleared. */
  get pending(): number {
    return this.#pending.size;
  }

  stop(): void {
    this.#stopped = true;
    for (const event of this.#pending) this.#time.cancel(event);
    this.#pending.clear();
  }
}

/** The same numbers from [0, 1) for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A number from [0, 1) that depends on these words and nothing else. */
export function drawn(...words: readonly (string | number)[]): number {
  let hash = 2_166_136_261;
  for (const char of words.join("/")) hash = Math.imul(hash ^ char.charCodeAt(0), 16_777_619);
  return seeded(hash)();
}
