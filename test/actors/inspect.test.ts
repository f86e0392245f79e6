// What an inspector is sent: machines made of the definitions go the very way that the messages tell.
import t from "tap";
import { type AnyMachineSnapshot, createMachine, transition } from "xstate";
import { Engine } from "../../actors/engine.ts";
import { flowMachine } from "../../actors/flow.ts";
import { inspectFlow } from "../../actors/inspect-flow.ts";
import { inspectSystem } from "../../actors/inspect-system.ts";
import type { InspectionMessage } from "../../actors/inspection.ts";
import { retryMachine } from "../../actors/retry.ts";
import { spawn } from "../../actors/spawn.ts";
import { System } from "../../actors/system.ts";
import { taskMachine } from "../../actors/task.ts";
import { systemClock } from "../../lib/system.ts";
import type { Item } from "../../lib/types.ts";
import { references, untyped } from "../simulation/flows.ts";

const { task, linear, times } = untyped;

/** A consumer that knows XState and nothing of ours: it runs the machines that it is sent. */
class Consumer {
  /** States by session. */
  readonly states = new Map<string, unknown>();
  readonly parents = new Map<string, string | undefined>();
  readonly names = new Map<string, string>();
  readonly faults: string[] = [];
  readonly #actors = new Map<string, AnyMachineSnapshot>();
  #awaited = new Map<string, unknown>();

  readonly take = (message: InspectionMessage): void => {
    const sent = JSON.parse(JSON.stringify(message)) as InspectionMessage;
    const { sessionId: id } = sent;
    if (sent.type === "@xstate.actor") {
      const config = JSON.parse(sent.definition ?? "{}") as { id: string };
      const { guards } = { task: taskMachine, retry: retryMachine, flow: flowMachine }[
        config.id as "task"
      ].implementations;
      const machine = createMachine(config as never).provide({ guards } as never);
      const { value } = sent.snapshot;
      this.#actors.set(id, machine.resolveState({ value: value as never, context: {} }));
      this.states.set(id, value);
      this.parents.set(id, sent.parentId);
      this.names.set(id, sent.name);
      return;
    }
    const before = this.#actors.get(id);
    if (before === undefined) {
      this.faults.push(`${sent.type} of ${id}, which nobody told of`);
    } else if (sent.type === "@xstate.event") {
      const [after] = transition(before.machine, before, sent.event as never);
      this.#actors.set(id, after as AnyMachineSnapshot);
      this.#awaited.set(id, (after as AnyMachineSnapshot).value);
    } else {
      const { value } = sent.snapshot;
      if (this.#awaited.get(id) !== value) {
        this.faults.push(`${id} is ${String(value)} after ${sent.event.type}`);
      }
      this.states.set(id, value);
    }
  };
}

for (const { flow, store = {} } of references) {
  t.test(`machines of the definitions go the way that "${flow.name}" went`, async (t) => {
    const consumer = new Consumer();
    const engine = new Engine(flow, { id: "f.1", store, inspect: consumer.take });
    await engine.run().catch(() => undefined);
    t.strictSame(consumer.faults, []);
    const root = "f=002e1";
    t.equal(consumer.states.get(root), engine.storage.state);
    t.equal(consumer.names.get(root), flow.name);
    for (const { name, state } of engine.storage.atoms()) {
      const session = [...consumer.names].find(([id, other]) => id !== root && other === name)?.[0];
      t.ok(session?.startsWith(`${root}/`), "its session is of its flow's");
      t.equal(consumer.parents.get(session ?? ""), root);
      t.equal(consumer.states.get(session ?? ""), state, name);
    }
  });
}

