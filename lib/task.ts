/** Tasks: atoms that do work and can undo it. */
import { atomKeys, readAtom, readRevertInputs } from "./atom.ts";
import {
  checkName,
  type Declared,
  needFunction,
  readFunction,
  readOptions,
} from "./declared.ts";
import type { CallContext, Inputs, RevertContext, Task } from "./types.ts";

const revertKeys = ["revert", "revertRequires", "revertOptional", "revertRebind"] as const;
const taskKeys = [...atomKeys, ...revertKeys];
const seriesKeys = taskKeys.filter((key) => key !== "optional" && key !== "revertOptional");

export function task(declared: {
  execute(inputs: any, context: CallContext): unknown;
  revert?(inputs: any, context: RevertContext): unknown;
  [key: string]: unknown;
}): Task {
  return makeTask(declared, "a task", ["execute", ...taskKeys], (execute: Execute) => execute);
}

export function mapTask(declared: unknown): Task {
  return makeTask(
    declared,
    "a map task",
    ["map", ...seriesKeys],
    (map: (value: unknown, context: CallContext) => unknown, params) =>
      async (inputs, context) => {
        const results: unknown[] = [];
        for (const param of params) results.push(await map(inputs[param], context));
        return results;
      },
  );
}

export function reduceTask(declared: unknown): Task {
  const made = makeTask(
    declared,
    "a reduce task",
    ["reduce", ...seriesKeys],
    (reduce: (left: unknown, right: unknown, context: CallContext) => unknown, params) =>
      async (inputs, context) => {
        const [first, ...rest] = params.map((param) => inputs[param]);
        let result = first;
        for (const value of rest) result = await reduce(result, value, context);
        return result;
      },
    ({ required }) =>
      required.length < 2
        ? [`requires must name two or more to reduce, it names ${String(required.length)}`]
        : [],
  );
  return made;
}

type Execute = Task["execute"];

/** Makes a task of its declaration, in which the function that does the work is called `keys[0]`. */
function makeTask<Work extends (...inputs: never[]) => unknown>(
  declared: unknown,
  what: string,
  keys: readonly [string, ...string[]],
  toExecute: (work: Work, params: readonly string[]) => Execute,
  check: (inputs: Inputs) => readonly string[] = () => [],
): Task {
  const problems: string[] = [];
  const options: Declared = readOptions(declared ?? null, what, keys, problems);
  const name = checkName(options["name"], "name", problems) ? options["name"] : "";
  const common = readAtom(options, problems);
  const params = common.inputs.required.map(({ param }) => param);
  const work = needFunction(options, keys[0], problems) as Work | undefined;
  const revert = readFunction(options, "revert", problems) as Task["revert"];
  for (const key of revertKeys) {
    if (revert === undefined && key !== "revert" && options[key] !== undefined) {
      problems.push(`${key} without a revert that takes them`);
    }
  }
  const revertInputs =
    revert === undefined ? noInputs : readRevertInputs(options, common.inputs, problems);
  problems.push(...check(common.inputs));
  return Object.freeze({
    kind: "task",
    name,
    ...common,
    revertInputs,
    execute: work === undefined ? unusable : toExecute(work, params),
    revert,
    problems: Object.freeze(problems),
  });
}

/** What an atom takes that is not called. */
export const noInputs: Inputs = Object.freeze({
  required: Object.freeze([]),
  optional: Object.freeze([]),
});

/** Stands for a function that was not declared; `compile` refuses the atom, so nothing calls it. */
export function unusable(): never {
  throw new TypeError("an atom with mistakes can't be run");
}
