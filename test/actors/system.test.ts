import t from "tap";
import {
  type AnyActorRef,
  createActor,
  createMachine,
  fromCallback,
  fromPromise,
  fromTransition,
  type InspectionEvent,
  log,
  raise,
  sendTo,
  setup,
  type Snapshot,
  toPromise,
} from "xstate";
import { LogicRef } from "../../actors/logic-ref.ts";
import { ViewRef } from "../../actors/ref.ts";
import { System, type SystemOptions } from "../../actors/system.ts";
import { FlowError } from "../../lib/errors.ts";
import { accelerate } from "../../lib/statechart/table.ts";
import { brief } from "../statechart/brief.ts";
import { VirtualClock } from "./clock.ts";

const active: Snapshot<unknown> = { status: "active", output: undefined, error: undefined };

function newSystem(options: Partial<SystemOptions> = {}): System {
  return new System({ clock: new VirtualClock(), ...options });
}

function sink(
  system: System,
  heard: unknown[],
  id = "sink",
): ViewRef<Snapshot<unknown>, { type: string }> {
  const take = ({ type }: { type: string }): unknown => heard.push(type);
  return new ViewRef({ system, src: "sink", id, systemId: id, snapshot: active, take });
}

t.test("actors are found by system id while they live", async (t) => {
  const system = newSystem({ name: "plant" });
  const actor = sink(system, [], "boiler");
  t.ok(system.get("boiler") === actor);
  t.same(Object.keys(system.getAll()), ["boiler"]);
  t.equal(actor.sessionId, "plant:0");
  t.throws(() => sink(system, [], "boiler"), {
    code: "ALREADY_EXISTS",
    message: 'actor "boiler" exists already',
  });
  actor.stop();
  t.ok(system.get("boiler") === undefined);
  t.ok(sink(system, [], "boiler"), "the name is free again");
});

t.test("two systems give the same ids to the same actors", async (t) => {
  const ids = [newSystem(), newSystem()].map((system) => [
    sink(system, [], "a").sessionId,
    sink(system, [], "b").sessionId,
  ]);
  t.same(ids[0], ids[1]);
});

t.test("an inspector sees XState's events while it is attached, and no longer", async (t) => {
  const system = newSystem();
  const seen: InspectionEvent[] = [];
  const first = system.inspect((event) => seen.push(event));
  const second = system.inspect({ next: (event) => t.ok(event.rootId) });
  const machine = accelerate(
    createMachine({ initial: "a", states: { a: { on: { go: "b" } }, b: {} } }),
  );
  const actor = new LogicRef(machine, { system, id: "m" }).start();
  actor.send({ type: "go" });
  t.ok(seen.every(({ actorRef, rootId }) => actorRef === actor && rootId === actor.sessionId));
  const shown = seen.map((event) => [
    event.type,
    "event" in event ? event.event.type : undefined,
    "snapshot" in event ? brief(event.snapshot).value : undefined,
  ]);
  t.same(shown, [
    ["@xstate.actor", undefined, undefined],
    ["@xstate.event", "xstate.init", undefined],
    ["@xstate.snapshot", "xstate.init", "a"],
    ["@xstate.event", "go", undefined],
    ["@xstate.snapshot", "go", "b"],
  ]);
  const { length } = seen;
  first.unsubscribe();
  actor.send({ type: "go" });
  second.unsubscribe();
  t.notOk(system.isInspected);
  t.equal(seen.length, length);
});

t.test("an inspector sees the views of an owner, under the root they belong to", async (t) => {
  const system = newSystem();
  const seen: unknown[] = [];
  system.inspect((event) => seen.push([event.type, event.actorRef.sessionId, event.rootId]));
  const flow = sink(system, [], "flow");
  const task = new ViewRef<Snapshot<unknown>, { type: string }>({
    system,
    src: "task",
    parent: flow,
    snapshot: active,
    take: () => undefined,
  });
  task.publish({ ...active }, { type: "executed" });
  t.same(seen, [
    ["@xstate.actor", "fs:0", "fs:0"],
    ["@xstate.actor", "fs:1", "fs:0"],
    ["@xstate.snapshot", "fs:1", "fs:0"],
  ]);
});

