/** What an engine can be told. */
import type { Clock, Random } from "../lib/clock.ts";
import { FlowError } from "../lib/errors.ts";
import type { Telemetry } from "../lib/executor/observe.ts";
import type { Pool } from "../lib/executor/pool/pool.ts";
import type { Journal } from "../lib/journal/journal.ts";
import type { Transport } from "../lib/transport/transport.ts";
import type { Log, Logger } from "../lib/types.ts";
import type { InspectionMessage } from "./inspection.ts";

export type EngineKind = "serial" | "parallel" | "threads" | "processes" | "workers";

const kinds: readonly string[] = ["serial", "parallel", "threads", "processes", "workers"];

/** That an owner may still act for its flows. */
export interface OwnLease {
  /** It was renewed not long ago: nobody can have taken its place meanwhile. */
  readonly isFresh: boolean;
  /** Calls the function when it is renewed next. */
  onRenewed(fn: () => void): void;
}

export interface EngineOptions {
  /** Name of the flow's journal. Default: a new one. With the id of a flow that the journal holds, that flow goes on. */
  readonly id?: string;
  /** Values by symbol; they go before what atoms provide. Only a new flow takes them. */
  readonly store?: Readonly<Record<string, unknown>>;
  /** Remembered beside the flow, for whoever looks after it; no task sees it. Only a new flow takes it. Default: {}. */
  readonly meta?: Readonly<Record<string, string>>;
  /**
   * Where tasks run, and nothing else. `serial` (default): one at a time, as declared. `parallel`: on the event loop.
   * `threads`, `processes`: on worker threads or in child processes, with `modules` or a `pool`. `workers`: on worker
   * nodes, through a `transport`.
   */
  readonly engine?: EngineKind;
  /**
   * Attempts under way at once; at least 1. Default 100 with `parallel`, the size of the pool with `threads` and
   * `processes`, 1,000 with `workers`, whose own slots decide.
   */
  readonly concurrency?: number;
  /** With `threads` and `processes`: files whose exports declare the flow's tasks. The engine gets a pool of its own. */
  readonly modules?: readonly (string | URL)[];
  /** With `threads` and `processes`: a pool that engines share. It is left open. */
  readonly pool?: Pool;
  /** With `workers`: what they are reached through. It is left open. */
  readonly transport?: Transport;
  /**
   * With `workers`: milliseconds of silence after which a worker counts as gone, and after which what an earlier owner
   * had started is sent anew if nobody holds it. Default 15,000; at least 100. The first engine on a transport decides.
   */
  readonly leaseMs?: number;
  /** Default: one in memory, for this engine alone. */
  readonly journal?: Journal;
  /**
   * Records after which a snapshot of the flow is kept, so that whoever takes it over reads what came after it instead
   * of everything; at least as many as the flow has atoms. Only with a journal in JetStream: others are quick to read.
   * Snapshots that are not wanted any more are removed; records never are, so a flow's history stays whole. One that
   * can't be kept, or takes more than 32 MiB, is logged, and the next is tried as many records later. Default 10,000;
   * 0: none.
   */
  readonly snapshotEvery?: number;
  /** A REVERT without an outer controller reverts everything instead of its own scope. Default false. */
  readonly deferReverts?: boolean;
  /** A failure ends the run as it is: nobody is asked, nothing is reverted. Default false. */
  readonly neverResolve?: boolean;
  /** How often an attempt may take its host down before the flow is parked. Default 3; at least 1. */
  readonly maxLost?: number;
  /** `live`: values go between tasks as they are, unchecked and uncopied; only with a journal in memory. */
  readonly payloads?: "copied" | "live";
  /** Name of this owner in the journal. Default: made up. */
  readonly owner?: string;
  /** Revision of this owner's claim on the flow's job. One with an earlier claim than the last owner's is FENCED. */
  readonly claim?: number;
  /** While it is not fresh, nothing is launched. Default: none is needed. */
  readonly lease?: OwnLease;
  /** Goes on with a flow whose declaration has changed since, where that makes sense. Default true. */
  readonly migrates?: boolean;
  /**
   * Gets XState's inspection events of the flow and of each atom, as JSON data: see `inspectFlow`. Default: nobody looks
   * on, and nothing is made.
   */
  readonly inspect?: (message: InspectionMessage) => void;
  /** Whether lines that tasks log go into the journal too, and how many: see `TaskLog`. Default true. */
  readonly keepLogs?: boolean;
  /** Traces and counts runs and attempts: see `fourstroke/telemetry`. Default: nobody does, and nothing is made. */
  readonly telemetry?: Telemetry;
  readonly clock?: Clock;
  readonly random?: Random;
  /**
   * Gets what tasks log here, and what happens beside the flow: listeners' errors, a journal that refuses. A function, or
   * a logger of pino's shape. Default: nothing is logged.
   */
  readonly log?: Log | Logger;
}

