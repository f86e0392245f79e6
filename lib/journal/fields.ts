/**
 * Records as lists of fields: a number that says which kind it is, then its fields in the order of
 * `layouts`. Short, and the same on a disk and on the wire.
 *
 * What is written stays readable: a new kind gets a new number, a new field goes to the end of its
 * kind and is optional.
 */
import { absent, fromWire, toWire } from "../bytes.ts";
import type { AttemptName, FlowRecord, RecordKind } from "../plan/records.ts";
import {
  blueprint,
  count,
  direction,
  entriesOf,
  failure,
  field,
  flag,
  group,
  type Holder,
  type LayoutOf,
  listOf,
  number,
  oneOf,
  optional,
  options,
  type Put,
  readFields,
  type Required,
  type Take,
  text,
  Unreadable,
  writeFields,
} from "./layout.ts";

const attempts = listOf(
  group({ atom: count, direction, attempt: count } satisfies LayoutOf<AttemptName>),
);

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
  edited: {
    edit: oneOf("skip", "complete", "fail", "retryNow", "retryFrom"),
    id: text,
    atoms: listOf(count),
    depth: optional(oneOf("ALL", "FLOW", "NEIGHBORS", "ATOM")),
    value: optional(payload),
    failure: optional(failure),
    by: optional(text),
    reason: optional(text),
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
  "edited",
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
