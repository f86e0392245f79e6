#!/usr/bin/env node
/** The command line: reads arguments, loads the verb that was asked for, ends with its exit code. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { engineKinds } from "./engines.ts";
import { longestMs } from "../declared.ts";
import { CliError, exitCodes, exitTable } from "./exit.ts";
import type { LsOptions } from "./ls.ts";
import type { NodeOptions } from "./open-node.ts";
import { Output } from "./output.ts";
import { packageVersion } from "./package-version.ts";
import { quietly } from "./quiet.ts";
import type { ResumeOptions } from "./resume.ts";
import type { RunOptions } from "./run.ts";
import { type CommonOptions, defaultDir, tellError } from "./verb.ts";

const states =
  "PENDING RUNNING SUSPENDING SUSPENDED RESUMING SUCCESS REVERTED FAILURE PARKED".split(" ");

const exitText = exitTable
  .map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`)
  .join("\n");

const examples = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}\n`;

function count(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new InvalidArgumentError("expected a whole number of 1 or more.");
}

const milliseconds =
  (least: number) =>
  (text: string): number => {
    const number = Number(text);
    if (Number.isSafeInteger(number) && number >= least && number <= longestMs) return number;
    throw new InvalidArgumentError(`expected a whole number from ${least} to ${longestMs}.`);
  };

function names(text: string): readonly string[] {
  const list = text.split(",").map((name) => name.trim());
  if (list.every((name) => name !== "")) return list;
  throw new InvalidArgumentError("expected names with commas between.");
}

/** Where the server is, and who this is to it. */
const addNats = (command: Command): Command =>
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

function stateNames(text: string, before: readonly string[] = []): readonly string[] {
  const names = text.toUpperCase().split(",");
  const unknown = names.find((name) => !states.includes(name));
  if (unknown === undefined) return [...before, ...names];
  throw new InvalidArgumentError(`"${unknown}" is none of ${states.join(", ")}.`);
}

const engine = (): Option =>
  new Option(
    "--engine <kind>",
    "serial: one task at a time; parallel: as many as are ready; threads, processes: in a pool of them; " +
      "workers: on nodes, through --nats",
  ).choices(engineKinds);
const concurrency = (): Option =>
  new Option(
    "--concurrency <n>",
    "tasks at once (default: 100 with parallel, one for each core with threads and processes, " +
      "1,000 with workers)",
  ).argParser(count);
const lease = (): Option =>
  new Option(
    "--lease-ms <n>",
    "milliseconds of silence after which a worker counts as gone (default: 15000)",
  ).argParser(milliseconds(100));
const durability = (): Option =>
  new Option(
    "--durability <level>",
    "what recorded work survives: a power cut, or the end of the process",
  )
    .choices(["disk", "process"])
    .default("disk");

/** What the verbs are added to. */
interface Line {
  readonly program: Command;
  readonly output: Output;
  /** Takes the exit code of the verb that was run. */
  readonly ends: (exit: number) => void;
}

function makeProgram(output: Output): Command {
  return new Command("fourstroke")
    .description("Runs flows of tasks that survive crashes and undo themselves.")
    .version(packageVersion(), "--version", "print the version")
    .helpOption("--help", "show help")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        output.write(text);
      },
      writeErr: (text) => {
        output.tell(text.trimEnd());
      },
      outputError: () => undefined, // told with all other errors
    })
    .addHelpText(
      "after",
      `\nExit codes:\n${exitText}\n\nFOURSTROKE_DEBUG=1 shows the stacks of errors.`,
    );
}

const addVerb = ({ program }: Line, usage: string, description: string): Command =>
  program
    .command(usage)
    .description(description)
    .option("--dir <folder>", "folder of the journal", defaultDir)
    .option("--json", "print one JSON document instead of text");

function addRun(line: Line): void {
  addNats(addVerb(line, "run <file>", "run a new flow, from FILE or FILE#EXPORT"))
    .option("--store <json>", "values that the flow needs, as JSON or @FILE")
    .option("--id <id>", "name of the flow's journal (default: a new one)")
    .addOption(engine())
    .addOption(concurrency())
    .addOption(lease())
    .addOption(durability())
    .addHelpText(
      "after",
      examples(
        "fourstroke run flow.ts",
        `fourstroke run flows.js#createServer --store '{"region": "eu"}' --id server-17`,
        "fourstroke run flow.js --store @input.json --engine parallel --concurrency 8",
        "fourstroke run flow.js --engine workers --nats nats://127.0.0.1:4222",
      ) +
        "\nFILE's default export is run, or the only flow among its exports.\n" +
        "Ctrl-C suspends the flow; twice stops it at once.",
    )
    .action(async (file: string, options: RunOptions) => {
      line.ends(await (await import("./run.ts")).run(file, options, line.output));
    });
}