export type RunCommand =
  | { readonly type: "suspend" }
  | { readonly type: "cancel" | "kill"; readonly reason: string };

export interface RunControls {
  /** Cancels the flow when it is aborted: attempts are aborted, then everything is reverted. */
  readonly signal?: AbortSignal;
  /** Runs a parked flow again, with its losses forgotten. Default false. */
  readonly unpark?: boolean;
  /** What was asked for before it ran: recorded together with the run, so that nothing starts in between. */
  readonly commands?: readonly RunCommand[];
}

/** @throws FlowError `INVALID_OPTION` naming the option and what is wrong with it */
export function checkOptions(options: EngineOptions): void {
  const { concurrency, maxLost, payloads, journal, engine, leaseMs, snapshotEvery } = options;
  if (snapshotEvery !== undefined) needWhole("snapshotEvery", snapshotEvery, 0);
  if (leaseMs !== undefined) needWhole("leaseMs", leaseMs, 100);
  const atLeastOne = { concurrency, maxLost };
  for (const [option, value] of Object.entries(atLeastOne)) {
    if (value !== undefined && value !== Infinity) needWhole(option, value, 1);
  }
  if (engine !== undefined && !kinds.includes(engine)) {
    const problem = `expected one of ${kinds.join(", ")}, got ${JSON.stringify(engine)}`;
    throw new FlowError("INVALID_OPTION", { option: "engine", problem });
  }
  checkHosts(options);
  if (payloads === "live" && journal !== undefined && journal.durability !== "none") {
    const problem = "live values can't be recorded; use a journal in memory";
    throw new FlowError("INVALID_OPTION", { option: "payloads", problem });
  }
}

/** @throws FlowError `INVALID_OPTION` */
export function needWhole(option: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  const problem = `expected a whole number of ${least} or more, got ${String(value)}`;
  throw new FlowError("INVALID_OPTION", { option, problem });
}

/** What each kind of engine needs, and what it has no use for. */
function checkHosts({
  engine = "serial",
  modules,
  pool,
  transport,
  payloads,
}: EngineOptions): void {
  const refuse = (option: string, problem: string): never => {
    throw new FlowError("INVALID_OPTION", { option, problem });
  };
  const isPooled = engine === "threads" || engine === "processes";
  if (isPooled && (modules === undefined) === (pool === undefined)) {
    refuse("modules", `engine "${engine}" needs either modules or a pool`);
  }
  if (!isPooled && modules !== undefined) refuse("modules", `engine "${engine}" has no use for it`);
  if (!isPooled && pool !== undefined) refuse("pool", `engine "${engine}" has no use for it`);
  if (isPooled && pool !== undefined && pool.kind !== engine) {
    refuse("pool", `it is of ${pool.kind}, the engine of ${engine}`);
  }
  if (engine === "workers" && transport === undefined) {
    refuse("transport", 'engine "workers" needs one');
  }
  if (engine !== "workers" && transport !== undefined) {
    refuse("transport", `engine "${engine}" has no use for it`);
  }
  if (payloads === "live" && (isPooled || engine === "workers")) {
    refuse("payloads", `live values don't go to another process; engine "${engine}" copies them`);
  }
}

/** Why a signal was aborted, in words. */
export function reasonOf(signal: AbortSignal | undefined): string {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason.message : String(reason);
}
