/** What runs in the processes of a simulated cluster: real conductors, workers and boards. */
import { Conductor } from "../../../actors/conductor.ts";
import { Worker } from "../../../actors/worker.ts";
import type { Clock } from "../../../lib/clock.ts";
import type { Call } from "../../../lib/executor/call.ts";
import { failureOf } from "../../../lib/failure.ts";
import { Board } from "../../../lib/jobboard/board.ts";
import type { Jobboard } from "../../../lib/jobboard/jobboard.ts";
import type { BoardStore } from "../../../lib/jobboard/store.ts";
import type { Journal } from "../../../lib/journal/journal.ts";
import type { Transport } from "../../../lib/transport/transport.ts";
import type { Item, Log, Task } from "../../../lib/types.ts";
import { type Behaviour, type Called, fails, flowsFor, takes, tasksOf } from "./flows.ts";
import type { Link } from "./network.ts";
import type { Oracle } from "./oracle.ts";
import type { Plan } from "./plan.ts";
import type { Plant } from "./plants.ts";
import type { Process } from "./process.ts";
import { SimTransport } from "./transport.ts";

export const leaseMs = 1_000;

/** What a process is given of the world. */
export interface Surroundings {
  readonly plan: Plan;
  readonly behaviour: Behaviour;
  readonly link: Link;
  readonly oracle: Oracle;
  readonly store: BoardStore;
  readonly journal: Journal;
  readonly log: Log;
  readonly clock: Clock;
  readonly plant: Plant;
}

export interface Member {
  readonly process: Process;
  readonly link: Link;
  readonly conductor?: Conductor;
  readonly worker?: Worker;
}

export function boardOf({ link, store, log, clock }: Surroundings): Jobboard {
  const { random } = link.process;
  return new Board({ store, clock, random, log });
}

export function conductorIn(surroundings: Surroundings): Conductor {
  const { plan, link, journal, log, clock } = surroundings;
  const { process } = link;
  const { maxLost, isSerial, maxFlows } = plan;
  const kind = isSerial ? { engine: "serial" as const } : { engine: "parallel" as const };
  const remote = () =>
    ({ engine: "workers", transport: transportOf(surroundings, []), leaseMs }) as const;
  return new Conductor({
    ...{ name: process.name, journal, leaseMs, maxFlows, log },
    ...{ clock, random: process.random, board: boardOf(surroundings) },
    flows: flowsIn(surroundings),
    engine: { maxLost, ...(plan.workers === 0 ? kind : remote()) },
  });
}

export function workerIn(surroundings: Surroundings): Worker {
  const { plan, link, log, clock } = surroundings;
  const { process } = link;
  const tasks = tasksOf(flowsIn(surroundings));
  return new Worker({
    ...{ id: process.name, clock, log, leaseMs, concurrency: plan.slots },
    transport: transportOf(surroundings, tasks),
    tasks,
    limits: { keepMs: 60_000 },
  });
}

function transportOf({ link, oracle, plant }: Surroundings, tasks: readonly Task[]): Transport {
  const transport = new SimTransport(link, oracle);
  return plant.transport?.(transport, link.process, tasks) ?? transport;
}

/** Those that are posted: to compile all of them for each process takes longer than all else. */
function flowsIn(surroundings: Surroundings): readonly Item[] {
  const posted = new Set(surroundings.plan.jobs.map(({ flow }) => flow));
  const flows = flowsFor(calledOn(surroundings.link.process, surroundings));
  return flows.filter(({ name }) => posted.has(name));
}

function calledOn(process: Process, { oracle, behaviour, plant }: Surroundings): Called {
  const called: Called = (call, inputs, code) => {
    oracle.called(process, call, inputs, code === undefined);
    return code === undefined ? work(process, oracle, behaviour, call) : kept(oracle, call, code);
  };
  return plant.called?.(called, process) ?? called;
}

async function work(
  { clock }: Process,
  oracle: Oracle,
  behaviour: Behaviour,
  call: Call,
): Promise<unknown> {
  const { key, of } = call;
  await new Promise<void>((resolve) => void clock.setTimeout(resolve, takes(behaviour, key)));
  return kept(oracle, call, () => {
    if (fails(behaviour, key, of.direction)) throw new Error(`${key} fails`);
    return key.length;
  });
}

function kept(oracle: Oracle, call: Call, code: () => unknown): unknown {
  try {
    const value = code();
    oracle.ended(call, { value });
    return value;
  } catch (error) {
    oracle.ended(call, { failure: failureOf(error) });
    throw error;
  }
}
