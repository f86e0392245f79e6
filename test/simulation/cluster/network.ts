/**
 * The network of a simulated cluster: each process has one connection to the servers in the middle, as to NATS.
 *
 * On a connection nothing is reordered, as over TCP; between two of them everything may be. What is on its way when a
 * connection is cut comes late if the cut is short, and never if both ends have given the connection up by then.
 */
import type { Random } from "../../../lib/clock.ts";
import { FlowError } from "../../../lib/errors.ts";
import type { Process } from "./process.ts";
import type { Time } from "../time.ts";
import type { Trace } from "./trace.ts";

export interface Weather {
  /** Share of messages that get lost although their connection holds, or that come twice. */
  readonly dropRate: number;
  readonly duplicateRate: number;
  /** Milliseconds that a message takes at most, one way. */
  readonly slowestMs: number;
  /** Milliseconds without a sign of life after which a connection is given up. */
  readonly patienceMs: number;
}

export type Way = "up" | "down";

/** Milliseconds until a client has connected again. */
const reconnectMs = 400;

/** What a server says to nothing: it is gone before it could. */
export const silence: unique symbol = Symbol("silence");

interface Held {
  readonly fn: () => void;
  readonly isWanted: (() => boolean) | undefined;
}

interface Route {
  readonly slowMs: number;
  lastAt: number;
}

export class Network {
  readonly time: Time;
  readonly random: Random;
  readonly trace: Trace;
  weather: Weather;
  readonly links: Link[] = [];
  readonly #routes = new Map<Link, Map<Link, Route>>();

  constructor(time: Time, random: Random, trace: Trace, weather: Weather) {
    this.time = time;
    this.random = random;
    this.trace = trace;
    this.weather = weather;
  }

  /** Calls it when a request has come from where one process is connected to where another one is, in order. */
  route(from: Link, to: Link, fn: () => void): void {
    const route = this.#routes.get(from)?.get(to);
    if (route === undefined) return fn();
    const at = Math.max(this.time.now + route.slowMs, route.lastAt + 0.001);
    route.lastAt = at;
    this.time.after(at - this.time.now, fn);
  }

  /** Requests from one process to another take longer from now on. */
  slow(from: Link, to: Link, slowMs: number): void {
    const routes = this.#routes.get(from) ?? new Map<Link, Route>();
    this.#routes.set(from, routes);
    routes.set(to, { slowMs, lastAt: routes.get(to)?.lastAt ?? 0 });
  }

  join(process: Process): Link {
    const link = new Link(this, process);
    this.links.push(link);
    return link;
  }
}

export class Link {
  readonly network: Network;
  readonly process: Process;
  /** As the process sees it. */
  isConnected = true;
  /** As the servers see it. */
  isKnown = true;
  /** Addresses that the servers send on to this process. */
  readonly served = new Set<string>();
  readonly patterns = new Set<string>();
  /** Called with each change of `isConnected`, by the process; and by the servers when a new connection is made. */
  changed: (isConnected: boolean) => void = () => undefined;
  rejoined: (() => void)[] = [];
  readonly #held: Record<Way, Held[]> = { up: [], down: [] };
  readonly #isCut: Record<Way, boolean> = { up: false, down: false };
  readonly #lastAt: Record<Way, number> = { up: 0, down: 0 };
  #slowMs = 0;
  #wellSince = -Infinity;
  #connections = 1;
  #troubles = 0;

  constructor(network: Network, process: Process) {
    this.network = network;
    this.process = process;
  }

  /**
   * Something goes from the process to the servers.
   *
   * @param isWanted - false: nobody waits for it any more, and it has not left yet
   */
  up(fn: () => void, isWanted?: () => boolean, isSure = false): void {
    this.#go("up", { fn, isWanted }, isSure);
  }

  /** Something goes from the servers to the process. */
  down(fn: () => void, isSure = false): void {
    const deliver = (): void => {
      this.process.deliver(fn);
    };
    this.#go("down", { fn: deliver, isWanted: undefined }, isSure);
  }

