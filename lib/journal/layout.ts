/**
 * How an object of ours is laid out as a list of fields: in the order of its layout, those that are absent at its end
 * left out. Short, and the same on a disk and on the wire.
 *
 * What is written stays readable: a new field goes to the end of its layout and is optional.
 */
import { absent, fromWire, toWire } from "../bytes.ts";
import type { Failure } from "../failure.ts";

/** Puts beside the batch what is large, or worth keeping only once; it is found by its hash. */
export interface Put {
  /** The hash of a value that was put there; undefined for one that goes into the batch. */
  value(value: unknown): string | undefined;
  blueprint(blueprint: object): string;
}

/** Finds what was put. */
export interface Take {
  value(hash: string): unknown;
  blueprint(hash: string): unknown;
}

/** What is read was not written by this version. */
export class Unreadable extends Error {}

export interface Field {
  readonly optional: boolean;
  /** Undefined is a value of its own, not the absence of one. */
  readonly takesUndefined: boolean;
  /** Undefined: what is written is the value itself. */
  readonly write: ((value: unknown, put: Put) => unknown) | undefined;
  readonly read: (wire: unknown, take: Take) => unknown;
}

export interface Required extends Field {
  readonly optional: false;
}

export interface Optional extends Field {
  readonly optional: true;
}

export const field = (write: Field["write"], read: Field["read"]): Required => ({
  optional: false,
  takesUndefined: false,
  write,
  read,
});

export const optional = (of: Required): Optional => ({ ...of, optional: true });

function plain(what: string, holds: (wire: unknown) => boolean): Required {
  return field(undefined, (wire) => {
    if (holds(wire)) return wire;
    throw new Unreadable(`a field is not ${what}`);
  });
}

export function oneOf(...names: readonly string[]): Required {
  return field(
    (value) => names.indexOf(value as string),
    (wire) => {
      if (typeof wire === "number" && Object.hasOwn(names, wire)) return names[wire];
      throw new Unreadable(`a field is none of ${names.join(", ")}`);
    },
  );
}

export function listOf(of: Required): Required {
  return field(
    (values, put) =>
      (values as readonly unknown[]).map((value) =>
        of.write === undefined ? value : of.write(value, put),
      ),
    (wire, take) => {
      if (Array.isArray(wire)) return wire.map((item) => of.read(item, take));
      throw new Unreadable("a field is not a list");
    },
  );
}

export type Layout = Readonly<Record<string, Field>>;
/** A layout, taken apart to be walked. */
export interface Entries {
  readonly names: readonly string[];
  readonly fields: readonly Field[];
}
export type Holder = Readonly<Record<string, unknown>>;

export const entriesOf = (layout: Layout): Entries => ({
  names: Object.keys(layout),
  fields: Object.values(layout),
});

// Walked by index: this is on the way of every record.

/** Adds a holder's fields to a list; those that are absent at its end are left out. */
export function writeFields(
  list: unknown[],
  entries: Entries,
  holder: Holder,
  put: Put,
): unknown[] {
  const { names, fields } = entries;
  let length = list.length;
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const of = fields[i] as Field;
    const value = holder[name];
    if (value === undefined && of.optional && !(of.takesUndefined && name in holder)) {
      list.push(absent);
    } else {
      length = list.push(of.write === undefined ? value : of.write(value, put));
    }
  }
  if (length < list.length) list.length = length;
  return list;
}

/** Adds to the holder what stands in the list from `start` on. */
export function readFields(
  list: readonly unknown[],
  start: number,
  entries: Entries,
  holder: Record<string, unknown>,
  take: Take,
): Record<string, unknown> {
  const { names, fields } = entries;
  if (list.length > start + names.length) throw new Unreadable("there are unknown fields");
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const of = fields[i] as Field;
    const wire = start + i < list.length ? list[start + i] : absent;
    if (wire !== absent) holder[name] = of.read(wire, take);
    else if (!of.optional) throw new Unreadable(`"${name}" is missing`);
  }
  return holder;
}

/** An object of ours inside a field. */
export function group(layout: Layout): Required {
  // Later, because a layout may hold itself.
  let entries: Entries | undefined;
  const known = (): Entries => (entries ??= entriesOf(layout));
  return field(
    (value, put) => writeFields([], known(), value as Holder, put),
    (wire, take) => {
      if (Array.isArray(wire)) return readFields(wire, 0, known(), {}, take);
      throw new Unreadable("a field is not a group of fields");
    },
  );
}

export const count = plain(
  "a count",
  (wire) => Number.isSafeInteger(wire) && (wire as number) >= 0,
);
export const number = plain("a number", (wire) => typeof wire === "number");
export const text = field(toWire, (wire) => {
  const value = fromWire(wire);
  if (typeof value === "string") return value;
  throw new Unreadable("a field is not a text");
});
export const flag = plain("a flag", (wire) => typeof wire === "boolean");
export const direction = oneOf("execute", "revert");

/** Every field of a type, and whether it may be absent. */
export type LayoutOf<Type> = {
  readonly [Name in keyof Type]-?: undefined extends Type[Name] ? Optional : Required;
};

export const failure: Required = group({
  name: text,
  message: text,
  stack: optional(text),
  code: optional(text),
  get cause(): Optional {
    return optional(failure);
  },
} satisfies LayoutOf<Failure>);

export const blueprint = field(
  (value, put) => put.blueprint(value as object),
  (wire, take) => take.blueprint(text.read(wire, take) as string),
);

export const options = group({ deferReverts: flag, neverResolve: flag });
