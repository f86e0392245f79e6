/** What `fourstroke node` consists of: a worker for the tasks of its files, and a place for their flows and actors. */
import { randomBytes } from "node:crypto";
import { availableParallelism, hostname } from "node:os";
import type { AnyActorLogic } from "xstate";
import { type Node, node } from "../../actors/node.ts";
import { Worker } from "../../actors/worker.ts";
import type { Clock } from "../clock.ts";
import { FlowError } from "../errors.ts";
import { defaultLeaseMs } from "../executor/protocol.ts";
import type { Journal } from "../journal/journal.ts";
import { type Loaded, tasksOf } from "../loading/tasks.ts";
import { Beats } from "../nats/beats.ts";
import type { NatsTransport } from "../nats/face.ts";
import { systemClock } from "../system.ts";
import type { Item, Log, Task } from "../types.ts";
import { CliError } from "./exit.ts";
import { connect, natsSettings } from "./nats.ts";
import {
  type ConductorChoice,
  flowsOf,
  type OpenConductor,
  openConductor,
} from "./open-conductor.ts";
import { ownerName } from "./owner.ts";
import { Places, type PlacesOptions } from "./places.ts";
import { serviceOf } from "./service.ts";
import { loadFile } from "./source.ts";
import { openStore } from "./store.ts";
import { type Observed, observed, type TelemetryChoice } from "./telemetry.ts";

export interface NodeOptions extends Omit<PlacesOptions, "durability">, TelemetryChoice {
  readonly name?: string;
  readonly concurrency?: number;
  readonly role: readonly string[];
  /** Of its conductor. */
  readonly maxFlows?: number;
  readonly leaseMs?: number;
  readonly drainMs: number;
}

export interface OpenNode extends AsyncDisposable {
  readonly name: string;
  readonly transport: NatsTransport;
  /** In the role of a worker. */
  readonly worker: Worker | undefined;
  readonly slots: number;
  readonly tasks: readonly Task[];
  /** In the role of a conductor; it was not started yet. */
  readonly conducting: OpenConductor | undefined;
  /** In any other role. */
  readonly node: Node | undefined;
  readonly roles: readonly string[];
  /** Names of what can be spawned. */
  readonly actors: readonly string[];
}

/** What the files declare. */
interface Declared {
  readonly tasks: readonly Task[];
  readonly flows: readonly Item[];
  readonly actors: Readonly<Record<string, AnyActorLogic>>;
}

/** @throws what keeps the files from being loaded, the server from being reached, the node from joining */
export async function openNode(
  files: readonly string[],
  options: NodeOptions,
  log: Log,
): Promise<OpenNode> {
  const { nats, name = hostname(), role: roles } = options;
  if (nats === undefined) {
    throw new CliError("USAGE", "node needs --nats URL: flows reach it through a server");
  }
  const isPlace = hasPlace(roles);
  const conducts = roles.includes("conductor");
  const declared = await load(files, isPlace);
  const seen = await observed(options, log);
  const leaseMs = options.leaseMs ?? defaultLeaseMs;
  const role = options.as ?? (conducts ? "engine" : isPlace ? "node" : "worker");
  const settings = await natsSettings({ ...options, nats }, { role, name });
  const transport = await connect(settings, log);
  const beats = await Beats.start({ nats: settings, everyMs: leaseMs / 4, log });
  const reach: Reach = { transport, clock: systemClock, log, leaseMs, beats };
  const parts = partsOf(declared, { ...options, name });
  const { worker, slots, tasks, ran, service, spawned } = parts;
  const own =
    worker === undefined
      ? undefined
      : new Worker({ ...reach, ...seen.options, id: worker, tasks, concurrency: slots, ran });
  await own?.start();
  const place = isPlace ? await openPlace(declared, { ...options, name }, reach, seen) : undefined;
  const board = conducts ? Places.over({ transport, settings }, options, log) : undefined;
  const conducting =
    board && (await openConductor(files, declared.flows, board, conductorChoice(options), log));
  const hide = await transport.announce(service).catch((error: unknown) => {
    log(`service discovery does not show it: ${String(error)}`);
    return () => undefined;
  });
  return {
    name,
    transport,
    worker: own,
    conducting,
    slots,
    tasks,
    node: place?.node,
    roles,
    actors: spawned,
    async [Symbol.asyncDispose]() {
      hide();
      await conducting?.[Symbol.asyncDispose]();
      await board?.[Symbol.asyncDispose]();
      await place?.node.close();
      // First the beats: one after the worker's last word would say that it is still there.
      await beats.close();
      own?.close();
      await place?.journal?.close();
      await transport[Symbol.asyncDispose]();
      await seen[Symbol.asyncDispose]();
    },
  };
}

