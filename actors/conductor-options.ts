/** What a conductor can be told, and what it tells. */
import type { Clock, Random } from "../lib/clock.ts";
import type { Job, Jobboard, JobEnd } from "../lib/jobboard/jobboard.ts";
import type { Journal } from "../lib/journal/journal.ts";
import type { Item, Log, Logger } from "../lib/types.ts";
import type { JobFate } from "./job-run.ts";
import type { Renewer } from "./leases.ts";
import { checkOptions, type EngineOptions, needWhole } from "./options.ts";
import type { Registry } from "./registry.ts";

export interface ConductorOptions {
  readonly board: Jobboard;
  /** Where its flows' records go; the same for all conductors of a board. It is left open, as the board is. */
  readonly journal: Journal;
  /** Flows that it can run: it claims the jobs of these only. */
  readonly flows: Registry | readonly Item[];
  /** For people. Default `conductor`. */
  readonly name?: string;
  /** Flows that run at once; at least 1. Default 100. */
  readonly maxFlows?: number;
  /** How they run. Default: on the event loop, one task at a time. */
  readonly engine?: Omit<
    EngineOptions,
    "id" | "store" | "journal" | "owner" | "claim" | "lease" | "migrates"
  >;
  /** Milliseconds without a renewal after which others take its jobs; at least 400. Default 3,000. */
  readonly leaseMs?: number;
  /**
   * Milliseconds that ended jobs and their flows' journals are kept, `Infinity` for good; at least 1,000. As long, the
   * same job posted again is known. Default seven days.
   */
  readonly keepMs?: number;
  /** Renews the lease. Default: this event loop, which a task that blocks it keeps from doing so. */
  readonly renewer?: Renewer;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Gets what goes wrong beside the flows. Default: nothing is logged. */
  readonly log?: Log | Logger;
}

export type ConductorEventKind = "claimed" | "prepared" | "refused" | JobFate;

export interface ConductorEvent {
  readonly kind: ConductorEventKind;
  readonly job: Job;
  /** The dead owner that it was taken from, of `claimed`. */
  readonly from?: string;
  /** How the flow ended, of `consumed`. */
  readonly end?: JobEnd | undefined;
  /** What was wrong, where something was; of `refused` FlowError `EDIT_REFUSED`, why an edit was not made. */
  readonly problem?: unknown;
}

export interface ConductorStatistics extends Readonly<Record<ConductorEventKind, number>> {
  readonly running: number;
  /** Jobs that it could claim. */
  readonly waiting: number;
  /** Of `claimed`, those that were taken from a dead conductor. */
  readonly takenOver: number;
}

const weekMs = 604_800_000;

/** The options with their defaults. @throws FlowError `INVALID_OPTION` */
export function checked(options: ConductorOptions) {
  const { engine = {}, journal, leaseMs = 3_000, maxFlows = 100, name = "conductor" } = options;
  const { keepMs = weekMs } = options;
  checkOptions({ ...engine, journal });
  needWhole("leaseMs", leaseMs, 400);
  needWhole("maxFlows", maxFlows, 1);
  if (keepMs !== Infinity) needWhole("keepMs", keepMs, 1_000);
  return { engine, leaseMs, maxFlows, name, keepMs };
}