t.test("values come as JSON, failures with what went wrong", async (t) => {
  const flow = linear(
    "f",
    { retry: times(2, { name: "r" }) },
    task({
      name: "a",
      provides: "x",
      execute: () => ({ at: new Date(0), big: 7n, no: undefined }),
    }),
    task({
      name: "b",
      execute: () => {
        throw new Error("broken");
      },
    }),
  );
  const messages: InspectionMessage[] = [];
  const clock = { ...systemClock, now: () => 42 };
  const engine = new Engine(flow, { clock, inspect: (message) => messages.push(message) });
  await t.rejects(engine.run(), { message: "broken" });
  const actors = messages.filter(({ type }) => type === "@xstate.actor");
  t.equal(actors.length, 4);
  t.strictSame(
    messages.map(({ id }) => Number(id)),
    messages.map((_, at) => at + 1),
  );
  t.ok(messages.every(({ createdAt, rootId }) => createdAt === "42" && rootId === engine.id));
  const snapshots = messages.filter((message) => message.type === "@xstate.snapshot");
  const done = snapshots.find(({ sessionId, event }) => {
    return sessionId.endsWith("/a") && event.type === "succeeded";
  });
  const value = { at: "1970-01-01T00:00:00.000Z", big: "7", no: null };
  t.match(done, { event: { value }, snapshot: { value: "SUCCESS", context: { result: value } } });
  const failed = snapshots.filter(({ event }) => event.type === "failed");
  t.match(failed, [
    { event: { failure: { message: "broken" } } },
    { snapshot: { value: "FAILURE" } },
  ]);
});

t.test(
  "an engine that is watched later is told of from then on, until it isn't any more",
  async (t) => {
    const flow = linear(
      "f",
      {},
      task({ name: "a", execute: () => 1 }),
      task({ name: "b", execute: () => 2 }),
    );
    const engine = new Engine(flow, {});
    const messages: InspectionMessage[] = [];
    let stop: (() => void) | undefined;
    for await (const state of engine.runIter()) {
      t.ok(state);
      if (engine.storage.atom("a").state !== "SUCCESS") continue;
      if (stop === undefined) stop = inspectFlow(engine, (message) => messages.push(message));
      else break;
    }
    const [root, a] = messages;
    t.match(root, { type: "@xstate.actor", name: "f" });
    t.match(a, { type: "@xstate.actor", name: "a", snapshot: { value: "SUCCESS" } });
    const before = messages.length;
    stop?.();
    await engine.run();
    t.equal(messages.length, before, "nothing more");
    t.equal(
      engine.notifier.isHeard || engine.atomNotifier.isHeard,
      false,
      "nothing is made for nobody",
    );
  },
);

t.test("a listener that throws disturbs nobody", async (t) => {
  const log: string[] = [];
  const inspect = (): void => {
    throw new Error("no room");
  };
  const flow: Item = linear("f", {}, task({ name: "a", execute: () => 1 }));
  const engine = new Engine(flow, { inspect, log: (text) => log.push(text) });
  t.equal(await engine.run(), "SUCCESS");
  t.match(log[0], /a listener failed: Error: no room/);
});

t.test("values that hold themselves end somewhere", async (t) => {
  const loop: { self?: unknown } = {};
  loop.self = loop;
  const flow: Item = linear("f", {}, task({ name: "a", provides: "x", execute: () => loop }));
  const messages: InspectionMessage[] = [];
  const inspect = (message: InspectionMessage): void => void messages.push(message);
  t.equal(await new Engine(flow, { payloads: "live", inspect }).run(), "SUCCESS");
  t.ok(JSON.stringify(messages).length > 1_000);
});

t.test("the actors of a system are told with their machines", async (t) => {
  const messages: InspectionMessage[] = [];
  const system = new System({ clock: systemClock });
  const stop = inspectSystem(system, (message) => {
    messages.push(message);
  });
  const flow = linear("f", {}, task({ name: "a", execute: () => 1 }));
  const ref = spawn(flow as never, { system, id: "one" });
  await new Promise((resolve) => ref.subscribe({ complete: () => resolve(undefined) }));
  const [first, ...more] = messages;
  t.match(first, { type: "@xstate.actor", name: "one", parentId: undefined });
  t.equal((JSON.parse((first as { definition: string }).definition) as { id: string }).id, "flow");
  const last = more.at(-1);
  t.match(last, { type: "@xstate.snapshot", snapshot: { status: "done", value: "SUCCESS" } });
  t.ok(messages.every(({ sessionId }) => sessionId === first?.sessionId));
  stop();
  t.notOk(system.isInspected);
});
