/** A process of a simulated cluster: its own clock, its own chance, and a point at which it stops. */
import type { Random } from "../../../lib/clock.ts";
import { SimClock, type Time } from "../time.ts";

export type Role = "conductor" | "worker" | "client";

export class Process {
  readonly name: string;
  readonly role: Role;
  readonly clock: SimClock;
  readonly random: Random;
  isAlive = true;
  isFrozen = false;
  readonly #time: Time;
  readonly #broken: (error: unknown) => void;
  #backlog: { readonly isTimer: boolean; readonly fn: () => void }[] = [];

  /** @param broken - gets what is thrown where nobody can catch it: it would end a real process */
  constructor(
    name: string,
    role: Role,
    { time, random, broken }: { time: Time; random: Random; broken: (error: unknown) => void },
  ) {
    this.name = name;
    this.role = role;
    this.random = random;
    this.#time = time;
    this.#broken = broken;
    this.clock = new SimClock(time, (fn) => {
      this.#take(fn, true);
    });
  }

  /** Something reaches the process: it is taken now, or when it is thawed. */
  deliver(fn: () => void): void {
    this.#take(fn, false);
  }

  /** As by kill -9: nothing of it is called any more. */
  kill(): void {
    this.isAlive = false;
    this.#backlog = [];
    this.clock.stop();
  }

  freeze(): void {
    this.isFrozen = true;
  }

  /** All that came meanwhile comes now, one after the other. */
  thaw(): void {
    if (!this.isFrozen) return;
    this.isFrozen = false;
    let due = this.#backlog;
    this.#backlog = [];
    // What had been read before it was stopped, or what is due by the clock: either may be first.
    if (this.random() < 0.5) {
      due = [...due.filter(({ isTimer }) => isTimer), ...due.filter(({ isTimer }) => !isTimer)];
    }
    for (const { fn, isTimer } of due) this.#time.after(0, () => this.#take(fn, isTimer));
  }

  #take(fn: () => void, isTimer: boolean): void {
    if (!this.isAlive) return;
    if (this.isFrozen) {
      this.#backlog.push({ isTimer, fn });
      return;
    }
    try {
      fn();
    } catch (error) {
      this.#broken(error);
    }
  }
}
