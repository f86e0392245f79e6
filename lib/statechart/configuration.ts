/** The leaf states of a machine, and what the table knows of each. */
import type { AnyStateMachine, StateValue } from "xstate";
import type { Guard } from "./guards.ts";
import type { Assign } from "./operations.ts";
import { ancestors, type Node, type Transition } from "./parsed.ts";
import type { Resting } from "./snapshot.ts";
import type { Operation } from "./turn.ts";

/** One transition out of one leaf: all that taking it needs. */
export interface Plan {
  /** As XState's guard; absent: it always passes. */
  readonly guard: Guard | undefined;
  /** It takes the event only to ignore it. */
  readonly forbidden: boolean;
  readonly target: Configuration;
  /** What is done on the way, in order. */
  readonly operations: readonly Operation[];
  /** The same when it only changes the context; undefined when there is more to do. */
  readonly assigns: readonly Assign[] | undefined;
}

/** One leaf of a machine with the states around it; shared by all snapshots that rest there. */
export class Configuration implements Resting {
  readonly machine: AnyStateMachine;
  readonly leaf: Node;
  /** The active states, the root first. */
  readonly nodes: readonly Node[];
  readonly value: StateValue;
  readonly tags: ReadonlySet<string>;
  /** By event type; filled by the table. Types that only a wildcard takes are not in here. */
  readonly plans = new Map<string, readonly Plan[]>();
  /** Of all transitions met so far, so that types that only a wildcard takes share theirs. */
  readonly planOf = new Map<Transition, Plan>();

  /** `nodes`: only for the moment before the first states are entered, when only the root is active. */
  constructor(machine: AnyStateMachine, leaf: Node, nodes = pathTo(leaf)) {
    this.machine = machine;
    this.leaf = leaf;
    this.nodes = nodes;
    this.value = valueOf(pathTo(leaf));
    this.tags = new Set(nodes.flatMap(({ tags }) => tags));
  }
}

/** A state with the states around it, the root first. */
export const pathTo = (node: Node): readonly Node[] =>
  [node, ...ancestors(node, undefined)].reverse();

/** XState's state value: the leaf's key, in an object for each compound state around it. */
function valueOf(nodes: readonly Node[]): StateValue {
  const keys = nodes.slice(1).map(({ key }) => key);
  const leaf = keys.pop();
  if (leaf === undefined) return Object.freeze({});
  return keys.reduceRight<StateValue>((value, key) => Object.freeze({ [key]: value }), leaf);
}
