/** Walks through all that a machine can be led to, by the interpreter and by the table side by side. */
import assert from "node:assert/strict";
import {
  type AnyActorRef,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  initialTransition,
  transition,
} from "xstate";
import { accelerate, tabulate } from "../../lib/statechart/table.ts";
import type { Exhibit } from "./zoo.ts";

/** The fields of a snapshot that XState types as `any`. */
interface Fields {
  readonly value: unknown;
  readonly context: unknown;
  readonly output: unknown;
  readonly error: unknown;
  readonly children: Readonly<Record<string, AnyActorRef>>;
}

/**
 * Everything that can be seen of a snapshot, as data. The states and tags come sorted: XState sorts the
 * states of an actor that is done for their exit actions and leaves them so, a table keeps the root first.
 */
function seen(snapshot: AnyMachineSnapshot, events: Exhibit["events"]): object {
  const { machine, status } = snapshot;
  const { value, context, output, error, children } = snapshot as unknown as Fields;
  const tags = [...snapshot.tags].sort();
  const shown = JSON.parse(JSON.stringify(snapshot)) as { tags: string[] };
  return {
    ...{ machine: machine.id, value, status, output, tags },
    nodes: snapshot._nodes.map(({ id }) => id).sort(),
    shown: { ...shown, tags: shown.tags.sort() },
    context: plain(context),
    error: describe(error),
    hasTag: ["none", ...tags].map((tag) => snapshot.hasTag(tag)),
    meta: snapshot.getMeta(),
    matches: [value, "a", "b", { b: "x" }].map((at) => snapshot.matches(at as never)),
    can: events.map((event) => outcome(() => snapshot.can(event))),
    history: JSON.parse(JSON.stringify(snapshot.historyValue)) as unknown,
    children: Object.entries(children).map(([key, { id, src }]) => [key, id, src]),
    persisted: JSON.parse(JSON.stringify(machine.getPersistedSnapshot(snapshot))) as unknown,
  };
}

const describe = (error: unknown): unknown => (error instanceof Error ? error.message : error);

function outcome<Result>(attempt: () => Result): Result | string {
  try {
    return attempt();
  } catch (error) {
    return `threw ${String(describe(error))}`;
  }
}

type Step = readonly [snapshot: AnyMachineSnapshot, actions: readonly unknown[]];

/** Takes one step, or the first if there is no snapshot. Actors are shown by their ids, if they have names. */
function take(
  machine: AnyStateMachine,
  exhibit: Exhibit,
  snapshot?: AnyMachineSnapshot,
  event?: Exhibit["events"][number],
): Step {
  const [next, actions] =
    snapshot === undefined
      ? initialTransition(machine, exhibit.input as never)
      : transition(machine, snapshot, event as never);
  return [next as AnyMachineSnapshot, actions.map(shownAction)];
}

/** The fields of an action to be done that XState types as `any`. */
interface Due {
  readonly type: string;
  readonly info: { readonly context: unknown; readonly event: unknown };
  readonly params: unknown;
  readonly exec: unknown;
}

function shownAction({ type, info: { context, event }, params, exec }: Due): object {
  return { type, params: plain(params), context: plain(context), event, exec: typeof exec };
}

function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("sessionId" in value) {
    const { id } = value as unknown as AnyActorRef;
    return `actor ${id.startsWith("x:") ? "" : id}`;
  }
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

export interface Walk {
  readonly states: number;
  readonly steps: number;
  /** How often the table left an event to the interpreter that an actor at work was to take. */
  readonly interpreted: number;
}

/**
 * Compares the two in every state that events lead to, and each step between them.
 *
 * @param limit - most states to visit
 * @throws AssertionError at the first difference
 */
export function explore(exhibit: Exhibit, limit = 150): Walk {
  const reference = exhibit.make();
  const machine = exhibit.make();
  const interpret = machine.transition.bind(machine);
  let interpreted = 0;
  machine.transition = (snapshot, event, scope) => {
    const { type } = event as { type: string };
    if (snapshot.status === "active" && !/^xstate\.(stop|error\.actor)/.test(type)) interpreted++;
    return interpret(snapshot, event, scope);
  };
  accelerate(machine);
  const table = exhibit.pure === true ? tabulate(machine) : undefined;
  const both = (run: (machine: AnyStateMachine, index: 0 | 1) => Step) =>
    [outcome(() => run(reference, 0)), outcome(() => run(machine, 1))] as const;
  const visited = new Set<string>();
  const queue: (readonly [AnyMachineSnapshot, AnyMachineSnapshot])[] = [];
  const meet = (
    [expected, actual]: readonly [Step | string, Step | string],
    where: string,
  ): void => {
    if (typeof expected === "string" || typeof actual === "string") {
      assert.deepEqual(actual, expected, where);
      return;
    }
    const [wanted, given] = [seen(expected[0], exhibit.events), seen(actual[0], exhibit.events)];
    assert.deepEqual(given, wanted, where);
    assert.deepEqual(actual[1], expected[1], `${where}: actions`);
    const key = JSON.stringify(wanted);
    if (!visited.has(key)) queue.push([expected[0], actual[0]]);
    visited.add(key);
  };
  meet(
    both((machine) => take(machine, exhibit)),
    "at first",
  );
  let steps = 0;
  for (const pair of queue) {
    if (visited.size > limit) break;
    for (const event of exhibit.events) {
      const where = `${JSON.stringify(pair[0].value)} + ${event.type}`;
      const next = both((machine, index) => take(machine, exhibit, pair[index], event));
      meet(next, where);
      const same = next.map((step, index) => step[0] === pair[index]);
      assert.equal(same[1], same[0], `${where}: the same snapshot again`);
      if (table !== undefined && pair[0].status === "active") {
        const step = table.step(pair[1], event);
        assert.deepEqual(
          seen(step, exhibit.events),
          seen(next[0][0] as AnyMachineSnapshot, exhibit.events),
          where,
        );
        assert.equal(step === pair[1], same[0], `${where}: the same snapshot from a bare step`);
        assert.equal(table.can(pair[1], event as never), pair[0].can(event as never), where);
      }
      steps++;
    }
  }
  return { states: visited.size, steps, interpreted };
}