/** Workers and conductors are asked for what they do; for all else, actors are made there. */
const hasPlace = (roles: readonly string[]): boolean =>
  roles.some((role) => role !== "worker" && role !== "conductor");

/** The node's lease is that of workers. */
const conductorChoice = ({ name, maxFlows, leaseMs }: NodeOptions): ConductorChoice => ({
  ...(name === undefined ? {} : { name }),
  ...(maxFlows === undefined ? {} : { maxFlows }),
  ...(leaseMs === undefined ? {} : { workerLeaseMs: leaseMs }),
});

/** What worker and node have in common. */
interface Reach {
  readonly transport: NatsTransport;
  readonly clock: Clock;
  readonly log: Log;
  readonly leaseMs: number;
  readonly beats: Beats;
}

type Named = NodeOptions & { readonly name: string };

/** What it is made of, in the words of its service. */
function partsOf({ tasks: all, flows, actors }: Declared, options: Named) {
  const { name, role: roles, concurrency: slots = availableParallelism(), prefix = "fs" } = options;
  const incarnation = randomBytes(4).toString("hex");
  const worker = roles.includes("worker") ? `${name}.${incarnation}` : undefined;
  const isPlace = hasPlace(roles);
  const spawned = isPlace ? [...Object.keys(actors), ...flows.map((flow) => flow.name)] : [];
  const tasks = worker === undefined ? [] : all;
  const parts = { worker, tasks, slots, spawned };
  return { ...parts, ...serviceOf({ ...parts, name, incarnation, prefix, roles }) };
}

async function openPlace(
  { flows, actors }: Declared,
  options: Named,
  reach: Reach,
  seen: Observed,
): Promise<{ readonly node: Node; readonly journal: Journal | undefined }> {
  const { name, role: roles } = options;
  const journal = flows.length > 0 ? await openStore(options) : undefined;
  const kept = journal === undefined ? {} : { journal, owner: ownerName() };
  const engine = { engine: "parallel", ...kept, ...seen.options } as const;
  return { node: await node({ ...reach, name, roles, flows, actors, engine }), journal };
}

async function load(files: readonly string[], isPlace: boolean): Promise<Declared> {
  const modules: Loaded[] = [];
  // One after the other, as a file imports others: their order may matter to them.
  for (const file of files) modules.push(await loadFile(file));
  const exported = modules.flatMap(({ exports }) => Object.entries(exports));
  const tasks = tasksOf(modules);
  const flows = [...new Set(modules.flatMap((module) => flowsOf(module.exports)))];
  const actors: Record<string, AnyActorLogic> = {};
  for (const [name, value] of exported) {
    if (!isLogic(value)) continue;
    if (Object.hasOwn(actors, name) && actors[name] !== value) {
      throw new FlowError("ALREADY_EXISTS", { what: "actor logic", name });
    }
    actors[name] = value;
  }
  const isEmpty = tasks.length === 0 && !(isPlace && Object.keys(actors).length > 0);
  if (!isEmpty) return { tasks, flows, actors };
  const what = isPlace ? "no task, flow or actor logic" : "no task or flow";
  throw new CliError("USAGE", `${files.join(", ")}: ${what} is exported`, { files });
}

/** XState's machines, promises, callbacks and others. */
function isLogic(value: unknown): value is AnyActorLogic {
  if (typeof value !== "object" || value === null) return false;
  const { transition, getInitialSnapshot } = value as Partial<Record<string, unknown>>;
  return typeof transition === "function" && typeof getInitialSnapshot === "function";
}
