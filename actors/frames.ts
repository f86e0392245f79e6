/** What two nodes say to each other over their link, and how an actor's snapshot goes over it. */
import {
  type AnyActorRef,
  type EventObject,
  matchesState,
  type Snapshot,
  type StateValue,
} from "xstate";
import { admit } from "../lib/codec.ts";
import { type ErrorCode, FlowError } from "../lib/errors.ts";
import { errorOf, type Failure, failureOf } from "../lib/failure.ts";
import { addressOf, nameOf } from "../lib/names.ts";

/** One start of a node. */
export interface NodeId {
  readonly name: string;
  readonly incarnation: string;
}

/** A question has a number, and so has its answer. Actors are named as their node names them. */
export type Frame =
  | {
      readonly kind: "spawn";
      readonly id: number;
      readonly logic: string;
      readonly input: unknown;
      readonly as: string | undefined;
    }
  | { readonly kind: "find"; readonly id: number; readonly actor: string }
  /** The answer to either; what becomes of the actor follows, until it ends or is left. */
  | {
      readonly kind: "found";
      readonly id: number;
      readonly actor: string;
      readonly src: string;
      readonly shown: Shown;
      /** It was made for this question. */
      readonly isNew: boolean;
    }
  | { readonly kind: "refused"; readonly id: number; readonly refusal: Refusal }
  | {
      readonly kind: "event";
      readonly actor: string;
      readonly event: EventObject;
      /** The number under which an answer is waited for. */
      readonly ask: number | undefined;
    }
  | { readonly kind: "answer"; readonly ask: number; readonly event: EventObject }
  | { readonly kind: "snapshot"; readonly actor: string; readonly shown: Shown }
  | { readonly kind: "emitted"; readonly actor: string; readonly event: EventObject }
  | { readonly kind: "ended"; readonly actor: string; readonly shown: Shown }
  /** What the actor emits is wanted, too. */
  | { readonly kind: "hear"; readonly actor: string }
  | { readonly kind: "leave"; readonly actor: string }
  | { readonly kind: "stop"; readonly actor: string };

/** A question's answer when it is an error. */
export interface Refusal {
  readonly failure: Failure;
  /** Of a FlowError: what it is made of. */
  readonly flowError?: { readonly code: string; readonly about: unknown };
}

/** A snapshot as it travels: what of it is data. */
export interface Shown {
  readonly status: Snapshot<unknown>["status"];
  readonly output?: unknown;
  readonly error?: Failure;
  /** Of a machine. */
  readonly value?: StateValue;
  readonly context?: unknown;
  readonly tags?: readonly string[];
}

/** Requests to `n.<node>.<incarnation>`. */
export type ToNode =
  /** Answer: the number of the last frame that is taken, or `gone`: the link is no more. */
  | {
      readonly kind: "frames";
      readonly from: NodeId;
      /** The number of the first of these; each following one has the next. */
      readonly first: number;
      readonly frames: readonly Uint8Array[];
    }
  | { readonly kind: "bye"; readonly from: NodeId; readonly problem: string };

export type Taken = { readonly taken: number } | { readonly gone: true };

export const nodeAddress = ({ name, incarnation }: NodeId): string =>
  addressOf("n", name, incarnation);

export const actorAddress = ({ name, incarnation }: NodeId, actor: string): string =>
  addressOf("a", name, incarnation, actor);

/** @returns undefined for what is no actor's address */
export function readActorAddress(
  address: string,
): { readonly node: NodeId; readonly actor: string } | undefined {
  const [kind, name, incarnation, actor, ...more] = address.split(".");
  if (kind !== "a" || name === undefined || incarnation === undefined) return undefined;
  if (actor === undefined || more.length > 0) return undefined;
  const node = { name: nameOf(name), incarnation: nameOf(incarnation) };
  return { node, actor: nameOf(actor) };
}

export const keyOf = ({ name, incarnation }: NodeId): string => addressOf(name, incarnation);

export function refusalOf(error: unknown): Refusal {
  const failure = failureOf(error);
  if (!isFlowError(error)) return { failure };
  return { failure, flowError: { code: error.code, about: error.about } };
}

export function raised({ failure, flowError }: Refusal): Error {
  if (flowError === undefined) return errorOf(failure);
  const { code, about } = flowError;
  return new FlowError(code as ErrorCode, about as never, { cause: errorOf(failure) });
}

/** `instanceof` alone leaves its code untyped. */
const isFlowError = (error: unknown): error is FlowError => error instanceof FlowError;

/**
 * The snapshot as data. Refs in a context become their ids, as in what XState persists.
 *
 * @throws FlowError `PAYLOAD_REFUSED`
 */
export function shownOf(snapshot: Snapshot<unknown>): Shown {
  const { status, output, error } = snapshot;
  const { value, context, tags } = snapshot as Partial<MachineParts>;
  return {
    status,
    ...(output === undefined ? {} : { output: admit(output, "output") }),
    ...(error === undefined ? {} : { error: failureOf(error) }),
    ...(value === undefined ? {} : { value: admit(value, "value") as StateValue }),
    ...(context === undefined ? {} : { context: admit(withoutRefs(context, 0), "context") }),
    ...(tags === undefined ? {} : { tags: [...tags] }),
  };
}

interface MachineParts {
  readonly value: StateValue;
  readonly context: unknown;
  readonly tags: Iterable<string>;
}

/** How deep refs are looked for; the gate takes no deeper payload. */
const deepest = 100;

function withoutRefs(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null || depth > deepest) return value;
  if (isRef(value)) return { xstate$$type: 1, id: value.id };
  if (Array.isArray(value)) return value.map((item) => withoutRefs(item, depth + 1));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutRefs(item, depth + 1)]));
}

const isRef = (value: object): value is AnyActorRef => "sessionId" in value && "send" in value;

/** What a remote actor's ref shows. Beside what every XState snapshot has, a machine's states and context. */
export type RemoteSnapshot<Output = unknown> = Snapshot<Output> & {
  readonly value?: StateValue;
  readonly context?: unknown;
  readonly tags: ReadonlySet<string>;
  matches(value: StateValue): boolean;
  hasTag(tag: string): boolean;
};

/** @throws Error for what `shownOf` never makes */
export function snapshotOf(shown: Shown): RemoteSnapshot {
  const { status, output, error, value, context } = shown;
  const tags = new Set(shown.tags);
  const snapshot = {
    status,
    output,
    error: error === undefined ? undefined : errorOf(error),
    value,
    context,
    tags,
  };
  // Not enumerable: a snapshot is data, and is compared and printed as such.
  return Object.defineProperties(snapshot, {
    matches: { value: (other: StateValue) => value !== undefined && matchesState(other, value) },
    hasTag: { value: (tag: string) => tags.has(tag) },
  }) as unknown as RemoteSnapshot;
}
