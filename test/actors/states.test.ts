// The machines' states, as tables: each row says why. What has no row changes nothing.
import t from "tap";
import { type AnyStateMachine, transition } from "xstate";
import { flowMachine } from "../../actors/flow.ts";
import { retryMachine } from "../../actors/retry.ts";
import { taskMachine } from "../../actors/task.ts";
import type {
  AtomState,
  FlowEvent,
  FlowStateName,
  RetryEvent,
  RetryMachineContext,
  TaskContext,
  TaskEvent,
} from "../../lib/plan/states.ts";
import { tabulate } from "../../lib/statechart/table.ts";

const failure = { name: "Error", message: "boom" };

const withdrawnTo = (to: AtomState) =>
  ({ type: "withdrawn", to, progress: 0.25, revertFailure: failure }) as const;

const taskEvents = {
  start: { type: "start" },
  succeeded: { type: "succeeded", value: 7 },
  failed: { type: "failed", failure },
  revert: { type: "revert" },
  reverted: { type: "reverted", value: 8 },
  revertFailed: { type: "revertFailed", failure },
  "withdrawn to PENDING": withdrawnTo("PENDING"),
  "withdrawn to SUCCESS": withdrawnTo("SUCCESS"),
  "withdrawn to FAILURE": withdrawnTo("FAILURE"),
  "withdrawn to REVERT_FAILURE": withdrawnTo("REVERT_FAILURE"),
  progress: { type: "progress", fraction: 0.5 },
  ignore: { type: "ignore" },
  completed: { type: "completed", value: 9 },
  condemned: { type: "condemned", failure },
  reset: { type: "reset" },
} as const satisfies Readonly<Record<string, TaskEvent>>;

const retryEvents = {
  ...taskEvents,
  retry: { type: "retry" },
  fault: { type: "fault", atom: "a", failure },
  renew: { type: "renew" },
} as const satisfies Readonly<Record<string, RetryEvent>>;

const endsAs = (state: Extract<FlowEvent, { type: "end" }>["state"]) =>
  ({ type: "end", state }) as const;

const flowEvents = {
  run: { type: "run" },
  suspend: { type: "suspend" },
  adopt: { type: "adopt" },
  adopted: { type: "adopted" },
  reset: { type: "reset" },
  park: { type: "park" },
  reopen: { type: "reopen" },
  "end SUCCESS": endsAs("SUCCESS"),
  "end REVERTED": endsAs("REVERTED"),
  "end FAILURE": endsAs("FAILURE"),
  "end SUSPENDED": endsAs("SUSPENDED"),
} as const satisfies Readonly<Record<string, FlowEvent>>;

type Row<State extends string, Name extends string> = readonly [
  from: State,
  event: Name,
  to: State,
  because: string,
];

