/** What a job needs of a conductor, by the blueprint of its flow. */
import type { Blueprint } from "../compile/blueprint.ts";
import { hashOf } from "../compile/hash.ts";
import type { JobBlueprint } from "./jobboard.ts";

export function needsOf(blueprint: Blueprint): JobBlueprint {
  const retries = blueprint.atoms.filter(({ kind }) => kind === "retry");
  const needs = retries.map(({ name, version }) => `${name}@${version}`);
  return { hash: hashOf(blueprint), needs: [...new Set(needs)].sort() };
}
