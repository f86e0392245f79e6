/** The snapshots that a table makes. */
import { matchesState } from "xstate";
import type { AnyMachineSnapshot, AnyStateMachine, StateValue } from "xstate";
import type { AnyEvent, Children, Context, Node } from "./parsed.ts";

/** What all snapshots share that rest in one leaf state of a machine. */
export interface Resting {
  readonly machine: AnyStateMachine;
  /** The active states, the root first. */
  readonly nodes: readonly Node[];
  readonly value: StateValue;
  readonly tags: ReadonlySet<string>;
}

export type Status = "active" | "done" | "error" | "stopped";

export const noChildren: Children = Object.freeze({});

const noHistory = Object.freeze({});

/**
 * An XState `MachineSnapshot` of one hidden class, whatever the machine.
 *
 * Its own fields are those that XState's spreads and clones keep; the rest is on the prototype. So a
 * snapshot that XState's actor makes by a spread when a transition threw has no methods; XState's own have.
 */
export class TableSnapshot {
  readonly status: Status;
  readonly output: unknown;
  readonly error: unknown;
  readonly context: Context;
  readonly _nodes: readonly Node[];
  readonly value: StateValue;
  readonly children: Children;
  readonly #at: Resting;

  constructor(
    at: Resting,
    context: Context,
    status: Status = "active",
    children: Children = noChildren,
    output?: unknown,
    error?: unknown,
  ) {
    this.status = status;
    this.output = output;
    this.error = error;
    this.context = context;
    this._nodes = at.nodes;
    this.value = at.value;
    this.children = children;
    this.#at = at;
  }

  /** Where a snapshot rests; undefined if no table made it. */
  static at(snapshot: object): Resting | undefined {
    return #at in snapshot ? snapshot.#at : undefined;
  }

  get machine(): AnyStateMachine {
    return this.#at.machine;
  }

  get tags(): ReadonlySet<string> {
    return this.#at.tags;
  }

  get historyValue(): object {
    return noHistory;
  }

  matches(value: StateValue): boolean {
    return matchesState(value, this.value);
  }

  hasTag(tag: string): boolean {
    return this.tags.has(tag);
  }

  /** As XState's: an event that is taken only to be ignored can't be sent. */
  can(event: AnyEvent): boolean {
    return this.machine
      .getTransitionData(this as unknown as AnyMachineSnapshot, event)
      .some(({ target, actions }) => target !== undefined || actions.length > 0);
  }

  getMeta(): Record<string, unknown> {
    const metas = this._nodes.filter(({ meta }) => meta !== undefined);
    return Object.fromEntries(metas.map(({ id, meta }) => [id, meta]));
  }

  toJSON(): object {
    const { status, output, error, context, value, children, historyValue } = this;
    return { status, output, error, context, value, children, historyValue, tags: [...this.tags] };
  }
}

/** The same snapshot with another status: at the end of an actor that did not come to it by itself. */
export function ended<Snapshot extends object>(
  snapshot: Snapshot,
  status: Exclude<Status, "active">,
  { output, error }: { readonly output?: unknown; readonly error?: unknown } = {},
): Snapshot {
  const at = TableSnapshot.at(snapshot);
  if (at === undefined) return { ...snapshot, status, output, error };
  const { context, children } = snapshot as unknown as TableSnapshot;
  return new TableSnapshot(at, context, status, children, output, error) as unknown as Snapshot;
}
