/** A blueprint as a picture: boxes in boxes, and arrows between those that stand side by side. */
import type { Blueprint } from "../../compile/blueprint.ts";

export interface Box {
  /** `a` and the atom's number, or `s` and the scope's. */
  readonly id: string;
  readonly name: string;
  readonly kind: "task" | "retry" | "flow";
  /** Atom number; -1 for a flow. */
  readonly atom: number;
  readonly children: Box[];
  readonly arrows: Arrow[];
}

export interface Arrow {
  readonly from: string;
  readonly to: string;
  /** A decider stands on it. */
  readonly isDecided: boolean;
}

/** The outermost box; what it holds is the picture. */
export function pictureOf(blueprint: Blueprint): Box {
  const { atoms, scopes, successors } = blueprint;
  const root = box("root", "", "flow", -1);
  const ofScopes = scopes.map(({ name }, scope) => box(`s${scope}`, name, "flow", -1));
  scopes.forEach(({ parent }, scope) => {
    (ofScopes[parent] ?? root).children.push(ofScopes[scope] as Box);
  });
  const ofAtoms = atoms.map(({ name, kind }, atom) => box(`a${atom}`, name, kind, atom));
  // Atoms and flows of one flow stand in the order of the blueprint.
  atoms.forEach(({ scope }, atom) => {
    (ofScopes[scope] ?? root).children.push(ofAtoms[atom] as Box);
  });
  const firstOf = (it: Box): number => {
    if (it.atom >= 0) return it.atom;
    return scopes[Number(it.id.slice(1))]?.first ?? 0;
  };
  for (const { children } of [root, ...ofScopes]) children.sort((a, b) => firstOf(a) - firstOf(b));
  const parents = parentsOf(root);
  const boxOf = (node: number): Box | undefined =>
    node < atoms.length ? ofAtoms[node] : ofScopes[(node - atoms.length) >> 1];
  const decided = new Set(
    atoms.flatMap(({ deciders }, to) => deciders.map(({ from }) => `${from} ${to}`)),
  );
  const drawn = new Set<string>();
  successors.forEach((after, node) => {
    const from = boxOf(node);
    for (const next of after) {
      const to = boxOf(next);
      if (from === undefined || to === undefined) continue;
      const ends = sideBySide(parents, from, to);
      if (ends === undefined || drawn.has(`${ends[1].id} ${ends[2].id}`)) continue;
      drawn.add(`${ends[1].id} ${ends[2].id}`);
      const isDecided = decided.has(`${node} ${next}`);
      ends[0].arrows.push({ from: ends[1].id, to: ends[2].id, isDecided });
    }
  });
  return root;
}

const box = (id: string, name: string, kind: Box["kind"], atom: number): Box => {
  return { id, name, kind, atom, children: [], arrows: [] };
};

function parentsOf(root: Box): ReadonlyMap<Box, Box> {
  const parents = new Map<Box, Box>();
  const work = [root];
  for (const parent of work) {
    for (const child of parent.children) {
      parents.set(child, parent);
      if (child.children.length > 0) work.push(child);
    }
  }
  return parents;
}

/** The box that holds both ends of an arrow, and the ends in it; undefined when one holds the other. */
function sideBySide(
  parents: ReadonlyMap<Box, Box>,
  from: Box,
  to: Box,
): readonly [Box, Box, Box] | undefined {
  const above = new Map<Box, Box>();
  for (let at: Box | undefined = from; at !== undefined; ) {
    const parent = parents.get(at);
    if (parent !== undefined) above.set(parent, at);
    at = parent;
  }
  for (let at: Box | undefined = to; at !== undefined; ) {
    const parent = parents.get(at);
    const other = parent === undefined ? undefined : above.get(parent);
    if (parent !== undefined && other !== undefined) {
      return other === at ? undefined : [parent, other, at];
    }
    at = parent;
  }
  return undefined;
}
