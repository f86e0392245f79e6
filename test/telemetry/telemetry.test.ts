// Traces and metrics, with the SDK's exporters that keep everything in memory.
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import t from "tap";
import { Worker } from "../../actors/worker.ts";
import type { Call } from "../../lib/executor/protocol.ts";
import { packCalls } from "../../lib/executor/wire.ts";
import { Pool } from "../../lib/executor/pool/pool.ts";
import { linear, load, memoryJournal, task, times } from "../../lib/index.ts";
import { systemClock } from "../../lib/system.ts";
import { telemetry } from "../../lib/telemetry.ts";
import { Switch } from "../../lib/transport/switch.ts";
import { traced } from "./fixtures/tasks.ts";

// Processes take their time on a busy machine.
t.setTimeout(180_000);

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

function observed() {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: 3_600_000,
  });
  const meterProvider = new MeterProvider({ readers: [reader] });
  return {
    telemetry: telemetry({ tracerProvider, meterProvider }),
    tracer: tracerProvider.getTracer("users"),
    spans: () => exporter.getFinishedSpans(),
    /** By name, the sums or counts by attributes. */
    async numbers(): Promise<Map<string, [unknown, number][]>> {
      await reader.forceFlush();
      const [last] = metricExporter.getMetrics().slice(-1);
      await meterProvider.shutdown();
      const metrics = (last?.scopeMetrics ?? []).flatMap((one) => one.metrics);
      return new Map(
        metrics.map(({ descriptor, dataPoints }) => [
          descriptor.name,
          dataPoints.map(({ attributes, value }): [unknown, number] => [
            Object.values(attributes).join(" "),
            typeof value === "number" ? value : value.count,
          ]),
        ]),
      );
    },
  };
}

const named = (spans: readonly ReadableSpan[], name: string): ReadableSpan[] =>
  spans.filter((span) => span.name === name);

const parentOf = (span: ReadableSpan | undefined): string | undefined =>
  span?.parentSpanContext?.spanId;

t.test("a run is a span, with one for each attempt below it", async (t) => {
  const { telemetry, tracer, spans, numbers } = observed();
  const flow = linear(
    "outer",
    task({
      name: "calls",
      execute: async () => {
        await Promise.resolve();
        tracer.startSpan("query").end();
      },
      revert: () => {
        tracer.startSpan("undo").end();
      },
    }),
    linear(
      "inner",
      { retry: times(2) },
      task({
        name: "fails",
        execute: () => {
          throw Object.assign(new Error("no room"), { code: "E_FULL" });
        },
      }),
    ),
  );
  const journal = memoryJournal();
  const engine = load(flow, { id: "one", telemetry, journal, deferReverts: true });
  await t.rejects(engine.run(), { message: "no room" });

  const [run, ...others] = named(spans(), "run outer");
  t.strictSame(others, []);
  t.match(run?.attributes, {
    "fourstroke.flow.id": "one",
    "fourstroke.flow.name": "outer",
    "fourstroke.flow.state": "REVERTED",
    "error.type": "E_FULL",
  });
  const verdicts = run?.events.filter(({ name }) => name === "fourstroke.retry.decided");
  t.strictSame(
    verdicts?.map(({ attributes }) => attributes?.["fourstroke.retry.verdict"]),
    ["RETRY", "REVERT"],
  );
  const attempts = spans().filter(({ attributes }) => attributes["fourstroke.attempt.key"]);
  t.strictSame(
    attempts
      .filter(({ name }) => name === "execute fails")
      .map(({ attributes }) => [
        attributes["fourstroke.attempt.key"],
        attributes["fourstroke.attempt.outcome"],
        attributes["error.type"],
      ]),
    [
      ["one/fails/execute/1", "failure", "E_FULL"],
      ["one/fails/execute/2", "failure", "E_FULL"],
    ],
  );
  for (const span of attempts) t.equal(parentOf(span), run?.spanContext().spanId, span.name);
  const [query] = named(spans(), "query");
  t.ok(query !== undefined && named(spans(), "undo").length === 1);
  t.equal(
    parentOf(query),
    named(spans(), "execute calls")[0]?.spanContext().spanId,
    "users' spans nest",
  );
  t.equal(
    parentOf(named(spans(), "undo")[0]),
    named(spans(), "revert calls")[0]?.spanContext().spanId,
  );
  t.equal(new Set(spans().map((span) => span.spanContext().traceId)).size, 1, "one trace");

  const all = await numbers();
  const attemptsOf = new Map(all.get("fourstroke.attempts") as [string, number][]);
  t.equal(attemptsOf.get("fails execute failure"), 2);
  t.equal(attemptsOf.get("calls revert success"), 1);
  t.strictSame(all.get("fourstroke.flow.runs"), [["outer REVERTED", 1]]);
  t.strictSame(all.get("fourstroke.retry.decisions")?.sort(), [
    ["RETRY", 1],
    ["REVERT", 1],
  ]);
  t.strictSame(all.get("fourstroke.flows.running"), [["outer", 0]]);
  t.ok(all.get("fourstroke.attempts.running")?.every(([, count]) => count === 0));
  t.equal(
    new Map(all.get("fourstroke.attempt.duration") as [string, number][]).get(
      "fails execute failure",
    ),
    2,
  );
  t.strictSame(all.get("fourstroke.flow.duration"), [["outer REVERTED", 1]]);
});

