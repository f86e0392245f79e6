/** Virtual time. Nothing happens by itself: whoever drives it takes one event after the other. */
import type { Clock, Random, Timer } from "../../lib/clock.ts";
import { Agenda, type Due } from "./agenda.ts";

interface Event extends Due {
  readonly fn: () => void;
}

/** Any moment will do; this one is easy to see in a failure's text. */
const beginning = 1_000_000;

export class Time {
  #now = beginning;
  #made = 0;
  readonly #events = new Agenda<Event>();
  readonly #chance: Random | undefined;

  /** @param chance - picks among events that are due at once; without it they happen as they were made */
  constructor(chance?: Random) {
    this.#chance = chance;
  }

  get now(): number {
    return this.#now;
  }

  get isEmpty(): boolean {
    return this.#events.peek() === undefined;
  }

  /** When the next event is due; undefined: there is none. */
  get dueAt(): number | undefined {
    return this.#events.peek()?.dueAt;
  }

  /** Lets time pass in which nothing is due. */
  advance(to: number): void {
    this.#now = Math.max(this.#now, to);
  }

  after(delayMs: number, fn: () => void): Event {
    const dueAt = this.#now + Math.max(0, delayMs);
    const event = { dueAt, order: this.#made++, isOver: false, fn };
    this.#events.put(event);
    return event;
  }

  cancel(event: object): void {
    (event as Event).isOver = true;
  }

  /** Lets the next event happen. False when there is none. */
  next(): boolean {
    const event = this.#pick();
    if (event === undefined) return false;
    event.isOver = true;
    this.#now = Math.max(this.#now, event.dueAt);
    event.fn();
    return true;
  }

  #pick(): Event | undefined {
    const first = this.#events.take();
    if (first === undefined || this.#chance === undefined) return first;
    const due = [first];
    while (this.#events.peek()?.dueAt === first.dueAt) due.push(this.#events.take() as Event);
    const picked = due[Math.floor(this.#chance() * due.length)] as Event;
    for (const other of due) if (other !== picked) this.#events.put(other);
    return picked;
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
