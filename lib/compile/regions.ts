/** Tells apart atoms that are ignored together from those that are not. */
import type { Layout } from "./layout.ts";

/** Not reached yet, and reached from several regions. */
const unset = -1;
const mixed = -2;

/**
 * For each node of the execution graph a number: 0 if no decider's no can make it ignored, else its
 * region. Of two nodes in one region either both are ignored or neither is.
 *
 * A no of depth ALL reaches all that follows, so what follows a region alone is of that region, up to
 * the next decided atom. Other depths stop on the way; where one starts, each node has its own.
 */
export function regionsOf(
  { places }: Layout,
  successors: readonly (readonly number[])[],
): Int32Array {
  const regions = new Int32Array(successors.length).fill(unset);
  const waits = new Uint32Array(successors.length);
  for (const after of successors) for (const next of after) waits[next] = (waits[next] ?? 0) + 1;
  const uneven = new Uint8Array(successors.length);
  const order = [...successors.keys()].filter((node) => waits[node] === 0);
  for (const node of order) regions[node] = 0;
  let count = 0;
  for (const node of order) {
    const deciders = places[node]?.deciders ?? [];
    if (deciders.some(({ depth }) => depth !== "ALL")) uneven[node] = 1;
    if (deciders.length > 0 || uneven[node] === 1 || regions[node] === mixed) {
      regions[node] = ++count;
    }
    const region = regions[node] ?? 0;
    for (const next of successors[node] ?? []) {
      if (uneven[node] === 1) uneven[next] = 1;
      regions[next] = regions[next] === unset || regions[next] === region ? region : mixed;
      waits[next] = (waits[next] ?? 0) - 1;
      if (waits[next] === 0) order.push(next);
    }
  }
  return regions;
}
