/**
 * Traces and metrics through OpenTelemetry's API: `import { telemetry } from "fourstroke/telemetry"`. Needs the optional
 * package `@opentelemetry/api`; where they go is for the SDK that the program sets up. Names are in docs/telemetry.md.
 */
import {
  type Attributes,
  type Context,
  context,
  type Counter,
  type Histogram,
  isSpanContextValid,
  type Link,
  type MeterProvider,
  metrics,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
  type TracerProvider,
  type UpDownCounter,
} from "@opentelemetry/api";
import type { Clock } from "./clock.ts";
import type {
  AttemptTrace,
  RunTrace,
  SeenAttempt,
  SeenCall,
  SeenRun,
  Telemetry,
} from "./executor/observe.ts";
import { keyOf } from "./plan/key.ts";
import type { Failure } from "./failure.ts";
import type { FlowRecord } from "./plan/records.ts";

export type { Telemetry } from "./executor/observe.ts";

export interface TelemetryOptions {
  /** Default: the one that is registered for the process. */
  readonly tracerProvider?: TracerProvider;
  /** Default: the one that is registered for the process. */
  readonly meterProvider?: MeterProvider;
}

const scope = "fourstroke";

/**
 * What the option `telemetry` of engines and workers takes. One is enough for a process.
 *
 * A run of a flow is a span, each attempt one below it; users' code runs within its attempt's span, on whatever thread,
 * process or node it runs. Errors are recorded as they may be shown: without what the flow declares secret.
 */
export function telemetry({ tracerProvider, meterProvider }: TelemetryOptions = {}): Telemetry {
  const tracer = (tracerProvider ?? trace.getTracerProvider()).getTracer(scope);
  const numbers = new Numbers(meterProvider ?? metrics.getMeterProvider());
  return {
    run: (run) => new TracedRun(run, tracer, numbers),
    call: (call) => tracedCall(call, tracer),
  };
}

class Numbers {
  readonly attempts: Counter;
  readonly attemptSeconds: Histogram;
  readonly runningAttempts: UpDownCounter;
  readonly lost: Counter;
  readonly decisions: Counter;
  readonly runs: Counter;
  readonly runSeconds: Histogram;
  readonly runningFlows: UpDownCounter;

  constructor(provider: MeterProvider) {
    const meter = provider.getMeter(scope);
    const [attempt, run, s] = ["{attempt}", "{run}", "s"];
    this.attempts = meter.createCounter("fourstroke.attempts", { unit: attempt });
    this.attemptSeconds = meter.createHistogram("fourstroke.attempt.duration", { unit: s });
    this.runningAttempts = meter.createUpDownCounter("fourstroke.attempts.running", {
      unit: attempt,
    });
    this.lost = meter.createCounter("fourstroke.attempts.lost", { unit: attempt });
    this.decisions = meter.createCounter("fourstroke.retry.decisions", { unit: "{decision}" });
    this.runs = meter.createCounter("fourstroke.flow.runs", { unit: run });
    this.runSeconds = meter.createHistogram("fourstroke.flow.duration", { unit: s });
    this.runningFlows = meter.createUpDownCounter("fourstroke.flows.running", { unit: "{flow}" });
  }
}

class TracedRun implements RunTrace {
  readonly traceparent: string | undefined;
  readonly #run: SeenRun;
  readonly #tracer: Tracer;
  readonly #numbers: Numbers;
  readonly #span: Span;
  readonly #context: Context;
  readonly #startedAt: number;
  #isOver = false;

  constructor(run: SeenRun, tracer: Tracer, numbers: Numbers) {
    this.#run = run;
    this.#tracer = tracer;
    this.#numbers = numbers;
    const parent = contextOf(run.parent) ?? context.active();
    const before = contextOf(run.before);
    const attributes = { "fourstroke.flow.id": run.flow, "fourstroke.flow.name": run.name };
    const link = before && trace.getSpanContext(before);
    const links: Link[] = link === undefined ? [] : [{ context: link }];
    this.#span = tracer.startSpan(`run ${run.name}`, { attributes, links }, parent);
    this.#context = trace.setSpan(parent, this.#span);
    this.traceparent = traceparentOf(this.#span);
    this.#startedAt = run.clock.monotonic();
    numbers.runningFlows.add(1, { "fourstroke.flow.name": run.name });
  }

  launched(attempt: SeenAttempt): AttemptTrace {
    const { clock, shown } = this.#run;
    const span = this.#tracer.startSpan(
      spanName(attempt),
      { attributes: about(attempt) },
      this.#context,
    );
    return new TracedAttempt(
      attempt,
      { span, parent: this.#context, shown },
      { clock, numbers: this.#numbers },
    );
  }

  recorded(records: readonly FlowRecord[], nameOf: (atom: number) => string): void {
    for (const record of records) {
      if (record.kind === "retryDecided") {
        const { retry, atom, verdict, delayMs } = record;
        this.#numbers.decisions.add(1, { "fourstroke.retry.verdict": verdict });
        this.#span.addEvent("fourstroke.retry.decided", {
          "fourstroke.retry.name": nameOf(retry),
          "fourstroke.atom.name": nameOf(atom),
          "fourstroke.retry.verdict": verdict,
          ...(delayMs === undefined ? {} : { "fourstroke.retry.delay_ms": delayMs }),
        });
      } else if (record.kind === "lost") {
        this.#numbers.lost.add(1, { "fourstroke.lost.reason": record.reason });
        this.#span.addEvent("fourstroke.attempt.lost", {
          "fourstroke.atom.name": nameOf(record.atom),
          "fourstroke.lost.reason": record.reason,
        });
      }
    }
  }

  ended(state: string | undefined, failure?: Failure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { name, clock, shown } = this.#run;
    const flow = { "fourstroke.flow.name": name };
    const attributes = { ...flow, "fourstroke.flow.state": state ?? "ABANDONED" };
    this.#span.setAttribute("fourstroke.flow.state", attributes["fourstroke.flow.state"]);
    if (failure !== undefined) fail(this.#span, shown(failure));
    this.#span.end();
    this.#numbers.runningFlows.add(-1, flow);
    this.#numbers.runs.add(1, attributes);
    this.#numbers.runSeconds.record((clock.monotonic() - this.#startedAt) / 1_000, attributes);
  }
}

