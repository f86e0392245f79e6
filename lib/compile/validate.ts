/** Checks that everything a flow requires can come from somewhere. */
import { FlowError, type MissingInput } from "../errors.ts";
import type { AtomPlan, Blueprint, InputPlan } from "./blueprint.ts";
import { Guesses } from "./guesses.ts";
import { symbolsIn } from "./symbols.ts";

/**
 * Every required input needs an injected value, a symbol in the store, or a provider in scope.
 *
 * @throws FlowError `MISSING_DEPENDENCIES` with every input that lacks one, in the order of atoms
 */
export function validate(blueprint: Blueprint, storeSymbols: Iterable<string>): void {
  const store = new Set(storeSymbols);
  const missing: Omit<MissingInput, "nearest">[] = [];
  for (const atom of blueprint.atoms) {
    const lacks = (input: InputPlan): boolean => isMissing(atom, input, store);
    for (const { param, symbol } of atom.inputs.filter(lacks)) {
      missing.push({ atom: atom.name, method: "execute", param, symbol });
    }
    for (const { param, symbol } of atom.revertInputs.filter(lacks)) {
      missing.push({ atom: atom.name, method: "revert", param, symbol });
    }
  }
  if (missing.length === 0) return;
  throw new FlowError("MISSING_DEPENDENCIES", {
    flow: blueprint.flow,
    missing: withNearest(missing, blueprint, store),
  });
}

function isMissing(atom: AtomPlan, input: InputPlan, store: ReadonlySet<string>): boolean {
  return (
    !input.optional &&
    input.from.length === 0 &&
    !store.has(input.symbol) &&
    !Object.hasOwn(atom.inject, input.symbol)
  );
}

function withNearest(
  missing: readonly MissingInput[],
  blueprint: Blueprint,
  store: ReadonlySet<string>,
): readonly MissingInput[] {
  const symbols = new Set(store);
  for (const { provides } of blueprint.atoms) {
    for (const symbol of symbolsIn(provides)) symbols.add(symbol);
  }
  const guesses = new Guesses();
  const bySymbol = new Map<string, { readonly nearest?: string }>();
  return missing.map((input) => {
    let guess = bySymbol.get(input.symbol);
    if (guess === undefined) {
      guess = guesses.for(input.symbol, symbols);
      bySymbol.set(input.symbol, guess);
    }
    return { ...input, ...guess };
  });
}
