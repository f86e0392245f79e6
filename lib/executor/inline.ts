/** Runs attempts on the event loop of the engine itself. */
import type { Code } from "../compile/compile.ts";
import { FlowError } from "../errors.ts";
import { failureOf } from "../failure.ts";
import { Slots } from "../plan/sparse.ts";
import { checkInputs } from "../schema.ts";
import type { Log, Retry, RetryAttempt, RetryContext, RevertContext, Task } from "../types.ts";
import type { Attempt, Executor, Report } from "./executor.ts";

const none: Readonly<Record<string, never>> = Object.freeze({});

/** What users' code gets. What costs something to make is made when it is asked for. */
class Call implements RevertContext, RetryContext {
  readonly of: Attempt;
  readonly #report: Report;
  readonly log: Log;
  #controller: AbortController | undefined;
  #aborted: Error | undefined;

  constructor(attempt: Attempt, report: Report, log: Log) {
    this.of = attempt;
    this.#report = report;
    this.log = log;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    return this.#controller.signal;
  }

  get key(): string {
    const { flow, name, direction, attempt } = this.of;
    return `${flow}/${name}/${direction}/${String(attempt)}`;
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

  abort(reason: Error): void {
    this.#aborted ??= reason;
    this.#controller?.abort(reason);
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as { then?: unknown }).then === "function";

export class InlineExecutor implements Executor {
  readonly #code: Code;
  readonly #report: Report;
  readonly #log: Log;
  readonly #calls: Slots<Call>;
  #closed = false;

  constructor(code: Code, report: Report, log: Log) {
    this.#code = code;
    this.#report = report;
    this.#log = log;
    this.#calls = new Slots(code.atoms.length);
  }

  launch(attempt: Attempt): void {
    const atom = this.#code.atoms[attempt.atom];
    if (atom === undefined) {
      const error = new FlowError("NOT_FOUND", { what: "task", name: attempt.name });
      return this.#report.outcome(attempt, { failure: failureOf(error) });
    }
    const call = new Call(attempt, this.#report, this.#log);
    this.#calls.set(attempt.atom, call);
    let returned: unknown;
    try {
      returned = this.#call(atom, attempt, call);
    } catch (error) {
      return this.#fail(call, error);
    }
    if (!isThenable(returned)) return this.#succeed(call, returned);
    returned.then(
      (value) => {
        this.#succeed(call, value);
      },
      (error: unknown) => {
        this.#fail(call, error);
      },
    );
  }

  abort(attempt: Attempt, reason: Error): void {
    const call = this.#calls.get(attempt.atom);
    if (call?.of === attempt) call.abort(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const [, call] of this.#calls) {
      call.abort(new FlowError("ENGINE_CLOSED", { flow: call.of.flow }));
    }
    return Promise.resolve();
  }

  #call(atom: Task | Retry, attempt: Attempt, call: Call): unknown {
    const { inputs, direction } = attempt;
    const bindings = direction === "execute" ? atom.inputs : atom.revertInputs;
    const checked = checkInputs(atom.name, bindings, inputs);
    if (isThenable(checked)) return checked.then((valid) => run(atom, attempt, valid, call));
    return run(atom, attempt, checked, call);
  }

  #succeed(call: Call, value: unknown): void {
    this.#done(call);
    if (!this.#closed) this.#report.outcome(call.of, { value });
  }

  #fail(call: Call, error: unknown): void {
    this.#done(call);
    if (!this.#closed) this.#report.outcome(call.of, { failure: failureOf(error) });
  }

  #done(call: Call): void {
    const { atom } = call.of;
    if (this.#calls.get(atom) === call) this.#calls.delete(atom);
  }
}

function run(
  atom: Task | Retry,
  { direction }: Attempt,
  inputs: Record<string, unknown>,
  call: Call,
): unknown {
  return direction === "execute" ? atom.execute(inputs, call) : atom.revert?.(inputs, call);
}
