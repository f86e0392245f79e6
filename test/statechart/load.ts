/** Loads what was printed for Stately's editor with XState itself, and looks at every state of it. */
import { runInThisContext } from "node:vm";
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  createMachine,
  getMicrosteps,
  initialTransition,
  transition,
} from "xstate";
import { getShortestPaths } from "xstate/graph";

/** Evaluates the call that was printed, with XState's own function. */
export function load(printed: string): AnyStateMachine {
  const make = runInThisContext(`(createMachine) => ${printed.replace(/;\n$/, "")}`) as (
    create: typeof createMachine,
  ) => AnyStateMachine;
  return make(createMachine);
}

export const nodesIn = (node: AnyStateNode): AnyStateNode[] => [
  node,
  ...Object.values(node.states as Record<string, AnyStateNode>).flatMap(nodesIn),
];

/** The state's value after these events. */
export function valueAfter(machine: AnyStateMachine, events: readonly string[]): unknown {
  let [state] = initialTransition(machine);
  for (const type of events) [state] = transition(machine, state, { type });
  return (state as AnyMachineSnapshot).value;
}

function eventsOf(state: AnyMachineSnapshot): { readonly type: string }[] {
  const types = state._nodes.flatMap(({ ownEvents }) => ownEvents as readonly string[]);
  return [...new Set(types)]
    .filter((type) => !type.startsWith("xstate."))
    .map((type) => ({ type }));
}

const keyOf = (state: AnyMachineSnapshot): string => JSON.stringify(state.value);

export interface Explored {
  /** Nodes that were entered, those included that are left at once. */
  readonly visited: ReadonlySet<AnyStateNode>;
  /** Ends that were reached. */
  readonly ends: ReadonlySet<string>;
  /** States from which no end can be reached. */
  readonly stuck: readonly string[];
  readonly states: number;
}

/** Walks every path from the initial state. */
export function explore(machine: AnyStateMachine): Explored {
  const paths = getShortestPaths(machine, {
    events: (state: AnyMachineSnapshot) => eventsOf(state),
    serializeState: (state: AnyMachineSnapshot) => keyOf(state),
    limit: 1_000_000,
  } as never) as unknown as readonly { readonly state: AnyMachineSnapshot }[];
  const visited = new Set<AnyStateNode>();
  const ends = new Set<string>();
  const comesFrom = new Map<string, string[]>();
  for (const { state } of paths) {
    for (const node of state._nodes) visited.add(node);
    if (state.status === "done") ends.add(keyOf(state));
    for (const event of eventsOf(state)) {
      const steps = getMicrosteps(machine, state, event).map(([snapshot]) => snapshot);
      for (const step of steps) for (const node of step._nodes) visited.add(node);
      const to = steps.at(-1);
      if (to === undefined) continue;
      comesFrom.set(keyOf(to), [...(comesFrom.get(keyOf(to)) ?? []), keyOf(state)]);
    }
  }
  const alive = new Set(ends);
  const work = [...ends];
  for (let key = work.pop(); key !== undefined; key = work.pop()) {
    for (const before of comesFrom.get(key) ?? []) {
      if (alive.has(before)) continue;
      alive.add(before);
      work.push(before);
    }
  }
  const stuck = paths.map(({ state }) => keyOf(state)).filter((key) => !alive.has(key));
  return { visited, ends, stuck, states: paths.length };
}
