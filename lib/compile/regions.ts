/** Tells apart atoms that deciders ignore together from those that they don't. */
import type { Depth } from "../types.ts";
import type { Layout } from "./layout.ts";

type Successors = readonly (readonly number[])[];

/** Not reached yet, and reached from several regions. */
const unset = -1;
const mixed = -2;

/**
 * For each node of the execution graph a number: 0 if no decider's no can make it ignored, else its
 * region. Of two atoms in one region either both are ignored or neither is.
 */
export function regionsOf({ places }: Layout, successors: Successors): Int32Array {
  const isTask = (node: number): boolean => places[node]?.atom.kind === "task";
  const asks = (node: number, depth: Depth): boolean =>
    places[node]?.deciders.some((decider) => decider.depth === depth) ?? false;
  const order = topological(successors);
  const all = spread(order, successors, (node) => asks(node, "ALL"));
  const flow = spread(order, successors, (node) => asks(node, "FLOW"), isTask);
  // The other depths reach so little that each atom may as well be by itself.
  const near = new Int32Array(successors.length);
  for (let node = 0; node < places.length; node++) {
    if (asks(node, "ATOM") || asks(node, "NEIGHBORS")) near[node] = node + 1;
    if (!asks(node, "NEIGHBORS")) continue;
    for (const next of successors[node] ?? []) if (isTask(next)) near[next] = next + 1;
  }
  const regions = new Map([["0 0 0", 0]]);
  return Int32Array.from(successors, (_, node) => {
    const key = [all[node], flow[node], near[node]].join(" ");
    const region = regions.get(key) ?? regions.size;
    regions.set(key, region);
    return region;
  });
}

/**
 * Where a no starts a region begins. It goes on over the nodes that let it through; what is reached
 * from several regions is one of its own.
 */
function spread(
  order: readonly number[],
  successors: Successors,
  starts: (node: number) => boolean,
  letsThrough: (node: number) => boolean = () => true,
): Int32Array {
  const regions = new Int32Array(order.length).fill(unset);
  let count = 0;
  for (const node of order) {
    if (regions[node] === unset) regions[node] = 0;
    if (starts(node) || regions[node] === mixed) regions[node] = ++count;
    const region = regions[node] ?? 0;
    for (const next of successors[node] ?? []) {
      const given = letsThrough(next) ? region : 0;
      regions[next] = regions[next] === unset || regions[next] === given ? given : mixed;
    }
  }
  return regions;
}

function topological(successors: Successors): readonly number[] {
  const waits = new Uint32Array(successors.length);
  for (const after of successors) for (const next of after) waits[next] = (waits[next] ?? 0) + 1;
  const order = [...successors.keys()].filter((node) => waits[node] === 0);
  for (const node of order) {
    for (const next of successors[node] ?? []) {
      waits[next] = (waits[next] ?? 0) - 1;
      if (waits[next] === 0) order.push(next);
    }
  }
  return order;
}
