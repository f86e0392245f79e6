/** What an engine can be told. */
import type { Clock, Random } from "../lib/clock.ts";
import { FlowError } from "../lib/errors.ts";
import type { Journal } from "../lib/journal/journal.ts";
import type { Log } from "../lib/types.ts";

export interface EngineOptions {
  /** Name of the flow's journal. Default: a new one. With the id of a flow that the journal holds, that flow goes on. */
  readonly id?: string;
  /** Values by symbol; they go before what atoms provide. Only a new flow takes them. */
  readonly store?: Readonly<Record<string, unknown>>;
  /** Remembered beside the flow, for whoever looks after it; no task sees it. Only a new flow takes it. Default: {}. */
  readonly meta?: Readonly<Record<string, string>>;
  /** `serial` (default): one attempt at a time, as declared. `parallel`: up to `concurrency` on the event loop. */
  readonly engine?: "serial" | "parallel";
  /** Attempts under way at once, with `parallel`. Default 100; at least 1. */
  readonly concurrency?: number;
  /** Default: one in memory, for this engine alone. */
  readonly journal?: Journal;
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
  readonly clock?: Clock;
  readonly random?: Random;
  /** Gets what happens beside the flow: listeners' errors, a journal that refuses. Default: nothing is logged. */
  readonly log?: Log;
}

export interface RunControls {
  /** Cancels the flow when it is aborted: attempts are aborted, then everything is reverted. */
  readonly signal?: AbortSignal;
  /** Runs a parked flow again, with its losses forgotten. Default false. */
  readonly unpark?: boolean;
}

/** @throws FlowError `INVALID_OPTION` naming the option and what is wrong with it */
export function checkOptions({
  concurrency,
  maxLost,
  payloads,
  journal,
  engine,
}: EngineOptions): void {
  const atLeastOne = { concurrency, maxLost };
  for (const [option, value] of Object.entries(atLeastOne)) {
    if (value === undefined || value === Infinity) continue;
    if (!Number.isSafeInteger(value) || value < 1) {
      const problem = `expected a whole number of 1 or more, got ${String(value)}`;
      throw new FlowError("INVALID_OPTION", { option, problem });
    }
  }
  if (engine !== undefined && !["serial", "parallel"].includes(engine)) {
    const problem = `expected "serial" or "parallel", got ${JSON.stringify(engine)}`;
    throw new FlowError("INVALID_OPTION", { option: "engine", problem });
  }
  if (payloads === "live" && journal !== undefined && journal.durability !== "none") {
    const problem = "live values can't be recorded; use a journal in memory";
    throw new FlowError("INVALID_OPTION", { option: "payloads", problem });
  }
}

/** Why a signal was aborted, in words. */
export function reasonOf(signal: AbortSignal | undefined): string {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason.message : String(reason);
}
