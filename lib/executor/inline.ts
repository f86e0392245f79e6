/** Runs attempts on the event loop of the engine itself. */
import type { Code } from "../compile/compile.ts";
import { FlowError } from "../errors.ts";
import { failureOf } from "../failure.ts";
import { Slots } from "../plan/sparse.ts";
import type { Log } from "../types.ts";
import { begin, Call, isThenable } from "./call.ts";
import type { Attempt, Executor, Report } from "./executor.ts";

export class InlineExecutor implements Executor {
  readonly isRemote = false;
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
      const { trace } = attempt;
      returned = trace === undefined ? begin(atom, call) : trace.within(() => begin(atom, call));
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

  settled(): void {
    // Nobody waits for it.
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const [, call] of this.#calls) {
      call.abort(new FlowError("ENGINE_CLOSED", { flow: call.of.flow }));
    }
    return Promise.resolve();
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
    call.end();
    const { atom } = call.of;
    if (this.#calls.get(atom) === call) this.#calls.delete(atom);
  }
}
