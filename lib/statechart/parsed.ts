/**
 * What the table reads of a machine as XState has parsed it, typed as narrowly as it is used.
 *
 * XState types most of this as `any`; here is the one place that says what is expected of it.
 */
import type { AnyStateMachine } from "xstate";

/** Says that a table can't do what a machine asks for, and what that is. */
export class Inexpressible extends Error {}

export type Context = Readonly<Record<string, unknown>>;

export interface AnyEvent {
  readonly type: string;
}

/** What guards and actions are called with. `self` and `system` are undefined outside an actor. */
export interface Args {
  readonly context: Context;
  readonly event: AnyEvent;
  readonly self?: unknown;
  readonly system?: unknown;
}

export type Callback = (args: Args, params: unknown) => unknown;

/** A guard or an action where it is used: its name, its name with params, or the function itself. */
export type Use = string | Callback | { readonly type: string; readonly params?: unknown };

export const nameOf = (use: Exclude<Use, Callback>): string =>
  typeof use === "string" ? use : use.type;

/** Makes the params of a guard or an action; undefined: it has none. */
export type Params = ((args: Args) => unknown) | undefined;

export function paramsOf(use: Use): Params {
  if (typeof use !== "object" || use.params === undefined) return undefined;
  const { params } = use;
  if (typeof params !== "function") return () => params;
  return ({ context, event }) => (params as Callback)({ context, event }, undefined);
}

/** Spawned and invoked actors, by id. */
export type Children = Readonly<Record<string, unknown>>;

/** What of its actor a step may use. */
export interface Scope {
  readonly self: unknown;
  readonly system: unknown;
  /** Runs an action now, or once the actor has started. */
  actionExecutor(action: {
    readonly type: string;
    readonly info: Args;
    readonly params: unknown;
    readonly exec: ((info: Args, params: unknown) => unknown) | undefined;
  }): void;
}

/** An action that XState resolves itself: `assign`, `raise`, `sendTo` … */
export interface Builtin {
  readonly type: string;
  resolve(
    scope: Scope,
    snapshot: object,
    args: Args,
    params: unknown,
    builtin: Builtin,
    extra: { readonly internalQueue: unknown[]; readonly deferredActorIds: undefined },
  ): readonly [next: { readonly children: Children }, params: unknown, actions: unknown];
  readonly execute?: (scope: Scope, params: unknown) => void;
  /** Of `assign`. */
  readonly assignment?: Callback | Readonly<Record<string, unknown>>;
  /** Of `raise`. */
  readonly delay?: unknown;
}

export interface Transition {
  readonly source: Node;
  readonly target?: readonly Node[] | undefined;
  readonly reenter: boolean;
  readonly guard?: Use | undefined;
  readonly actions: readonly Use[];
}

export interface Node {
  readonly id: string;
  readonly key: string;
  readonly type: "atomic" | "compound" | "parallel" | "final" | "history";
  readonly parent?: Node | undefined;
  /** Document order. */
  readonly order: number;
  readonly states: Readonly<Record<string, Node>>;
  readonly entry: readonly Use[];
  readonly exit: readonly Use[];
  readonly tags: readonly string[];
  readonly meta?: unknown;
  /** Of a final state and of the root: a value, or a function that makes it. */
  readonly output?: unknown;
  /** By event descriptor: a type, a prefix as in `a.*`, or `*`. */
  readonly transitions: ReadonlyMap<string, readonly Transition[]>;
  readonly always?: readonly unknown[] | undefined;
  readonly invoke: readonly unknown[];
  readonly initial: { readonly target: readonly Node[]; readonly actions: readonly Use[] };
}

export interface Implementations {
  readonly actions: Readonly<Record<string, unknown>>;
  readonly guards: Readonly<Record<string, unknown>>;
  readonly delays: Readonly<Record<string, unknown>>;
}

export const rootOf = (machine: AnyStateMachine): Node => machine.root as unknown as Node;

export const implementationsOf = (machine: AnyStateMachine): Implementations =>
  machine.implementations as Implementations;

/** The proper ancestors, innermost first, up to but without `top`; undefined: the root is the last. */
export function ancestors(node: Node, top: Node | undefined): Node[] {
  const found: Node[] = [];
  if (node === top) return found;
  for (let at = node.parent; at !== undefined && at !== top; at = at.parent) found.push(at);
  return found;
}

/** Every node is under `undefined`, the root included. */
export function isUnder(node: Node, top: Node | undefined): boolean {
  if (top === undefined) return true;
  for (let at = node.parent; at !== undefined; at = at.parent) if (at === top) return true;
  return false;
}

export const isLeaf = (node: Node): boolean => node.type === "atomic" || node.type === "final";

/** The node and everything in it, in document order. */
export function nodesIn(node: Node): Node[] {
  return [node, ...Object.values(node.states).flatMap(nodesIn)];
}