const sharedRows: readonly Row<AtomState, keyof typeof taskEvents>[] = [
  ["PENDING", "start", "RUNNING", "all that goes before it is done"],
  ["PENDING", "ignore", "IGNORE", "a decider said no"],
  ["PENDING", "completed", "SUCCESS", "a person did it"],
  ["PENDING", "condemned", "FAILURE", "a person says that it can't be done"],
  ["RUNNING", "completed", "SUCCESS", "a person did it"],
  ["RUNNING", "condemned", "FAILURE", "a person gave its attempt up"],
  ["FAILURE", "completed", "SUCCESS", "a person did it after all"],
  ["RUNNING", "succeeded", "SUCCESS", "its attempt returned"],
  ["RUNNING", "failed", "FAILURE", "its attempt threw"],
  ["RUNNING", "withdrawn to PENDING", "PENDING", "suspending takes back what was not launched"],
  ["RUNNING", "reset", "PENDING", "its attempt is not waited for any more"],
  ["SUCCESS", "revert", "REVERTING", "something else failed"],
  ["SUCCESS", "reset", "PENDING", "it is to be done again"],
  ["FAILURE", "revert", "REVERTING", "a failed attempt may have left something behind"],
  ["FAILURE", "reset", "PENDING", "it is to be done again"],
  ["REVERTING", "reverted", "REVERTED", "its undo returned"],
  ["REVERTING", "revertFailed", "REVERT_FAILURE", "its undo threw"],
  ["REVERTING", "withdrawn to SUCCESS", "SUCCESS", "its undo was not launched: it is done still"],
  ["REVERTING", "withdrawn to FAILURE", "FAILURE", "its undo was not launched: it failed still"],
  ["REVERTING", "withdrawn to PENDING", "FAILURE", "an undo starts from nowhere else"],
  ["REVERTING", "withdrawn to REVERT_FAILURE", "REVERT_FAILURE", "so it was before the new run"],
  ["REVERTING", "reset", "PENDING", "its undo is not waited for any more"],
  ["REVERTED", "reset", "PENDING", "a retry controller said: try again"],
  ["REVERT_FAILURE", "revert", "REVERTING", "the next run tries to undo it again"],
  ["REVERT_FAILURE", "reset", "PENDING", "a person saw to it"],
  ["IGNORE", "reset", "PENDING", "its decider may say yes the next time"],
];

const taskRows: readonly Row<AtomState, keyof typeof taskEvents>[] = [
  ...sharedRows,
  ["RUNNING", "withdrawn to SUCCESS", "PENDING", "a task starts from nowhere else"],
  ["RUNNING", "withdrawn to FAILURE", "PENDING", "a task starts from nowhere else"],
  ["RUNNING", "withdrawn to REVERT_FAILURE", "PENDING", "a task starts from nowhere else"],
  ["PENDING", "revert", "PENDING", "there is nothing to undo"],
  ["SUCCESS", "failed", "SUCCESS", "I4: the outcome that was recorded first wins"],
  ["SUCCESS", "start", "SUCCESS", "it is done"],
  ["REVERTED", "revert", "REVERTED", "it is undone"],
  ["IGNORE", "start", "IGNORE", "a decider said no"],
  ["SUCCESS", "progress", "SUCCESS", "it comes too late"],
  ["RUNNING", "progress", "RUNNING", "it goes on"],
  ["REVERTING", "progress", "REVERTING", "it goes on"],
];

const retryRows: readonly Row<AtomState, keyof typeof retryEvents>[] = [
  ...sharedRows,
  ["RUNNING", "withdrawn to SUCCESS", "SUCCESS", "the attempt before had made a value"],
  ["RUNNING", "withdrawn to FAILURE", "PENDING", "a controller starts from nowhere else"],
  ["RUNNING", "withdrawn to REVERT_FAILURE", "PENDING", "a controller starts from nowhere else"],
  ["SUCCESS", "retry", "RETRYING", "it said: try again"],
  ["SUCCESS", "fault", "SUCCESS", "a failure in its scope is brought before it"],
  ["RETRYING", "start", "RUNNING", "its scope is undone"],
  ["RETRYING", "reset", "RETRYING", "its scope is on the way already"],
  ["PENDING", "renew", "PENDING", "a person set it back: all its attempts are before it"],
  ["FAILURE", "retry", "FAILURE", "it could not make another attempt"],
];

