/** What a conductor's lease tells of it, in words. */
import type { ConductorDetails } from "../../../actors/lease-details.ts";
import type { ConductorDocument } from "../documents.ts";
import { line } from "./words.ts";

/** Names of flows in one sentence. */
const mostNamed = 8;

export function sayConductor({ details, running }: ConductorDocument): string {
  const known = detailsIn(details);
  if (known === undefined) {
    const more = details === null ? "" : `, says ${line(details)}`;
    return `runs ${flowsOf(running)}${more}`;
  }
  const { maxFlows, engine, flows, flowsInAll } = known;
  const names = flows.slice(0, mostNamed).map(([name]) => name);
  const more = flowsInAll - names.length;
  const all = more > 0 ? [...names, `${more} more`] : names;
  return `runs ${running} of at most ${flowsOf(maxFlows)}, on engine ${engine}; has ${all.join(", ") || "no flows"}`;
}

const flowsOf = (count: number): string => `${count} ${count === 1 ? "flow" : "flows"}`;

/** Undefined: these are not ours. */
function detailsIn(details: unknown): ConductorDetails | undefined {
  if (typeof details !== "object" || details === null) return undefined;
  const { flows, flowsInAll, engine, maxFlows } = details as Partial<ConductorDetails>;
  const isOurs =
    Array.isArray(flows) &&
    flows.every((flow) => Array.isArray(flow) && typeof flow[0] === "string") &&
    typeof flowsInAll === "number" &&
    typeof maxFlows === "number" &&
    typeof engine === "string";
  return isOurs ? (details as ConductorDetails) : undefined;
}
