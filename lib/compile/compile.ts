/** Compiles declared flows to blueprints. */
import { FlowError } from "../errors.ts";
import type { Binding, Decide, Inputs, Item, Retry, Task } from "../types.ts";
import { Arranger } from "./arrange.ts";
import { type AtomPlan, type Blueprint, blueprintVersion, type InputPlan } from "./blueprint.ts";
import { Layout, type Place } from "./layout.ts";
import { Lookup } from "./lookup.ts";

/** The users' functions that a blueprint speaks of by number. */
export interface Code {
  /** By atom number. */
  readonly atoms: readonly (Task | Retry)[];
  /** By link number. */
  readonly deciders: readonly Decide[];
}

export interface Compiled {
  readonly blueprint: Blueprint;
  readonly code: Code;
}

const none: readonly never[] = Object.freeze([]);

/** Declarations don't change, so what was compiled once is known. */
const known = new WeakMap<Item, Compiled>();

/**
 * Takes a flow, or a bare task, apart into its blueprint and its code. The same object gives the
 * same answer again.
 *
 * @throws FlowError `COMPILE_FAILED` with every mistake in it
 */
export function compile(flow: Item): Compiled {
  let compiled = known.get(flow);
  if (compiled === undefined) {
    compiled = build(flow);
    known.set(flow, compiled);
  }
  return compiled;
}

function build(root: Item): Compiled {
  const arranger = new Arranger();
  if (root.kind === "flow") arranger.arrange(root);
  else arranger.checkAtom(root);
  const layout = new Layout(root, arranger.arranged);
  const mistakes = [...arranger.mistakes, ...layout.mistakes];
  if (mistakes.length > 0) throw new FlowError("COMPILE_FAILED", { flow: root.name, mistakes });

  const successors = layout.successors();
  const lookup = new Lookup(layout, successors);
  return {
    blueprint: {
      version: blueprintVersion,
      flow: root.name,
      atoms: layout.places.map((place, number) => planAtom(place, number, lookup)),
      scopes: layout.scopes.map(({ name, pattern, parent, retry, first, last }) => {
        return { name, pattern, parent, retry, first, last };
      }),
      successors,
      ...secretsIn(layout, arranger),
    },
    code: { atoms: layout.places.map(({ atom }) => atom), deciders: layout.deciders },
  };
}

/** One place knows that a symbol is secret: then it is, wherever it occurs. */
function secretsIn(layout: Layout, { arranged }: Arranger): Pick<Blueprint, "secrets"> {
  const secrets = new Set<string>();
  for (const { atom } of layout.places) for (const symbol of atom.secrets) secrets.add(symbol);
  for (const flow of arranged.keys()) for (const symbol of flow.secrets) secrets.add(symbol);
  return secrets.size === 0 ? {} : { secrets: [...secrets].sort() };
}

function planAtom(
  { atom, scope, retry, deciders }: Place,
  number: number,
  lookup: Lookup,
): AtomPlan {
  const { name, kind, version, priority, provides, inject, timeoutMs } = atom;
  const inputs = planInputs(atom.inputs, number, lookup);
  // Unless it declares its own, revert has the very inputs of execute.
  const revertInputs =
    atom.revertInputs === atom.inputs ? inputs : planInputs(atom.revertInputs, number, lookup);
  return {
    name,
    kind,
    version,
    priority,
    scope,
    retry,
    inputs,
    revertInputs,
    provides,
    inject,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    reverts: atom.revert !== undefined,
    deciders,
  };
}

function planInputs(
  { required, optional }: Inputs,
  atom: number,
  lookup: Lookup,
): readonly InputPlan[] {
  if (required.length + optional.length === 0) return none;
  const plan =
    (isOptional: boolean) =>
    ({ param, symbol }: Binding): InputPlan => {
      return { param, symbol, optional: isOptional, from: lookup.from(atom, symbol) };
    };
  return [...required.map(plan(false)), ...optional.map(plan(true))];
}
