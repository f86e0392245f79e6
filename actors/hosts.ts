/** Where an engine's attempts run: on its own event loop, or with workers that a dispatcher gives them to. */
import type { Clock, Random } from "../lib/clock.ts";
import type { Code } from "../lib/compile/compile.ts";
import { Dispatcher } from "../lib/executor/dispatcher.ts";
import type { Executor, Report } from "../lib/executor/executor.ts";
import { InlineExecutor } from "../lib/executor/inline.ts";
import { RemoteExecutor } from "../lib/executor/remote.ts";
import { makeId } from "../lib/ids.ts";
import type { AttemptName } from "../lib/plan/records.ts";
import type { Transport } from "../lib/transport/transport.ts";
import type { Log } from "../lib/types.ts";
import type { EngineOptions } from "./options.ts";

/** What an engine hands on. */
export interface HostOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface FlowCode {
  readonly flow: string;
  readonly code: Code;
  readonly isRunning: (name: AttemptName) => boolean;
}

export interface Hosts extends AsyncDisposable {
  /** Attempts at once. */
  readonly concurrency: number;
  /** Hosts outlive the engine: its end is no fault of what they run. */
  readonly outlive: boolean;
  executor(flow: FlowCode, report: Report): Executor;
}

/** One for all flows of this process that go through the same transport. */
const dispatchers = new WeakMap<Transport, Dispatcher>();

export function hostsOf(options: EngineOptions, own: HostOptions): Hosts | Promise<Hosts> {
  const { engine = "serial", concurrency, transport, pool } = options;
  if (transport !== undefined) {
    return remote(dispatcherOf(transport, own), concurrency ?? 1_000, own.log, true);
  }
  if (pool !== undefined) return remote(pool.dispatcher, concurrency ?? pool.size, own.log, false);
  return {
    concurrency: engine === "serial" ? 1 : (concurrency ?? 100),
    outlive: false,
    executor: ({ code }, report) => new InlineExecutor(code, report, own.log),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function remote(dispatcher: Dispatcher, concurrency: number, log: Log, outlive: boolean): Hosts {
  return {
    concurrency,
    outlive,
    executor: (flow, report) => new RemoteExecutor({ ...flow, dispatcher, log }, report),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function dispatcherOf(transport: Transport, { clock, random, log }: HostOptions): Dispatcher {
  let dispatcher = dispatchers.get(transport);
  if (dispatcher === undefined) {
    dispatcher = new Dispatcher({ transport, id: makeId(clock, random), clock, random, log });
    dispatchers.set(transport, dispatcher);
  }
  return dispatcher;
}
