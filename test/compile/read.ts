// Reads blueprints by name, so that tests need no numbers.
import type { AtomPlan, Blueprint } from "../../lib/compile/blueprint.ts";
import { compile } from "../../lib/compile/compile.ts";
import { FlowError, type Mistake } from "../../lib/errors.ts";
import type { Item } from "../../lib/types.ts";

/** A node's name: an atom's own, `f[` for the begin of flow f and `f]` for its end. */
export function nodeName(blueprint: Blueprint, node: number): string {
  const atoms = blueprint.atoms.length;
  if (node < atoms) return blueprint.atoms[node]?.name ?? "?";
  const scope = blueprint.scopes[(node - atoms) >> 1];
  return `${scope?.name ?? "?"}${(node - atoms) % 2 === 0 ? "[" : "]"}`;
}

/** The execution graph, sorted: `["a b", "b f]"]`. */
export function edges(item: Item): string[] {
  const { blueprint } = compile(item);
  return blueprint.successors
    .flatMap((after, node) =>
      after.map((next) => `${nodeName(blueprint, node)} ${nodeName(blueprint, next)}`),
    )
    .sort();
}

export function atomOf(item: Item, name: string): AtomPlan {
  const found = compile(item).blueprint.atoms.find((atom) => atom.name === name);
  if (found === undefined) throw new Error(`no atom ${name}`);
  return found;
}

/** Atoms in the order of their numbers. */
export function names(item: Item): string {
  return compile(item)
    .blueprint.atoms.map(({ name }) => name)
    .join(" ");
}

/** Where an input of an atom comes from, nearest first. */
export function from(item: Item, atom: string, symbol: string, inputs = "inputs"): string {
  const plan = atomOf(item, atom);
  const list = inputs === "inputs" ? plan.inputs : plan.revertInputs;
  const found = list.find((input) => input.symbol === symbol);
  if (found === undefined) throw new Error(`${atom} has no input ${symbol}`);
  return found.from.map((number) => compile(item).blueprint.atoms[number]?.name).join(" ");
}

/** The deciders before an atom, as `source DEPTH`; `-` stands for a flow as source. */
export function deciders(item: Item, atom: string): string[] {
  const { blueprint } = compile(item);
  return atomOf(item, atom).deciders.map(
    ({ from, depth }) => `${from < 0 ? "-" : nodeName(blueprint, from)} ${depth}`,
  );
}

export function compileError(item: Item): FlowError<"COMPILE_FAILED"> {
  try {
    compile(item);
  } catch (error) {
    if (FlowError.is(error, "COMPILE_FAILED")) return error;
    throw error;
  }
  throw new Error("it compiles");
}

export function mistakes(item: Item): readonly Mistake[] {
  return compileError(item).about.mistakes;
}
