/** Checks that everything a flow requires can come from somewhere. */
import { symbolsIn } from "../atom.ts";
import { FlowError, type MissingInput } from "../errors.ts";
import type { AtomPlan, Blueprint, InputPlan } from "./blueprint.ts";
import { Guesses } from "./guesses.ts";
import { addTo } from "./symbols.ts";

/** How many are named of the atoms that provide a symbol in vain. */
const mostNames = 3;

/**
 * Every required input needs an injected value, a symbol in the store, or a provider in scope.
 *
 * @throws FlowError `MISSING_DEPENDENCIES` with every input that lacks one, in the order of atoms
 */
export function validate(blueprint: Blueprint, storeSymbols: Iterable<string>): void {
  const open = openInputs(blueprint);
  if (open.length === 0) return;
  const store = new Set(storeSymbols);
  const missing = open.filter(({ symbol }) => !store.has(symbol));
  if (missing.length === 0) return;
  throw new FlowError("MISSING_DEPENDENCIES", {
    flow: blueprint.flow,
    missing: explained(missing, blueprint, store),
  });
}

// Flows are run more often than they are compiled: a run only looks at what the store must have.
const found = new WeakMap<Blueprint, readonly MissingInput[]>();

/** The required inputs that only a store can give, in the order of atoms. */
function openInputs(blueprint: Blueprint): readonly MissingInput[] {
  const known = found.get(blueprint);
  if (known !== undefined) return known;
  const open: MissingInput[] = [];
  for (const atom of blueprint.atoms) {
    for (const { param, symbol } of atom.inputs.filter((input) => isOpen(atom, input))) {
      open.push({ atom: atom.name, method: "execute", param, symbol });
    }
    for (const { param, symbol } of atom.revertInputs.filter((input) => isOpen(atom, input))) {
      open.push({ atom: atom.name, method: "revert", param, symbol });
    }
  }
  found.set(blueprint, open);
  return open;
}

function isOpen(atom: AtomPlan, input: InputPlan): boolean {
  return !input.optional && input.from.length === 0 && !Object.hasOwn(atom.inject, input.symbol);
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
