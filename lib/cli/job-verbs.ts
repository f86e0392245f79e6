/** The verbs for jobs: they are the same for a folder's board and for a cluster's. */
import { type Command, Option } from "commander";
import { type JobState, priorities } from "../jobboard/jobboard.ts";
import {
  addPlaces,
  addVerb,
  choices,
  count,
  durability,
  examples,
  type Line,
  milliseconds,
} from "./arguments.ts";
import type { CommandOptions } from "./command.ts";
import type { JobsOptions } from "./jobs.ts";
import type { PlacesOptions } from "./places.ts";
import type { PostOptions } from "./post.ts";
import type { TrashOptions } from "./trash.ts";
import type { WaitOptions } from "./wait.ts";

const jobStates: readonly JobState[] = ["UNCLAIMED", "CLAIMED", "COMPLETE", "TRASHED"];

const server = "--nats nats://127.0.0.1:4222";

const addJobVerb = (line: Line, usage: string, description: string): Command =>
  addPlaces(addVerb(line, usage, description));

export function addJobVerbs(line: Line): void {
  for (const add of [addPost, addJobs, addWait, addCommands, addTrash, addWhy]) add(line);
}

function addPost(line: Line): void {
  addJobVerb(line, "post <flow>", "post a job for a conductor: FLOW by its name, or FILE#EXPORT")
    .option("--store <json>", "values that the flow needs, as JSON or @FILE")
    .option("--details <json>", "anything that is to be known of the job, as JSON or @FILE")
    .option("--id <id>", "of the job and of its flow's journal (default: a new one)")
    .addOption(
      new Option("--priority <level>", "which jobs are claimed first (default: NORMAL)").choices(
        priorities,
      ),
    )
    .option("--file <file>", "where FLOW's code is, to check the store before it is posted")
    .addOption(durability())
    .addHelpText(
      "after",
      examples(
        `fourstroke post create-server --store '{"region": "eu", "cores": 4}'`,
        "fourstroke post flows.ts#createServer --store @input.json --priority HIGH",
        `fourstroke post create-server --id server-17 ${server}`,
      ) +
        "\nIt prints the job's id. The same post again is the same job. With the flow's code at hand, inputs that lack are\n" +
        "refused here, and only a conductor that has this very code claims the job.",
    )
    .action(async (flow: string, options: PostOptions) => {
      line.ends(await (await import("./post.ts")).post(flow, options, line.output));
    });
}

function addJobs(line: Line): void {
  addJobVerb(line, "jobs", "list jobs, in the order in which they are claimed")
    .option(
      "--state <state>",
      "only jobs in this state; several with commas (default: all but COMPLETE)",
      choices(jobStates),
    )
    .option("--flow <name>", "only jobs of this flow")
    .option("--limit <n>", "at most this many", count, 100)
    .option("--after <id>", "only what comes after this job: the next page")
    .addHelpText(
      "after",
      examples(
        "fourstroke jobs",
        "fourstroke jobs --state complete --json",
        `fourstroke jobs --flow create-server ${server}`,
      ),
    )
    .action(async (options: JobsOptions) => {
      line.ends(await (await import("./jobs.ts")).jobs(options, line.output));
    });
}

function addWait(line: Line): void {
  addJobVerb(
    line,
    "wait <id>",
    "wait until a job's flow has ended, or rests until somebody resumes it",
  )
    .addOption(
      new Option(
        "--timeout-ms <n>",
        "milliseconds to wait (default: as long as it takes)",
      ).argParser(milliseconds(0)),
    )
    .addHelpText(
      "after",
      examples(
        "fourstroke wait server-17",
        `fourstroke wait server-17 --timeout-ms 60000 ${server}`,
      ) +
        "\nThe exit code is the flow's, as that of `run`; 12 when the time is over, 13 when the job is in the trash.",
    )
    .action(async (id: string, options: WaitOptions) => {
      line.ends(await (await import("./wait.ts")).wait(id, options, line.output));
    });
}

const commands = {
  cancel: "abort what runs of a job's flow, and undo what was done",
  suspend: "let what runs of a job's flow end, and start nothing more until it is resumed",
  kill: "stop a job's flow at once, and undo nothing",
} as const;

function addCommands(line: Line): void {
  for (const kind of ["cancel", "suspend", "kill"] as const) {
    addJobVerb(line, `${kind} <id>`, commands[kind])
      .option("--reason <text>", "why, for whoever looks at it later")
      .addHelpText(
        "after",
        examples(`fourstroke ${kind} server-17`, `fourstroke ${kind} server-17 ${server}`) +
          "\nThe job's conductor hears of it at once, and is waited for: 3 s at most; what comes too late is refused (exit 14).\n" +
          "A job without one keeps it for the next. `wait` tells what came of it.",
      )
      .action(async (id: string, options: CommandOptions) => {
        line.ends(await (await import("./command.ts")).command(kind, id, options, line.output));
      });
  }
}

function addTrash(line: Line): void {
  addJobVerb(line, "trash <id>", "put a job away that nobody owns: no conductor claims it")
    .option("--reason <text>", "why, for whoever looks at it later", "put away by hand")
    .addHelpText("after", examples(`fourstroke trash server-17 --reason "no such region"`))
    .action(async (id: string, options: TrashOptions) => {
      line.ends(await (await import("./trash.ts")).trash(id, options, line.output));
    });
  addJobVerb(line, "restore <id>", "take a job out of the trash, for conductors to claim")
    .addHelpText("after", examples("fourstroke restore server-17"))
    .action(async (id: string, options: PlacesOptions) => {
      line.ends(await (await import("./trash.ts")).restore(id, options, line.output));
    });
}

function addWhy(line: Line): void {
  addJobVerb(line, "why <id>", "say in one sentence why a job or a flow is not moving")
    .addHelpText(
      "after",
      examples("fourstroke why server-17", `fourstroke why server-17 ${server}`),
    )
    .action(async (id: string, options: PlacesOptions) => {
      line.ends(await (await import("./why.ts")).why(id, options, line.output));
    });
}
