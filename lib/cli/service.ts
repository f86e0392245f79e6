/** A node as NATS's service discovery shows it. */
import { workerAddress } from "../executor/protocol.ts";
import { plainName, Tally } from "../nats/discovery.ts";
import type { Service } from "../nats/face.ts";
import type { Failure } from "../failure.ts";
import type { Task } from "../types.ts";
import { packageVersion } from "./package-version.ts";

export interface ServiceOptions {
  readonly name: string;
  /** What tells this start of the node from others. */
  readonly incarnation: string;
  readonly prefix: string;
  readonly roles: readonly string[];
  /** Of its worker, if it has one. */
  readonly worker: string | undefined;
  readonly tasks: readonly Task[];
  readonly slots: number;
  /** Names of what can be spawned. */
  readonly spawned: readonly string[];
}

export interface Shown {
  readonly service: Service;
  /** Counts an attempt. */
  readonly ran: (task: Task, ms: number, failure: Failure | undefined) => void;
}

/** What discovery is told, and what keeps its statistics. */
export function serviceOf(options: ServiceOptions): Shown {
  const { name, incarnation, prefix, roles, worker, tasks, slots, spawned } = options;
  const tallies = new Map(tasks.map((task) => [task, new Tally()]));
  const subject = worker === undefined ? "" : `${prefix}.${workerAddress(worker)}`;
  return {
    ran: (task, ms, failure) => tallies.get(task)?.add(ms, failure),
    service: {
      name: plainName(prefix),
      id: plainName(`${name}-${incarnation}`),
      version: packageVersion(),
      description: `fourstroke node "${name}": ${roles.join(", ")}`,
      metadata: {
        node: name,
        roles: roles.join(","),
        ...(worker === undefined
          ? {}
          : { worker, slots: String(slots), tasks: String(tasks.length) }),
        ...(spawned.length === 0 ? {} : { actors: spawned.join(",").slice(0, longestList) }),
      },
      endpoints: [...tallies].map(([task, counts]) => ({
        name: plainName(task.name),
        subject,
        metadata: { task: task.name, version: String(task.version) },
        counts,
      })),
    },
  };
}

/** Characters that the names of actors may take. */
const longestList = 10_000;
