/**
 * Records as lists of fields: a number that says which kind it is, then its fields in the order of
 * `layouts`. Short, and the same on a disk and on the wire.
 *
 * What is written stays readable: a new kind gets a new number, a new field goes to the end of its
 * kind and is optional.
 */
import { absent, fromWire, toWire } from "../bytes.ts";
import type { Failure } from "../failure.ts";
import type { AttemptName, FlowRecord, RecordKind } from "../plan/records.ts";

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

interface Field {
  readonly optional: boolean;
  /** Undefined is a value of its own, not the absence of one. */
  readonly takesUndefined: boolean;
  /** Undefined: what is written is the value itself. */
  readonly write: ((value: unknown, put: Put) => unknown) | undefined;
  readonly read: (wire: unknown, take: Take) => unknown;
}

interface Required extends Field {
  readonly optional: false;
}

interface Optional extends Field {
  readonly optional: true;
}

const field = (write: Field["write"], read: Field["read"]): Required => ({
  optional: false,
  takesUndefined: false,
  write,
  read,
});

const optional = (of: Required): Optional => ({ ...of, optional: true });

function plain(what: string, holds: (wire: unknown) => boolean): Required {
  return field(undefined, (wire) => {
    if (holds(wire)) return wire;
    throw new Unreadable(`a field is not ${what}`);
  });
}

function oneOf(...names: readonly string[]): Required {
  return field(
    (value) => names.indexOf(value as string),
    (wire) => {
      if (typeof wire === "number" && Object.hasOwn(names, wire)) return names[wire];
      throw new Unreadable(`a field is none of ${names.join(", ")}`);
    },
  );
}

function listOf(of: Required): Required {
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

type Layout = Readonly<Record<string, Field>>;
/** A layout, taken apart to be walked. */
interface Entries {
  readonly names: readonly string[];
  readonly fields: readonly Field[];
}
type Holder = Readonly<Record<string, unknown>>;

const entriesOf = (layout: Layout): Entries => ({
  names: Object.keys(layout),
  fields: Object.values(layout),
});

// Walked by index: this is on the way of every record.

/** Adds a holder's fields to a list; those that are absent at its end are left out. */
function writeFields(list: unknown[], entries: Entries, holder: Holder, put: Put): unknown[] {
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
function readFields(
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
function group(layout: Layout): Required {
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

const count = plain("a count", (wire) => Number.isSafeInteger(wire) && (wire as number) >= 0);
const number = plain("a number", (wire) => typeof wire === "number");
const text = field(toWire, (wire) => {
  const value = fromWire(wire);
  if (typeof value === "string") return value;
  throw new Unreadable("a field is not a text");
});
const flag = plain("a flag", (wire) => typeof wire === "boolean");
const direction = oneOf("execute", "revert");

const attempts = listOf(
  group({ atom: count, direction, attempt: count } satisfies LayoutOf<AttemptName>),
);

const failure: Required = group({
  name: text,
  message: text,
  stack: optional(text),
  code: optional(text),
  get cause(): Optional {
    return optional(failure);
  },
} satisfies LayoutOf<Failure>);

/** A hash in place of a value: no value begins with the mark and is three long. */
const isHash = (wire: unknown): wire is [unknown, unknown, string] =>
  Array.isArray(wire) && wire.length === 3 && wire[0] === absent;

const payload: Required = {
  ...field(
    (value, put) => {
      const hash = put.value(value);
      return hash === undefined ? toWire(value) : [absent, 0, hash];
    },
    (wire, take) => (isHash(wire) ? take.value(wire[2]) : fromWire(wire)),
  ),
  takesUndefined: true,
};

const blueprint = field(
  (value, put) => put.blueprint(value as object),
  (wire, take) => take.blueprint(text.read(wire, take) as string),
);

const options = group({ deferReverts: flag, neverResolve: flag });

/** Every field of a type, and whether it may be absent. */
type LayoutOf<Type> = {
  readonly [Name in keyof Type]-?: undefined extends Type[Name] ? Optional : Required;
};

type FieldsOf<Kind extends RecordKind> = Omit<Extract<FlowRecord, { kind: Kind }>, "kind">;

const outcome = {
  atom: count,
  attempt: count,
  value: optional(payload),
  failure: optional(failure),
};

const layouts: { readonly [Kind in RecordKind]: LayoutOf<FieldsOf<Kind>> } = {
  created: { flow: text, blueprint, store: payload, meta: payload },
  adopted: { owner: text, epoch: count, claim: optional(count), elsewhere: optional(flag) },
  run: { options },
  started: { atom: count, direction, attempt: count },
  executed: outcome,
  reverted: outcome,
  lost: {
    atom: count,
    direction,
    attempt: count,
    reason: oneOf("worker-died", "silent", "owner-died"),
  },
  retryDecided: {
    retry: count,
    atom: count,
    verdict: oneOf("RETRY", "REVERT", "REVERT_ALL"),
    dueAt: optional(number),
    delayMs: optional(number),
  },
  decided: {
    atom: count,
    runs: flag,
    depth: optional(oneOf("ALL", "FLOW", "NEIGHBORS", "ATOM")),
    failure: optional(failure),
  },
  suspend: { withdraws: attempts },
  cancel: { reason: text, withdraws: attempts },
  kill: { reason: text },
  parked: { reason: text },
  reset: {},
  ended: { state: oneOf("SUCCESS", "REVERTED", "FAILURE", "SUSPENDED") },
  progress: { atom: count, fraction: number, details: optional(payload) },
  timerFired: { retry: count },
  migrated: { blueprint },
  logged: {
    atom: count,
    direction,
    attempt: count,
    line: count,
    level: oneOf("debug", "info", "warn", "error"),
    message: text,
    at: optional(number),
    fields: optional(payload),
  },
};

/** The number of a kind is its place here. */
const kinds: readonly RecordKind[] = [
  "created",
  "adopted",
  "run",
  "started",
  "executed",
  "reverted",
  "lost",
  "retryDecided",
  "decided",
  "suspend",
  "cancel",
  "kill",
  "parked",
  "reset",
  "ended",
  "progress",
  "timerFired",
  "migrated",
  "logged",
];

const plans = new Map(
  kinds.map((kind, number) => {
    const layout = layouts[kind];
    return [kind, { number, entries: entriesOf(layout), isOutcome: layout === outcome }];
  }),
);

/** A record as a list that `pack` takes. */
export function writeRecord(record: FlowRecord, put: Put): unknown[] {
  const plan = plans.get(record.kind);
  if (plan === undefined) throw new TypeError(`records of kind ${record.kind} have no layout`);
  let holder = record as unknown as Holder;
  if ((record.kind === "executed" || record.kind === "reverted") && record.failure !== undefined) {
    // A `value: undefined` may stand beside a failure; it would count as a value here.
    holder = { atom: record.atom, attempt: record.attempt, failure: record.failure };
  }
  return writeFields([plan.number], plan.entries, holder, put);
}

/** @throws Unreadable when `writeRecord` didn't make the list */
export function readRecord(wire: unknown, take: Take): FlowRecord {
  const list: readonly unknown[] = Array.isArray(wire) ? wire : [];
  const kind = kinds[typeof list[0] === "number" ? list[0] : -1];
  const plan = kind === undefined ? undefined : plans.get(kind);
  if (plan === undefined) throw new Unreadable("a record is of no known kind");
  const record = readFields(list, 1, plan.entries, { kind }, take);
  if (plan.isOutcome && "value" in record === "failure" in record) {
    throw new Unreadable("an outcome is not either a value or a failure");
  }
  return record as unknown as FlowRecord;
}
