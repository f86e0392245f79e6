/** Threads or child processes that host a worker each, for all engines of a process. */
import { availableParallelism } from "node:os";
import { pathToFileURL } from "node:url";
import type { Clock, Random } from "../../clock.ts";
import { longestMs } from "../../declared.ts";
import { type ErrorCode, FlowError } from "../../errors.ts";
import { errorOf } from "../../failure.ts";
import { makeId } from "../../ids.ts";
import { systemClock, systemRandom } from "../../system.ts";
import { Switch } from "../../transport/switch.ts";
import type { Stop, Transport } from "../../transport/transport.ts";
import { logOf } from "../../log.ts";
import type { Log, Logger } from "../../types.ts";
import { Dispatcher } from "../dispatcher.ts";
import {
  hostAddress,
  logAddress,
  poolAddress,
  type Said,
  type ToHost,
  type ToPool,
} from "./agreed.ts";
import { type HostEnd, Place, type PlaceOptions } from "./place.ts";
import { type HostOptions, type PoolKind, startHost } from "./start.ts";

export type { PoolKind };

export interface PoolLimits {
  /** MiB that the JavaScript heap of each host may grow to, from 16. Default: what Node thinks fit. */
  readonly heapMb?: number;
  /** Whole milliseconds in which a host has to load its modules. Default 30,000. */
  readonly startMs?: number;
  /** Whole milliseconds that hosts have to finish what they run when the pool is closed. Default 1,000. */
  readonly drainMs?: number;
}

export interface PoolOptions {
  readonly kind: PoolKind;
  /**
   * Files whose exports declare the tasks, alone or in flows; TypeScript or JavaScript. A path is
   * taken from the working directory. A URL may have a query, which the module finds in its
   * `import.meta.url`.
   */
  readonly modules: readonly (string | URL)[];
  /** Hosts, each of which does one thing at a time. At least 1; default: one for each core. */
  readonly size?: number;
  readonly limits?: PoolLimits;
  /**
   * Environment of the hosts. Default: that of this process, so that a task finds there what it
   * finds when it runs here. Nothing else is handed down: no input, no arguments, no open files.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Gets what happens to hosts, and what tasks there log. Default: nothing is logged. */
  readonly log?: Log | Logger;
}

/** What is told of a pool. */
export interface PoolWatcher {
  /** A worker is gone with all that it ran. `reason` is for people. */
  readonly died?: (worker: string, reason: string) => void;
  /** No host is there, and the last one that was started failed. Another one is tried before long. */
  readonly failed?: (error: FlowError) => void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Starts its hosts when they are first needed, and another one for each that is gone: at once if
 * that one had worked for a while, else after a wait that grows from 100 ms to 10 s.
 *
 * It keeps the process alive while somebody holds it, and not otherwise. Hosts end with it.
 */
export class Pool implements AsyncDisposable {
  readonly kind: PoolKind;
  readonly size: number;
  /** Gives attempts to the workers. */
  readonly dispatcher: Dispatcher;
  readonly #modules: readonly string[];
  readonly #drainMs: number;
  readonly #log: Log;
  readonly #switch: Switch;
  readonly #transport: Transport;
  readonly #places: readonly Place[];
  readonly #watchers = new Set<PoolWatcher>();
  readonly #waiters = new Set<Waiter>();
  /** By host: what it said why it can't get ready. */
  readonly #failures = new Map<string, FlowError>();
  #holds = 0;
  #closing: Promise<void> | undefined;

