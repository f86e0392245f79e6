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
  /** The leaf and the states around it, the root first. */
  readonly path: readonly Node[];
  readonly nodes: readonly Node[];
  readonly value: StateValue;
  readonly tags: ReadonlySet<string>;
  /** By event type; filled by the table. Types that only a wildcard takes are not in here. */
  readonly plans = new Map<string, readonly Plan[]>();
  /** Of all transitions met so far, so that types that only a wildcard takes share theirs. */
  readonly planOf = new Map<Transition, Plan>();

  /** `nodes`: only for the moment before the first states are entered, when only the root is active. */
  constructor(machine: AnyStateMachine, leaf: Node, nodes?: readonly Node[]) {
    this.machine = machine;
    this.leaf = leaf;
    this.path = [leaf, ...ancestors(leaf, undefined)].reverse();
    this.nodes = nodes ?? this.path;
    this.value = valueOf(this.path);
    this.tags = new Set(this.nodes.flatMap(({ tags }) => tags));
  }
}

/** XState's state value: the leaf's key, in an object for each compound state around it. */
function valueOf(path: readonly Node[]): StateValue {
  const keys = path.slice(1).map(({ key }) => key);
  const leaf = keys.pop();
  if (leaf === undefined) return Object.freeze({});
  return keys.reduceRight<StateValue>((value, key) => Object.freeze({ [key]: value }), leaf);
}
