/** The verbs that stay, and those that say who is there. */
import { Option } from "commander";
import {
  addPlaces,
  addVerb,
  concurrency,
  count,
  durability,
  engine,
  examples,
  lease,
  type Line,
  milliseconds,
  names,
  telemetry,
} from "./arguments.ts";
import type { ConductorOptions } from "./conductor.ts";
import type { NodesOptions } from "./nodes.ts";
import type { NodeOptions } from "./open-node.ts";
import type { PlacesOptions } from "./places.ts";
import { defaultDir } from "./verb.ts";

const drain = (what: string): Option =>
  new Option("--drain-ms <n>", what).argParser(milliseconds(0)).default(30_000);

const maxFlows = (): Option =>
  new Option("--max-flows <n>", "flows of a conductor that run at once (default: 100)").argParser(
    count,
  );

export function addNode(line: Line): void {
  const command = line.program
    .command("node <files...>")
    .description(
      "work for flows that run elsewhere: run the tasks that FILEs export, alone or in flows",
    );
  addPlaces(command)
    .option("--name <name>", "of this node (default: the machine's)")
    .addOption(
      new Option("--concurrency <n>", "tasks at once (default: one for each core)").argParser(
        count,
      ),
    )
    .option(
      "--role <roles>",
      "what it is for, with commas between; worker: runs tasks; conductor: claims jobs of its flows; any other: other nodes have flows and actors made here",
      names,
      ["worker"],
    )
    .addOption(maxFlows())
    .option("--dir <folder>", "folder of the journal of flows that are made here", defaultDir)
    .addOption(lease())
    .addOption(telemetry())
    .addOption(drain("milliseconds that what runs has to end after a signal"))
    .option("--json", "print one JSON object a line instead of text")
    .addHelpText(
      "after",
      examples(
        "fourstroke node flows.js --nats nats://127.0.0.1:4222",
        "fourstroke node machines.js --role place --nats nats://127.0.0.1:4222",
        "fourstroke node flows.js --role worker,conductor --nats nats://127.0.0.1:4222",
        "fourstroke node a.ts b.ts --nats tls://nats.example:4222 --seed-file worker.nk --concurrency 8",
      ) +
        "\nIt stays until Ctrl-C or SIGTERM, and comes back by itself when the server was away. A signal lets what\n" +
        "runs end and be recorded; a second one stops it at once. What it leaves is done again by others.",
    )
    .action(async (files: readonly string[], options: NodeOptions) => {
      line.ends(await (await import("./node.ts")).node(files, options, line.output));
    });
}

export function addConductor(line: Line): void {
  addPlaces(
    addVerb(
      line,
      "conductor <files...>",
      "claim jobs of the flows that FILEs export, and run them",
    ),
  )
    .option("--name <name>", "of this conductor (default: the machine's)")
    .addOption(maxFlows())
    .addOption(engine())
    .addOption(concurrency())
    .addOption(
      new Option(
        "--lease-ms <n>",
        "milliseconds without a sign of life after which others take its jobs (default: 3000)",
      ).argParser(milliseconds(400)),
    )
    .addOption(
      new Option(
        "--worker-lease-ms <n>",
        "milliseconds of silence after which a worker counts as gone (default: 15000)",
      ).argParser(milliseconds(100)),
    )
    .addOption(telemetry())
    .addOption(drain("milliseconds that what runs has to come to rest after a signal"))
    .addOption(
      new Option(
        "--keep-ms <n>",
        "milliseconds that ended jobs and their journals are kept (default: seven days)",
      ).argParser(milliseconds(1_000)),
    )
    .addOption(durability())
    .addHelpText(
      "after",
      examples(
        "fourstroke conductor flows.ts",
        "fourstroke conductor flows.ts --engine processes --max-flows 8",
        "fourstroke conductor a.ts b.ts --nats nats://127.0.0.1:4222",
      ) +
        "\nTasks run here, one at a time for each flow; with --nats on worker nodes, unless --engine says otherwise.\n" +
        "It stays until Ctrl-C or SIGTERM, and then hands its flows over to other conductors; a second signal stops it\n" +
        "at once. With --json each line is an object.",
    )
    .action(async (files: readonly string[], options: ConductorOptions) => {
      line.ends(await (await import("./conductor.ts")).conductor(files, options, line.output));
    });
}

export function addNodes(line: Line): void {
  addPlaces(
    addVerb(line, "nodes", "list who is there: conductors, and with --nats workers and nodes"),
  )
    .addOption(
      new Option("--listen-ms <n>", "milliseconds to listen for who is there")
        .argParser(milliseconds(1))
        .default(500),
    )
    .addHelpText(
      "after",
      examples("fourstroke nodes", "fourstroke nodes --nats nats://127.0.0.1:4222 --json") +
        "\nA worker that a task keeps busy answers late: up to 4,000 milliseconds.",
    )
    .action(async (options: NodesOptions) => {
      line.ends(await (await import("./nodes.ts")).nodes(options, line.output));
    });
}

export function addDoctor(line: Line): void {
  addPlaces(
    addVerb(line, "doctor", 'say what "durable" means for the files of a folder, or on a server'),
  )
    .addOption(durability())
    .addHelpText(
      "after",
      examples("fourstroke doctor", "fourstroke doctor --nats nats://127.0.0.1:4222 --json") +
        "\nIt ends with 8 when something is damaged. It changes nothing.",
    )
    .action(async (options: PlacesOptions) => {
      line.ends(await (await import("./doctor.ts")).doctor(options, line.output));
    });
}
