/**
 * What engines and workers say to each other, the same over every transport.
 *
 * Everything may be said twice: a worker knows an attempt by its key, a flow knows an outcome by it. Nothing is
 * forgotten before the other side has said that it has it: a worker keeps an outcome until the flow's owner has
 * recorded it, an owner keeps an attempt until its outcome is recorded.
 */
import { createHash } from "node:crypto";
import type { Failure } from "../failure.ts";
import { addressOf } from "../names.ts";
import type { Direction, Outcome } from "../plan/records.ts";
import type { LogLine } from "../types.ts";

/** An attempt at a task, for a worker. */
export interface Call {
  /** `flow/atom/direction/attempt`. */
  readonly key: string;
  readonly flow: string;
  /** Of the owner that sends it; a worker refuses calls of an owner that was superseded. */
  readonly epoch: number;
  readonly task: string;
  /** Its major version. */
  readonly version: number;
  readonly direction: Direction;
  readonly attempt: number;
  /** It gets a worker for itself: one it shared is gone, and it may be what took it down. */
  readonly alone: boolean;
  /** What it logs is to be sent to the flow. */
  readonly keepsLines: boolean;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Only for a revert. */
  readonly result?: unknown;
  readonly failure?: Failure | undefined;
  readonly failures?: Readonly<Record<string, Failure>> | undefined;
  /** Symbols that its flow declares secret, for what the worker logs; absent when there are none. */
  readonly secrets?: readonly string[] | undefined;
  /** W3C `traceparent`; absent when nothing is traced. */
  readonly traceparent?: string | undefined;
}

/** Calls of one owner, one after the other. */
export interface FlowCalls {
  readonly flow: string;
  readonly epoch: number;
  /** What they log is of no use to the owner. */
  readonly keepsLines?: false;
  readonly secrets?: readonly string[];
  readonly calls: readonly PackedCall[];
}

/** Its key follows from the rest. */
export type PackedCall = readonly [
  task: string,
  version: number,
  direction: Direction,
  attempt: number,
  inputs: Call["inputs"],
  /** What few have. */
  more?: Partial<Pick<Call, "alone" | "result" | "failure" | "failures" | "traceparent">>,
];

/** The key without its flow; a failure is third, lines that are still to be kept are fourth. */
export type PackedOutcome = readonly [
  key: string,
  value: unknown,
  failure?: Failure | undefined,
  lines?: readonly LogLine[],
];

/** Why a worker does not take a call. */
export type Refusal = "unknown-task" | "no-credit" | "draining" | "superseded";

/** Requests to `w.<worker>.<incarnation>`. */
export type ToWorker =
  /** Answer: for each call null (taken, now or before) or why not. */
  | { readonly kind: "calls"; readonly engine: string; readonly flows: readonly FlowCalls[] }
  /** Answer: how many slots are granted now; the rest is granted when slots are free. Replaces an earlier want. */
  | { readonly kind: "want"; readonly engine: string; readonly slots: number }
  /** Slots that were granted and are not needed. */
  | { readonly kind: "release"; readonly engine: string; readonly slots: number }
  | { readonly kind: "cancel"; readonly key: string; readonly reason: Failure }
  /** Answer: for each key whether the worker runs it or keeps its outcome. */
  | { readonly kind: "holds"; readonly keys: readonly string[] };

export interface KeyedOutcome {
  readonly key: string;
  readonly outcome: Outcome;
  /** What the attempt logged and the flow's owner has not said that it has. */
  readonly lines?: readonly LogLine[] | undefined;
}

/** What an attempt logged, in order. */
export interface KeyedLines {
  readonly key: string;
  readonly lines: readonly LogLine[];
}

/** Requests to `f.<shard>.<flow>`. */
export type ToFlow =
  | {
      readonly kind: "outcomes";
      readonly worker: string;
      readonly outcomes: readonly PackedOutcome[];
      /** Slots that these outcomes freed and this owner may use again without asking. */
      readonly offers: number;
    }
  /** Answer: null, when the owner has them; it records them with what it records next. */
  | { readonly kind: "logged"; readonly worker: string; readonly lines: readonly KeyedLines[] }
  /** Answer: for each key whether the flow still waits for it. */
  | { readonly kind: "holding"; readonly worker: string; readonly keys: readonly string[] };

/** The answer to `outcomes`, for each of them: `superseded` when the attempt had an outcome already. */
export type Verdict = "recorded" | "superseded";

/** Request to `e.<engine>`: slots became free. Answer: how many of them are taken. */
export interface Grant {
  readonly worker: string;
  readonly slots: number;
}

/** Published at `hb.<worker>`. */
export interface Presence {
  readonly worker: string;
  readonly tasks: readonly (readonly [name: string, version: number])[];
  /** Attempts that it runs at once, and how many more it could run now. */
  readonly slots: number;
  readonly free: number;
  /** It takes no more, or it is gone for good. */
  readonly state: "up" | "draining" | "down";
  /** Its event loop is busy: it is there, and takes and answers nothing for now. */
  readonly isStalled?: boolean;
}

/** Published at `p.<shard>.<flow>`. */
export interface Progress {
  readonly key: string;
  readonly fraction: number;
  readonly details?: unknown;
}

/** A worker's name, and what tells this start of it from others: `NAME.INCARNATION`, or a name alone. */
function partsOf(worker: string): string[] {
  const at = worker.lastIndexOf(".");
  return at < 0 ? [worker] : [worker.slice(0, at), worker.slice(at + 1)];
}

export const workerAddress = (worker: string): string => addressOf("w", ...partsOf(worker));
export const engineAddress = (engine: string): string => addressOf("e", engine);
export const presenceAddress = (worker: string): string =>
  addressOf("hb", partsOf(worker)[0] ?? "");
/** All workers' presence. */
export const anyPresence = "hb.*";
/** What is published here asks all workers to say that they are there. */
export const whoAddress = addressOf("who", "all");

const shards = new Map<string, string>();

/** Two hex digits of the flow's hash: what journals and subjects are spread by. */
export function shardOf(flow: string): string {
  let shard = shards.get(flow);
  if (shard === undefined) {
    shard = createHash("sha256").update(flow).digest("hex").slice(0, 2);
    if (shards.size >= 10_000) shards.clear();
    shards.set(flow, shard);
  }
  return shard;
}

export const flowAddress = (flow: string): string => addressOf("f", shardOf(flow), flow);
export const progressAddress = (flow: string): string => addressOf("p", shardOf(flow), flow);

/** Tells a task from others: its name and major version. */
export const taskKey = (name: string, version: number): string => `${name}\0${version}`;

/** Milliseconds after which who was not heard of is taken for gone. */
export const defaultLeaseMs = 15_000;
