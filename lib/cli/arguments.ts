/** Pieces of the command line that several verbs share: arguments that are checked, options, examples. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { longestMs } from "../declared.ts";
import { engineKinds } from "./engines.ts";
import type { Output } from "./output.ts";
import { defaultDir } from "./verb.ts";

export const examples = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}\n`;

export function count(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new InvalidArgumentError("expected a whole number of 1 or more.");
}

export const milliseconds =
  (least: number) =>
  (text: string): number => {
    const number = Number(text);
    if (Number.isSafeInteger(number) && number >= least && number <= longestMs) return number;
    throw new InvalidArgumentError(`expected a whole number from ${least} to ${longestMs}.`);
  };

export function names(text: string): readonly string[] {
  const list = text.split(",").map((name) => name.trim());
  if (list.every((name) => name !== "")) return list;
  throw new InvalidArgumentError("expected names with commas between.");
}

/** Where the server is, and who this is to it. */
export const addNats = (command: Command): Command =>
  command
    .option(
      "--nats <url>",
      "a NATS server, nats://HOST:PORT or tls://HOST:PORT; several with commas",
    )
    .option("--prefix <tokens>", "what every subject begins with (default: fs)")
    .option("--user <name>", "user on the server")
    .option("--password-file <file>", "file with the user's password")
    .option("--seed-file <file>", "file with the seed of an nkey")
    .option("--tls-ca <file>", "certificates that vouch for the server, PEM")
    .option("--tls-cert <file>", "own certificate, PEM")
    .option("--tls-key <file>", "private key of the own certificate, PEM");

/** Where jobs and flows are: in the folder, or on servers, and how they are kept there. */
export const addPlaces = (command: Command): Command =>
  addNats(command)
    .option(
      "--as <role>",
      "role that the credentials are for, as nats.conf names it (default: what the verb needs)",
    )
    .addOption(
      new Option(
        "--replicas <n>",
        "servers of a cluster that keep what is made here (default: 1)",
      ).argParser(count),
    )
    .addOption(
      new Option(
        "--streams <n>",
        "streams that share the flows' records, the same for all, for good (default: 1)",
      ).argParser(count),
    );

/** Names from a list, in any case, with commas between. */
export const choices =
  (known: readonly string[]) =>
  (text: string, before: readonly string[] = []): readonly string[] => {
    const names = text.toUpperCase().split(",");
    const unknown = names.find((name) => !known.includes(name));
    if (unknown === undefined) return [...before, ...names];
    throw new InvalidArgumentError(`"${unknown}" is none of ${known.join(", ")}.`);
  };

export const engine = (): Option =>
  new Option(
    "--engine <kind>",
    "serial: one task at a time; parallel: as many as are ready; threads, processes: in a pool of them; " +
      "workers: on nodes, through --nats",
  ).choices(engineKinds);
export const concurrency = (): Option =>
  new Option(
    "--concurrency <n>",
    "tasks at once (default: 100 with parallel, one for each core with threads and processes, " +
      "1,000 with workers)",
  ).argParser(count);
export const lease = (): Option =>
  new Option(
    "--lease-ms <n>",
    "milliseconds of silence after which a worker counts as gone (default: 15000)",
  ).argParser(milliseconds(100));
export const telemetry = (): Option =>
  new Option(
    "--telemetry",
    "fail unless OpenTelemetry is set up (default: traces and metrics are given where it is)",
  );
export const durability = (): Option =>
  new Option(
    "--durability <level>",
    "what recorded work survives: a power cut, or the end of the process",
  )
    .choices(["disk", "process"])
    .default("disk");

/** What the verbs are added to. */
export interface Line {
  readonly program: Command;
  readonly output: Output;
  /** Takes the exit code of the verb that was run. */
  readonly ends: (exit: number) => void;
}

export const addVerb = ({ program }: Line, usage: string, description: string): Command =>
  program
    .command(usage)
    .description(description)
    .option("--dir <folder>", "folder of the journal", defaultDir)
    .option("--json", "print one JSON document instead of text");