function addResume(line: Line): void {
  const what = "go on with a flow: after a crash, a suspension, or a failure that was mended";
  addNats(addVerb(line, "resume [id] [file]", what))
    .option("--all", "go on with every flow that has not ended, one after another")
    .option("--migrate", "go on although the flow's declaration has changed")
    .option("--unpark", "run a parked flow again")
    .option("--take-over", "take the flow from a process that seems to run it")
    .addOption(engine())
    .addOption(concurrency())
    .addOption(lease())
    .addOption(durability())
    .addHelpText(
      "after",
      examples(
        "fourstroke resume server-17",
        "fourstroke resume server-17 moved/flows.js#createServer",
        "fourstroke resume --all",
      ) +
        "\nThe code is found where it was when the flow was begun, and runs in the folder it ran in then.\n" +
        "With FILE it runs here. A flow that has ended is told, not run again, unless it ended FAILURE.",
    )
    .action(async (id: string | undefined, file: string | undefined, options: ResumeOptions) => {
      line.ends(await (await import("./resume.ts")).resume(id, file, options, line.output));
    });
}

function addNode(line: Line): void {
  const command = line.program
    .command("node <files...>")
    .description(
      "work for flows that run elsewhere: run the tasks that FILEs export, alone or in flows",
    );
  addNats(command)
    .option("--name <name>", "of this node (default: the machine's)")
    .addOption(
      new Option("--concurrency <n>", "tasks at once (default: one for each core)").argParser(
        count,
      ),
    )
    .option(
      "--role <roles>",
      "what it is for, with commas between; worker: runs tasks; any other: other nodes have flows and actors made here",
      names,
      ["worker"],
    )
    .option("--dir <folder>", "folder of the journal of flows that are made here", defaultDir)
    .addOption(lease())
    .addOption(
      new Option("--drain-ms <n>", "milliseconds that what runs has to end after a signal")
        .argParser(milliseconds(0))
        .default(30_000),
    )
    .option("--json", "print one JSON object a line instead of text")
    .addHelpText(
      "after",
      examples(
        "fourstroke node flows.js --nats nats://127.0.0.1:4222",
        "fourstroke node machines.js --role place --nats nats://127.0.0.1:4222",
        "fourstroke node a.ts b.ts --nats tls://nats.example:4222 --seed-file worker.nk --concurrency 8",
      ) +
        "\nIt stays until Ctrl-C or SIGTERM, and comes back by itself when the server was away. A signal lets what\n" +
        "runs end and be recorded; a second one stops it at once. What it leaves is done again by others.",
    )
    .action(async (files: readonly string[], options: NodeOptions) => {
      line.ends(await (await import("./node.ts")).node(files, options, line.output));
    });
}

function addLs(line: Line): void {
  addVerb(line, "ls", "list flows, the newest first")
    .option("--state <state>", "only flows in this state; several with commas", stateNames)
    .option("--name <name>", "only flows whose root has this name")
    .option("--limit <n>", "at most this many", count, 100)
    .addHelpText(
      "after",
      examples("fourstroke ls", "fourstroke ls --state suspended,parked --json"),
    )
    .action(async (options: LsOptions) => {
      line.ends(await (await import("./ls.ts")).ls(options, line.output));
    });
}

function addShow(line: Line): void {
  addVerb(line, "show <id>", "show a flow: its tasks, attempts, failures, retries and values")
    .addHelpText("after", examples("fourstroke show server-17", "fourstroke show server-17 --json"))
    .action(async (id: string, options: CommonOptions) => {
      line.ends(await (await import("./show.ts")).show(id, options, line.output));
    });
}

async function main(args: readonly string[]): Promise<void> {
  const output = new Output(args.includes("--json"));
  let exit: number = exitCodes.INTERNAL;
  const onDry = (): void => {
    if (process.listenerCount("beforeExit") > 1) return; // somebody else knows more
    const error = new CliError("STALLED", "nothing is left that this could wait for");
    process.exitCode = tellError(output, error);
  };
  process.on("beforeExit", onDry);
  try {
    const program = makeProgram(output);
    const ends = (code: number): void => {
      exit = code;
    };
    for (const add of [addRun, addResume, addNode, addLs, addShow]) add({ program, output, ends });
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    exit = failed(error, output);
  }
  process.off("beforeExit", onDry);
  await output.flush();
  // Tasks may have left sockets and timers behind; the flow's run is over all the same.
  process.exit(exit);
}

function failed(error: unknown, output: Output): number {
  if (!(error instanceof CommanderError)) return tellError(output, error);
  if (error.exitCode === 0) return exitCodes.SUCCESS; // --help, --version
  if (error.code === "commander.help") return exitCodes.USAGE; // no verb: its help was shown
  return tellError(output, new CliError("USAGE", error.message.replace(/^error: /, "")));
}

quietly();
void main(process.argv.slice(2));
