/** A flow as rows of a tree: flows, their controllers and their tasks, in the order of the blueprint. */
import type { Blueprint } from "../compile/blueprint.ts";
import { oneLine, widthOf } from "./text.ts";

export interface Row {
  readonly kind: "flow" | "task" | "retry";
  readonly name: string;
  /** The branches before the name. */
  readonly branch: string;
  /** The row of the flow it stands in; -1 for the root. */
  readonly parent: number;
  /** Atom number; -1 for a flow. */
  readonly atom: number;
}

export interface Tree {
  readonly rows: readonly Row[];
  /** Row by atom number. */
  readonly rowOf: readonly number[];
  /** Columns that the widest branch and name take, up to a limit. */
  readonly nameWidth: number;
}

interface Place {
  readonly kind: Row["kind"];
  readonly name: string;
  readonly parent: number;
  readonly atom: number;
  readonly depth: number;
}

/** A wider name moves the rest of its line to the right. */
const widestName = 48;

export function treeOf(blueprint: Blueprint): Tree {
  const places = placesOf(blueprint);
  const branches = branchesOf(places);
  const rows = places.map(({ kind, name, parent, atom }, at) => ({
    kind,
    name: oneLine(name),
    branch: branches[at] ?? "",
    parent,
    atom,
  }));
  const rowOf: number[] = [];
  let nameWidth = 0;
  rows.forEach(({ atom, branch, name }, row) => {
    if (atom >= 0) rowOf[atom] = row;
    const width = branch.length + widthOf(name);
    if (width <= widestName) nameWidth = Math.max(nameWidth, width);
  });
  return { rows, rowOf, nameWidth };
}

function placesOf({ atoms, scopes }: Blueprint): Place[] {
  const places: Place[] = [];
  const rowOfScope: number[] = [];
  const add = (kind: Row["kind"], name: string, scope: number, atom: number): void => {
    const parent = rowOfScope[scope] ?? -1;
    const depth = parent < 0 ? 0 : (places[parent]?.depth ?? 0) + 1;
    places.push({ kind, name, parent, atom, depth });
  };
  let next = 0;
  const open = (before: number): void => {
    for (
      let scope = scopes[next];
      scope !== undefined && scope.first <= before;
      scope = scopes[next]
    ) {
      add("flow", scope.name, scope.parent, -1);
      rowOfScope[next++] = places.length - 1;
    }
  };
  atoms.forEach(({ kind, name, scope }, atom) => {
    open(atom);
    add(kind, name, scope, atom);
  });
  open(atoms.length); // flows without atoms at the end
  return places;
}

/** Drawn from the last row up: a row is the last of its flow if none of its depth has come since a row above it. */
function branchesOf(places: readonly Place[]): string[] {
  const branches = new Array<string>(places.length);
  const goesOn: boolean[] = [];
  for (let at = places.length - 1; at >= 0; at--) {
    const depth = places[at]?.depth ?? 0;
    let branch = "";
    for (let above = 1; above < depth; above++) branch += goesOn[above] === true ? "│  " : "   ";
    if (depth > 0) branch += goesOn[depth] === true ? "├─ " : "└─ ";
    branches[at] = branch;
    goesOn.length = depth + 1;
    goesOn[depth] = true;
  }
  return branches;
}
