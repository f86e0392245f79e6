/** What the page says of records, values and times. */
import type { Blueprint } from "../../compile/blueprint.ts";
import type { AttemptName, FlowRecord } from "../../plan/records.ts";
import { duration } from "../../text.ts";
import { Omitted } from "../wire.ts";

/** One record in a few words. */
export function sayRecord(record: FlowRecord, blueprint: Blueprint): string {
  const name = (atom: number): string => blueprint.atoms[atom]?.name ?? String(atom);
  const taken = (withdraws: readonly AttemptName[]): string =>
    withdraws.length === 0
      ? ""
      : `, takes back ${withdraws.map(({ atom }) => name(atom)).join(", ")}`;
  switch (record.kind) {
    case "created":
      return `${record.blueprint.flow}, ${record.blueprint.atoms.length} atoms`;
    case "adopted":
      return `owner ${record.owner}, epoch ${record.epoch}`;
    case "run":
      return record.options.neverResolve ? "failures stay as they are" : "";
    case "started":
      return `${name(record.atom)}, ${record.direction === "revert" ? "undo " : ""}#${record.attempt}`;
    case "executed":
    case "reverted": {
      const { failure, value } = record;
      const end = failure === undefined ? said(value) : `${failure.name}: ${failure.message}`;
      return `${name(record.atom)} #${record.attempt}${end === "" ? "" : ` → ${end}`}`;
    }
    case "lost":
      return `${name(record.atom)} #${record.attempt}: ${record.reason}`;
    case "retryDecided": {
      const wait = (record.delayMs ?? 0) > 0 ? ` in ${duration(record.delayMs ?? 0)}` : "";
      return `${name(record.retry)} on ${name(record.atom)}: ${record.verdict}${wait}`;
    }
    case "decided":
      return `${name(record.atom)}: ${record.runs ? "runs" : `ignored, depth ${record.depth ?? "ALL"}`}`;
    case "suspend":
      return taken(record.withdraws).slice(2);
    case "cancel":
      return `${record.reason}${taken(record.withdraws)}`;
    case "kill":
    case "parked":
      return record.reason;
    case "ended":
      return record.state;
    case "progress":
      return `${name(record.atom)} ${Math.round(record.fraction * 100)} %`;
    case "timerFired":
      return name(record.retry);
    case "migrated":
      return `${record.blueprint.atoms.length} atoms`;
    case "logged": {
      const fields = record.fields === undefined ? "" : ` ${line(record.fields)}`;
      return `${name(record.atom)} #${record.attempt} ${record.level}: ${record.message}${fields}`;
    }
    case "edited": {
      const { edit, atoms, by, reason, failure } = record;
      const end = edit === "complete" ? said(record.value) : (failure?.message ?? "");
      const asked = [by, reason].filter((word) => word !== undefined).join(": ");
      const what = `${edit} ${atoms.map(name).join(", ")}${end === "" ? "" : ` → ${end}`}`;
      return asked === "" ? what : `${what} (${asked})`;
    }
    case "reset":
      return "";
  }
}

/** The atom a record is about; undefined: the flow itself. */
export function atomIn(record: FlowRecord): number | undefined {
  if ("atom" in record) return record.atom;
  if (record.kind === "edited") return record.atoms[0];
  return "retry" in record ? record.retry : undefined;
}

/** Characters of a value in one line, and of one that is shown whole. */
const most = { line: 80, whole: 20_000, items: 1_000, depth: 20 } as const;

const said = (value: unknown): string => (value === undefined ? "" : line(value));

/** A value in one line. */
export function line(value: unknown): string {
  const text = show(value, most.line * 2, 0).replace(/\s+/g, " ");
  return text.length > most.line ? `${text.slice(0, most.line)}…` : text;
}

/** A value over as many lines as it takes. */
export function whole(value: unknown): string {
  const text = show(value, most.whole, 0);
  return text.length > most.whole ? `${text.slice(0, most.whole)}…` : text;
}

/** As a literal of JavaScript, nearly. Stops once it is longer than anybody reads. */
function show(value: unknown, room: number, depth: number): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, room));
  if (typeof value === "bigint") return `${value}n`;
  if (value === null || typeof value !== "object") return String(value);
  if (value instanceof Date)
    return `Date(${Number.isNaN(value.getTime()) ? "" : value.toISOString()})`;
  if (value instanceof Omitted) return `(too large to be shown: ${value.size} characters)`;
  if (depth > most.depth) return "…";
  if (value instanceof ArrayBuffer) return show(new Uint8Array(value), room, depth);
  if (Array.isArray(value))
    return list("[", "]", value, (it, left) => show(it, left, depth + 1), room, depth);
  if (ArrayBuffer.isView(value)) {
    const items = Array.from((value as Uint8Array).subarray(0, most.items));
    return `${value.constructor.name} ${list("[", "]", items, String, room, depth)}`;
  }
  const pair = ([key, part]: readonly [unknown, unknown], left: number): string =>
    `${show(key, left, depth + 1)}: ${show(part, left, depth + 1)}`;
  if (value instanceof Map) return `Map ${list("{", "}", [...value], pair, room, depth)}`;
  if (value instanceof Set) {
    return `Set ${list("{", "}", [...value], (it, left) => show(it, left, depth + 1), room, depth)}`;
  }
  const named = ([key, part]: readonly [string, unknown], left: number): string =>
    `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)}: ${show(part, left, depth + 1)}`;
  return list("{", "}", Object.entries(value), named, room, depth);
}

function list<Item>(
  open: string,
  close: string,
  items: readonly Item[],
  of: (item: Item, room: number) => string,
  room: number,
  depth: number,
): string {
  if (items.length === 0) return open + close;
  const parts: string[] = [];
  let left = room;
  for (const item of items) {
    if (left <= 0 || parts.length === most.items) {
      parts.push("…");
      break;
    }
    const part = of(item, left);
    left -= part.length;
    parts.push(part);
  }
  const short = parts.join(", ");
  if (short.length <= 60 && !short.includes("\n")) return `${open} ${short} ${close}`;
  const indent = "  ".repeat(depth + 1);
  return `${open}\n${parts.map((part) => `${indent}${part}`).join(",\n")}\n${"  ".repeat(depth)}${close}`;
}
