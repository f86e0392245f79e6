/** What a worker makes of a call: it knows of the flow only what it is called with. */
import type { Attempt } from "../lib/executor/executor.ts";
import type { AttemptTrace, Telemetry } from "../lib/executor/observe.ts";
import type { Call } from "../lib/executor/protocol.ts";
import type { Failure } from "../lib/failure.ts";
import { Redactor } from "../lib/redactor.ts";
import type { Log, Task } from "../lib/types.ts";

/** What a task logs here may repeat what its flow declares secret. */
export function redactedLog(log: Log, task: Task, call: Call): Log {
  const { secrets } = call;
  if (secrets === undefined) return log;
  let redactor: Redactor | undefined;
  return (message, fields, level) => {
    redactor ??= redactorOfCall(secrets, task, call);
    log(redactor.text(message), fields && redactor.fields(fields), level);
  };
}

/** Knows the secrets that a call brought along. */
function redactorOfCall(
  secrets: readonly string[],
  task: Task,
  { inputs, result }: Call,
): Redactor {
  const redactor = new Redactor(secrets);
  for (const { required, optional } of [task.inputs, task.revertInputs]) {
    for (const { param, symbol } of [...required, ...optional]) {
      if (redactor.hides(symbol)) redactor.learn(inputs[param]);
    }
  }
  redactor.learnResult(task.provides, result);
  return redactor;
}

/** Undefined unless both sides trace. */
export function traceOf(
  telemetry: Telemetry | undefined,
  task: Task,
  call: Call,
): AttemptTrace | undefined {
  const { traceparent: parent, flow, direction, attempt, secrets } = call;
  if (telemetry === undefined || parent === undefined) return undefined;
  const shown = (failure: Failure): Failure =>
    secrets === undefined ? failure : redactorOfCall(secrets, task, call).failure(failure);
  return telemetry.call({ flow, name: call.task, direction, attempt, parent, shown });
}

export function attemptOf(call: Call): Attempt {
  const { flow, task, direction, attempt, epoch, keepsLines } = call;
  const { inputs, result, failure, failures, secrets } = call;
  return {
    flow,
    atom: 0,
    name: task,
    direction,
    attempt,
    epoch,
    again: false,
    keepsLines,
    inputs,
    result,
    failure,
    failures,
    secrets,
    history: undefined,
  };
}
