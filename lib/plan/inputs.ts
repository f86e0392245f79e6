/** Looks inputs up by scope from recorded results. */
import { copyOut } from "../codec.ts";
import { FlowError } from "../errors.ts";
import type { Direction } from "./records.ts";
import type { FlowState } from "./state.ts";
import { absent, lookUp } from "./values.ts";

/**
 * The inputs of an attempt, by parameter: from the atom's own constants, the flow's store, or the nearest provider
 * in scope that is done and has such a value. Each consumer gets copies of its own, unless `live`.
 *
 * @throws FlowError `INPUT_NOT_FOUND` when a required one has none
 */
export function inputsOf(
  state: FlowState,
  atom: number,
  direction: Direction,
  live: boolean,
): Record<string, unknown> {
  const plan = state.blueprint.atoms[atom];
  const inputs: Record<string, unknown> = {};
  if (plan === undefined) return inputs;
  for (const input of direction === "execute" ? plan.inputs : plan.revertInputs) {
    const value = lookUp(state, plan.inject, input);
    if (value !== absent) set(inputs, input.param, live ? value : copyOut(value));
    else if (!input.optional) {
      const { param, symbol } = input;
      throw new FlowError("INPUT_NOT_FOUND", { atom: plan.name, param, symbol });
    }
  }
  return inputs;
}

// A parameter may be called __proto__: then plain assignment would set the prototype.
function set(inputs: Record<string, unknown>, param: string, value: unknown): void {
  if (param !== "__proto__") inputs[param] = value;
  else Object.defineProperty(inputs, param, { value, enumerable: true, configurable: true });
}

/** The results of the sources of an atom's decided links, without those that are ignored. */
export function decisionHistory(
  state: FlowState,
  atom: number,
  live: boolean,
): Record<string, unknown> {
  const history: Record<string, unknown> = {};
  for (const { from } of state.blueprint.atoms[atom]?.deciders ?? []) {
    if (from < 0 || state.stateOf(from) === "IGNORE") continue;
    const { result } = state.snapshotOf(from).context;
    set(history, state.nameOf(from), live ? result : copyOut(result));
  }
  return history;
}
