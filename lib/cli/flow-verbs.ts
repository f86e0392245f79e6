/** The verbs for single flows. */
import {
  addNats,
  addVerb,
  choices,
  concurrency,
  count,
  durability,
  engine,
  examples,
  lease,
  type Line,
  telemetry,
} from "./arguments.ts";
import type { LsOptions } from "./ls.ts";
import type { ResumeOptions } from "./resume.ts";
import type { RunOptions } from "./run.ts";
import type { CommonOptions } from "./verb.ts";

export const flowStates =
  "PENDING RUNNING SUSPENDING SUSPENDED RESUMING SUCCESS REVERTED FAILURE PARKED".split(" ");

export function addRun(line: Line): void {
  addNats(addVerb(line, "run <file>", "run a new flow, from FILE or FILE#EXPORT"))
    .option("--store <json>", "values that the flow needs, as JSON or @FILE")
    .option("--id <id>", "name of the flow's journal (default: a new one)")
    .addOption(engine())
    .addOption(concurrency())
    .addOption(lease())
    .addOption(telemetry())
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

export function addResume(line: Line): void {
  const what = "go on with a flow: after a crash, a suspension, or a failure that was mended";
  addNats(addVerb(line, "resume [id] [file]", what))
    .option("--all", "go on with every flow that has not ended, one after another")
    .option("--migrate", "go on although the flow's declaration has changed")
    .option("--unpark", "run a parked flow again")
    .option("--take-over", "take the flow from a process that seems to run it")
    .addOption(engine())
    .addOption(concurrency())
    .addOption(lease())
    .addOption(telemetry())
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

export function addLs(line: Line): void {
  addVerb(line, "ls", "list flows, the newest first")
    .option("--state <state>", "only flows in this state; several with commas", choices(flowStates))
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

export function addShow(line: Line): void {
  addVerb(line, "show <id>", "show a flow: its tasks, attempts, failures, retries and values")
    .addHelpText("after", examples("fourstroke show server-17", "fourstroke show server-17 --json"))
    .action(async (id: string, options: CommonOptions) => {
      line.ends(await (await import("./show.ts")).show(id, options, line.output));
    });
}