  /**
   * Asks a server. @returns what `work` gives there
   *
   * @throws FlowError `NO_ANSWER`, or what `work` throws
   */
  ask<Answer>(
    what: string,
    work: () => Answer | typeof silence,
    timeoutMs: number,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { clock } = this.process;
      let isOver = false;
      const timer = clock.setTimeout(() => {
        isOver = true;
        reject(new FlowError("NO_ANSWER", { to: what, timeoutMs }));
      }, timeoutMs);
      const settle = (how: () => void): void => {
        this.down(() => {
          if (isOver) return;
          isOver = true;
          clock.clearTimeout(timer);
          how();
        });
      };
      const serve = (): void => {
        try {
          const answer = work();
          if (answer !== silence) settle(() => resolve(answer));
        } catch (error) {
          settle(() => reject(error));
        }
      };
      this.up(serve, () => !isOver);
    });
  }

  cut(ways: readonly Way[]): void {
    for (const way of ways) this.#isCut[way] = true;
    this.trouble();
  }

  /** Everything takes so many milliseconds longer from now on. */
  slow(slowMs: number): void {
    this.#slowMs = slowMs;
    // What left before is still on its way, and all that follows comes after it.
    this.#wellSince = Math.max(this.network.time.now, this.#lastAt.up, this.#lastAt.down);
  }

  /** For how many milliseconds nothing has kept the process from being heard. */
  get wellForMs(): number {
    if (this.#isBad || this.#slowMs > 0 || !this.isKnown) return 0;
    return this.network.time.now - this.#wellSince;
  }

  heal(): void {
    this.slow(0);
    this.#isCut.up = false;
    this.#isCut.down = false;
    if (this.isKnown) for (const way of ["up", "down"] as const) this.#flush(way);
    else this.#reconnect();
  }

  /** It was cut, or its process stands still: if it stays so, the connection is given up. */
  trouble(): void {
    const trouble = ++this.#troubles;
    const { time, weather } = this.network;
    time.after(weather.patienceMs, () => {
      if (trouble === this.#troubles && this.#isBad) this.#giveUp();
    });
  }

  /** The process is thawed. */
  thawed(): void {
    this.#wellSince = this.network.time.now;
    if (!this.isKnown) this.#reconnect();
  }

  /** The process is gone, and the servers hear of it: its end of the connection is closed. */
  forget(): void {
    this.isKnown = false;
    this.served.clear();
    this.patterns.clear();
  }

  get #isBad(): boolean {
    return this.#isCut.up || this.#isCut.down || this.process.isFrozen;
  }

  #giveUp(): void {
    if (!this.isKnown) return;
    this.network.trace.add("gave up", this.process.name);
    this.forget();
    this.#connections++;
    this.#held.down = [];
    this.#held.up = [];
    this.process.deliver(() => {
      this.isConnected = false;
      this.changed(false);
    });
  }

  #reconnect(): void {
    const { time, random, trace } = this.network;
    time.after(random() * reconnectMs, () => {
      if (this.isKnown || this.#isBad || !this.process.isAlive) return;
      trace.add("connected", this.process.name);
      this.isKnown = true;
      this.#wellSince = time.now;
      for (const rejoined of this.rejoined) rejoined();
      this.process.deliver(() => {
        this.isConnected = true;
        this.#flush("up");
        this.changed(true);
      });
    });
  }

  #flush(way: Way): void {
    for (const held of this.#held[way].splice(0)) this.#go(way, held, true);
  }

  #go(way: Way, held: Held, isSure: boolean): void {
    const { random, weather } = this.network;
    const isAway = way === "up" ? !this.isConnected : !this.isKnown;
    if (this.#isCut[way] || isAway) {
      if (way === "down" && isAway) return;
      this.#held[way].push(held);
      return;
    }
    if (held.isWanted?.() === false) return;
    if (!isSure && random() < weather.dropRate) return;
    this.#leave(way, held, this.#slowMs + random() * weather.slowestMs);
    if (isSure || random() >= weather.duplicateRate) return;
    this.#leave(way, held, this.#slowMs + (1 + 3 * random()) * weather.slowestMs);
  }

  #leave(way: Way, held: Held, delayMs: number): void {
    const { time } = this.network;
    // After all that left before it, if only just.
    const at = Math.max(time.now + delayMs, this.#lastAt[way] + 0.001);
    this.#lastAt[way] = at;
    const connection = this.#connections;
    time.after(at - time.now, () => {
      if (connection !== this.#connections) return;
      if (this.#isCut[way]) this.#held[way].push(held);
      else held.fn();
    });
  }
}
