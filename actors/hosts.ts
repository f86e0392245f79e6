/** Where an engine's attempts run: on its own event loop, or with workers that a dispatcher gives them to. */
import type { Clock, Random } from "../lib/clock.ts";
import type { Code } from "../lib/compile/compile.ts";
import { Dispatcher } from "../lib/executor/dispatcher.ts";
import type { Executor, Report } from "../lib/executor/executor.ts";
import { InlineExecutor } from "../lib/executor/inline.ts";
import type { Pool } from "../lib/executor/pool/pool.ts";
import { defaultLeaseMs } from "../lib/executor/protocol.ts";
import { RemoteExecutor } from "../lib/executor/remote.ts";
import { makeId } from "../lib/ids.ts";
import type { AttemptName } from "../lib/plan/records.ts";
import type { Stop, Transport } from "../lib/transport/transport.ts";
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
  /** For what is logged for this flow. */
  readonly log: Log;
  readonly isRunning: (name: AttemptName) => boolean;
  readonly mayCall: () => boolean;
}

export interface Hosts extends AsyncDisposable {
  /** Attempts at once. */
  readonly concurrency: number;
  /** Hosts outlive the engine: its end is no fault of what they run. */
  readonly outlive: boolean;
  executor(flow: FlowCode, report: Report): Executor;
  /** Keeps them, and the process, until the answer is called. */
  hold(): Stop;
}

/** One for all flows of this process that go through the same transport. */
const dispatchers = new WeakMap<Transport, Dispatcher>();

/** The engine's own event loop; undefined for engines that need hosts elsewhere, see `hostsOf`. */
export function hostsHere({
  engine = "serial",
  concurrency = 100,
}: EngineOptions): Hosts | undefined {
  if (engine !== "serial" && engine !== "parallel") return undefined;
  return {
    concurrency: engine === "serial" ? 1 : concurrency,
    outlive: false,
    executor: ({ code, log }, report) => new InlineExecutor(code, report, log),
    hold: nothing,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** @throws FlowError `MODULE_NOT_LOADED`, `ALREADY_EXISTS`, `HOST_FAILED` */
export async function hostsOf(options: EngineOptions, own: HostOptions): Promise<Hosts> {
  const { engine, concurrency, transport, pool, leaseMs } = options;
  if (transport !== undefined) {
    return remote(dispatcherOf(transport, own, leaseMs), concurrency ?? 1_000, true);
  }
  if (pool !== undefined) {
    await pool.ready();
    return pooled(pool, concurrency);
  }
  return ownPool(engine === "threads" ? "threads" : "processes", options, own);
}

const nothing = (): Stop => () => undefined;

const pooled = (pool: Pool, concurrency: number | undefined): Hosts => ({
  ...remote(pool.dispatcher, concurrency ?? pool.size, false),
  hold: () => pool.hold(),
});

async function ownPool(
  kind: "threads" | "processes",
  { modules = [], concurrency }: EngineOptions,
  own: HostOptions,
): Promise<Hosts> {
  const { Pool } = await import("../lib/executor/pool/pool.ts");
  const size = concurrency === undefined ? {} : { size: concurrency };
  const pool = new Pool({ kind, modules, ...size, ...own });
  try {
    await pool.ready();
  } catch (error) {
    await pool.close();
    throw error;
  }
  return { ...pooled(pool, concurrency), [Symbol.asyncDispose]: () => pool.close() };
}

function remote(dispatcher: Dispatcher, concurrency: number, outlive: boolean): Hosts {
  return {
    concurrency,
    outlive,
    executor: (flow, report) => new RemoteExecutor({ ...flow, dispatcher }, report),
    hold: nothing,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function dispatcherOf(
  transport: Transport,
  { clock, random, log }: HostOptions,
  leaseMs = defaultLeaseMs,
): Dispatcher {
  let dispatcher = dispatchers.get(transport);
  if (dispatcher === undefined) {
    const id = makeId(clock, random);
    dispatcher = new Dispatcher({ transport, id, clock, log, leaseMs });
    dispatchers.set(transport, dispatcher);
  }
  return dispatcher;
}
