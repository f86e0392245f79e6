/** Which atoms a decider's no can rule out: the same walks as the fold's, over all deciders at once. */
import type { Blueprint } from "../../compile/blueprint.ts";
import type { Depth } from "../../types.ts";

export function ignorableIn(blueprint: Blueprint): ReadonlySet<number> {
  const found = new Set<number>();
  blueprint.atoms.forEach(({ deciders }, atom) => {
    for (const { depth } of deciders) {
      found.add(atom);
      for (const other of reachedFrom(blueprint, atom, depth)) found.add(other);
    }
  });
  return found;
}

function reachedFrom(blueprint: Blueprint, from: number, depth: Depth): readonly number[] {
  const { atoms, successors } = blueprint;
  if (depth === "ATOM") return [];
  const isTask = (node: number): boolean => atoms[node]?.kind === "task";
  if (depth === "NEIGHBORS") return (successors[from] ?? []).filter(isTask);
  const seen = new Set<number>();
  const work = [...(successors[from] ?? [])];
  for (let node = work.pop(); node !== undefined; node = work.pop()) {
    if (seen.has(node) || (depth === "FLOW" && node >= atoms.length)) continue;
    seen.add(node);
    if (depth === "ALL" || isTask(node)) work.push(...(successors[node] ?? []));
  }
  return [...seen].filter((node) => node < atoms.length);
}
