/** Which engine a flow is run by, as the command line chooses it and as a journal remembers it. */
import type { EngineOptions } from "../../actors/options.ts";
import { parseServers } from "../nats/servers.ts";
import type { Log } from "../types.ts";
import { CliError } from "./exit.ts";
import { connect, type NatsChoice, natsSettings } from "./nats.ts";
import type { Source } from "./source.ts";
import { observed, type TelemetryChoice } from "./telemetry.ts";

export const engineKinds = ["serial", "parallel", "threads", "processes", "workers"] as const;

export interface EngineChoice extends NatsChoice, TelemetryChoice {
  readonly engine?: (typeof engineKinds)[number];
  readonly concurrency?: number;
  readonly leaseMs?: number;
}

/**
 * What was chosen, made whole: a number of attempts at once says that they may run in parallel, a server that they
 * run on worker nodes.
 *
 * @throws CliError `USAGE` for what doesn't go together
 */
export function checkChoice(choice: EngineChoice): EngineChoice {
  const { nats, concurrency } = choice;
  const implied =
    nats !== undefined ? "workers" : concurrency !== undefined ? "parallel" : undefined;
  const engine = choice.engine ?? implied;
  if (engine === "serial" && concurrency !== undefined && concurrency > 1) {
    throw new CliError(
      "USAGE",
      "--concurrency is for --engine parallel and others; serial runs one at a time",
    );
  }
  if (engine === "workers" && nats === undefined) {
    throw new CliError(
      "USAGE",
      "--engine workers needs --nats URL: workers are reached through it",
    );
  }
  if (engine !== "workers" && nats !== undefined) {
    throw new CliError(
      "USAGE",
      `--nats is for --engine workers; ${engine ?? "serial"} has no use for it`,
    );
  }
  return engine === undefined ? choice : { ...choice, engine };
}

/** Texts by which a journal remembers a choice. No secrets: those are given again. */
export function choiceMeta({
  engine,
  concurrency,
  nats,
  prefix,
  leaseMs,
}: EngineChoice): Record<string, string> {
  return {
    ...(engine === undefined ? {} : { engine }),
    ...(concurrency === undefined ? {} : { concurrency: String(concurrency) }),
    ...(nats === undefined ? {} : { nats: withoutSecrets(nats) }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(leaseMs === undefined ? {} : { leaseMs: String(leaseMs) }),
  };
}

/** The servers alone: an URL may hold a password. */
export const withoutSecrets = (nats: string): string =>
  parseServers(nats)
    .map(({ address, isSecure }) => `${isSecure ? "tls" : "nats"}://${address}`)
    .join(",");

/** What a flow was begun with, but for what the command line says now. */
export function choiceAgain(
  meta: Readonly<Record<string, string>>,
  now: EngineChoice,
): EngineChoice {
  const remembered = rememberedChoice(meta);
  // Another kind of engine has other limits; a number alone makes a serial engine a parallel one.
  const isOther =
    (now.engine !== undefined && now.engine !== remembered.engine) ||
    (now.nats !== undefined && remembered.engine !== "workers") ||
    (now.concurrency !== undefined && remembered.engine === "serial");
  if (!isOther) return checkChoice({ ...remembered, ...defined(now) });
  const { nats, prefix, leaseMs } = remembered;
  const reaches = now.engine === "workers" ? defined({ nats, prefix, leaseMs }) : {};
  return checkChoice({ ...reaches, ...defined(now) });
}

function rememberedChoice({
  engine,
  concurrency,
  nats,
  prefix,
  leaseMs,
}: Readonly<Record<string, string>>): EngineChoice {
  const kind = engineKinds.find((known) => known === engine);
  return defined({
    engine: kind,
    concurrency: concurrency === undefined ? undefined : Number(concurrency),
    nats,
    prefix,
    leaseMs: leaseMs === undefined ? undefined : Number(leaseMs),
  });
}

/** The options that are there. */
const defined = (
  options: { readonly [K in keyof EngineChoice]: EngineChoice[K] | undefined },
): EngineChoice =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/** What an engine is told of a choice, and what has to be closed after it. */
export interface ChosenEngine extends AsyncDisposable {
  readonly options: Pick<
    EngineOptions,
    "engine" | "concurrency" | "modules" | "transport" | "leaseMs" | "telemetry"
  >;
}

/** @throws CliError `USAGE`, and what keeps a connection from being made */
export async function openChosen(
  choice: EngineChoice,
  { file }: Source,
  log: Log,
): Promise<ChosenEngine> {
  const { engine, concurrency, nats, leaseMs } = choice;
  const seen = await observed(choice, log);
  const end = (): PromiseLike<void> => seen[Symbol.asyncDispose]();
  const options = {
    ...seen.options,
    ...(engine === undefined ? {} : { engine }),
    ...(concurrency === undefined ? {} : { concurrency }),
  };
  if (engine === "threads" || engine === "processes") {
    return { options: { ...options, modules: [file] }, [Symbol.asyncDispose]: end };
  }
  if (engine !== "workers" || nats === undefined) return { options, [Symbol.asyncDispose]: end };
  const name = `fourstroke ${process.pid}`;
  const transport = await connect(
    await natsSettings({ ...choice, nats }, { role: "engine", name }),
    log,
  );
  return {
    options: { ...options, transport, ...(leaseMs === undefined ? {} : { leaseMs }) },
    [Symbol.asyncDispose]: async () => {
      await transport[Symbol.asyncDispose]();
      await end();
    },
  };
}
