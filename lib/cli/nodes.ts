/** `fourstroke nodes`: conductors by their leases, workers and places for actors by their presence. */
import type { Member } from "../../actors/members.ts";
import type { Presence } from "../executor/protocol.ts";
import { conductorsOf, type SeenConductor } from "./conductors.ts";
import type { Output } from "./output.ts";
import { Places, type PlacesOptions } from "./places.ts";
import { type Crowd, listen } from "./presence.ts";
import { writeTable } from "./table.ts";
import { cut, duration, oneLine, type Span } from "./text.ts";

export interface NodesOptions extends PlacesOptions {
  readonly listenMs: number;
}

/** Columns that names of tasks and flows may take. */
const widest = 80;

/** @returns the exit code */
export async function nodes(options: NodesOptions, output: Output): Promise<number> {
  await using places = await Places.open(options, { role: "inspector" });
  const { transport } = places;
  const nobody: Crowd = { workers: [], nodes: [] };
  const [conductors, crowd] = await Promise.all([
    conductorsOf(await places.board()),
    transport === undefined ? nobody : listen(transport, options.listenMs),
  ]);
  if (output.isJson) output.document(documentOf(conductors, crowd));
  else write(conductors, crowd, output);
  return 0;
}

function documentOf(conductors: readonly SeenConductor[], { workers, nodes }: Crowd): object {
  return {
    conductors: conductors.map(({ owner, leaseMs, isStalled, silentMs, details }) => {
      const { name = null, flows = [], engine = null, running = null, maxFlows = null } = details;
      const names = flows.map(([flow]) => flow);
      const known = { owner, name, engine, flows: names, running, maxFlows, leaseMs };
      return { ...known, stalled: isStalled, silentMs };
    }),
    workers: workers.map(({ worker, tasks, slots, free, state, isStalled = false }) => {
      const served = tasks.map(([name, version]) => ({ name, version }));
      return { worker, tasks: served, slots, free, state, stalled: isStalled };
    }),
    nodes: nodes.map(({ name, incarnation, roles, actors, load }) => {
      return { name, incarnation, roles, actors, load };
    }),
  };
}

function write(conductors: readonly SeenConductor[], crowd: Crowd, output: Output): void {
  const { workers, nodes } = crowd;
  if (conductors.length + workers.length + nodes.length === 0)
    return output.line("nobody is there");
  const rows = [...conductors.map(conductorRow), ...workers.map(workerRow), ...nodes.map(nodeRow)];
  writeTable(output, ["WHO", "ROLE", "STATE", "LOAD", "FOR"], rows);
}

function conductorRow({ owner, isStalled, silentMs, details }: SeenConductor): Span[] {
  const { running, maxFlows, flows = [] } = details;
  const state: Span =
    silentMs > 0
      ? [`silent for ${duration(silentMs)}`, "red"]
      : isStalled
        ? ["busy", "yellow"]
        : ["up", "green"];
  const load = running === undefined ? "" : `${running}/${String(maxFlows)} flows`;
  return [[oneLine(owner)], ["conductor"], state, [load], [listed(flows.map(([name]) => name))]];
}

function workerRow({ worker, tasks, slots, free, state, isStalled = false }: Presence): Span[] {
  const names = tasks.map(([name, version]) => (version === 1 ? name : `${name}@${version}`));
  const how: Span = isStalled ? ["busy", "yellow"] : [state, state === "up" ? "green" : "yellow"];
  return [[oneLine(worker)], ["worker"], how, [`${slots - free}/${slots} slots`], [listed(names)]];
}

const nodeRow = ({ name, incarnation, roles, actors, load }: Member): Span[] => [
  [oneLine(`${name}.${incarnation}`)],
  [listed(roles)],
  ["up", "green"],
  [`${load} actors`],
  [listed(actors)],
];

const listed = (names: readonly string[]): string =>
  cut([...names].sort().map(oneLine).join(", "), widest);
