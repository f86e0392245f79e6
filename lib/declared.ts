/**
 * Reading what a user declared. JavaScript has no compiler that looks first, so nothing is
 * believed; what is wrong goes into `problems` in words, and something harmless takes its place.
 */
import { nearest } from "./nearest.ts";

/** A declaration as it arrives. */
export type Declared = Readonly<Record<string, unknown>>;

/** The longest time that a timer can be set to: 24.8 days. */
export const longestMs = 2_147_483_647;

/** How many characters of a text are repeated in a message. */
const shownCharacters = 60;

/** A value in a few words, for messages. */
export function describe(value: unknown): string {
  if (typeof value === "string") {
    const cut = value.length > shownCharacters ? `${value.slice(0, shownCharacters)}…` : value;
    return JSON.stringify(cut);
  }
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  return Array.isArray(value) ? "a list" : "an object";
}

/** Whether it is an object that is neither a list nor null. */
export function isObject(value: unknown): value is Declared {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object with options, of which all are known; `what` is "a task", "times()" and the like. */
export function readOptions(
  given: unknown,
  what: string,
  known: readonly string[],
  problems: string[],
): Declared {
  if (given === undefined) return {};
  if (!isObject(given)) {
    problems.push(`the options of ${what} must be an object, got ${describe(given)}`);
    return {};
  }
  // Only own properties can be misspelt; an instance of a class may inherit its methods.
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue;
    const meant = nearest(key, known);
    const hint = meant === undefined ? `it has ${known.join(", ")}` : `did you mean "${meant}"?`;
    problems.push(`${what} has no option "${key}"; ${hint}`);
  }
  return given;
}

/** Whether it can name an atom, a flow, a parameter or a symbol. `what` says which, in messages. */
export function checkName(name: unknown, what: string, problems: string[]): name is string {
  if (typeof name !== "string" || name === "") {
    problems.push(`${what} must be a non-empty text, got ${describe(name)}`);
    return false;
  }
  if (name === "__proto__") {
    // As a key of a plain object it would set the object's prototype.
    problems.push(`${what} can't be "__proto__"`);
    return false;
  }
  return true;
}

/** The numbers that are allowed, both ends included. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

export const anyWhole: Range = {
  least: Number.MIN_SAFE_INTEGER,
  most: Number.MAX_SAFE_INTEGER,
};

/** A whole number, or undefined where there is none. */
export function readWhole(
  options: Declared,
  key: string,
  range: Range,
  problems: string[],
): number | undefined {
  return options[key] === undefined ? undefined : needWhole(options, key, range, problems);
}

/** The same, but there must be one. */
export function needWhole(
  options: Declared,
  key: string,
  { least, most }: Range,
  problems: string[],
): number | undefined {
  const value = options[key];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most) {
    return value;
  }
  const from = least === anyWhole.least ? "" : ` from ${String(least)}`;
  const to = most === anyWhole.most ? "" : ` to ${String(most)}`;
  const open = from !== "" && to === "" ? " up" : "";
  problems.push(`${key} must be a whole number${from}${to}${open}, got ${describe(value)}`);
  return undefined;
}

/** True, false, or undefined where there is none. */
export function readFlag(options: Declared, key: string, problems: string[]): boolean | undefined {
  const value = options[key];
  if (value === undefined || typeof value === "boolean") return value;
  problems.push(`${key} must be true or false, got ${describe(value)}`);
  return undefined;
}

export type AnyFunction = (...inputs: never[]) => unknown;

/** A function that keeps its object as `this`, or undefined where there is none. */
export function readFunction(
  options: Declared,
  key: string,
  problems: string[],
): AnyFunction | undefined {
  return options[key] === undefined ? undefined : needFunction(options, key, problems);
}

/** The same, but there must be one. */
export function needFunction(
  options: Declared,
  key: string,
  problems: string[],
): AnyFunction | undefined {
  const value = options[key];
  if (typeof value === "function") return (value as AnyFunction).bind(options);
  problems.push(`${key} must be a function, got ${describe(value)}`);
  return undefined;
}
