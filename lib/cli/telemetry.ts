/** Traces and metrics of what the command line runs, where the process was started with an SDK of OpenTelemetry. */
import type { Telemetry } from "../executor/observe.ts";
import { systemClock } from "../system.ts";
import { flushTelemetry, isObserved, telemetryHere } from "../telemetry-here.ts";
import type { Log } from "../types.ts";
import { CliError, hinted } from "./exit.ts";

export interface TelemetryChoice {
  /** Without an SDK, or the package it is reached by, it is an error. Default: then nothing is traced. */
  readonly telemetry?: boolean;
}

/** For the options of engines and workers, and to be closed after them. */
export interface Observed extends AsyncDisposable {
  readonly options: { readonly telemetry?: Telemetry };
}

/** Milliseconds that sending what is left may take at the end. */
const flushMs = 3_000;

/**
 * Users' files are loaded before: they may be what sets the SDK up.
 *
 * @throws CliError `USAGE` when what was asked for can't be had
 */
export async function observed({ telemetry: asked }: TelemetryChoice, log: Log): Promise<Observed> {
  const isSet = isObserved();
  const telemetry = isSet || asked === true ? await telemetryHere() : undefined;
  if (asked === true && telemetry === undefined) {
    const missing = "--telemetry needs the package @opentelemetry/api, which isn't installed";
    throw hinted(new CliError("USAGE", missing), "npm install @opentelemetry/api");
  }
  if (asked === true && !isSet) {
    const missing = "--telemetry needs an SDK of OpenTelemetry, and none is set up here";
    const hint = 'start it with this process: NODE_OPTIONS="--import ./otel.js" fourstroke ...';
    throw hinted(new CliError("USAGE", missing), hint);
  }
  if (telemetry === undefined) return { options: {}, [Symbol.asyncDispose]: nothing };
  return {
    options: { telemetry },
    async [Symbol.asyncDispose]() {
      const problem = await flushTelemetry(systemClock, flushMs);
      if (problem !== undefined) log(`traces or metrics may be missing: ${problem}`);
    },
  };
}

const nothing = (): Promise<void> => Promise.resolve();