t.test("a resume elsewhere links to the run before", async (t) => {
  const journal = memoryJournal();
  let isReady = false;
  const flow = linear(
    "goes-on",
    task({ name: "a", execute: () => 1 }),
    task({ name: "b", execute: () => (isReady ? 1 : new Promise<number>(() => undefined)) }),
  );
  const one = observed();
  const first = load(flow, { id: "r", journal, telemetry: one.telemetry, meta: { who: "me" } });
  const ran = first.run().catch((error: unknown) => error);
  await first.recorded("executed");
  while (first.storage.atom("b").state !== "RUNNING") await new Promise(setImmediate);
  first.abandon();
  await ran;
  const [before] = named(one.spans(), "run goes-on");
  t.equal(before?.attributes["fourstroke.flow.state"], "ABANDONED");
  t.equal(
    named(one.spans(), "execute b")[0]?.attributes["fourstroke.attempt.outcome"],
    "abandoned",
  );

  isReady = true;
  const two = observed();
  const second = load(flow, { id: "r", journal, telemetry: two.telemetry });
  await second.run();
  const [after] = named(two.spans(), "run goes-on");
  const { traceId, spanId } = before!.spanContext();
  t.match(after?.links, [{ context: { traceId, spanId } }]);
  t.equal(second.storage.meta["traceparent"], `00-${traceId}-${spanId}-01`);
  t.equal(second.storage.meta["who"], "me");
});

t.test("what a flow is part of is told by its meta, and by the active context", async (t) => {
  const { telemetry, spans, tracer } = observed();
  const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await load(traced, { telemetry, meta: { traceparent: parent } }).run();
  t.equal(spans().at(-1)?.spanContext().traceId, "0af7651916cd43dd8448eb211c80319c");
  t.equal(parentOf(named(spans(), "run traced")[0]), "b7ad6b7169203331");
  const request = tracer.startSpan("request");
  const engine = load(traced, { telemetry, meta: { traceparent: "nonsense" } });
  await context.with(trace.setSpan(context.active(), request), () => engine.run());
  t.equal(parentOf(named(spans(), "run traced")[1]), request.spanContext().spanId);
});

t.test("on threads and in child processes users' code runs within the trace", async (t) => {
  for (const kind of ["threads", "processes"] as const) {
    const { telemetry, spans } = observed();
    const modules = [new URL("./fixtures/tasks.js", import.meta.url)];
    await using pool = new Pool({
      kind,
      size: 1,
      modules,
      env: { ...process.env, TRACED_HOST: "1" },
    });
    const engine = load(traced, { engine: kind, pool, telemetry });
    await engine.run();
    const { traceId } = named(spans(), "run traced")[0]!.spanContext();
    const { first, second } = engine.storage.fetchAll() as Record<
      string,
      { traceId: string; spanId: string; pid: number }
    >;
    for (const seen of [first, second]) t.match(seen, { traceId, spanId: /^[\da-f]{16}$/ }, kind);
    t.not(first?.spanId, second?.spanId, "each in a span of its own");
    if (kind === "processes") t.not(first?.pid, process.pid);
  }
});

t.test("a worker's span stands below the engine's, and says nothing secret", async (t) => {
  const { telemetry, spans } = observed();
  const transport = new Switch(systemClock).join();
  const leaks = task({
    name: "leaks",
    requires: ["password"],
    execute: ({ password }: { password: string }) => {
      throw new Error(`refused ${password}`);
    },
  });
  const worker = new Worker({
    id: "w",
    transport,
    tasks: [leaks],
    clock: systemClock,
    log: () => undefined,
    telemetry,
  });
  await worker.start();
  const call: Call = {
    ...{
      key: "f/leaks/execute/1",
      flow: "f",
      epoch: 1,
      task: "leaks",
      version: 1,
      direction: "execute",
    },
    ...{
      attempt: 1,
      alone: false,
      keepsLines: false,
      inputs: { password: "canary-1" },
      secrets: ["password"],
    },
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  };
  await transport.request("w.w", { kind: "want", engine: "e", slots: 1 });
  await transport.request("w.w", { kind: "calls", engine: "e", flows: packCalls([call]) });
  while (spans().length === 0) await new Promise(setImmediate);
  worker.close();
  const [span] = spans();
  t.equal(parentOf(span), "b7ad6b7169203331");
  t.match(span?.status.message, "refused [secret]");
  t.notMatch(textOf(spans()), /canary/);
});

const textOf = (spans: readonly ReadableSpan[]): string =>
  JSON.stringify(
    spans.map(({ name, attributes, events, status }) => [name, attributes, events, status]),
  );

t.test("spans hold nothing of what is declared secret", async (t) => {
  const flowOf = (isSecret: boolean) => {
    const login = task({
      name: "login",
      requires: ["password"],
      ...(isSecret ? { secrets: ["password"] as const } : {}),
      execute: ({ password }: { password: string }) => {
        const cause = Object.assign(new Error(password), { code: password });
        throw Object.assign(new Error(`refused ${password}`, { cause }), { code: password });
      },
    });
    return linear("logins", { retry: times(1) }, login);
  };
  for (const isSecret of [true, false]) {
    const { telemetry, spans } = observed();
    const store = { password: "canary-7" };
    await load(flowOf(isSecret), { store, telemetry })
      .run()
      .catch(() => undefined);
    t.ok(spans().length >= 3);
    if (isSecret) t.notMatch(textOf(spans()), /canary/);
    else t.match(textOf(spans()), /canary/, "without the declaration they do");
  }
});

t.test("without it nothing is kept in the flow, nor sent along", async (t) => {
  const engine = load(traced, { meta: { who: "me" } });
  await engine.run();
  t.strictSame(engine.storage.meta, { who: "me" });
});
