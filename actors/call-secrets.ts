/** Hides what a flow declares secret where its attempts run, which know of the flow only what they are called with. */
import type { Call } from "../lib/executor/protocol.ts";
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
export function redactorOfCall(
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
