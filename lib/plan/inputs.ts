/** Looks inputs up by scope from recorded results. */
import type { InputPlan } from "../compile/blueprint.ts";
import { copyOut } from "../codec.ts";
import { FlowError } from "../errors.ts";
import type { Provides } from "../types.ts";
import type { Direction } from "./records.ts";
import { isList } from "./shape.ts";
import type { FlowState } from "./state.ts";

const absent: unique symbol = Symbol("absent");

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

function lookUp(
  state: FlowState,
  inject: Readonly<Record<string, unknown>>,
  { symbol, from }: InputPlan,
): unknown {
  if (Object.hasOwn(inject, symbol)) return inject[symbol];
  if (Object.hasOwn(state.store, symbol)) return state.store[symbol];
  for (const provider of from) {
    const value = valueFrom(state, provider, symbol);
    if (value !== absent) return value;
  }
  return absent;
}

function valueFrom(state: FlowState, provider: number, symbol: string): unknown {
  const { value, context } = state.snapshotOf(provider);
  // Being undone, it can still be asked for what it made: by what comes after it and is undone before it.
  if (value !== "SUCCESS" && !(value === "REVERTING" && context.failure === undefined))
    return absent;
  return item(state.blueprint.atoms[provider]?.provides ?? null, context.result, symbol);
}

function item(provides: Provides, result: unknown, symbol: string): unknown {
  if (typeof provides === "string") return result;
  if (provides === null || typeof result !== "object" || result === null) return absent;
  if (!isList(provides)) {
    return Object.hasOwn(result, symbol) ? (result as Record<string, unknown>)[symbol] : absent;
  }
  const place = provides.indexOf(symbol);
  return Array.isArray(result) && place < result.length ? (result as unknown[])[place] : absent;
}

/** All symbols that have a value now; a value of the store goes before an atom's, an earlier atom's before a later's. */
export function symbolValues(state: FlowState): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [symbol, atoms] of state.shape.providers) {
    for (const atom of atoms) {
      const value = valueFrom(state, atom, symbol);
      if (value === absent) continue;
      values.set(symbol, value);
      break;
    }
  }
  for (const symbol of Object.keys(state.store)) values.set(symbol, state.store[symbol]);
  return values;
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
