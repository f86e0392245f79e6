/** The verb that serves the inspector's page. */
import { InvalidArgumentError } from "commander";
import { addPlaces, addVerb, examples, type Line } from "./arguments.ts";
import type { InspectOptions } from "./inspect.ts";

function portNumber(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= 65_535) return number;
  throw new InvalidArgumentError("expected a whole number from 0 to 65535.");
}

export function addInspect(line: Line): void {
  const what = "show flows in a browser: graph, timeline, state charts, journal, time travel";
  addPlaces(addVerb(line, "inspect", what))
    .option(
      "--host <address>",
      "address to listen on; others than this machine's own need a token",
      "127.0.0.1",
    )
    .option("--port <n>", "port to listen on; 0: any that is free", portNumber, 4280)
    .option("--token <text>", "what whoever opens the page must have, at least 16 characters")
    .option("--allow-edits", "let the page suspend, resume, cancel and kill jobs; needs a token")
    .addHelpText(
      "after",
      examples(
        "fourstroke inspect",
        "fourstroke inspect --nats nats://127.0.0.1:4222 --allow-edits",
      ) +
        "\nIt stays until Ctrl-C or SIGTERM, needs no internet, and only reads unless --allow-edits is given.\n" +
        "Where a token is needed and none is given, one is made and printed. With restricted users on the servers, edits\n" +
        "take the credentials of an `operator` of nats.conf; those of an `inspector` look only.",
    )
    .action(async (options: InspectOptions) => {
      line.ends(await (await import("./inspect.ts")).inspect(options, line.output));
    });
}
