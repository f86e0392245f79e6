import t from "tap";
import { assign, setup, type Snapshot, toPromise, waitFor } from "xstate";
import { LogicRef } from "../../actors/logic-ref.ts";
import { ViewRef } from "../../actors/ref.ts";
import { System, type SystemOptions } from "../../actors/system.ts";
import { taskMachine } from "../../actors/task.ts";
import type { TaskEvent } from "../../lib/plan/states.ts";
import { tabulate } from "../../lib/statechart/table.ts";
import { brief } from "../statechart/brief.ts";
import { VirtualClock } from "./clock.ts";

const table = tabulate(taskMachine);
type TaskSnapshot = typeof table.initial;

function newSystem(options: Partial<SystemOptions> = {}): System {
  return new System({ clock: new VirtualClock(), ...options });
}

/** A view of a task whose owner folds what is sent to it. */
function taskView(system = newSystem()): ViewRef<TaskSnapshot, TaskEvent> {
  const view: ViewRef<TaskSnapshot, TaskEvent> = new ViewRef<TaskSnapshot, TaskEvent>({
    system,
    src: "task",
    id: "a",
    snapshot: table.initial,
    take: (event) => {
      if (event.type === "ignore") throw new Error("no");
      view.publish(table.step(view.getSnapshot(), event), event);
    },
  });
  return view;
}

t.test("a view hands events to its owner and shows what that one publishes", async (t) => {
  const view = taskView();
  const seen: unknown[] = [];
  const subscription = view.subscribe((snapshot) => seen.push(snapshot.value));
  const { send } = view;
  send({ type: "start" });
  send({ type: "succeeded", value: 3 });
  subscription.unsubscribe();
  send({ type: "revert" });
  t.same(seen, ["RUNNING", "SUCCESS"]);
  t.equal(view.getSnapshot().value, "REVERTING");
  t.ok(view.getSnapshot().matches("REVERTING"));
  t.ok(view.getPersistedSnapshot() === view.getSnapshot());
});

t.test("XState's waitFor and toPromise work on a view", async (t) => {
  const view = taskView();
  const waited = waitFor(view, ({ value }) => value === "SUCCESS");
  const output = toPromise(view);
  view.send({ type: "start" });
  view.send({ type: "succeeded", value: 3 });
  t.match((await waited).context, { result: 3 });
  view.complete("all done");
  t.equal(await output, "all done");
  t.match(brief(view.getSnapshot()), { status: "done", value: "SUCCESS" });
  t.ok(view.getSnapshot().matches("SUCCESS"), "the last snapshot is a whole one");
});

t.test("a view that fails tells its observers, once", async (t) => {
  const view = taskView();
  const seen: unknown[] = [];
  view.subscribe({ error: (error) => seen.push(error), complete: () => seen.push("complete") });
  const rejected = t.rejects(toPromise(view), { message: "gone" });
  const gone = new Error("gone");
  view.fail(gone);
  view.fail(new Error("again"));
  view.complete(undefined);
  t.same(seen, [gone]);
  t.match(brief(view.getSnapshot()), { status: "error", error: gone });
  await rejected;
  const late: unknown[] = [];
  view.subscribe({ error: (error) => late.push(error) });
  t.same(late, [gone], "who comes later hears it too");
});

t.test("a view whose owner throws on an event fails with that error", async (t) => {
  const view = taskView();
  const errors: unknown[] = [];
  view.subscribe({ error: (error) => errors.push(error) });
  view.send({ type: "ignore" });
  t.match(errors, [{ message: "no" }]);
});

t.test("a view that is stopped completes, and what is sent to it is a dead letter", async (t) => {
  const system = newSystem();
  const view = taskView(system);
  const letters: unknown[] = [];
  const ignore = system.onDeadLetter(({ to, event }) => letters.push([to.id, event.type]));
  let completed = 0;
  view.subscribe({ complete: () => completed++ });
  t.ok(system.actors.get(view.sessionId) === view);
  view.stop();
  view.stop();
  t.equal(completed, 1);
  t.equal(view.getSnapshot().status, "stopped");
  t.equal(system.actors.size, 0);
  view.send({ type: "start" });
  t.same(letters, [["a", "start"]]);
  ignore();
  view.send({ type: "start" });
  t.equal(letters.length, 1);
  t.equal(system.deadLetters, 2, "counted all the same");
});

t.test("an error that nobody hears goes to the system", async (t) => {
  const unhandled: unknown[] = [];
  const system = newSystem({ unhandled: (error) => unhandled.push((error as Error).message) });
  taskView(system).fail(new Error("alone"));
  const deaf = taskView(system);
  deaf.subscribe(() => undefined);
  deaf.fail(new Error("deaf"));
  deaf.subscribe(() => undefined);
  t.same(unhandled, ["alone", "deaf", "deaf"]);
});

t.test("without a handler of its own, the system throws such an error outside", async (t) => {
  const clock = new VirtualClock();
  taskView(newSystem({ clock })).fail(new Error("alone"));
  t.throws(() => clock.increment(0), { message: "alone" });
});

t.test("what a listener throws is nobody else's", async (t) => {
  const unhandled: string[] = [];
  const system = newSystem({ unhandled: (error) => unhandled.push((error as Error).message) });
  const view = taskView(system);
  const seen: unknown[] = [];
  const fail = (what: string) => () => {
    throw new Error(what);
  };
  view.subscribe({ next: fail("next"), complete: fail("complete") });
  view.subscribe((snapshot) => seen.push(snapshot.value));
  view.on("*", fail("on"));
  system.onDeadLetter(fail("letter"));
  view.send({ type: "start" });
  view.emit({ type: "x" });
  view.stop();
  view.send({ type: "start" });
  t.same(seen, ["RUNNING"]);
  t.same(unhandled, ["next", "on", "complete", "letter"]);
});

