import {
  type AnyStateMachine,
  assign,
  createActor,
  createMachine,
  getMicrosteps,
  getNextTransitions,
  isMachineSnapshot,
  matchesState,
} from "xstate";
import t from "tap";
import { flowMachine } from "../../actors/flow.ts";
import { retryMachine } from "../../actors/retry.ts";
import { taskMachine } from "../../actors/task.ts";
import type { TaskEvent } from "../../lib/plan/states.ts";
import { Chart } from "../../lib/statechart/chart.ts";
import { accelerate, tabulate } from "../../lib/statechart/table.ts";
import { brief } from "./brief.ts";
import { explore } from "./explore.ts";
import { type Exhibit, zoo } from "./zoo.ts";

const failure = { name: "Error", message: "boom" };

const atomEvents = [
  ...["start", "revert", "ignore", "reset", "unknown"].map((type) => ({ type })),
  { type: "succeeded", value: { ip: 1 } },
  { type: "succeeded", value: undefined },
  { type: "failed", failure },
  { type: "completed", value: 3 },
  { type: "condemned", failure },
  { type: "reverted", value: 2 },
  { type: "revertFailed", failure },
  { type: "progress", fraction: 0.5 },
  { type: "withdrawn", to: "SUCCESS" },
  { type: "withdrawn", to: "PENDING" },
];

const ours: readonly Exhibit[] = [
  { name: "a task", make: () => taskMachine.provide({}), events: atomEvents, pure: true },
  {
    name: "a retry controller",
    make: () => retryMachine.provide({}),
    events: [
      ...atomEvents,
      { type: "retry" },
      { type: "renew" },
      { type: "fault", atom: "a", failure },
    ],
    pure: true,
  },
  {
    name: "a flow",
    make: () => flowMachine.provide({}) as AnyStateMachine,
    events: [
      ...["run", "suspend", "adopt", "adopted", "reset", "park", "reopen", "end"].map((type) => ({
        type,
      })),
      ...["SUCCESS", "REVERTED", "FAILURE", "SUSPENDED"].map((state) => ({ type: "end", state })),
    ],
    pure: true,
  },
];

/** The steps of a machine that its table leaves to the interpreter. */
function gapsOf(machine: AnyStateMachine): number | "all" {
  try {
    return new Chart(machine, (snapshot) => snapshot).planner.gaps.length;
  } catch {
    return "all";
  }
}

for (const exhibit of [...ours, ...zoo]) {
  t.test(`table and interpreter are equal: ${exhibit.name}`, async (t) => {
    const { gaps = 0 } = exhibit;
    t.equal(gapsOf(exhibit.make()), gaps, "as much is left to the interpreter as expected");
    const { states, steps, interpreted } = explore(exhibit);
    t.comment(`${states} states, ${steps} steps, ${interpreted} of them interpreted`);
    if (gaps === 0) t.equal(interpreted, 0, "the table took every step");
    else t.ok(interpreted > 0, "the interpreter was needed");
  });
}

const life: readonly TaskEvent[] = [
  { type: "start" },
  { type: "progress", fraction: 0.5 },
  { type: "failed", failure },
  { type: "revert" },
  { type: "reverted", value: 1 },
  { type: "reset" },
  { type: "start" },
  { type: "succeeded", value: 3 },
];

t.test("a bare step folds events", async (t) => {
  const table = tabulate(taskMachine);
  const end = life.reduce((snapshot, event) => table.step(snapshot, event), table.initial);
  t.equal(end.value, "SUCCESS");
  t.match(end.context, { attempt: 2, reverts: 1, progress: 1, result: 3 });
  t.equal(table.initial.value, "PENDING", "the first snapshot is as it was");
  t.ok(table.can(end, { type: "revert" }));
  t.notOk(table.can(end, { type: "start" }));
  t.ok(table.step(end, { type: "start" }) === end, "an event that isn't taken changes nothing");
});

t.test("a bare step leaves an ended snapshot alone", async (t) => {
  const table = tabulate(
    createMachine({
      initial: "a",
      context: { n: 0 },
      on: { more: { actions: assign({ n: 1 }) } },
      states: { a: { on: { end: "b" } }, b: { type: "final", output: { done: true } } },
      output: ({ event }) => event.output,
    }),
  );
  const end = table.step(table.initial, { type: "end" });
  t.match(brief(end), { status: "done", value: "b", output: { done: true } });
  t.ok(table.step(end, { type: "more" }) === end);
  t.notOk(table.can(end, { type: "more" }));
});