const flowRows: readonly Row<FlowStateName, keyof typeof flowEvents>[] = [
  ["PENDING", "run", "RUNNING", "it is told to"],
  ["RUNNING", "suspend", "SUSPENDING", "it is told to; what runs may finish"],
  ["RUNNING", "adopt", "RESUMING", "its owner is gone, another one takes it over"],
  ["RUNNING", "park", "PARKED", "it can't go on without a person"],
  ["RUNNING", "end SUCCESS", "SUCCESS", "all is done"],
  ["RUNNING", "end REVERTED", "REVERTED", "it failed, and all is undone"],
  ["RUNNING", "end FAILURE", "FAILURE", "it stopped half-way"],
  ["RUNNING", "end SUSPENDED", "SUSPENDED", "nothing runs any more"],
  ["SUSPENDING", "adopt", "RESUMING", "its owner is gone, another one takes it over"],
  ["SUSPENDING", "park", "PARKED", "it can't go on without a person"],
  ["SUSPENDING", "end SUCCESS", "SUCCESS", "what ran was the last there was to do"],
  ["SUSPENDING", "end REVERTED", "REVERTED", "what ran was the last there was to undo"],
  ["SUSPENDING", "end FAILURE", "FAILURE", "what ran failed, and that stops it"],
  ["SUSPENDING", "end SUSPENDED", "SUSPENDED", "what ran has finished"],
  ["SUSPENDED", "run", "RUNNING", "it goes on where it rests"],
  ["SUSPENDED", "park", "PARKED", "it can't go on without a person"],
  ["RESUMING", "adopted", "SUSPENDED", "its new owner has read the journal"],
  ["SUCCESS", "run", "RUNNING", "it may have been edited since"],
  ["SUCCESS", "reset", "PENDING", "it is to run again"],
  ["SUCCESS", "reopen", "SUSPENDED", "a person set a part of it back"],
  ["REVERTED", "reopen", "SUSPENDED", "a person set a part of it back"],
  ["FAILURE", "reopen", "SUSPENDED", "a person set a part of it back"],
  ["REVERTED", "reset", "PENDING", "it is to run again"],
  ["REVERTED", "run", "REVERTED", "there is nothing left to do"],
  ["FAILURE", "run", "RUNNING", "what failed to be undone is tried again"],
  ["FAILURE", "reset", "PENDING", "a person saw to it"],
  ["PARKED", "run", "RUNNING", "a person saw to it"],
  ["PARKED", "reset", "PENDING", "a person saw to it"],
];

type Events = Readonly<Record<string, { readonly type: string }>>;

/** Holds the rows, and that there is nothing beside them, against interpreter and table. */
function check(
  machine: AnyStateMachine,
  events: Events,
  rows: readonly Row<string, string>[],
  context?: object,
): void {
  // One copy is left to XState's interpreter.
  const plain = machine.provide({}) as AnyStateMachine;
  const table = tabulate(machine);
  const outcomes = (from: string, event: { readonly type: string }): unknown[] => {
    const config = { value: from, context };
    const [interpreted] = transition(plain, plain.resolveState(config), event);
    const stepped = table.step(machine.resolveState(config), event);
    return [interpreted, stepped].map((snapshot) => (snapshot as { value: unknown }).value);
  };
  for (const [from, name, to, because] of rows) {
    t.test(`${machine.id}: ${from} + ${name} -> ${to}: ${because}`, async (t) => {
      t.strictSame(outcomes(from, events[name]!), [to, to]);
    });
  }
  t.test(`${machine.id}: nothing else changes its state`, async (t) => {
    const named = new Set(rows.map(([from, name]) => `${from} ${name}`));
    t.equal(named.size, rows.length, "each row is there once");
    for (const from of Object.keys(machine.states)) {
      for (const [name, event] of Object.entries(events)) {
        if (named.has(`${from} ${name}`)) continue;
        t.strictSame(outcomes(from, event), [from, from], `${from} + ${name}`);
      }
    }
  });
  t.test(`${machine.id}: its config is data that the visualizer can open`, async (t) => {
    const written = JSON.parse(JSON.stringify(machine.config)) as unknown;
    t.strictSame(written, undefinedLess(machine.config), "only named guards and actions");
    const states = Object.values(machine.states) as { description?: string }[];
    t.ok(
      states.every(({ description }) => description?.endsWith(".")),
      "each state is described",
    );
  });
}

