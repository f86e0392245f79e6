/** What tasks and retry controllers have in common: names, inputs, outputs, numbers. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import {
  anyWhole,
  checkName,
  type Declared,
  describe,
  isObject,
  longestMs,
  readWhole,
} from "./declared.ts";
import { nearest } from "./nearest.ts";
import { isSchema } from "./schema.ts";
import type { Binding, Inputs, Provides, Task } from "./types.ts";

/** The options that every atom has. */
export const atomKeys = [
  "name",
  "version",
  "requires",
  "optional",
  "provides",
  "rebind",
  "inject",
  "secrets",
  "priority",
  "timeoutMs",
] as const;

const none: readonly never[] = Object.freeze([]);

type Common = Omit<Task, "kind" | "name" | "execute" | "revert" | "revertInputs" | "problems">;

/** Everything but the name, the functions and the inputs of revert. */
export function readAtom(options: Declared, problems: string[]): Common {
  const params = readParams(options, ["requires", "optional"], problems);
  return {
    version: readWhole(options, "version", { ...anyWhole, least: 1 }, problems) ?? 1,
    inputs: bind(params, readRebind(options, "rebind", params, problems)),
    provides: readProvides(options["provides"], problems),
    inject: readInject(options["inject"], problems),
    secrets: readSecrets(options["secrets"], problems),
    priority: readWhole(options, "priority", anyWhole, problems) ?? 0,
    timeoutMs: readWhole(options, "timeoutMs", { least: 1, most: longestMs }, problems),
  };
}

/**
 * The inputs of `revert`: those of `execute`, unless it has its own. `rebind` is about parameters,
 * wherever they occur, so it holds here too unless there is a `revertRebind`.
 */
export function readRevertInputs(options: Declared, execute: Inputs, problems: string[]): Inputs {
  const own = options["revertRequires"] !== undefined || options["revertOptional"] !== undefined;
  if (!own && options["revertRebind"] === undefined) return execute;
  const params = own
    ? readParams(options, ["revertRequires", "revertOptional"], problems)
    : { required: execute.required, optional: execute.optional };
  if (options["revertRebind"] !== undefined) {
    return bind(params, readRebind(options, "revertRebind", params, problems));
  }
  const bound = [...execute.required, ...execute.optional];
  return bind(params, new Map(bound.map(({ param, symbol }) => [param, symbol])));
}

interface Param {
  readonly param: string;
  readonly schema?: StandardSchemaV1;
}

interface Params {
  readonly required: readonly Param[];
  readonly optional: readonly Param[];
}

function readParams(options: Declared, keys: [string, string], problems: string[]): Params {
  const [required, optional] = keys.map((key) => readParamList(options[key], key, problems));
  const names = new Set(required?.map(({ param }) => param));
  for (const { param } of optional ?? []) {
    if (names.has(param)) problems.push(`"${param}" is both in ${keys[0]} and in ${keys[1]}`);
  }
  return { required: required ?? [], optional: optional ?? [] };
}

function readParamList(given: unknown, key: string, problems: string[]): readonly Param[] {
  if (given === undefined) return [];
  if (Array.isArray(given)) {
    return readNames(given, key, problems).map((param) => ({ param }));
  }
  if (isSchema(given)) {
    problems.push(`${key} is one schema for everything; give each parameter its own`);
    return [];
  }
  if (!isObject(given)) {
    const kinds = "a list of names or an object with a schema for each";
    problems.push(`${key} must be ${kinds}, got ${describe(given)}`);
    return [];
  }
  return Object.entries(given).flatMap(([param, schema]) => {
    if (!checkName(param, `a parameter in ${key}`, problems)) return [];
    if (isSchema(schema)) return [{ param, schema }];
    problems.push(`${key}.${param} must be a Standard Schema, got ${describe(schema)}`);
    return [];
  });
}

/** The names of a list, each once. */
function readNames(given: readonly unknown[], key: string, problems: string[]): readonly string[] {
  const names = new Set<string>();
  // Array.from, since a hole must not go unseen.
  for (const [index, name] of Array.from(given).entries()) {
    if (!checkName(name, `${key}[${String(index)}]`, problems)) continue;
    if (names.has(name)) problems.push(`${key} names "${name}" twice`);
    names.add(name);
  }
  return [...names];
}

/** A list of symbols; whether they are known is for who knows all of the item: see `checkSecrets`. */
export function readSecrets(given: unknown, problems: string[]): readonly string[] {
  if (given === undefined) return none;
  if (Array.isArray(given)) return Object.freeze(readNames(given, "secrets", problems));
  problems.push(`secrets must be a list of symbols, got ${describe(given)}`);
  return none;
}