t.test("bare steps and actors take up snapshots that XState made", async (t) => {
  const table = tabulate(taskMachine);
  const resolved = taskMachine.resolveState({
    value: "RUNNING",
    context: { ...table.initial.context, attempt: 4 },
  });
  t.ok(table.step(resolved, { type: "start" }) === resolved, "not taken: the very same object");
  t.ok(table.can(resolved, { type: "succeeded", value: 1 }));
  t.match(brief(table.step(resolved, { type: "succeeded", value: 1 })), {
    value: "SUCCESS",
    context: { attempt: 4, result: 1 },
  });
  const snapshot = taskMachine.getPersistedSnapshot(resolved);
  const actor = createActor(taskMachine, { snapshot }).start();
  actor.send({ type: "succeeded", value: 2 });
  t.match(brief(actor.getSnapshot()), { value: "SUCCESS", context: { attempt: 4, result: 2 } });
});

t.test("contexts of another shape are kept whole", async (t) => {
  const table = tabulate(taskMachine);
  const context = { ...table.initial.context, extra: true };
  const odd = taskMachine.resolveState({ value: "PENDING", context });
  t.match(table.step(odd, { type: "start" }).context, { attempt: 1, extra: true });
  t.match(table.step(table.initial, { type: "start" }).context, { attempt: 1 }, "the others too");
});

t.test("XState's own functions read and clone a table's snapshots", async (t) => {
  const machine = accelerate(taskMachine);
  const table = tabulate(machine);
  const running = table.step(table.initial, { type: "start" });
  t.ok(isMachineSnapshot(running));
  t.ok(matchesState("RUNNING", running.value));
  const types: unknown[] = getNextTransitions(running).map(({ eventType }): unknown => eventType);
  t.same(types.slice(0, 2), ["succeeded", "failed"]);
  const steps = getMicrosteps(machine, running, { type: "succeeded", value: 5 });
  t.match(brief(steps[0]![0]), { value: "SUCCESS", context: { result: 5, attempt: 1 } });
  t.same(Object.keys({ ...running }).sort(), [
    ...["_nodes", "children", "context", "error", "output", "status", "value"],
  ]);
});

t.test("accelerating twice changes nothing more", async (t) => {
  const machine = createMachine({ initial: "a", states: { a: { on: { go: "b" } }, b: {} } });
  const step = (): unknown =>
    Object.getOwnPropertyDescriptor(accelerate(machine), "transition")?.value;
  const first = step();
  t.ok(step() === first);
  const actor = createActor(machine).start();
  actor.send({ type: "go" });
  actor.send({ type: "go" });
  t.equal(actor.getSnapshot().value, "b");
});

t.test("what provide makes is another machine", async (t) => {
  const machine = accelerate(
    createMachine({ context: { n: 0 }, on: { x: { actions: "set" } } }).provide({
      actions: { set: assign({ n: 1 }) },
    }),
  );
  const other = machine.provide({ actions: { set: assign({ n: 2 }) } });
  const after = (of: typeof machine): unknown => {
    const actor = createActor(of).start();
    actor.send({ type: "x" });
    return actor.getSnapshot().context;
  };
  t.same([after(machine), after(other)], [{ n: 1 }, { n: 2 }]);
});

t.test("a machine that does more than change its context has no bare table", async (t) => {
  const loud = createMachine({
    id: "loud",
    initial: "a",
    entry: "shout",
    states: { a: { after: { 10: "b" } }, b: {} },
  });
  t.throws(() => tabulate(loud), {
    message:
      'machine "loud" is no pure table: action "xstate.cancel"; action "shout"; action "xstate.raise"',
  });
});

t.test("a machine with a step that a table can't express has no bare table", async (t) => {
  const gappy = createMachine({
    id: "gappy",
    initial: "a",
    states: {
      a: { initial: "x", states: { x: { on: { go: "y" } }, y: { type: "final" } } },
    },
  });
  t.throws(() => tabulate(gappy), {
    message: 'machine "gappy" is no pure table: "go" in gappy.a.x (nested final)',
  });
  t.throws(() => tabulate(createMachine({ id: "p", type: "parallel", states: { a: {} } })), {
    message: 'machine "p" has no table: parallel at p',
  });
});

t.test("a machine whose context can't be made without input has no bare table", async (t) => {
  const needy = createMachine({
    types: { input: {} as { n: number } },
    context: ({ input }) => ({ n: input.n }),
  });
  t.throws(() => tabulate(needy), TypeError);
});

t.test("a bare step takes no snapshot of another machine", async (t) => {
  const table = tabulate(taskMachine);
  const { initial } = tabulate(taskMachine.provide({}));
  t.throws(() => table.step(initial, { type: "start" }), {
    name: "TypeError",
    message: "the snapshot is of another machine",
  });
  t.throws(() => table.can(initial, { type: "start" }), TypeError);
});

t.test("in a bare step nobody can be spawned", async (t) => {
  const table = tabulate(
    createMachine({
      types: { context: {} as { n: unknown } },
      context: { n: 0 },
      on: { x: { actions: assign(({ spawn }) => ({ n: spawn(createMachine({})).id })) } },
    }),
  );
  t.throws(() => table.step(table.initial, { type: "x" }), /spawn is not a function/);
});
