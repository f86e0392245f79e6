/** Where the values of symbols stand in the state of a flow. Needs nothing of Node: a page looks them up, too. */
import type { InputPlan } from "../compile/blueprint.ts";
import type { Provides } from "../types.ts";
import { isList } from "./shape.ts";
import type { FlowState } from "./state.ts";

/** What no payload is. */
export const absent: unique symbol = Symbol("absent");

/** The value of an input, itself and no copy; `absent` when nothing has it now. */
export function lookUp(
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
