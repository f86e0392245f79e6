/** What runs in the processes of a simulated cluster: real conductors, workers and boards. */
import { Conductor } from "../../../actors/conductor.ts";
import { Worker } from "../../../actors/worker.ts";
import type { Call } from "../../../lib/executor/call.ts";
import { failureOf } from "../../../lib/failure.ts";
import { Board } from "../../../lib/jobboard/board.ts";
import type { Jobboard } from "../../../lib/jobboard/jobboard.ts";
import type { BoardStore } from "../../../lib/jobboard/store.ts";
import type { Journal } from "../../../lib/journal/journal.ts";
import type { Log } from "../../../lib/types.ts";
import { type Behaviour, type Called, fails, flowsFor, takes, tasksOf } from "./flows.ts";
import type { Link } from "./network.ts";
import type { Oracle } from "./oracle.ts";
import type { Plan } from "./plan.ts";
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
}

export interface Member {
  readonly process: Process;
  readonly link: Link;
  readonly conductor?: Conductor;
  readonly worker?: Worker;
}

export function boardOf({ link, store, log }: Surroundings): Jobboard {
  const { clock, random } = link.process;
  return new Board({ store, clock, random, log });
}

export function conductorIn(surroundings: Surroundings): Conductor {
  const { plan, link, oracle, journal, log } = surroundings;
  const { process } = link;
  const { maxLost, isSerial, maxFlows } = plan;
  const kind = isSerial ? { engine: "serial" as const } : { engine: "parallel" as const };
  const remote = () =>
    ({ engine: "workers", transport: new SimTransport(link, oracle), leaseMs }) as const;
  return new Conductor({
    ...{ name: process.name, journal, leaseMs, maxFlows, log },
    ...{ clock: process.clock, random: process.random, board: boardOf(surroundings) },
    flows: flowsFor(calledOn(process, surroundings)),
    engine: { maxLost, ...(plan.workers === 0 ? kind : remote()) },
  });
}

export function workerIn(surroundings: Surroundings): Worker {
  const { plan, link, oracle, log } = surroundings;
  const { process } = link;
  return new Worker({
    ...{ id: process.name, clock: process.clock, log, leaseMs, concurrency: plan.slots },
    transport: new SimTransport(link, oracle),
    tasks: tasksOf(flowsFor(calledOn(process, surroundings))),
    limits: { keepMs: 60_000 },
  });
}

function calledOn(process: Process, { oracle, behaviour }: Surroundings): Called {
  return (call, inputs, code) => {
    oracle.called(process, call, inputs, code === undefined);
    return code === undefined ? work(process, oracle, behaviour, call) : kept(oracle, call, code);
  };
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
