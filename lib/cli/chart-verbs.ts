/** The verbs that look at a flow's declaration. */
import { Option } from "commander";
import { examples, type Line } from "./arguments.ts";
import { graphFormats, type GraphOptions, machineNames } from "./graph-choices.ts";

export function addGraph({ program, output, ends }: Line): void {
  program
    .command("graph [file]")
    .description("print a flow as a graph or as a state chart; its code is loaded, none of it run")
    .addOption(
      new Option(
        "--format <format>",
        "mermaid, dot: its tasks as text for Mermaid or Graphviz; stately: a createMachine call that Stately's " +
          "editor imports; json: boxes and arrows",
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
        "fourstroke graph flow.ts --format dot | dot -Tpng -o flow.png",
        "fourstroke graph --machine task --format stately",
      ),
    )
    .action(async (file: string | undefined, options: GraphOptions) => {
      ends(await (await import("./graph.ts")).graph(file, options, output));
    });
}
