/** The items of each flow, read back out of a blueprint. */
import type { Blueprint } from "../../compile/blueprint.ts";

/** An item of a flow: an atom or a flow in it. */
export type Member =
  | { readonly kind: "atom"; readonly number: number }
  | { readonly kind: "scope"; readonly number: number };

/** The item that is the whole flow, or the bare task. */
export const rootOf = ({ scopes }: Blueprint): Member =>
  scopes.length > 0 ? { kind: "scope", number: 0 } : { kind: "atom", number: 0 };

/** The items of every scope in declared order, without its controller. */
export function membersOf(blueprint: Blueprint): readonly (readonly Member[])[] {
  const { atoms, scopes } = blueprint;
  const members: Member[][] = scopes.map(() => []);
  let next = 0;
  const open = (before: number): void => {
    for (let at = scopes[next]; at !== undefined && at.first <= before; at = scopes[next]) {
      members[at.parent]?.push({ kind: "scope", number: next });
      next++;
    }
  };
  atoms.forEach(({ scope }, number) => {
    open(number);
    if (scopes[scope]?.retry !== number) members[scope]?.push({ kind: "atom", number });
  });
  open(atoms.length); // flows without atoms at the end
  return members;
}

/** The execution graph's node that an item is entered by. */
const enterOf = ({ kind, number }: Member, { atoms }: Blueprint): number =>
  kind === "atom" ? number : atoms.length + 2 * number;

/** The execution graph's node that an item is left by. */
const leaveOf = ({ kind, number }: Member, { atoms }: Blueprint): number =>
  kind === "atom" ? number : atoms.length + 2 * number + 1;

/** For each item of a flow the places of those that come right after it. */
export function linksOf(
  members: readonly Member[],
  blueprint: Blueprint,
): readonly (readonly number[])[] {
  const places = new Map(members.map((member, place) => [enterOf(member, blueprint), place]));
  return members.map((member) =>
    (blueprint.successors[leaveOf(member, blueprint)] ?? []).flatMap((node) => {
      const place = places.get(node);
      return place === undefined ? [] : [place];
    }),
  );
}

export function nameOf({ kind, number }: Member, { atoms, scopes }: Blueprint): string {
  return (kind === "atom" ? atoms[number] : scopes[number])?.name ?? "";
}
