// Measures what a machine's step and an actor's life cost: the task machine, from its start through a failure,
// an undo and a second attempt (8 events), in one thread. Four ways, in one run: XState's own actor as it is, the
// same actor with the machine's table, the light shell with the table, and the bare fold without any actor.
// Doesn't measure observers and inspectors (none look on), timers, messages between actors, or what a flow adds:
// records, batches, a journal. Memory is of one settled snapshot with its context, without the values in it.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createActor } from "xstate";
import { LogicRef } from "../actors/logic-ref.ts";
import { System } from "../actors/system.ts";
import { taskMachine } from "../actors/task.ts";
import type { TaskEvent } from "../lib/plan/states.ts";
import { accelerate, tabulate } from "../lib/statechart/table.ts";
import { systemClock } from "../lib/system.ts";
import { measure, report } from "./rates.ts";

const failure = { name: "Error", message: "boom" };

const life: readonly TaskEvent[] = [
  { type: "start" },
  { type: "progress", fraction: 0.5 },
  { type: "failed", failure },
  { type: "revert" },
  { type: "reverted", value: undefined },
  { type: "reset" },
  { type: "start" },
  { type: "succeeded", value: 3 },
];

interface Living {
  send(event: TaskEvent): void;
  start(): unknown;
  stop(): unknown;
}

function live(actor: Living): void {
  actor.start();
  for (const event of life) actor.send(event);
  actor.stop();
}

const plain = taskMachine.provide({});
const fast = accelerate(taskMachine.provide({}));
const table = tabulate(taskMachine);
const system = new System({ clock: systemClock });

/** Lives a task goes through in one run, so that the clock's own cost does not show. */
const batch = 100;

const ways: readonly (readonly [name: string, once: () => void])[] = [
  ["XState's actor", () => live(createActor(plain))],
  ["XState's actor, table", () => live(createActor(fast))],
  ["light shell, table", () => live(new LogicRef(fast, { system }))],
  ["bare fold", () => void life.reduce((at, event) => table.step(at, event), table.initial)],
];

const rates = await measure(
  ways.map(([name, once]) => ({
    name,
    units: batch * life.length,
    run: async () => {
      for (let i = 0; i < batch; i++) once();
    },
  })),
);
report("steps of the task machine", rates, "XState's actor");

/** Bytes that the heap holds more after `make` has made so many. */
function heldBy(count: number, make: () => unknown): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const kept = new Array<unknown>(count).fill(0);
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < count; i++) kept[i] = make();
  collect();
  return (process.memoryUsage().heapUsed - before) / kept.length;
}

const settled = heldBy(100_000, () => {
  const started = table.step(table.initial, { type: "start" });
  return table.step(started, { type: "succeeded", value: null });
});
const actors = heldBy(50_000, () => new LogicRef(fast, { system }).start());
console.log(`a settled task: ${settled.toFixed(0)} B; a live actor: ${actors.toFixed(0)} B`);
