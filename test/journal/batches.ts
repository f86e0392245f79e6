/** Batches as an engine writes them, and every kind of record. */
import { type Blueprint, blueprintVersion } from "../../lib/compile/blueprint.ts";
import type { Failure } from "../../lib/failure.ts";
import type { Batch, FlowRecord } from "../../lib/plan/records.ts";

function blueprint(flow: string, atoms = 2): Blueprint {
  return {
    version: blueprintVersion,
    flow,
    atoms: Array.from({ length: atoms }, (_, atom) => ({
      name: `${flow}-${atom}`,
      kind: "task" as const,
      version: 1,
      priority: 0,
      scope: 0,
      retry: -1,
      inputs: [{ param: "x", symbol: "x", optional: false, from: [0] }],
      revertInputs: [],
      provides: { keys: ["x"] },
      inject: atom === 0 ? { region: "eu", map: new Map([["__keys__", 1]]) } : {},
      ...(atom === 1 ? { timeoutMs: 5 } : {}),
      reverts: true,
      deciders: [{ link: 0, from: -1, depth: "ALL" as const }],
    })),
    scopes: [{ name: flow, pattern: "linear", parent: -1, retry: -1, first: 0, last: atoms }],
    successors: Array.from({ length: atoms + 2 }, (_, node) => [node + 1]),
  };
}

/** The batch that begins a journal: sequences 1 and 2, epoch 1. */
export function begin(flow = "trip", at = 1_000, writer = "w1"): Batch {
  return {
    writer,
    epoch: 1,
    first: 1,
    at,
    records: [
      { kind: "created", flow, blueprint: blueprint(flow), store: { to: "Oslo" }, meta: {} },
      { kind: "adopted", owner: writer, epoch: 1 },
    ],
  };
}

/** A batch of two records whose value is `value`; begins at `first`. */
export function next(first: number, value: unknown = { first }, epoch = 1, writer = "w1"): Batch {
  return {
    writer,
    epoch,
    first,
    at: 1_000 + first,
    records: [
      { kind: "executed", atom: first % 100, attempt: 1, value },
      { kind: "started", atom: (first % 100) + 1, direction: "execute", attempt: 1 },
    ],
  };
}

/** A batch of one record by which another owner takes over. */
export function adopt(first: number, epoch: number, writer: string): Batch {
  const at = 1_000 + first;
  return { writer, epoch, first, at, records: [{ kind: "adopted", owner: writer, epoch }] };
}

const failure: Failure = {
  name: "TimeoutError",
  message: `\uFEFF${"too late ".repeat(20)}`,
  stack: "TimeoutError: too late\n    at a.js:1:1",
  code: "ETIMEDOUT",
  cause: { name: "Error", message: "", cause: { name: "Error", message: "root" } },
};

/** Every kind of record, in every form it has. */
export const everyRecord: readonly FlowRecord[] = [
  {
    kind: "created",
    flow: "trip",
    blueprint: blueprint("trip"),
    store: { a: 1, map: new Map([[{ k: 1 }, new Set([2n])]]), none: undefined },
    meta: { file: "trip.ts" },
  },
  { kind: "adopted", owner: "w1", epoch: 1, claim: 7, elsewhere: true },
  { kind: "run", options: { deferReverts: true, neverResolve: false } },
  { kind: "started", atom: 0, direction: "execute", attempt: 1 },
  { kind: "started", atom: 100_000, direction: "revert", attempt: 3 },
  { kind: "executed", atom: 0, attempt: 1, value: undefined },
  { kind: "executed", atom: 0, attempt: 1, value: null },
  { kind: "executed", atom: 0, attempt: 1, value: { deep: [new Date(5), new Uint8Array(3)] } },
  { kind: "executed", atom: 0, attempt: 1, failure },
  { kind: "reverted", atom: 1, attempt: 2, value: "undone" },
  { kind: "reverted", atom: 1, attempt: 2, failure: { name: "Error", message: "stuck" } },
  { kind: "lost", atom: 0, direction: "execute", attempt: 1, reason: "worker-died" },
  { kind: "lost", atom: 0, direction: "revert", attempt: 1, reason: "owner-died" },
  { kind: "retryDecided", retry: 0, atom: 1, verdict: "RETRY", dueAt: 1_000.5, delayMs: 0 },
  { kind: "retryDecided", retry: 0, atom: 1, verdict: "REVERT_ALL" },
  { kind: "decided", atom: 1, runs: true },
  { kind: "decided", atom: 1, runs: false, depth: "NEIGHBORS" },
  { kind: "decided", atom: 1, runs: false, failure },
  { kind: "suspend", withdraws: [] },
  { kind: "suspend", withdraws: [{ atom: 1, direction: "execute", attempt: 2 }] },
  { kind: "cancel", reason: "no money", withdraws: [{ atom: 1, direction: "revert", attempt: 2 }] },
  { kind: "kill", reason: "" },
  { kind: "parked", reason: "lost too often" },
  { kind: "reset" },
  { kind: "ended", state: "REVERTED" },
  { kind: "ended", state: "SUSPENDED" },
  { kind: "progress", atom: 1, fraction: 0.5 },
  { kind: "progress", atom: 1, fraction: 1, details: undefined },
  { kind: "progress", atom: 1, fraction: 1, details: { step: "download" } },
  { kind: "timerFired", retry: 0 },
  { kind: "migrated", blueprint: blueprint("trip", 3) },
  {
    ...{ kind: "logged", atom: 1, direction: "execute", attempt: 2 },
    ...{ line: 1, level: "info", message: "found", at: 1_000, fields: { rows: [1, 2] } },
  },
  {
    ...{ kind: "logged", atom: 1, direction: "revert", attempt: 1 },
    ...{ line: 1_002, level: "error", message: `\uFEFF${"no ".repeat(20)}` },
  },
  { kind: "edited", edit: "skip", id: "1", atoms: [1], depth: "FLOW", by: "ops", reason: "gone" },
  { kind: "edited", edit: "complete", id: "2", atoms: [0], value: { seat: [3, new Date(5)] } },
  { kind: "edited", edit: "complete", id: "3", atoms: [0], value: undefined },
  { kind: "edited", edit: "fail", id: "4", atoms: [0], failure, reason: "stuck" },
  { kind: "edited", edit: "retryNow", id: "5", atoms: [0] },
  { kind: "edited", edit: "retryFrom", id: "6", atoms: [0, 1], by: "ops" },
];