t.test("what an inspector throws is nobody else's", async (t) => {
  const unhandled: unknown[] = [];
  const system = newSystem({ unhandled: (error) => unhandled.push((error as Error).message) });
  system.inspect(() => {
    throw new Error("inspector");
  });
  sink(system, []).send({ type: "x" });
  t.same(unhandled, ["inspector", "inspector"]);
});

t.test("promises, callbacks and reducers run as they do in XState", async (t) => {
  const system = newSystem();
  const promised = new LogicRef(
    fromPromise(async ({ input }) => [input]),
    { system, input: 7 },
  );
  t.same(await toPromise(promised.start()), [7]);
  const rejected = new LogicRef(
    fromPromise(() => Promise.reject(new Error("no"))),
    { system },
  );
  await t.rejects(toPromise(rejected.start()), { message: "no" });
  const heard: string[] = [];
  const called = new LogicRef(
    fromCallback(({ receive }) => {
      receive(({ type }) => heard.push(type));
      return () => heard.push("cleaned up");
    }),
    { system },
  ).start();
  called.send({ type: "x" });
  called.stop();
  t.same(heard, ["x", "cleaned up"]);
  const reducer = fromTransition(
    (sum: number, event: { type: string }) => sum + event.type.length,
    0,
  );
  const reduced = new LogicRef(reducer, { system }).start();
  reduced.send({ type: "abc" });
  reduced.stop();
  t.equal(
    reduced.getSnapshot().context,
    3 + "xstate.stop".length,
    "as in XState, it sees the stop",
  );
  t.equal(system.actors.size, 0);
});

t.test("messages between actors wait for their turn: no chain is too long", async (t) => {
  const system = newSystem();
  const actors: AnyActorRef[] = [];
  const machine = accelerate(
    setup({ types: { context: {} as { i: number }, input: {} as { i: number } } }).createMachine({
      context: ({ input }) => input,
      on: { HOP: { actions: sendTo(({ context }) => actors[context.i + 1]!, { type: "HOP" }) } },
    }),
  );
  for (let i = 0; i < 5_000; i++) {
    actors.push(new LogicRef(machine, { system, input: { i } }).start());
  }
  const heard: unknown[] = [];
  actors.push(sink(system, heard));
  actors[0]!.send({ type: "HOP" });
  t.same(heard, ["HOP"]);
});

t.test("actors of two systems send to each other", async (t) => {
  const heard: unknown[] = [];
  const [here, there] = [newSystem(), newSystem()];
  const target = sink(there, heard);
  const teller = createMachine({ on: { TELL: { actions: sendTo(target, { type: "hello" }) } } });
  new LogicRef(accelerate(teller), { system: here }).start().send({ type: "TELL" });
  createActor(teller).start().send({ type: "TELL" });
  t.same(heard, ["hello", "hello"]);
});

t.test("an actor that floods the mailbox fails with MAILBOX_FULL", async (t) => {
  const system = newSystem({ capacity: 10 });
  const errors: unknown[] = [];
  const flooding = new LogicRef(
    accelerate(
      createMachine({
        on: {
          FLOOD: {
            actions: ({ self }) => {
              for (let i = 0; i < 20; i++) self.send({ type: "X" });
            },
          },
        },
      }),
    ),
    { system },
  );
  flooding.subscribe({ error: (error) => errors.push(error) });
  flooding.start().send({ type: "FLOOD" });
  t.ok(FlowError.is(errors[0], "MAILBOX_FULL"));
  t.equal(system.deadLetters, 10, "what was in already has nobody to go to");
  t.equal(system.waiting, 0);
});

t.test("the end of a child reaches its parent through a full mailbox", async (t) => {
  const system = newSystem({ capacity: 1 });
  const heard: string[] = [];
  const parent = new ViewRef<Snapshot<unknown>, { type: string }>({
    system,
    src: "parent",
    snapshot: active,
    take: ({ type }) => {
      heard.push(type);
      if (type !== "go") return;
      parent.send({ type: "filling" });
      child.complete(undefined);
    },
  });
  const child = new ViewRef<Snapshot<unknown>, { type: string }>({
    ...{ system, parent, src: "child", id: "kid", snapshot: active },
    take: () => undefined,
  });
  parent.send({ type: "go" });
  t.same(heard, ["go", "filling", "xstate.done.actor.kid"]);
});

