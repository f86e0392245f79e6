// The shell behaves as XState's own actor: the same random commands, on simulated time, leave the same trace.
import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { type AnyActorRef, createActor, type InspectionEvent, type Snapshot } from "xstate";
import { LogicRef } from "../../actors/logic-ref.ts";
import { System } from "../../actors/system.ts";
import { accelerate } from "../../lib/statechart/table.ts";
import { VirtualClock } from "./clock.ts";
import { type Subject, subjects } from "./subjects.ts";

type Command =
  | { readonly do: "send"; readonly type: string }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "start" | "stop" | "observe" | "leave" };

/** One line: who it is about, and what happened. */
type Line = readonly [actor: string, what: string];

interface Run {
  readonly actor: AnyActorRef;
  readonly clock: VirtualClock;
  readonly trace: Line[];
}

interface Fields {
  readonly value: unknown;
  readonly context: unknown;
  readonly status: string;
  readonly output: unknown;
  readonly error: unknown;
  /** Absent when the first snapshot could not be made. */
  readonly children?: object;
}

function shown(snapshot: Snapshot<unknown>): string {
  const { value, context, status, output, error, children } = snapshot as unknown as Fields;
  const what = error instanceof Error ? error.message : error;
  const ids = Object.keys(children ?? {});
  return JSON.stringify({ value, context, status, output, error: what, children: ids });
}

const statusOf = (actor: Pick<AnyActorRef, "getSnapshot">): string =>
  (actor.getSnapshot() as Snapshot<unknown>).status;

function inspected(event: InspectionEvent, root: () => AnyActorRef | undefined): Line | undefined {
  const actor = (event.actorRef as AnyActorRef).id;
  const rooted = event.rootId === (root() ?? event.actorRef).sessionId ? "" : " of another root";
  switch (event.type) {
    case "@xstate.actor":
      return [actor, `made${rooted}`];
    case "@xstate.event": {
      // A second timer of the same id outlives XState's actor, and finds it ended; ours it doesn't.
      if (statusOf(event.actorRef) !== "active") return undefined;
      const source = (event.sourceRef as AnyActorRef | undefined)?.id ?? "nobody";
      return [`mail of ${actor}`, `${event.event.type} by ${source}${rooted}`];
    }
    case "@xstate.snapshot":
      return [actor, `is ${shown(event.snapshot)} by ${event.event.type}${rooted}`];
    case "@xstate.action":
      return [actor, `does ${event.action.type}${rooted}`];
    case "@xstate.microstep":
    case "@xstate.transition":
      return undefined; // a table takes a step at once
  }
}

function begin(subject: Subject, isOurs: boolean): Run {
  const clock = new VirtualClock();
  const trace: Line[] = [];
  const machine = subject.make((line) => trace.push(["log", line]));
  const ref: { current?: AnyActorRef } = {};
  const inspect = (event: InspectionEvent): void => {
    const line = inspected(event, () => ref.current);
    if (line !== undefined) trace.push(line);
  };
  const logger = (...values: unknown[]): void => void trace.push(["log", JSON.stringify(values)]);
  const actor: AnyActorRef = (() => {
    if (!isOurs) return createActor(machine, { id: "root", clock, inspect, logger });
    const system = new System({
      clock,
      log: (_message, fields) => logger(...(fields?.["values"] as unknown[])),
      unhandled: (error) => trace.push(["unhandled", String(error)]),
    });
    system.inspect(inspect);
    return new LogicRef(accelerate(machine), { system, id: "root" });
  })();
  ref.current = actor;
  actor.on("*", ({ type }: { type: string }) => trace.push(["on", type]));
  actor.on("later", () => trace.push(["on later", ""]));
  const run = { actor, clock, trace };
  observe(run, "first");
  return run;
}

function observe({ actor, trace }: Run, who: string): () => void {
  const subscription = actor.subscribe({
    next: (snapshot: Snapshot<unknown>) => trace.push([who, shown(snapshot)]),
    error: (error: unknown) => trace.push([who, String(error)]),
    complete: () => trace.push([who, "complete"]),
  });
  return () => subscription.unsubscribe();
}

function carryOut(run: Run, commands: readonly Command[]): void {
  const { actor, clock, trace } = run;
  let leave = (): void => undefined;
  for (const [index, command] of commands.entries()) {
    trace.push(["step", `${index} ${JSON.stringify(command)}`]);
    if (command.do === "send") actor.send({ type: command.type });
    else if (command.do === "pass") clock.increment(command.ms);
    else if (command.do === "start") actor.start();
    else if (command.do === "stop") actor.stop();
    else if (command.do === "observe") leave = observe(run, `number ${index}`);
    else leave();
    trace.push(["step", shown(actor.getSnapshot() as Snapshot<unknown>)]);
  }
  if (statusOf(actor) === "active") trace.push(["persisted", JSON.stringify(persisted(actor))]);
}

/** XState writes the parts of a persisted snapshot in the order in which its spreads leave them. */
const persisted = (actor: AnyActorRef): unknown =>
  Object.entries(actor.getPersistedSnapshot()).sort(([a], [b]) => (a < b ? -1 : 1));

function byActor(trace: readonly Line[]): unknown {
  const actors = [...new Set(trace.map(([actor]) => actor))].sort();
  return actors.map((name) => trace.filter(([actor]) => actor === name));
}

function commandsFor({ events }: Subject): fc.Arbitrary<Command[]> {
  const send = fc.constantFrom(...events).map((type): Command => ({ do: "send", type }));
  const pass = fc.integer({ min: 0, max: 12 }).map((ms): Command => ({ do: "pass", ms }));
  const rest = fc.constantFrom("observe", "leave", "stop").map((name): Command => ({ do: name }));
  const command = fc.oneof({ weight: 12, arbitrary: send }, { weight: 4, arbitrary: pass }, rest);
  const commands = fc.array(command, { maxLength: 25 });
  return fc
    .tuple(fc.array(send, { maxLength: 2 }), commands)
    .map(([early, later]) => [...early, { do: "start" }, ...later]);
}

for (const subject of subjects) {
  t.test(`shell and XState's actor are equal: ${subject.name}`, async () => {
    fc.assert(
      fc.property(commandsFor(subject), (commands) => {
        const [theirs, ours] = [begin(subject, false), begin(subject, true)];
        carryOut(theirs, commands);
        carryOut(ours, commands);
        const compared = subject.isFamily === true ? byActor : (trace: Line[]) => trace;
        assert.deepEqual(compared(ours.trace), compared(theirs.trace));
        if (statusOf(theirs.actor) !== "active") assert.equal(ours.clock.pending.size, 0);
      }),
      { numRuns: 100 },
    );
  });
}
