/** What is worked out once per blueprint, for every flow that has it. */
import type { Blueprint } from "../compile/blueprint.ts";

export interface Shape {
  readonly blueprint: Blueprint;
  readonly atoms: number;
  /** Atoms and the begins and ends of scopes. */
  readonly nodes: number;
  readonly successors: readonly (readonly number[])[];
  readonly predecessors: readonly (readonly number[])[];
  /** Every node after its predecessors. */
  readonly topological: readonly number[];
  /** Place of each atom among those ready together: larger priority first, then as declared. */
  readonly rank: Int32Array;
  /** The other way about within a priority: what was declared last is undone first. */
  readonly revertRank: Int32Array;
  readonly numbers: ReadonlyMap<string, number>;
  /** Atoms that provide a symbol, in preorder. */
  readonly providers: ReadonlyMap<string, readonly number[]>;
}

const shapes = new WeakMap<Blueprint, Shape>();

export function shapeOf(blueprint: Blueprint): Shape {
  let shape = shapes.get(blueprint);
  if (shape === undefined) shapes.set(blueprint, (shape = makeShape(blueprint)));
  return shape;
}

function makeShape(blueprint: Blueprint): Shape {
  const atoms = blueprint.atoms.length;
  const { successors } = blueprint;
  const nodes = successors.length;
  const predecessors: number[][] = Array.from({ length: nodes }, () => []);
  for (let node = 0; node < nodes; node++) {
    for (const next of successors[node] ?? []) predecessors[next]?.push(node);
  }
  return {
    blueprint,
    atoms,
    nodes,
    successors,
    predecessors,
    topological: sorted(successors, predecessors),
    rank: ranks(blueprint, (a, b) => a - b),
    revertRank: ranks(blueprint, (a, b) => b - a),
    numbers: new Map(blueprint.atoms.map((atom, number) => [atom.name, number])),
    providers: providersOf(blueprint),
  };
}

function sorted(
  successors: readonly (readonly number[])[],
  predecessors: readonly (readonly number[])[],
): number[] {
  const left = Int32Array.from(predecessors, (before) => before.length);
  const order: number[] = [];
  for (let node = 0; node < left.length; node++) if (left[node] === 0) order.push(node);
  for (let at = 0; at < order.length; at++) {
    for (const next of successors[order[at] as number] ?? []) {
      left[next] = (left[next] as number) - 1;
      if (left[next] === 0) order.push(next);
    }
  }
  return order;
}

function ranks(blueprint: Blueprint, among: (a: number, b: number) => number): Int32Array {
  const order = blueprint.atoms.map((_, number) => number);
  const priority = (number: number): number => blueprint.atoms[number]?.priority ?? 0;
  order.sort((a, b) => priority(b) - priority(a) || among(a, b));
  const rank = new Int32Array(order.length);
  order.forEach((number, place) => {
    rank[number] = place;
  });
  return rank;
}

function providersOf(blueprint: Blueprint): Map<string, number[]> {
  const providers = new Map<string, number[]>();
  blueprint.atoms.forEach(({ provides }, number) => {
    for (const symbol of symbolsOf(provides)) {
      const list = providers.get(symbol);
      if (list === undefined) providers.set(symbol, [number]);
      else list.push(number);
    }
  });
  return providers;
}

/** The symbols that a `provides` names. */
function symbolsOf(provides: Blueprint["atoms"][number]["provides"]): readonly string[] {
  if (provides === null) return [];
  if (typeof provides === "string") return [provides];
  return isList(provides) ? provides : provides.keys;
}

/** Told by being an array: an array has something called `keys`, too. */
export const isList = (provides: object): provides is readonly string[] => Array.isArray(provides);
