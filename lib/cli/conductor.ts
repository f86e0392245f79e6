/** `fourstroke conductor FILE...`: claims jobs and runs their flows, until it is told to end. */
import type { Conductor } from "../../actors/conductor.ts";
import { FlowError } from "../errors.ts";
import type { Item, Log } from "../types.ts";
import { ConductorLines } from "./conductor-lines.ts";
import { errorDocument } from "./documents.ts";
import { CliError, exitCodes, exitOf } from "./exit.ts";
import { type ConductorChoice, engineOf, flowsOf, openConductor } from "./open-conductor.ts";
import type { Output } from "./output.ts";
import { Places, type PlacesOptions } from "./places.ts";
import { Signals } from "./signals.ts";
import { loadFile } from "./source.ts";

export interface ConductorOptions extends PlacesOptions, ConductorChoice {
  readonly drainMs: number;
}

/** @returns the exit code */
export async function conductor(
  files: readonly string[],
  options: ConductorOptions,
  output: Output,
): Promise<number> {
  const lines = new ConductorLines(output);
  try {
    return await conduct(files, options, lines);
  } catch (error) {
    if (!output.isJson) throw error;
    lines.event("error", { ...errorDocument(error).error });
    return exitOf(error);
  }
}

async function conduct(
  files: readonly string[],
  options: ConductorOptions,
  lines: ConductorLines,
): Promise<number> {
  engineOf(options, options.nats !== undefined);
  const log: Log = (message, fields, level) => {
    lines.log(message, fields, level);
  };
  const flows: Item[] = [];
  // One after the other, as a file imports others: their order may matter to them.
  for (const file of files) flows.push(...flowsOf((await loadFile(file)).exports));
  const closers: AsyncDisposable[] = [];
  let isStopped = false;
  try {
    const places = await Places.open(options, { role: "engine", makes: true, log });
    closers.unshift(places);
    const opened = await openConductor(files, flows, places, options, log);
    closers.unshift(opened);
    lines.follow(opened.conductor);
    await opened.conductor.start();
    lines.ready(opened);
    return await untilTold(opened.conductor, places, lines, options.drainMs);
  } catch (error) {
    // At once is at once: it is left as after a crash.
    isStopped = error instanceof CliError && error.exit >= exitCodes.INTERRUPTED;
    throw error;
  } finally {
    if (!isStopped) for (const closer of closers) await closer[Symbol.asyncDispose]();
  }
}

/** Claims until a signal, and then until what runs is handed over. */
async function untilTold(
  conductor: Conductor,
  { transport }: Places,
  lines: ConductorLines,
  drainMs: number,
): Promise<number> {
  const signals = new Signals();
  const lost = leaseLost(conductor);
  const closed = new Promise<never>((_, reject) => {
    transport?.onClosed((problem) => {
      reject(new FlowError("TRANSPORT_CLOSED", { problem }));
    });
  });
  for (const end of [lost, closed]) end.catch(() => undefined); // at the end it is as it should be
  try {
    const signal = await Promise.race([signals.next(), lost, closed]);
    const again = signals.stopped();
    again.catch(() => undefined); // there may be none
    const lostBefore = conductor.statistics.lost;
    lines.draining(signal, drainMs, conductor);
    await Promise.race([conductor.close(drainMs), again, closed]);
    return lines.ended(conductor, lostBefore);
  } finally {
    signals.close();
  }
}

/** Rejects when others have its jobs. */
export async function leaseLost({ lost }: Conductor): Promise<never> {
  const problem = await lost;
  throw new CliError("LEASE_TAKEN", problem);
}
