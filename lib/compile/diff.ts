/** Compares the blueprint in a journal with the one that the code has now. */
import { isList, symbolsIn } from "../atom.ts";
import type { Provides } from "../types.ts";
import type { AtomPlan, Blueprint } from "./blueprint.ts";

export interface BlueprintDiff {
  /** Names of atoms that the journal doesn't know: they run when their turn comes. */
  readonly added: readonly string[];
  /** Names of atoms that are gone: what is recorded of them stays, unused. */
  readonly removed: readonly string[];
  /** Differences, in words, under which what is recorded would mean something else. */
  readonly refused: readonly string[];
}

export function diffOf(old: Blueprint, next: Blueprint): BlueprintDiff {
  const before = new Map(old.atoms.map((atom) => [atom.name, atom]));
  const now = new Map(next.atoms.map((atom) => [atom.name, atom]));
  const names = next.atoms.map(({ name }) => name);
  return {
    added: names.filter((name) => !before.has(name)),
    removed: old.atoms.map(({ name }) => name).filter((name) => !now.has(name)),
    refused: next.atoms.flatMap((atom) => {
      const known = before.get(atom.name);
      return known === undefined ? [] : changes(known, atom);
    }),
  };
}

function changes(old: AtomPlan, next: AtomPlan): readonly string[] {
  const found: string[] = [];
  if (old.kind !== next.kind)
    found.push(`"${old.name}" was a ${old.kind}, now it is a ${next.kind}`);
  if (old.version !== next.version) {
    found.push(
      `"${old.name}" was version ${String(old.version)}, now it is ${String(next.version)}`,
    );
  }
  const symbols = new Set(symbolsIn(old.provides));
  for (const symbol of symbolsIn(next.provides)) {
    if (!symbols.has(symbol)) continue;
    const [was, is] = [placeOf(symbol, old.provides), placeOf(symbol, next.provides)];
    if (was !== is) found.push(`"${symbol}" was ${was} of what "${old.name}" returns, now ${is}`);
  }
  return found;
}

/** Which part of a result one of its symbols stands for. */
function placeOf(symbol: string, provides: Provides): string {
  if (typeof provides === "string") return "the whole";
  if (!isList(provides)) return `property "${symbol}"`;
  return `element ${String(provides.indexOf(symbol))}`;
}
