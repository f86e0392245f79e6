/** What runs in each thread and child process of a pool: a worker, with the tasks of the pool's modules. */
import { parentPort, Worker as Thread } from "node:worker_threads";
import { Worker } from "../../../actors/worker.ts";
import { admit } from "../../codec.ts";
import { FlowError } from "../../errors.ts";
import { failureOf } from "../../failure.ts";
import { loadModule } from "../../loading/modules.ts";
import { type Loaded, tasksOf } from "../../loading/tasks.ts";
import { systemClock } from "../../system.ts";
import { flushTelemetry, telemetryHere } from "../../telemetry-here.ts";
import { PortTransport } from "../../transport/port.ts";
import type { Log, Task } from "../../types.ts";
import {
  hostAddress,
  logAddress,
  poolAddress,
  type Said,
  type ToHost,
  type ToPool,
} from "./agreed.ts";
import { processPort, threadPort } from "./ports.ts";

const id = process.argv.at(-1) ?? "";
const port = parentPort === null ? processPort(process) : threadPort(parentPort);
const transport = new PortTransport(port, { clock: systemClock });

// Without its pool a host is no use, whatever its tasks still wait for.
transport.watch((isConnected) => {
  if (!isConnected) process.exit();
});

if (parentPort === null) {
  // A terminal sends Ctrl-C, and a service manager SIGTERM, to everything at once. What that is to
  // mean the pool's process decides: it may want what runs here to finish.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => undefined);
}

/** In an endless loop a child does not hear that its parent is gone, and would go on for ever. */
function watchParent(): void {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
  const watchdog = new Thread(new URL(`./watchdog${extension}`, import.meta.url), {
    workerData: process.ppid,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
  });
  watchdog.unref();
}

/** The pool itself ends a host that takes too long to start; it may be busy meanwhile. */
const patienceMs = 3_600_000;

const tell = (message: ToPool): Promise<unknown> =>
  transport.request(poolAddress, message, patienceMs);

/** What of a line for the log goes to the pool: characters of its message, and each of its fields. */
const logLimits = { message: 8_192, field: { depth: 20, bytes: 64 * 1024 } } as const;

const log: Log = (message, fields = {}, level = "info") => {
  if (!transport.isConnected) return;
  const text = message.slice(0, logLimits.message).toWellFormed();
  const said: Said = { host: id, message: text, level, fields: dataOf(fields) };
  transport.publish(logAddress, said);
};

/** A log takes everything; what can't go to another process is left out. */
function dataOf(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    try {
      data[name] = admit(value, name, logLimits.field);
    } catch {
      // Whoever logs can do nothing about it.
    }
  }
  return data;
}

async function load(urls: readonly string[]): Promise<readonly Task[]> {
  const modules: Loaded[] = [];
  // One after the other, as a file imports others: their order may matter to them.
  for (const href of urls) {
    const url = new URL(href);
    modules.push({ url, exports: await loadModule(url) });
  }
  return tasksOf(modules);
}

async function begin(): Promise<void> {
  const tasks = await load((await tell({ kind: "begin", host: id })) as readonly string[]);
  // With the provider that a module has registered here.
  const telemetry = await telemetryHere();
  const own = { id, transport, tasks, concurrency: 1, clock: systemClock, log };
  const worker = new Worker({ ...own, ...(telemetry === undefined ? {} : { telemetry }) });
  await transport.serve(hostAddress(id), async (body) => {
    const { withinMs } = body as ToHost;
    const deadline = systemClock.monotonic() + withinMs;
    const left = await worker.drain(withinMs);
    worker.close();
    const problem = await flushTelemetry(systemClock, deadline - systemClock.monotonic());
    if (problem !== undefined) log(`traces or metrics may be missing: ${problem}`);
    return left;
  });
  await worker.start();
  await tell({ kind: "ready", host: id });
  if (parentPort === null) watchParent();
}

async function fail(error: unknown): Promise<void> {
  const failure = failureOf(error);
  const { code, about } = isFlowError(error) ? error : hostFailed(failure.message);
  await tell({ kind: "failed", host: id, code, about: { ...about }, failure });
}

/** `instanceof` alone leaves its code untyped. */
const isFlowError = (error: unknown): error is FlowError => error instanceof FlowError;

const hostFailed = (problem: string): FlowError =>
  new FlowError("HOST_FAILED", { host: id, problem });

try {
  await begin();
} catch (error) {
  await fail(error);
  process.exit();
}
