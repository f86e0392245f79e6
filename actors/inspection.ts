/**
 * XState's inspection events as JSON data: what Stately's inspector, and any page that reads the same, is sent.
 * An actor is told before anything that happens to it.
 */
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

/** Gives messages what all of them have. */
export class Stamp {
  #last = 0;
  #at = NaN;
  #text = "";

  id(): string {
    return String(++this.#last);
  }

  /** Many messages have one time, and its text. */
  createdAt(at: number): string {
    if (at !== this.#at) {
      this.#at = at;
      this.#text = String(at);
    }
    return this.#text;
  }
}

export function snapshotData(snapshot: object): InspectedSnapshot {
  const {
    status = "active",
    value,
    context,
    output,
    error,
  } = snapshot as Partial<InspectedSnapshot>;
  const data: { -readonly [Part in keyof InspectedSnapshot]: InspectedSnapshot[Part] } = { status };
  if (value !== undefined) data.value = jsonable(value);
  if (context !== undefined) data.context = jsonable(context);
  if (output !== undefined) data.output = jsonable(output);
  if (error !== undefined) data.error = jsonable(error);
  return data;
}

export const eventData = (event: object): InspectedEvent => jsonable(event) as InspectedEvent;

/** Of the format. */
export const version = "0.4.0";
