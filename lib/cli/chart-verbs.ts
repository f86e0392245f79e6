/** The verbs that look: at a flow's declaration, and at what a journal has of it. */
import { Option } from "commander";
import { addNats, addVerb, examples, type Line } from "./arguments.ts";
import { graphFormats, type GraphOptions, machineNames } from "./graph-choices.ts";
import type { PlacesOptions } from "./places.ts";
import type { PlanOptions } from "./plan.ts";

export function addChartVerbs(line: Line): void {
  for (const add of [addGraph, addPlan, addCheck, addHistory]) add(line);
}

function addGraph({ program, output, ends }: Line): void {
  program
    .command("graph [file]")
    .description("print a flow as a graph or as a state chart; its code is loaded, none of it run")
    .addOption(
      new Option(
        "--format <format>",
        "mermaid, dot: its tasks as text for Mermaid or Graphviz; svg: drawn, with the optional package elkjs; " +
          "stately: a createMachine call that Stately's editor imports; json: boxes and arrows",
      )
        .choices(graphFormats)
        .default("mermaid"),
    )
    .addOption(
      new Option("--machine <name>", "a machine that drives flows, instead of a flow").choices(
        machineNames,
      ),
    )
    .option("--json", "as --format json")
    .addHelpText(
      "after",
      examples(
        "fourstroke graph flow.ts",
        "fourstroke graph flows.js#createServer --format stately",
        "fourstroke graph flow.ts --format svg > flow.svg",
        "fourstroke graph --machine task --format stately",
      ),
    )
    .action(async (file: string | undefined, options: GraphOptions) => {
      ends(await (await import("./graph.ts")).graph(file, options, output));
    });
}

function addPlan({ program, output, ends }: Line): void {
  program
    .command("plan <file>")
    .description(
      "what a run would do, and with --fail-at what would be undone; the code is loaded, none of it run",
    )
    .option("--fail-at <task>", "imagine that the first attempt of this task, or controller, fails")
    .addOption(
      new Option("--verdict <verdict>", "what the first controller says that is asked about it")
        .choices(["RETRY", "REVERT", "REVERT_ALL"])
        .default("REVERT"),
    )
    .option("--store <json>", "values that the flow needs, as JSON or @FILE")
    .option("--json", "print one JSON document instead of text")
    .addHelpText(
      "after",
      examples(
        "fourstroke plan flow.ts --fail-at boot",
        `fourstroke plan flows.js#createServer --store '{"region": "eu"}' --fail-at boot --verdict RETRY`,
      ) +
        "\nThe order is that of the serial engine. Deciders are taken to say yes, and reverts to succeed.\n",
    )
    .action(async (file: string, options: PlanOptions) => {
      ends(await (await import("./plan.ts")).plan(file, options, output));
    });
}

function addCheck(line: Line): void {
  const what = "which stored flows could not go on with the code in FILE as it is now, and why";
  addNats(addVerb(line, "check <file>", what))
    .addHelpText(
      "after",
      examples("fourstroke check flow.ts", "fourstroke check flows.js#createServer --json") +
        "\nExit code 7 if there are any. Flows that ended SUCCESS or REVERTED are not looked at.\n",
    )
    .action(async (file: string, options: PlacesOptions) => {
      line.ends(await (await import("./check.ts")).check(file, options, line.output));
    });
}

function addHistory(line: Line): void {
  const what = "print a flow's journal, one line for each record";
  addNats(addVerb(line, "history <id>", what))
    .addHelpText(
      "after",
      examples("fourstroke history server-17", "fourstroke history server-17 --json") +
        "\nRecords with one mark before them became true together.\n",
    )
    .action(async (id: string, options: PlacesOptions) => {
      line.ends(await (await import("./history.ts")).history(id, options, line.output));
    });
}
