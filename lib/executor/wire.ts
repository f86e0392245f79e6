/**
 * Calls and outcomes as they travel: what those of one message share is said once. Most of what an attempt costs
 * between an engine and a worker is the making, carrying and reading of its bytes.
 */
import type { Failure } from "../failure.ts";
import type { Direction } from "../plan/records.ts";
import { keyOf } from "./call.ts";
import type { Call, KeyedOutcome } from "./protocol.ts";

/** Calls of one owner, one after the other. */
export interface FlowCalls {
  readonly flow: string;
  readonly epoch: number;
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

/** The key without its flow; a failure is third. */
export type PackedOutcome =
  | readonly [key: string, value: unknown]
  | readonly [key: string, value: undefined, failure: Failure];

export function packCalls(calls: readonly Call[]): readonly FlowCalls[] {
  const flows: { flow: string; epoch: number; calls: PackedCall[] }[] = [];
  let last: (typeof flows)[number] | undefined;
  for (const call of calls) {
    const { flow, epoch } = call;
    if (last?.flow !== flow || last.epoch !== epoch) {
      last = { flow, epoch, calls: [] };
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
  for (const { flow, epoch, calls } of flows) {
    for (const [task, version, direction, attempt, inputs, more] of calls) {
      const key = keyOf(flow, task, direction, attempt);
      const alone = more?.alone === true;
      const named = { key, flow, epoch, task, version, direction, attempt, alone, inputs };
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
  outcomes.map(({ key, outcome: { value, failure } }) => {
    const short = key.slice(flow.length + 1);
    return failure === undefined ? [short, value] : [short, undefined, failure];
  });

export function unpackOutcome(flow: string, [short, value, failure]: PackedOutcome): KeyedOutcome {
  const key = `${flow}/${short}`;
  return { key, outcome: failure === undefined ? { value } : { failure } };
}