t.test("an XState child that has ended gets no more letters", async (t) => {
  const system = newSystem();
  const child = createMachine({
    initial: "a",
    states: { a: { on: { END: "b" } }, b: { type: "final" } },
  });
  const parent = new LogicRef(
    accelerate(
      setup({ actors: { child } }).createMachine({
        invoke: { src: "child", id: "kid" },
        on: { END: { actions: sendTo("kid", { type: "END" }) } },
      }),
    ),
    { system },
  ).start();
  parent.send({ type: "END" });
  t.equal(system.deadLetters, 0);
  parent.send({ type: "END" });
  t.equal(system.deadLetters, 1);
});

t.test("delayed messages are shown, delivered on time, and gone with their actor", async (t) => {
  const clock = new VirtualClock();
  const system = newSystem({ clock });
  const heard: unknown[] = [];
  const target = sink(system, heard);
  const machine = accelerate(
    createMachine({
      on: {
        LATER: { actions: sendTo(target, { type: "late" }, { delay: 10, id: "later" }) },
        ANON: { actions: raise({ type: "LATER" }, { delay: 5 }) },
      },
    }),
  );
  const actor = new LogicRef(machine, { system, id: "m" }).start();
  clock.increment(3);
  actor.send({ type: "ANON" });
  clock.increment(5);
  const [scheduled] = Object.values(system.getSnapshot()._scheduledEvents);
  t.match(scheduled, { id: "later", delay: 10, startedAt: 8, event: { type: "late" } });
  clock.increment(10);
  t.same(heard, ["late"]);
  actor.send({ type: "LATER" });
  actor.send({ type: "ANON" });
  t.equal(clock.pending.size, 2);
  actor.stop();
  t.equal(clock.pending.size, 0);
  clock.increment(100);
  t.same(heard, ["late"]);
});

t.test(
  "as with XState, a second timer of an id can't be cancelled once the first has fired",
  async (t) => {
    const clock = new VirtualClock();
    const system = newSystem({ clock });
    const heard: unknown[] = [];
    const [source, target] = [sink(system, [], "source"), sink(system, heard, "target")];
    const schedule = (): void => system.scheduler.schedule(source, target, { type: "x" }, 10, "id");
    schedule();
    clock.increment(5);
    schedule();
    clock.increment(5);
    t.same(system.getSnapshot()._scheduledEvents, {});
    system.scheduler.cancel(source, "id");
    clock.increment(5);
    t.same(heard, ["x", "x"]);
    schedule();
    system.scheduler.cancel(source, "id");
    system.scheduler.cancel(source, "id");
    clock.increment(10);
    t.same(heard, ["x", "x"]);
  },
);

t.test("a delayed message that finds the mailbox full is an error of nobody", async (t) => {
  const clock = new VirtualClock();
  const unhandled: unknown[] = [];
  const system = newSystem({ clock, capacity: 1, unhandled: (error) => unhandled.push(error) });
  const heard: unknown[] = [];
  const machine = createMachine({
    on: {
      START: { actions: raise({ type: "LATE" }, { delay: 5 }) },
      // Time passes inside of a delivery only on a clock like this one.
      FILL: {
        actions: ({ self }) => {
          self.send({ type: "X" });
          clock.increment(5);
        },
      },
      "*": { actions: ({ event }) => heard.push(event.type) },
    },
  });
  const actor = new LogicRef(accelerate(machine), { system }).start();
  actor.send({ type: "START" });
  actor.send({ type: "FILL" });
  t.same(heard, ["X"]);
  t.equal(unhandled.length, 1);
  t.ok(FlowError.is(unhandled[0], "MAILBOX_FULL"));
});

t.test("XState's log action writes to the system's log", async (t) => {
  const lines: unknown[] = [];
  const system = newSystem({ log: (message, fields) => lines.push([message, fields]) });
  const machine = createMachine({ entry: [log("plain"), log(() => ({ n: 1 }), "label")] });
  new LogicRef(accelerate(machine), { system }).start();
  t.same(lines, [
    ["log", { values: ["plain"] }],
    ["label", { values: ["label", { n: 1 }] }],
  ]);
});
