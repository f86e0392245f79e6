/** One call of users' code: what it is given, and how it is told to stop. */
import { keyOf } from "../plan/key.ts";
import { checkInputs } from "../schema.ts";
import { about } from "../log.ts";
import type {
  Log,
  LogLine,
  Retry,
  RetryAttempt,
  RetryContext,
  RevertContext,
  Task,
  TaskLog,
} from "../types.ts";
import { AttemptLog } from "./attempt-log.ts";
import type { Attempt, Report } from "./executor.ts";

/** What a call tells while it runs. */
export type Telling = Pick<Report, "progress" | "logged">;

const none: Readonly<Record<string, never>> = Object.freeze({});

/** What users' code gets. What costs something to make is made when it is asked for. */
export class Call implements RevertContext, RetryContext {
  readonly of: Attempt;
  readonly #report: Telling;
  readonly #log: Log;
  #lines: AttemptLog | undefined;
  #controller: AbortController | undefined;
  #aborted: Error | undefined;

  constructor(attempt: Attempt, report: Telling, log: Log) {
    this.of = attempt;
    this.#report = report;
    this.#log = log;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    return this.#controller.signal;
  }

  get key(): string {
    const { flow, name, direction, attempt } = this.of;
    return keyOf(flow, name, direction, attempt);
  }

  get attempt(): number {
    return this.of.attempt;
  }

  get result(): unknown {
    return this.of.result;
  }

  get failure(): Attempt["failure"] {
    return this.of.failure;
  }

  get failures(): NonNullable<Attempt["failures"]> {
    return this.of.failures ?? none;
  }

  get history(): readonly RetryAttempt[] {
    return this.of.history ?? [];
  }

  /** Bound, so that it can be taken out of the context. */
  get progress(): (fraction: number, details?: unknown) => void {
    return (fraction, details) => {
      this.#report.progress(this.of, Math.min(1, Math.max(0, fraction || 0)), details);
    };
  }

  get log(): TaskLog {
    return (this.#lines ??= this.#openLines()).log;
  }

  #openLines(): AttemptLog {
    const { flow, name: atom, direction, attempt, keepsLines } = this.of;
    const keep = (line: LogLine): void => {
      this.#report.logged(this.of, line);
    };
    const log = about(this.#log, { flow, atom, direction, attempt });
    return new AttemptLog(log, keepsLines ? keep : undefined);
  }

  /** It has an outcome, which is not reported yet. */
  end(): void {
    this.#lines?.end();
  }

  abort(reason: Error): void {
    this.#aborted ??= reason;
    // It may never end, or not before somebody else has given it an outcome.
    this.#lines?.sayDropped();
    this.#controller?.abort(reason);
  }
}

export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as { then?: unknown }).then === "function";

/** Calls the code. @throws what it throws, and FlowError `INPUT_REFUSED` */
export function begin(atom: Task | Retry, call: Call): unknown {
  const { inputs, direction } = call.of;
  const bindings = direction === "execute" ? atom.inputs : atom.revertInputs;
  const checked = checkInputs(atom.name, bindings, inputs);
  if (isThenable(checked)) return checked.then((valid) => run(atom, valid, call));
  return run(atom, checked, call);
}

function run(atom: Task | Retry, inputs: Record<string, unknown>, call: Call): unknown {
  return call.of.direction === "execute" ? atom.execute(inputs, call) : atom.revert?.(inputs, call);
}
