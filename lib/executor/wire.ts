/**
 * Calls and outcomes as they travel: what those of one message share is said once. Most of what an attempt costs
 * between an engine and a worker is the making, carrying and reading of its bytes.
 */
import type { Outcome } from "../plan/records.ts";
import { keyOf } from "../plan/key.ts";
import type { Call, FlowCalls, KeyedOutcome, PackedCall, PackedOutcome } from "./protocol.ts";

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

/** In the order they were packed. All of one shape: Node 20 is many times slower with objects of many. */
export function unpackCalls(flows: readonly FlowCalls[]): Call[] {
  const all: Call[] = [];
  for (const { flow, epoch, calls, keepsLines = true, secrets } of flows) {
    for (const [task, version, direction, attempt, inputs, more] of calls) {
      all.push({
        key: keyOf(flow, task, direction, attempt),
        flow,
        epoch,
        task,
        version,
        direction,
        attempt,
        alone: more?.alone === true,
        keepsLines,
        inputs,
        result: more?.result,
        failure: more?.failure,
        failures: more?.failures,
        secrets,
        traceparent: more?.traceparent,
      });
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