  /** @throws FlowError `INVALID_OPTION` */
  constructor(options: PoolOptions) {
    const { kind, size, startMs, drainMs, heapMb } = checked(options);
    const { clock = systemClock, random = systemRandom } = options;
    const log = logOf(options.log);
    this.kind = kind;
    this.size = size;
    this.#modules = options.modules.map((module) => urlOf(module).href);
    this.#drainMs = drainMs;
    this.#log = log;
    this.#switch = new Switch(clock);
    this.#transport = this.#switch.join();
    const ids = hostIds(kind, random);
    const host = { entry, heapMb, env: options.env ?? process.env };
    this.#places = Array.from({ length: size }, () => {
      const start = (): StartedHost => this.#start(ids(), host);
      const ended = (end: HostEnd): void => {
        this.#ended(end);
      };
      return new Place({ start, startMs, ended });
    });
    this.dispatcher = new Dispatcher({
      transport: this.#switch.join(),
      id: makeId(clock, random),
      clock,
      log,
      isLocal: true,
      stuck: (worker) => {
        this.replace(worker, "it did not let go of a task whose time was up");
      },
    });
    void this.#listen();
  }

  /** A transport to the workers, and among whoever has joined. */
  join(): Transport {
    this.#needOpen();
    return this.#switch.join();
  }

  /** Starts the hosts, and keeps the process alive until that is taken back. */
  hold(): Stop {
    this.#needOpen();
    let isHeld = true;
    this.#count(1);
    return () => {
      if (isHeld) this.#count(-1);
      isHeld = false;
    };
  }

  /**
   * Starts the hosts, and settles when there is one that works.
   *
   * @throws FlowError when no host works and none is about to: `MODULE_NOT_LOADED`, `ALREADY_EXISTS` for
   *   two tasks of one name and version, `HOST_FAILED` for a host that ended before it could say why;
   *   `TRANSPORT_CLOSED`
   */
  async ready(): Promise<void> {
    if (this.#places.some(({ isReady }) => isReady)) return;
    const release = this.hold();
    try {
      await new Promise<void>((resolve, reject) => this.#waiters.add({ resolve, reject }));
    } finally {
      release();
    }
  }

  /** Ends the host of a worker at once, whatever it does, and starts another one. */
  replace(worker: string, reason: string): void {
    this.#places.find(({ id }) => id === worker)?.kill(reason);
  }

  watch(watcher: PoolWatcher): Stop {
    // An object of its own, so that the same one can watch twice.
    const own = { ...watcher };
    this.#watchers.add(own);
    return () => void this.#watchers.delete(own);
  }

  /** Lets hosts finish what they run, for a limited time, and ends them. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #needOpen(): void {
    if (this.#closing !== undefined) {
      throw new FlowError("TRANSPORT_CLOSED", { problem: "the pool is closed" });
    }
  }

  #count(holds: 1 | -1): void {
    this.#holds += holds;
    for (const place of this.#places) place.hold(this.#holds > 0);
  }

  #start(id: string, host: Omit<HostOptions, "id">): StartedHost {
    const started = startHost(this.kind, { id, ...host });
    this.#switch.attach(started.port, () => {
      // It may be there and not be reached any more: then it is no use.
      started.kill();
    });
    return { id, host: started };
  }

  async #listen(): Promise<void> {
    await this.#transport.serve(poolAddress, (body) => this.#take(body as ToPool));
    await this.#transport.listen(logAddress, (body) => {
      const { host, message, fields, level } = body as Said;
      this.#log(message, { ...fields, host }, level);
    });
  }

  #take(message: ToPool): unknown {
    switch (message.kind) {
      case "begin":
        return this.#modules;
      case "ready":
        this.#places.find(({ id }) => id === message.host)?.ready();
        this.#settle((waiter) => {
          waiter.resolve();
        });
        return null;
      case "failed":
        this.#failures.set(message.host, errorIn(message));
        return null;
    }
  }

  #ended({ id, wasReady, reason }: HostEnd): void {
    const failure =
      this.#failures.get(id) ?? new FlowError("HOST_FAILED", { host: id, problem: reason });
    this.#failures.delete(id);
    if (this.#closing === undefined) {
      const what = wasReady ? `host ${id} is gone: ${reason}` : failure.message;
      this.#log(what, { host: id, error: failure }, "error");
    }
    if (wasReady) {
      this.dispatcher.workerDied(id);
      for (const { died } of this.#watchers) died?.(id, reason);
    } else if (!this.#places.some(({ isReady, isStarting }) => isReady || isStarting)) {
      this.#settle((waiter) => {
        waiter.reject(failure);
      });
      for (const { failed } of this.#watchers) failed?.(failure);
    }
  }

  #settle(settle: (waiter: Waiter) => void): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) settle(waiter);
  }

  async #close(): Promise<void> {
    const closed = new FlowError("TRANSPORT_CLOSED", { problem: "the pool is closed" });
    this.#settle((waiter) => {
      waiter.reject(closed);
    });
    const drain = async (id: string): Promise<void> => {
      const ask: ToHost = { kind: "drain", withinMs: this.#drainMs };
      const timeoutMs = this.#drainMs + answerMs;
      await this.#transport.request(hostAddress(id), ask, timeoutMs).catch(() => undefined);
    };
    await Promise.all(this.#places.map((place) => place.close(drain)));
    await this.dispatcher.close();
    this.#switch.close();
    await this.#transport[Symbol.asyncDispose]();
  }
}

type StartedHost = ReturnType<PlaceOptions["start"]>;

const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
const entry = new URL(`./host${extension}`, import.meta.url);

/** Milliseconds that a host may take beyond its drain to say that it is over. */
const answerMs = 200;

/** What a worker in a host is called: its kind, a number, and what tells it from those of other pools. */
function hostIds(kind: PoolKind, random: Random): () => string {
  let started = 0;
  return () => `${kind}-${++started}-${random().toString(36).slice(2, 10).padEnd(8, "0")}`;
}

function errorIn({ code, about, failure }: ToPool & { kind: "failed" }): FlowError {
  // The host made it of these two, and both are data.
  return new FlowError(code as ErrorCode, about as never, { cause: errorOf(failure) });
}

function urlOf(module: string | URL): URL {
  if (typeof module !== "string") return module;
  return module.startsWith("file:") ? new URL(module) : pathToFileURL(module);
}

interface Checked {
  readonly kind: PoolKind;
  readonly size: number;
  readonly startMs: number;
  readonly drainMs: number;
  readonly heapMb: number | undefined;
}

function checked({ kind, modules, size, limits = {} }: PoolOptions): Checked {
  const { startMs = 30_000, drainMs = 1_000, heapMb } = limits;
  const known: readonly string[] = ["threads", "processes"];
  if (!known.includes(kind)) {
    refuse("kind", `expected one of ${known.join(", ")}, got ${JSON.stringify(kind)}`);
  }
  if (modules.length === 0) refuse("modules", "without one there are no tasks");
  const taken = size ?? availableParallelism();
  needWhole("size", taken, 1);
  needWhole("limits.startMs", startMs, 1);
  needWhole("limits.drainMs", drainMs, 0);
  if (heapMb !== undefined) needWhole("limits.heapMb", heapMb, 16);
  return { kind, size: taken, startMs, drainMs, heapMb };
}

function needWhole(option: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= longestMs) return;
  refuse(option, `expected a whole number from ${least} to ${longestMs}, got ${String(value)}`);
}

function refuse(option: string, problem: string): never {
  throw new FlowError("INVALID_OPTION", { option, problem });
}
