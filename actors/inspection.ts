/**
 * XState's inspection events as JSON data: what Stately's inspector, and any page that reads the same, is sent.
 * An actor is told before anything that happens to it.
 */
import type { Clock } from "../lib/clock.ts";
import { jsonable } from "../lib/jsonable.ts";

interface Common {
  /** Of the actor that it is about. */
  readonly sessionId: string;
  /** Of the actor above all others that belong to it. */
  readonly rootId: string;
  /** A number in text that grows with each message of one inspection. */
  readonly id: string;
  /** Epoch milliseconds, in text. */
  readonly createdAt: string;
  /** Of this format. */
  readonly _version: string;
}

/** A machine's event, with its payload as JSON can say it. */
export interface InspectedEvent {
  readonly type: string;
  readonly [payload: string]: unknown;
}

/** What of a snapshot is data. */
export interface InspectedSnapshot {
  readonly status: string;
  readonly value?: unknown;
  readonly context?: unknown;
  readonly output?: unknown;
  readonly error?: unknown;
}

export type InspectionMessage =
  | (Common & {
      readonly type: "@xstate.actor";
      readonly name: string;
      readonly parentId: string | undefined;
      /** The machine's config as JSON; undefined for an actor that is no machine. */
      readonly definition: string | undefined;
      readonly snapshot: InspectedSnapshot;
    })
  | (Common & {
      readonly type: "@xstate.event";
      readonly sourceId: string | undefined;
      readonly event: InspectedEvent;
    })
  | (Common & {
      readonly type: "@xstate.snapshot";
      readonly event: InspectedEvent;
      readonly snapshot: InspectedSnapshot;
    });

export type InspectionListener = (message: InspectionMessage) => void;

const version = "0.4.0";

/** Gives messages what all of them have. */
export class Stamp {
  readonly #clock: Clock;
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  on(sessionId: string, rootId: string): Common {
    const id = String(++this.#last);
    return { sessionId, rootId, id, createdAt: String(this.#clock.now()), _version: version };
  }
}

const parts = ["status", "value", "context", "output", "error"] as const;

export function snapshotData(snapshot: object): InspectedSnapshot {
  const given = snapshot as Readonly<Record<string, unknown>>;
  const data: Record<string, unknown> = { status: "active" };
  for (const part of parts) {
    const value = given[part];
    if (value !== undefined) data[part] = typeof value === "string" ? value : jsonable(value);
  }
  return data as unknown as InspectedSnapshot;
}

export const eventData = (event: object): InspectedEvent => jsonable(event) as InspectedEvent;
