/** What the tasks of a scenario do when they are called. */
import type { Failure } from "../../lib/failure.ts";
import type { Direction } from "../../lib/plan/records.ts";
import { type Ledger, memoryLedger } from "./ledger.ts";
import type { Expression, FailSpec, Predicate } from "./scenario.ts";
import { add, element, equal, greater, multiply, subtract, text, truthy } from "./values.ts";

/** What outlives engines: how often what was called, which progress was seen, which errors were thrown. */
export class World {
  readonly progress = new Map<string, number[]>();
  /** How many turns of the event loop a call takes before it goes on; 0: it returns at once. */
  readonly turns: () => number;
  readonly #ledger: Ledger;

  constructor(turns: () => number, ledger: Ledger = memoryLedger()) {
    this.turns = turns;
    this.#ledger = ledger;
  }

  /** Counts a call; the first is 1. */
  count(direction: Direction, name: string, key: string): number {
    this.#ledger.write([direction, name, key]);
    return this.calls(direction, name);
  }

  calls(direction: Direction, name: string): number {
    return this.#ledger.read().filter(([what, of]) => what === direction && of === name).length;
  }

  /** The attempts that were called, in order; one whose owner died may have been called twice. */
  get attempts(): string[] {
    return this.#ledger.read().flatMap(([what, , key]) => (what in directions ? [key] : []));
  }

  threw(error: string): void {
    if (!this.hasThrown(error)) this.#ledger.write(["thrown", error, ""]);
  }

  /** Whether a behaviour threw an error of this class: of these, messages are compared too. */
  hasThrown(error: string): boolean {
    return this.#ledger.read().some(([what, name]) => what === "thrown" && name === error);
  }

  /** Which of the scenario's flows is in force; the first is 0. */
  get flow(): number {
    const last = this.#ledger.read().findLast(([what]) => what === "flow");
    return Number(last?.[1] ?? 0);
  }

  set flow(number: number) {
    this.#ledger.write(["flow", String(number), ""]);
  }
}

const directions: Readonly<Record<Direction, true>> = { execute: true, revert: true };

/** Everything that a call can look at. */
export interface Call {
  readonly inputs: Readonly<Record<string, unknown>>;
  /** The number of this call, from 1. */
  readonly calls: number;
  /** Only of a controller: entries in its history before this attempt. */
  readonly historyLength?: number;
  /** Only of a revert. */
  readonly revert?: {
    readonly result: unknown;
    readonly failure: Failure | undefined;
    readonly failures: Readonly<Record<string, Failure>>;
  };
}

/** The inputs that were passed, in the order of the parameters. */
export function passed(
  inputs: Readonly<Record<string, unknown>>,
  params: readonly string[],
): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const param of params) {
    if (!Object.hasOwn(inputs, param)) continue;
    // An optional input that has no value must be left out, not passed as undefined.
    if (inputs[param] === undefined) throw new RangeError(`input ${param} is undefined`);
    found[param] = inputs[param];
  }
  return found;
}

export function evaluate(expression: Expression | undefined, call: Call): unknown {
  if (expression === undefined) return null;
  const { inputs } = call;
  if (expression.const !== undefined) return structuredClone(expression.const);
  if (expression.input !== undefined) return inputs[expression.input] ?? null;
  if (expression.inputs !== undefined) return { ...inputs };
  if (expression.sum !== undefined) {
    const values = expression.sum.map((param) => inputs[param]);
    return values.reduce((sum, value) => add(sum, truthy(value) ? value : 0), 0);
  }
  if (expression.concat !== undefined) {
    const part = (one: string | { readonly lit: string }): string =>
      typeof one === "string" ? text(inputs[one]) : one.lit;
    return expression.concat.map(part).join("");
  }
  if (expression.list !== undefined) return expression.list.map((one) => evaluate(one, call));
  if (expression.object !== undefined) {
    const entries = Object.entries(expression.object);
    return Object.fromEntries(entries.map(([key, one]) => [key, evaluate(one, call)]));
  }
  if (expression.calls !== undefined) return call.calls;
  if (expression.historyLength !== undefined) return call.historyLength;
  if (expression.revertView !== undefined && call.revert !== undefined) return view(call.revert);
  throw new RangeError(`no such expression: ${JSON.stringify(expression)}`);
}

function view({ result, failure, failures }: NonNullable<Call["revert"]>): unknown {
  return {
    result: failure === undefined ? result : { $failed: failure.message },
    failures: Object.keys(failures).sort(),
  };
}

/** Throws the error of `spec` if this call is one that fails. */
export function failIf(spec: FailSpec | undefined, call: Call, world: World): void {
  if (spec === undefined || !isHit(spec, call)) return;
  const error = new Error(spec.message ?? "boom");
  error.name = spec.error ?? "Boom";
  world.threw(error.name);
  throw error;
}

function isHit(spec: FailSpec, { inputs, calls }: Call): boolean {
  if (spec.always !== undefined) return true;
  if (spec.firstCalls !== undefined) return calls <= spec.firstCalls;
  if (spec.onCalls !== undefined) return spec.onCalls.includes(calls);
  if (spec.inputEquals === undefined) return false;
  return equal(inputs[spec.inputEquals.name], spec.inputEquals.value);
}

/** The decider of a link that comes from `source`. */
export function decider(
  spec: Predicate,
  source: string,
): (history: Readonly<Record<string, unknown>>) => boolean {
  return (history) => {
    if (spec.has !== undefined) return Object.hasOwn(history, spec.has);
    if (spec.always !== undefined) return spec.always;
    const name = spec.of ?? source;
    const whole = Object.hasOwn(history, name) ? history[name] : null;
    const value = spec.path === undefined ? whole : element(whole, spec.path);
    if (spec.eq !== undefined) return equal(value, spec.eq);
    if (spec.ne !== undefined) return !equal(value, spec.ne);
    if (spec.gt !== undefined) return value !== null && greater(value, spec.gt);
    if (spec.lt !== undefined) return value !== null && greater(spec.lt, value);
    if (spec.in !== undefined) return spec.in.some((one) => equal(value, one));
    if (spec.truthy !== undefined) return truthy(value) === spec.truthy;
    throw new RangeError(`no such predicate: ${JSON.stringify(spec)}`);
  };
}

export const maps: Readonly<Record<string, (value: unknown) => unknown>> = {
  double: (value) => multiply(value, 2),
  inc: (value) => add(value, 1),
  negate: (value) => subtract(0, value),
};

export const reductions: Readonly<Record<string, (left: unknown, right: unknown) => unknown>> = {
  add,
  mul: multiply,
  sub: subtract,
  max: (left, right) => (greater(right, left) ? right : left),
};
