#!/usr/bin/env node
/** The command line: reads arguments, loads the verb that was asked for, ends with its exit code. */
import { Command, CommanderError } from "commander";
import { addChartVerbs } from "./chart-verbs.ts";
import { addCompletion } from "./completion-verb.ts";
import { addEditVerbs } from "./edit-verbs.ts";
import { CliError, exitCodes, exitTable } from "./exit.ts";
import { addLs, addResume, addRun, addShow } from "./flow-verbs.ts";
import { addInspect } from "./inspect-verb.ts";
import { addJobVerbs } from "./job-verbs.ts";
import { addLogs } from "./logs-verb.ts";
import { addJournalVerbs } from "./journal-verbs.ts";
import { addConductor, addDoctor, addNode, addNodes } from "./node-verbs.ts";
import { Output } from "./output.ts";
import { packageVersion } from "./package-version.ts";
import { quietly } from "./quiet.ts";
import { tellError } from "./verb.ts";

const exitText = exitTable
  .map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`)
  .join("\n");

const verbs = [
  addRun,
  addResume,
  addLs,
  addShow,
  addConductor,
  addNode,
  addNodes,
  addJobVerbs,
  addEditVerbs,
  addDoctor,
  addChartVerbs,
  addInspect,
  addLogs,
  addJournalVerbs,
  addCompletion,
];

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
    for (const add of verbs) add({ program, output, ends });
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