/** A value without the fields that are undefined, which JSON leaves out. Functions stay, to be found. */
function undefinedLess(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(undefinedLess);
  if (typeof value !== "object" || value === null) return value;
  const known = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(known.map(([key, part]) => [key, undefinedLess(part)]));
}

const busyTask: TaskContext = {
  attempt: 2,
  reverts: 1,
  progress: 0.75,
  result: "result",
  failure,
  revertResult: "undone",
  revertFailure: failure,
};

const busyRetry: RetryMachineContext = {
  ...busyTask,
  history: [{ value: "first", failures: {} }],
};

check(taskMachine as AnyStateMachine, taskEvents, taskRows, busyTask);
check(retryMachine as AnyStateMachine, retryEvents, retryRows, busyRetry);
check(flowMachine, flowEvents, flowRows);

/** What an event changes in the context of an atom; all else stays. */
type Change = readonly [from: AtomState, event: keyof typeof retryEvents, changes: object];

const sharedChanges: readonly Change[] = [
  ["PENDING", "start", { attempt: 3, progress: 0 }],
  ["PENDING", "ignore", { progress: 0 }],
  ["RUNNING", "failed", { failure }],
  ["RUNNING", "condemned", { failure }],
  ["PENDING", "condemned", { attempt: 3, progress: 0, failure }],
  ["RUNNING", "progress", { progress: 0.5 }],
  ["RUNNING", "withdrawn to PENDING", { progress: 0.25, revertFailure: failure }],
  ["SUCCESS", "revert", { reverts: 2, progress: 0, revertFailure: undefined }],
  ["REVERTING", "revertFailed", { revertFailure: failure }],
  ["REVERTING", "progress", { progress: 0.5 }],
  ["REVERTING", "withdrawn to FAILURE", { progress: 0.25, revertFailure: failure }],
  [
    "REVERTED",
    "reset",
    {
      progress: 0,
      result: undefined,
      failure: undefined,
      revertResult: undefined,
      revertFailure: undefined,
    },
  ],
];

const taskChanges: readonly Change[] = [
  ...sharedChanges,
  ["RUNNING", "succeeded", { result: 7, progress: 1 }],
  ["RUNNING", "completed", { result: 9, progress: 1 }],
  ["PENDING", "completed", { attempt: 3, result: 9, progress: 1 }],
  ["FAILURE", "completed", { attempt: 3, result: 9, progress: 1, failure: undefined }],
  ["REVERTING", "reverted", { revertResult: 8, progress: 1 }],
];

const retryChanges: readonly Change[] = [
  ...sharedChanges,
  [
    "RUNNING",
    "succeeded",
    { result: 7, progress: 1, history: [...busyRetry.history, { value: 7, failures: {} }] },
  ],
  [
    "RUNNING",
    "completed",
    { result: 9, progress: 1, history: [...busyRetry.history, { value: 9, failures: {} }] },
  ],
  ["PENDING", "renew", { history: [] }],
  ["SUCCESS", "fault", { history: [{ value: "first", failures: { a: failure } }] }],
  ["REVERTING", "reverted", { revertResult: 8, progress: 1, history: [] }],
  ["SUCCESS", "retry", {}],
];

for (const [from, name, changes] of taskChanges) {
  t.test(`task: ${from} + ${name} changes ${Object.keys(changes).join(", ")}`, async (t) => {
    const before = taskMachine.resolveState({ value: from, context: busyTask });
    const next = tabulate(taskMachine).step(before, retryEvents[name] as TaskEvent);
    t.strictSame(next.context, { ...busyTask, ...changes });
  });
}

for (const [from, name, changes] of retryChanges) {
  t.test(
    `retry: ${from} + ${name} changes ${Object.keys(changes).join(", ") || "nothing"}`,
    async (t) => {
      const before = retryMachine.resolveState({ value: from, context: busyRetry });
      const next = tabulate(retryMachine).step(before, retryEvents[name]);
      t.strictSame(next.context, { ...busyRetry, ...changes });
    },
  );
}
