/** Makes a conductor of what files export. */
import { hostname } from "node:os";
import { resolve } from "node:path";
import { Conductor } from "../../actors/conductor.ts";
import type { EngineOptions } from "../../actors/options.ts";
import type { Exports } from "../loading/modules.ts";
import type { Item, Log } from "../types.ts";
import type { engineKinds } from "./engines.ts";
import { type EngineChoice } from "./engines.ts";
import { CliError } from "./exit.ts";
import type { Places } from "./places.ts";
import { observed, type TelemetryChoice } from "./telemetry.ts";

export interface ConductorChoice
  extends Pick<EngineChoice, "engine" | "concurrency">,
    TelemetryChoice {
  readonly name?: string;
  readonly maxFlows?: number;
  readonly keepMs?: number;
  /** Of the conductor itself. */
  readonly leaseMs?: number;
  /** Of workers, as its engines see them. */
  readonly workerLeaseMs?: number;
}

/** A conductor that was not started yet, and what has to be closed after it. */
export interface OpenConductor extends AsyncDisposable {
  readonly conductor: Conductor;
  readonly name: string;
  readonly flows: readonly Item[];
  readonly engine: (typeof engineKinds)[number];
}

/** Flows that a module exports; tasks that it exports beside them are parts of some. */
export const flowsOf = (exports: Exports): readonly Item[] =>
  Object.values(exports).filter(
    (value): value is Item =>
      typeof value === "object" && value !== null && (value as { kind?: unknown }).kind === "flow",
  );

/** @throws CliError `USAGE` for what doesn't go together */
export function engineOf(
  { engine, concurrency }: ConductorChoice,
  isClustered: boolean,
): (typeof engineKinds)[number] {
  const chosen =
    engine ?? (isClustered ? "workers" : concurrency === undefined ? "serial" : "parallel");
  if (chosen === "workers" && !isClustered) {
    const problem = "--engine workers needs --nats URL: workers are reached through it";
    throw new CliError("USAGE", problem);
  }
  if (chosen === "serial" && concurrency !== undefined && concurrency > 1) {
    const problem = "--concurrency is for --engine parallel and others; serial runs one at a time";
    throw new CliError("USAGE", problem);
  }
  return chosen;
}

/** @throws CliError `USAGE`; FlowError `ALREADY_EXISTS` when two flows have one name; `COMPILE_FAILED` */
export async function openConductor(
  files: readonly string[],
  flows: readonly Item[],
  places: Places,
  choice: ConductorChoice,
  log: Log,
): Promise<OpenConductor> {
  const { name = hostname(), maxFlows, leaseMs, keepMs } = choice;
  if (flows.length === 0) {
    throw new CliError("USAGE", `${files.join(", ")}: no flow is exported`, { files });
  }
  const engine = engineOf(choice, places.transport !== undefined);
  const [board, journal] = [await places.board(), await places.journal()];
  const { options, close } = await engineOptions(engine, files, places, choice, log);
  const seen = await observed(choice, log);
  const { Renewal } = await import("../renewal/renewal.ts");
  const conductor = new Conductor({
    renewer: new Renewal({ board: places.place, log }),
    ...{
      board,
      journal,
      flows: [...new Set(flows)],
      name,
      log,
      engine: { ...options, ...seen.options },
    },
    ...(maxFlows === undefined ? {} : { maxFlows }),
    ...(keepMs === undefined ? {} : { keepMs }),
    ...(leaseMs === undefined ? {} : { leaseMs }),
  });
  return {
    ...{ conductor, name, flows, engine },
    [Symbol.asyncDispose]: async () => {
      await conductor[Symbol.asyncDispose]();
      await close();
      await seen[Symbol.asyncDispose]();
    },
  };
}

/** One pool for all flows: as many hosts as it has, however many flows run. */
async function engineOptions(
  engine: (typeof engineKinds)[number],
  files: readonly string[],
  { transport }: Places,
  { concurrency, workerLeaseMs }: ConductorChoice,
  log: Log,
): Promise<{
  readonly options: Pick<
    EngineOptions,
    "engine" | "concurrency" | "pool" | "transport" | "leaseMs"
  >;
  readonly close: () => Promise<void>;
}> {
  const nothing = (): Promise<void> => Promise.resolve();
  const size = concurrency === undefined ? {} : { size: concurrency };
  if (engine === "threads" || engine === "processes") {
    const { Pool } = await import("../executor/pool/pool.ts");
    const modules = files.map((file) => resolve(file));
    const pool = new Pool({ kind: engine, modules, log, ...size });
    return { options: { engine, pool }, close: async () => pool.close() };
  }
  const options = { engine, ...(concurrency === undefined ? {} : { concurrency }) };
  if (engine !== "workers" || transport === undefined) return { options, close: nothing };
  const lease = workerLeaseMs === undefined ? {} : { leaseMs: workerLeaseMs };
  return { options: { ...options, transport, ...lease }, close: nothing };
}
