/** The verbs for what a journal keeps: to look at it, to take it elsewhere, to forget it. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { addPlaces, addVerb, choices, durability, examples, type Line } from "./arguments.ts";
import type { ExportOptions } from "./export.ts";
import { flowStates } from "./flow-verbs.ts";
import type { ImportOptions } from "./import.ts";
import type { PurgeOptions } from "./purge.ts";
import type { TreeOptions } from "./show-tree.ts";
import type { ReportOptions } from "./write-report.ts";

const server = "--nats nats://127.0.0.1:4222";

export function addJournalVerbs(line: Line): void {
  for (const add of [addTree, addReport, addExport, addImport, addPurge]) add(line);
}

function addTree(line: Line): void {
  addPlaces(addVerb(line, "tree <id>", "show a flow's tree as `run` draws it, whoever runs it"))
    .option("--watch", "follow it until it ends, or rests until somebody resumes it")
    .addHelpText(
      "after",
      examples("fourstroke tree server-17", `fourstroke tree server-17 --watch ${server}`) +
        "\nWith --watch the exit code is the flow's, as that of `run`; 13 when its job is in the trash. On a terminal the tree\n" +
        "is drawn again as it changes, elsewhere each change is a line; --json prints the tree at the end.",
    )
    .action(async (id: string, options: TreeOptions) => {
      line.ends(await (await import("./show-tree.ts")).tree(id, options, line.output));
    });
}

function addReport(line: Line): void {
  const what = "write what is known of a flow to one HTML file, to be sent to others";
  addPlaces(addVerb(line, "report <id>", what))
    .option("--out <file>", "file to write (default: standard output)")
    .addHelpText(
      "after",
      examples(
        "fourstroke report server-17 --out server-17.html",
        `fourstroke report server-17 ${server} > server-17.html`,
      ) +
        "\nThe page has no scripts and loads nothing. Its drawing needs the optional package elkjs. Values are in it: look\n" +
        "before you send it.",
    )
    .action(async (id: string, options: ReportOptions) => {
      line.ends(await (await import("./write-report.ts")).writeReport(id, options, line.output));
    });
}

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

function age(text: string): number {
  const [, digits = "", unit = ""] = /^(\d+(?:\.\d+)?) ?([a-z]+)$/.exec(text) ?? [];
  const ms = Number(digits) * (units[unit] ?? Number.NaN);
  if (digits !== "" && Number.isSafeInteger(Math.round(ms))) return Math.round(ms);
  throw new InvalidArgumentError("expected a number and its unit: 500ms, 30s, 5m, 12h, 7d, 2w.");
}

function moment(text: string): number {
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new InvalidArgumentError("expected a date: 2030-01-31, or 2030-01-31T12:00.");
}

const addSelection = (command: Command): Command =>
  command
    .option(
      "--state <state>",
      "all flows in this state; several with commas",
      choices([...flowStates, "IMPORTING"]),
    )
    .option("--name <name>", "all flows whose root has this name")
    .addOption(
      new Option("--older-than <age>", "all that were not changed for so long: 12h, 7d").argParser(
        age,
      ),
    )
    .addOption(
      new Option("--before <date>", "all that were last changed before that").argParser(moment),
    );

function addExport(line: Line): void {
  const what = "write flows to one file, whole: to be kept, or for another journal";
  addSelection(addPlaces(addVerb(line, "export [ids...]", what)))
    .option("--out <file>", "file to write (default: standard output, unless that is a terminal)")
    .addHelpText(
      "after",
      examples(
        "fourstroke export server-17 --out server-17.flow",
        `fourstroke export --state success --older-than 30d --out old.flows ${server}`,
        "fourstroke export server-17 | ssh elsewhere 'cat > server-17.flow'",
      ) +
        "\nThe file holds everything that is recorded, with checksums, and no code. `import` puts it into any journal.",
    )
    .action(async (ids: readonly string[], options: ExportOptions) => {
      line.ends(await (await import("./export.ts")).exportFlows(ids, options, line.output));
    });
}

function addImport(line: Line): void {
  addPlaces(addVerb(line, "import <file>", "put flows into the journal that `export` has written"))
    .option("--id <id>", "another id for the flow, where the file holds one")
    .addOption(durability())
    .addHelpText(
      "after",
      examples(
        "fourstroke import server-17.flow",
        "fourstroke import server-17.flow --id server-17-copy",
        `fourstroke import server-17.flow ${server}`,
      ) +
        "\nThe file is read to its end before anything is written. A flow that is there already is refused.\n" +
        "Resume a flow in one place only: what it does outside is not undone by having two of it.",
    )
    .action(async (file: string, options: ImportOptions) => {
      line.ends(await (await import("./import.ts")).importFile(file, options, line.output));
    });
}

function addPurge(line: Line): void {
  const what = "forget flows that ended: SUCCESS, REVERTED or FAILURE; asks first";
  addSelection(addPlaces(addVerb(line, "purge [ids...]", what)))
    .option("--yes", "don't ask")
    .option("--dry-run", "only say which flows it is about")
    .option("--force", "flows that are not over, too; never one that somebody runs")
    .addHelpText(
      "after",
      examples(
        "fourstroke purge server-17",
        "fourstroke purge --state success --older-than 7d --yes",
        `fourstroke purge --older-than 30d --dry-run ${server}`,
      ) +
        "\nWhat a folder's journal has freed is used again; its file does not shrink. Without a state or a name, ended\n" +
        "jobs as old are forgotten too.",
    )
    .action(async (ids: readonly string[], options: PurgeOptions) => {
      line.ends(await (await import("./purge.ts")).purge(ids, options, line.output));
    });
}
