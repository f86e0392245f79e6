/** The verbs for a person's hands on a flow; what they do is recorded as `edited`, with who did it and why. */
import { type Command, Option } from "commander";
import type { Edit } from "../plan/edit.ts";
import type { FlowState } from "../plan/state.ts";
import { addPlaces, addVerb, durability, examples, type Line, names } from "./arguments.ts";
import type { EditMaker, EditOptions } from "./edit.ts";
import { CliError } from "./exit.ts";
import type { ForkOptions } from "./fork.ts";
import { readJson } from "./read-object.ts";

const server = "--nats nats://127.0.0.1:4222";

const note =
  "\nA flow of `run` must be at rest: one that its process still runs is left alone (exit 9). The owner of a job hears of\n" +
  "it at once, running or not, and is waited for: 3 s at most. What can't be done is refused with the reason (exit 14),\n" +
  "and nothing is changed.";

export function addEditVerbs(line: Line): void {
  for (const add of [addSkip, addComplete, addFail, addRetry, addPark, addFork]) add(line);
}

const addEdit = (line: Line, usage: string, description: string): Command =>
  addPlaces(addVerb(line, usage, description))
    .option("--reason <text>", "why, for whoever looks at it later")
    .option("--by <name>", "who does it (default: the user of this process)")
    .addOption(durability());

const addRun = (command: Command): Command =>
  command.option("--run", "then go on with the flow at once, as `resume` does");

async function make(line: Line, id: string, maker: EditMaker, options: EditOptions): Promise<void> {
  line.ends(await (await import("./edit.ts")).edit(id, maker, options, line.output));
}

function addSkip(line: Line): void {
  addRun(
    addEdit(line, "skip <id> <atom>", "rule out a task that has not begun; what follows goes on"),
  )
    .addOption(
      new Option("--depth <depth>", "what is ruled out with it")
        .choices(["ATOM", "NEIGHBORS", "FLOW", "ALL"])
        .default("ATOM"),
    )
    .addHelpText(
      "after",
      examples(
        "fourstroke skip server-17 send-mail --reason 'the mail went out by hand'",
        `fourstroke skip server-17 warm-cache --depth ALL ${server}`,
      ) + note,
    )
    .action(async (id: string, atom: string, options: EditOptions & Depth) => {
      await make(line, id, () => ({ kind: "skip", atom, depth: options.depth }), options);
    });
}

interface Depth {
  readonly depth: "ATOM" | "NEIGHBORS" | "FLOW" | "ALL";
}

function addComplete(line: Line): void {
  const what =
    "say that a task is done, with its result: one whose turn it is, that runs, or failed";
  addRun(addEdit(line, "complete <id> <atom>", what))
    .option("--value <json>", "its result, as JSON or @FILE (default: none)")
    .addHelpText(
      "after",
      examples(
        `fourstroke complete server-17 allocate-ip --value '"10.0.0.7"' --run`,
        `fourstroke complete server-17 boot --value @vm.json ${server}`,
      ) + note,
    )
    .action(async (id: string, atom: string, options: EditOptions & { value?: string }) => {
      const given = options.value;
      const value = given === undefined ? undefined : (await readJson("--value", given)).value;
      await make(line, id, () => ({ kind: "complete", atom, value }), options);
    });
}

function addFail(line: Line): void {
  const what = "let a task fail whose turn it is, or that runs: it is retried or undone as ever";
  addRun(addEdit(line, "fail <id> <atom>", what))
    .requiredOption("--message <text>", "the failure's message")
    .addHelpText(
      "after",
      examples(
        "fourstroke fail server-17 boot --message 'the rack is on fire' --run",
        `fourstroke fail server-17 boot --message 'it hangs' ${server}`,
      ) + note,
    )
    .action(async (id: string, atom: string, options: EditOptions & { message: string }) => {
      await make(line, id, () => ({ kind: "fail", atom, message: options.message }), options);
    });
}

interface RetryOptions extends EditOptions {
  readonly now?: string;
  readonly from?: readonly string[];
}

function addRetry(line: Line): void {
  const what = "set what failed back, or what is named, with all that follows, to be done again";
  addRun(addEdit(line, "retry <id>", what))
    .option("--from <atoms>", "from these on; several with commas", names)
    .option("--now <retry>", "end the wait of this controller before its next attempt, instead")
    .addHelpText(
      "after",
      examples(
        "fourstroke retry server-17 --run",
        "fourstroke retry server-17 --from boot --reason 'capacity was added'",
        `fourstroke retry server-17 --now create_retry ${server}`,
      ) +
        note +
        "\nWhat goes before must be done; where it was undone, the reason says from where it could go.",
    )
    .action(async (id: string, { now, from, ...options }: RetryOptions) => {
      if (now !== undefined && from !== undefined) {
        throw new CliError("USAGE", "--now and --from are two different things");
      }
      const maker: EditMaker = (state): Edit =>
        now === undefined
          ? { kind: "retryFrom", atoms: from ?? failedIn(state) }
          : { kind: "retryNow", retry: now };
      await make(line, id, maker, options);
    });
}

/** Atoms whose last attempt failed, or could not be undone. */
function failedIn(state: FlowState | undefined): string[] {
  if (state === undefined) {
    throw new CliError("USAGE", "its journal isn't there, or not for this user: use --from");
  }
  const failed = state.snapshots.flatMap(({ value, context }, atom) => {
    const isFailed = context.failure !== undefined || context.revertFailure !== undefined;
    return isFailed && value !== "SUCCESS" && value !== "PENDING" ? [state.nameOf(atom)] : [];
  });
  if (failed.length > 0) return failed;
  throw new CliError("USAGE", "nothing in it has failed: name an atom with --from");
}

function addPark(line: Line): void {
  addEdit(line, "park <id>", "start nothing more of a flow until somebody resumes it with --unpark")
    .addHelpText(
      "after",
      examples(
        "fourstroke park server-17 --reason 'wait for the new rack'",
        `fourstroke park server-17 --reason 'wait for the new rack' ${server}`,
      ) + note,
    )
    .action(async (id: string, options: EditOptions) => {
      await make(line, id, () => ({ kind: "park" }), options);
    });
}

function addFork(line: Line): void {
  const what = "begin a new flow that has the old one's results up to an atom, and does the rest";
  addRun(addPlaces(addVerb(line, "fork <id>", what)))
    .requiredOption("--from <atom>", "the first to be done anew; what follows it is, too")
    .option("--id <new>", "of the new flow, or job (default: a new one)")
    .addOption(durability())
    .addHelpText(
      "after",
      examples(
        "fourstroke fork server-17 --from boot --run",
        `fourstroke fork server-17 --from boot --id server-17b ${server}`,
      ) +
        "\nThe old flow stays as it is. It prints the new id. A job's fork is a job: conductors go on with it.\n" +
        "On servers it takes the role of an engine, since clients may write no journals.",
    )
    .action(async (id: string, options: ForkOptions) => {
      line.ends(await (await import("./fork.ts")).fork(id, options, line.output));
    });
}