t.test(
  "listeners hear what is emitted: those for the type first, then those for all",
  async (t) => {
    const view = taskView();
    const seen: string[] = [];
    view.on("*", ({ type }) => seen.push(`all ${type}`));
    const handler = ({ type }: { type: string }): unknown => seen.push(`one ${type}`);
    view.on("x", handler);
    const second = view.on("x", handler);
    view.emit({ type: "x" });
    second.unsubscribe();
    view.emit({ type: "x" });
    view.emit({ type: "y" });
    t.same(seen, ["one x", "one x", "all x", "one x", "all x", "all y"]);
  },
);

t.test("a selection is told of changes only", async (t) => {
  const view = taskView();
  const attempt = view.select(({ context }) => context.attempt);
  const seen: number[] = [];
  attempt.subscribe((value) => seen.push(value));
  view
    .select(
      ({ context }) => context,
      (a, b) => a.attempt === b.attempt,
    )
    .subscribe({
      next: ({ attempt }) => seen.push(-attempt),
    });
  view.send({ type: "start" });
  view.send({ type: "progress", fraction: 0.5 });
  t.same(seen, [1, -1]);
  t.equal(attempt.get(), 1);
});

t.test("a ref is written as its id, and is its own observable", async (t) => {
  const view = taskView();
  t.equal(JSON.stringify({ view }), '{"view":{"xstate$$type":1,"id":"a"}}');
  t.ok(view[Symbol.observable]() === view);
  t.ok(view.ref === view);
  t.ok(view.start() === view);
  t.equal(view.src, "task");
});

const counter = setup({
  types: { context: {} as { n: number }, events: {} as { type: "INC" | "END" } },
  actions: { inc: assign({ n: ({ context }) => context.n + 1 }) },
}).createMachine({
  context: { n: 0 },
  initial: "on",
  states: { on: { on: { INC: { actions: "inc" }, END: "off" } }, off: { type: "final" } },
  output: ({ context }) => context.n,
});

t.test("events that come before the start wait for it, to a limit", async (t) => {
  const system = newSystem({ capacity: 2 });
  const actor = new LogicRef(counter, { system });
  for (const type of ["INC", "INC", "END"] as const) actor.send({ type });
  t.equal(system.deadLetters, 1);
  t.equal(actor.getSnapshot().context.n, 0);
  actor.start();
  t.match(brief(actor.getSnapshot()), { value: "on", context: { n: 2 } });
});

t.test("an actor that was stopped before it started never starts", async (t) => {
  const system = newSystem();
  const actor = new LogicRef(counter, { system }).stop().start();
  actor.send({ type: "INC" });
  t.equal(actor.getSnapshot().context.n, 0);
  t.equal(system.deadLetters, 1);
});

t.test("what waits for an actor that is stopped is a dead letter", async (t) => {
  const system = newSystem();
  const actor = new LogicRef(counter, { system }).start();
  const view = new ViewRef<Snapshot<unknown>, { type: string }>({
    system,
    src: "view",
    snapshot: { status: "active", output: undefined, error: undefined },
    take: () => {
      actor.send({ type: "INC" });
      actor.stop();
      actor.stop();
      actor.send({ type: "INC" });
    },
  });
  view.send({ type: "go" });
  t.match(brief(actor.getSnapshot()), { status: "stopped", context: { n: 0 } });
  t.equal(system.deadLetters, 2);
});

t.test("only its parent stops a child, and hears of its end", async (t) => {
  const system = newSystem();
  const heard: unknown[] = [];
  const parent = new ViewRef<Snapshot<unknown>, { type: string }>({
    system,
    src: "parent",
    snapshot: { status: "active", output: undefined, error: undefined },
    take: (event) => heard.push(event),
  });
  const child = new LogicRef(counter, { system, parent, id: "kid" }).start();
  t.throws(() => child.stop(), { message: "A non-root actor cannot be stopped directly." });
  child.send({ type: "INC" });
  child.send({ type: "END" });
  const view = new ViewRef({
    system,
    parent,
    id: "view",
    src: "x",
    snapshot: table.initial,
    take: () => undefined,
  });
  const lost = new Error("lost");
  view.fail(lost);
  t.same(heard, [
    { type: "xstate.done.actor.kid", output: 1, actorId: "kid" },
    { type: "xstate.error.actor.view", error: lost, actorId: "view" },
  ]);
});

t.test("an actor goes on from a persisted snapshot", async (t) => {
  const system = newSystem();
  const first = new LogicRef(counter, { system }).start();
  first.send({ type: "INC" });
  const snapshot = JSON.parse(JSON.stringify(first.getPersistedSnapshot())) as Snapshot<unknown>;
  const second = new LogicRef(counter, { system, snapshot }).start();
  second.send({ type: "INC" });
  second.send({ type: "END" });
  t.match(brief(second.getSnapshot()), { status: "done", output: 2 });
});

t.test("a snapshot that can't be restored is an error of the actor", async (t) => {
  const errors: unknown[] = [];
  const snapshot = { status: "active", value: "nowhere", context: {}, children: {} } as never;
  const actor = new LogicRef(counter, { system: newSystem(), snapshot });
  actor.subscribe({ error: (error) => errors.push(error) });
  actor.start();
  t.equal(actor.getSnapshot().status, "error");
  t.equal(errors.length, 1);
});