/** A misspelt secret would be shown to everybody, so it is a mistake. */
export function checkSecrets(
  secrets: readonly string[],
  known: () => Iterable<string>,
  problems: string[],
): void {
  if (secrets.length === 0) return;
  const symbols = new Set(known());
  for (const symbol of secrets) {
    if (symbols.has(symbol)) continue;
    const meant = nearest(symbol, symbols);
    const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
    problems.push(`secrets names "${symbol}", which is no symbol of it${hint}`);
  }
}

/** All symbols that an atom takes, provides or is given. */
export function symbolsOf(
  atom: Pick<Task, "inputs" | "revertInputs" | "provides" | "inject">,
): Set<string> {
  const { inputs, revertInputs, provides, inject } = atom;
  const symbols = new Set(Object.keys(inject));
  for (const { required, optional } of [inputs, revertInputs]) {
    for (const { symbol } of [...required, ...optional]) symbols.add(symbol);
  }
  for (const symbol of symbolsIn(provides)) symbols.add(symbol);
  return symbols;
}

/** The symbols of a declared result. */
export function symbolsIn(provides: Provides): readonly string[] {
  if (provides === null) return none;
  if (typeof provides === "string") return [provides];
  return isList(provides) ? provides : provides.keys;
}

/** Whether the symbols stand for the elements of a result. */
export function isList(provides: Provides): provides is readonly string[] {
  return Array.isArray(provides);
}

/** From parameters to symbols; only those that have another name. */
function readRebind(
  options: Declared,
  key: string,
  { required, optional }: Params,
  problems: string[],
): ReadonlyMap<string, string> {
  const given = options[key];
  const symbols = new Map<string, string>();
  if (given === undefined) return symbols;
  if (Array.isArray(given)) {
    if (given.length > required.length) {
      const lists = `${key} lists ${String(given.length)} symbols`;
      problems.push(`${lists} for ${String(required.length)} required parameters`);
    }
    for (const [index, { param }] of required.entries()) {
      if (index >= given.length) break;
      const symbol: unknown = given[index];
      if (checkName(symbol, `${key}[${String(index)}]`, problems)) symbols.set(param, symbol);
    }
    return symbols;
  }
  if (!isObject(given)) {
    const kinds = "an object from parameter to symbol or a list of symbols";
    problems.push(`${key} must be ${kinds}, got ${describe(given)}`);
    return symbols;
  }
  const params = [...required, ...optional].map(({ param }) => param);
  for (const [param, symbol] of Object.entries(given)) {
    if (!params.includes(param)) {
      const meant = nearest(param, params);
      const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
      problems.push(`${key} names "${param}", which is no parameter${hint}`);
    } else if (checkName(symbol, `${key}.${param}`, problems)) {
      symbols.set(param, symbol);
    }
  }
  return symbols;
}

function bind({ required, optional }: Params, symbols: ReadonlyMap<string, string>): Inputs {
  const one = ({ param, schema }: Param): Binding =>
    Object.freeze({
      param,
      symbol: symbols.get(param) ?? param,
      ...(schema === undefined ? {} : { schema }),
    });
  return Object.freeze({
    required: Object.freeze(required.map(one)),
    optional: Object.freeze(optional.map(one)),
  });
}

function readProvides(given: unknown, problems: string[]): Provides {
  if (given === undefined || given === null) return null;
  if (typeof given === "string") return checkName(given, "provides", problems) ? given : null;
  if (Array.isArray(given)) return Object.freeze(readNames(given, "provides", problems));
  if (isObject(given) && Array.isArray(given["keys"])) {
    return Object.freeze({
      keys: Object.freeze(readNames(given["keys"], "provides.keys", problems)),
    });
  }
  const kinds = "a symbol, a list of symbols or { keys: a list of symbols }";
  problems.push(`provides must be ${kinds}, got ${describe(given)}`);
  return null;
}

function readInject(given: unknown, problems: string[]): Readonly<Record<string, unknown>> {
  if (given === undefined) return Object.freeze({});
  if (!isObject(given)) {
    problems.push(`inject must be an object from symbol to value, got ${describe(given)}`);
    return Object.freeze({});
  }
  const values = Object.entries(given).filter(([symbol]) =>
    checkName(symbol, "a symbol in inject", problems),
  );
  return Object.freeze(Object.fromEntries(values));
}
