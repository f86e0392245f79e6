/** The verb that shows what tasks have logged. */
import { Option } from "commander";
import { addPlaces, addVerb, examples, type Line, names } from "./arguments.ts";
import type { LogsOptions } from "./logs.ts";

export function addLogs(line: Line): void {
  addPlaces(addVerb(line, "logs <id>", "show what the tasks of a flow have logged"))
    .option("-f, --follow", "go on until the flow has ended, or rests until somebody resumes it")
    .option("--atom <name>", "only lines of this atom; several with commas", names)
    .addOption(
      new Option("--level <level>", "only lines of this level and above (default: debug)").choices([
        "debug",
        "info",
        "warn",
        "error",
      ]),
    )
    .addHelpText(
      "after",
      examples(
        "fourstroke logs server-17",
        "fourstroke logs server-17 -f --level warn",
        "fourstroke logs server-17 --atom find-image,boot --json",
        "fourstroke logs server-17 -f --nats nats://127.0.0.1:4222",
      ) +
        "\nLines come into a flow's journal with what is recorded next of the flow, or by themselves after half a second.\n" +
        "With -f the exit code is the flow's, as that of `run`, and --json prints a document in each line.",
    )
    .action(async (id: string, options: LogsOptions) => {
      line.ends(await (await import("./logs.ts")).logs(id, options, line.output));
    });
}
