/** A blueprint's fingerprint. */
import { createHash } from "node:crypto";
import type { AtomPlan, Blueprint, DeciderPlan, InputPlan, ScopePlan } from "./blueprint.ts";

/**
 * All keys in plans but `inject`, whose values may be anything: given to JSON.stringify, they are
 * what is written, in this order.
 */
const keys = Object.keys({
  name: 0,
  kind: 0,
  version: 0,
  priority: 0,
  scope: 0,
  retry: 0,
  inputs: 0,
  revertInputs: 0,
  provides: 0,
  keys: 0,
  timeoutMs: 0,
  reverts: 0,
  deciders: 0,
  param: 0,
  symbol: 0,
  optional: 0,
  from: 0,
  link: 0,
  depth: 0,
  pattern: 0,
  parent: 0,
  first: 0,
  last: 0,
} satisfies Record<
  | Exclude<keyof AtomPlan, "inject">
  | keyof InputPlan
  | keyof DeciderPlan
  | keyof ScopePlan
  | "keys",
  0
>);

/** Sha256 in hex over a canonical form: the same for a blueprint and for what a journal gives back. */
export function hashOf(blueprint: Blueprint): string {
  const { version, flow, atoms, scopes, successors, secrets } = blueprint;
  // Nothing is added where none is declared: older fingerprints stay what they are.
  const head = [version, flow, atoms.length, ...(secrets === undefined ? [] : [secrets])];
  const hash = createHash("sha256").update(JSON.stringify(head));
  // Piece by piece: the text of a very large flow would be longer than a string can be.
  for (const atom of atoms) hash.update(JSON.stringify(atom, keys)).update(canonical(atom.inject));
  for (const scope of scopes) hash.update(JSON.stringify(scope, keys));
  for (const nodes of successors) hash.update(JSON.stringify(nodes));
  return hash.digest("hex");
}

/** Like JSON, but with keys sorted, and for all values that a payload may have. */
export function canonical(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${String(value)}n`;
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value instanceof Date) return `Date ${String(value.getTime())}`;
  if (value instanceof Map || value instanceof Set) {
    return `${value.constructor.name} ${canonical([...value])}`;
  }
  if (value instanceof ArrayBuffer) return `ArrayBuffer ${Buffer.from(value).toString("hex")}`;
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteOffset, byteLength } = value;
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    return `${value.constructor.name} ${bytes.toString("hex")}`;
  }
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  entries.sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([key, part]) => `${JSON.stringify(key)}:${canonical(part)}`).join()}}`;
}
