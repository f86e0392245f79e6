/** Tells people how a flow's code differs from what its journal was begun with. */
import { isDeepStrictEqual } from "node:util";
import type { AtomPlan, Blueprint, InputPlan } from "../compile/blueprint.ts";
import { diffOf } from "../compile/diff.ts";

export interface Differences {
  /** In words, one line each: with these it can go on, if that is what is wanted. */
  readonly allowed: readonly string[];
  /** With these what is recorded would mean something else. */
  readonly refused: readonly string[];
}

/** Both empty: the same flow, whatever the hashes say. */
export function differences(old: Blueprint, next: Blueprint): Differences {
  const { added, removed, refused } = diffOf(old, next);
  const allowed: string[] = [];
  if (added.length > 0) allowed.push(`added: ${named(added)}`);
  if (removed.length > 0) allowed.push(`removed: ${named(removed)}`);
  const before = new Map(old.atoms.map((atom) => [atom.name, atom]));
  for (const atom of next.atoms) {
    const known = before.get(atom.name);
    const changed = known === undefined ? [] : changes(known, atom, old, next);
    if (changed.length > 0) allowed.push(`changed: ${named([atom.name])} (${changed.join(", ")})`);
  }
  if (allowed.length === 0 && !isDeepStrictEqual(orderOf(old), orderOf(next))) {
    allowed.push("changed: what comes after what");
  }
  allowed.push(...secrecy(old.secrets ?? [], next.secrets ?? []));
  const renamed = old.flow === next.flow ? [] : [`it was "${old.flow}", now it is "${next.flow}"`];
  return { allowed, refused: [...renamed, ...refused] };
}

function secrecy(was: readonly string[], is: readonly string[]): string[] {
  const more = is.filter((symbol) => !was.includes(symbol));
  const fewer = was.filter((symbol) => !is.includes(symbol));
  return [
    ...(more.length > 0 ? [`secret now: ${named(more)}`] : []),
    ...(fewer.length > 0 ? [`no longer secret: ${named(fewer)}`] : []),
  ];
}

const named = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");

function changes(was: AtomPlan, is: AtomPlan, old: Blueprint, next: Blueprint): string[] {
  const facts: readonly (readonly [string, unknown, unknown])[] = [
    ["what it requires", namesIn(was.inputs), namesIn(is.inputs)],
    ["what its revert requires", namesIn(was.revertInputs), namesIn(is.revertInputs)],
    ["what it provides", was.provides, is.provides],
    ["what is injected", was.inject, is.inject],
    ["whether it can be reverted", was.reverts, is.reverts],
    ["its flow", old.scopes[was.scope]?.name, next.scopes[is.scope]?.name],
    ["its controller", old.atoms[was.retry]?.name, next.atoms[is.retry]?.name],
    ["its deciders", was.deciders.map(({ depth }) => depth), is.deciders.map(({ depth }) => depth)],
  ];
  const found = facts
    .filter(([, before, now]) => !isDeepStrictEqual(before, now))
    .map(([what]) => what);
  if (was.priority !== is.priority) found.push(`priority ${was.priority}, now ${is.priority}`);
  if (was.timeoutMs !== is.timeoutMs) {
    found.push(`timeoutMs ${was.timeoutMs ?? "none"}, now ${is.timeoutMs ?? "none"}`);
  }
  return found;
}

const namesIn = (inputs: readonly InputPlan[]): unknown =>
  inputs.map(({ param, symbol, optional }) => [param, symbol, optional]);

/** What comes after what, and the patterns, by names instead of numbers. */
function orderOf({ atoms, scopes, successors }: Blueprint): unknown {
  const nameOf = (node: number): string => {
    const atom = atoms[node];
    if (atom !== undefined) return `atom ${atom.name}`;
    const place = node - atoms.length;
    return `${place % 2 === 0 ? "begin" : "end"} ${scopes[Math.floor(place / 2)]?.name ?? ""}`;
  };
  const edges = successors.flatMap((after, node) =>
    after.map((to) => `${nameOf(node)} > ${nameOf(to)}`),
  );
  return [edges.sort(), scopes.map(({ name, pattern }) => `${name} ${pattern}`).sort()];
}