interface Traced {
  readonly span: Span;
  readonly parent: Context;
  readonly shown: (failure: Failure) => Failure;
}

/** Attempts are counted where they are launched, and not once more where they run. */
interface Counted {
  readonly clock: Clock;
  readonly numbers: Numbers;
}

class TracedAttempt implements AttemptTrace {
  readonly traceparent: string | undefined;
  readonly #traced: Traced;
  readonly #counted: Counted | undefined;
  readonly #attributes: Attributes;
  readonly #startedAt: number;
  #isOver = false;

  constructor({ name, direction }: SeenAttempt, traced: Traced, counted?: Counted) {
    this.#traced = traced;
    this.#counted = counted;
    this.traceparent = traceparentOf(traced.span);
    this.#attributes = {
      "fourstroke.atom.name": name,
      "fourstroke.attempt.direction": direction,
    };
    this.#startedAt = counted?.clock.monotonic() ?? 0;
    counted?.numbers.runningAttempts.add(1, this.#attributes);
  }

  within<Value>(call: () => Value): Value {
    return context.with(trace.setSpan(this.#traced.parent, this.#traced.span), call);
  }

  ended(how: Parameters<AttemptTrace["ended"]>[0]): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { span, shown } = this.#traced;
    const outcome = outcomeOf(how);
    span.setAttribute("fourstroke.attempt.outcome", outcome);
    if (typeof how === "string") span.setStatus({ code: SpanStatusCode.ERROR, message: how });
    else if (how.failure !== undefined) fail(span, shown(how.failure));
    span.end();
    if (this.#counted === undefined) return;
    const { clock, numbers } = this.#counted;
    const attributes = { ...this.#attributes, "fourstroke.attempt.outcome": outcome };
    numbers.runningAttempts.add(-1, this.#attributes);
    numbers.attempts.add(1, attributes);
    numbers.attemptSeconds.record((clock.monotonic() - this.#startedAt) / 1_000, attributes);
  }
}

function tracedCall(call: SeenCall, tracer: Tracer): AttemptTrace {
  const parent = contextOf(call.parent) ?? ROOT_CONTEXT;
  const options = { kind: SpanKind.CONSUMER, attributes: about(call) };
  const span = tracer.startSpan(spanName(call), options, parent);
  return new TracedAttempt(call, { span, parent, shown: call.shown });
}

const spanName = ({ name, direction }: SeenAttempt): string => `${direction} ${name}`;

const about = ({ flow, name, direction, attempt }: SeenAttempt): Attributes => ({
  "fourstroke.flow.id": flow,
  "fourstroke.atom.name": name,
  "fourstroke.attempt.direction": direction,
  "fourstroke.attempt.number": attempt,
  "fourstroke.attempt.key": keyOf(flow, name, direction, attempt),
});

function outcomeOf(how: Parameters<AttemptTrace["ended"]>[0]): string {
  if (how === "abandoned") return how;
  if (typeof how === "string") return "lost";
  return how.failure === undefined ? "success" : "failure";
}

/** @param failure - as it may be shown */
function fail(span: Span, { name, message, stack, code }: Failure): void {
  span.recordException({ name, message, ...(stack === undefined ? {} : { stack }) });
  span.setAttribute("error.type", code ?? name);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

const traceparent = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/;

function traceparentOf(span: Span): string | undefined {
  const { traceId, spanId, traceFlags } = span.spanContext();
  if (!isSpanContextValid(span.spanContext())) return undefined;
  return `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, "0")}`;
}

function contextOf(text: string | undefined): Context | undefined {
  const [, traceId = "", spanId = "", flags = ""] = traceparent.exec(text ?? "") ?? [];
  const parsed = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return isSpanContextValid(parsed) ? trace.setSpanContext(ROOT_CONTEXT, parsed) : undefined;
}
