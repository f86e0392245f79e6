/**
 * The SDK of OpenTelemetry that this process was started with, if it was: found without `@opentelemetry/api`, which is
 * optional, and takes its time to load.
 */
import type { Clock } from "./clock.ts";
import type { Telemetry } from "./executor/observe.ts";

/** Where all copies of the API, of whatever version 1, keep what was registered for the process. */
const registered = Symbol.for("opentelemetry.js.api.1");

interface Registered {
  readonly trace?: object;
  readonly metrics?: object;
}

const registeredHere = (): Registered =>
  (globalThis as { [registered]?: Registered })[registered] ?? {};

/** Whether somebody has registered where traces or metrics go. */
export const isObserved = (): boolean => {
  const { trace, metrics } = registeredHere();
  return trace !== undefined || metrics !== undefined;
};

/** @returns undefined when the package `@opentelemetry/api` isn't installed */
export async function telemetryHere(): Promise<Telemetry | undefined> {
  try {
    const { telemetry } = await import("./telemetry.ts");
    return telemetry();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

/**
 * Has what was told so far sent: a process that ends by itself loses what its SDK has only gathered.
 *
 * @returns what went wrong; undefined when nothing did
 */
export async function flushTelemetry(clock: Clock, withinMs: number): Promise<string | undefined> {
  const { trace, metrics } = registeredHere();
  const flushed = Promise.all([flush(delegateOf(trace)), flush(metrics)]).then(
    () => undefined,
    (error: unknown) => String(error),
  );
  return new Promise((resolve) => {
    const timer = clock.setTimeout(() => {
      resolve(`not all of it was sent within ${withinMs} ms`);
    }, withinMs);
    void flushed.then((problem) => {
      clock.clearTimeout(timer);
      resolve(problem);
    });
  });
}

/** The API hands out a stand-in, as tracers may be asked for before there is an SDK. */
function delegateOf(provider: object | undefined): object | undefined {
  if (provider === undefined || !("getDelegate" in provider)) return provider;
  return (provider as { getDelegate(): object }).getDelegate();
}

/** The API does not know of it, all SDKs do. */
async function flush(provider: object | undefined): Promise<void> {
  if (provider === undefined || !("forceFlush" in provider)) return;
  await (provider as { forceFlush(): Promise<void> }).forceFlush();
}
