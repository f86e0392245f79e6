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
  readonly secrets?: readonly string[];
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
  more?: Partial<Pick<Call, "alone" | "result" | "failure" | "failures" | "traceparent">>,
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
    const { flow, epoch, keepsLines, secrets } = call;
    if (last?.flow !== flow || last.epoch !== epoch) {
      const hides = secrets === undefined ? {} : { secrets };
      last = { flow, epoch, calls: [], ...(keepsLines ? {} : { keepsLines }), ...hides };
      flows.push(last);
    }
    last.calls.push(packed(call));
  }
  return flows;
}

function packed(call: Call): PackedCall {
  const { task, version, direction, attempt, inputs, alone, result, failure, failures } = call;
  const { traceparent } = call;
  const traced = traceparent === undefined ? {} : { traceparent };
  if (!alone && direction === "execute") {
    const common = [task, version, direction, attempt, inputs] as const;
    return traceparent === undefined ? common : [...common, { alone, ...traced }];
  }
  const more = {
    alone,
    result,
    ...(failure === undefined ? {} : { failure }),
    ...(failures === undefined ? {} : { failures }),
    ...traced,
  };
  return [task, version, direction, attempt, inputs, more];
}

/** In the order they were packed. */
export function unpackCalls(flows: readonly FlowCalls[]): Call[] {
  const all: Call[] = [];
  for (const { flow, epoch, calls, keepsLines = true, secrets } of flows) {
    const hides = secrets === undefined ? {} : { secrets };
    for (const [task, version, direction, attempt, inputs, more] of calls) {
      const key = keyOf(flow, task, direction, attempt);
      const alone = more?.alone === true;
      const of = { key, flow, epoch, keepsLines, ...hides };
      const named = { ...of, task, version, direction, attempt, alone, inputs };
      all.push(more === undefined ? named : { ...named, ...more, alone });
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
