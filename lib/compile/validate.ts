/** Checks that everything a flow requires can come from somewhere. */
import { FlowError, type MissingInput } from "../errors.ts";
import type { AtomPlan, Blueprint, InputPlan } from "./blueprint.ts";
import { Guesses } from "./guesses.ts";
import { addTo, symbolsIn } from "./symbols.ts";

/** How many are named of the atoms that provide a symbol in vain. */
const mostNames = 3;

/**
 * Every required input needs an injected value, a symbol in the store, or a provider in scope.
 *
 * @throws FlowError `MISSING_DEPENDENCIES` with every input that lacks one, in the order of atoms
 */
export function validate(blueprint: Blueprint, storeSymbols: Iterable<string>): void {
  const store = new Set(storeSymbols);
  const missing: MissingInput[] = [];
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
    missing: explained(missing, blueprint, store),
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

function explained(
  missing: readonly MissingInput[],
  { atoms }: Blueprint,
  store: ReadonlySet<string>,
): readonly MissingInput[] {
  const providers = new Map<string, number[]>();
  for (const [number, { provides }] of atoms.entries()) {
    for (const symbol of symbolsIn(provides)) addTo(providers, symbol, number);
  }
  const known = new Set([...store, ...providers.keys()]);
  const guesses = new Guesses();
  const reasons = new Map<string, Pick<MissingInput, "elsewhere" | "nearest">>();
  return missing.map((input) => {
    let reason = reasons.get(input.symbol);
    if (reason === undefined) {
      const some = providers.get(input.symbol)?.slice(0, mostNames);
      reason =
        some === undefined
          ? guesses.for(input.symbol, known)
          : { elsewhere: some.map((number) => atoms[number]?.name ?? "") };
      reasons.set(input.symbol, reason);
    }
    return { ...input, ...reason };
  });
}
