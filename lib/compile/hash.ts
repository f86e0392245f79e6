/** A blueprint's fingerprint. */
import { createHash } from "node:crypto";
import type { Blueprint } from "./blueprint.ts";

/** Sha256 in hex over a canonical form: the same for a blueprint and what a journal kept of it. */
export function hashOf(blueprint: Blueprint): string {
  const hash = createHash("sha256");
  // Piece by piece: the text of a large flow is longer than a string may be.
  hash.update(canonical([blueprint.version, blueprint.flow]));
  for (const list of [blueprint.atoms, blueprint.scopes, blueprint.successors]) {
    hash.update("\n");
    for (const entry of list) hash.update(canonical(entry));
  }
  return hash.digest("hex");
}

function canonical(value: unknown): string {
  return JSON.stringify(value);
}
