/**
 * Calls and outcomes as they travel: what those of one message share is said once. Most of what an attempt costs
 * between an engine and a worker is the making, carrying and reading of its bytes.
 */
import type { Failure } from "../failure.ts";
import type { Direction, Outcome } from "../plan/records.ts";
import type { LogLine } from "../types.ts";
import { keyOf } from "./call.ts";
import type { Call, KeyedOutcome } from "./protocol.ts";

/** Calls of one owner, one after the other. */
export interface FlowCalls {
  readonly flow: string;
  readonly epoch: number;
  /** What they log is of no use to the owner. */
  readonly keepsLines?: false;
  readonly calls: readonly PackedCall[];
}

/** Its key follows from the rest. */
type PackedCall = readonly [
  task: string,
  version: number,
  direction: Direction,
  attempt: number,
  inputs: Call["inputs"],
  /** What few have. */
  more?: Pick<Call, "alone" | "result" | "failure" | "failures">,
];

/** The key without its flow; a failure is third, lines that are still to be kept are fourth. */
export type PackedOutcome = readonly [
  key: string,
  value: unknown,
  failure?: Failure | undefined,
  lines?: readonly LogLine[],
];

export function packCalls(calls: readonly Call[]): readonly FlowCalls[] {
  const flows: (FlowCalls & { calls: PackedCall[] })[] = [];
  let last: (typeof flows)[number] | undefined;
  for (const call of calls) {
    const { flow, epoch, keepsLines } = call;
    if (last?.flow !== flow || last.epoch !== epoch) {
      last = { flow, epoch, calls: [], ...(keepsLines ? {} : { keepsLines }) };
      flows.push(last);
    }
    last.calls.push(packed(call));
  }
  return flows;
}

function packed(call: Call): PackedCall {
  const { task, version, direction, attempt, inputs, alone, result, failure, failures } = call;
  if (!alone && direction === "execute") return [task, version, direction, attempt, inputs];
  const more = {
    alone,
    result,
    ...(failure === undefined ? {} : { failure }),
    ...(failures === undefined ? {} : { failures }),
  };
  return [task, version, direction, attempt, inputs, more];
}

/** In the order they were packed. */
export function unpackCalls(flows: readonly FlowCalls[]): Call[] {
  const all: Call[] = [];
  for (const { flow, epoch, calls, keepsLines = true } of flows) {
    for (const [task, version, direction, attempt, inputs, more] of calls) {
      const key = keyOf(flow, task, direction, attempt);
      const alone = more?.alone === true;
      const of = { key, flow, epoch, keepsLines };
      const named = { ...of, task, version, direction, attempt, alone, inputs };
      all.push(more === undefined ? named : { ...named, ...more });
    }
  }
  return all;
}

/** Of one flow. */
export const packOutcomes = (
  flow: string,
  outcomes: readonly KeyedOutcome[],
): readonly PackedOutcome[] =>
  outcomes.map(({ key, outcome: { value, failure }, lines }) => {
    const short = key.slice(flow.length + 1);
    if (lines !== undefined) return [short, value, failure, lines];
    return failure === undefined ? [short, value] : [short, undefined, failure];
  });

export function unpackOutcome(flow: string, packed: PackedOutcome): KeyedOutcome {
  const [short, value, failure, lines] = packed;
  const key = `${flow}/${short}`;
  const outcome: Outcome = failure === undefined ? { value } : { failure };
  return lines === undefined ? { key, outcome } : { key, outcome, lines };
}
