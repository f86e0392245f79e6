/** `fourstroke doctor`: what "durable" means where jobs and flows are kept, and what may stand in its way. */
import type { NatsTransport } from "../nats/face.ts";
import { exitCodes } from "./exit.ts";
import type { Finding } from "./findings.ts";
import type { Output } from "./output.ts";
import { Places, type PlacesOptions } from "./places.ts";
import type { Style } from "./text.ts";

const looks: Readonly<Record<Finding["level"], readonly [symbol: string, style: Style]>> = {
  fact: ["○", "dim"],
  good: ["✔", "green"],
  warning: ["!", "yellow"],
  problem: ["✖", "red"],
};

/** @returns the exit code: 8 when there is a problem, warnings are none */
export async function doctor(options: PlacesOptions, output: Output): Promise<number> {
  const findings = await examine(options);
  const problems = findings.filter(({ level }) => level === "problem").length;
  if (output.isJson) output.document({ healthy: problems === 0, findings });
  else for (const finding of findings) write(finding, output);
  return problems === 0 ? exitCodes.SUCCESS : exitCodes.JOURNAL;
}

async function examine(options: PlacesOptions): Promise<readonly Finding[]> {
  await using places = await Places.open(options, { role: "inspector" });
  const { transport } = places;
  return await (transport === undefined ? filesOf(options) : serversOf(transport));
}

// Imported beside an `await using`, the files would not be found: TypeScript forgets to give them their extension there.
const filesOf = async ({ dir, durability }: PlacesOptions): Promise<readonly Finding[]> =>
  (await import("./doctor-files.ts")).examineFolder(dir, durability);
const serversOf = async (transport: NatsTransport): Promise<readonly Finding[]> =>
  (await import("./doctor-nats.ts")).examineServers(transport);

function write({ level, subject, text }: Finding, output: Output): void {
  const [symbol, style] = looks[level];
  output.line(output.paint([[symbol, style], [` ${subject}`, "bold"], [`: ${text}`]]));
}
