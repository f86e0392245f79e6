/** Tasks: atoms that do work and can undo it. */
import { atomKeys, checkSecrets, readAtom, readRevertInputs, symbolsOf } from "./atom.ts";
import {
  type AnyFunction,
  checkName,
  type Declared,
  needFunction,
  readFunction,
  readOptions,
} from "./declared.ts";
import type { TaskOf } from "./typed/carry.ts";
import type {
  Given,
  Params,
  Provided,
  ProvidesOption,
  Rebind,
  Returnable,
} from "./typed/inputs.ts";
import type {
  Alike,
  CheckTask,
  CheckTwo,
  GivenEach,
  ListOf,
  MapOptions,
  ReduceOptions,
  RevertGiven,
  TaskNeeds,
  TaskOptions,
} from "./typed/options.ts";
import type { CallContext, Inputs, Task } from "./types.ts";

const revertKeys = ["revert", "revertRequires", "revertOptional", "revertRebind"] as const;
const taskKeys = [...atomKeys, ...revertKeys];
const seriesKeys = taskKeys.filter((key) => key !== "optional");

/**
 * Declares a task. Its inputs are typed by the schemas in `requires` or, where those are names, by
 * what `execute` says it takes.
 *
 * Mistakes don't throw here: `compile` reports them, with all others of the flow.
 */
export function task<
  const R extends Params = readonly [],
  const O extends Params = readonly [],
  const P extends ProvidesOption = null,
  const B extends Rebind = {},
  I extends string = never,
  const RR extends Params | undefined = undefined,
  const RO extends Params | undefined = undefined,
  const BR extends Rebind | undefined = undefined,
  A = Given<R, O>,
  T extends Returnable = unknown,
  RA = RevertGiven<RR, RO, A>,
>(
  declared: TaskOptions<R, O, P, B, I, RR, RO, BR, A, T, RA> &
    NoInfer<CheckTask<R, O, P, B, I, RR, RO, BR, A, T, RA, "execute">>,
): TaskOf<TaskNeeds<R, O, B, I, RR, RO, BR, A, RA>, Provided<P, T>>;
export function task(declared: unknown): Task {
  return makeTask(declared, "a task", ["execute", ...taskKeys], (execute) => execute);
}

/**
 * Declares a task that calls `map` for each of its inputs, in the order of `requires`. Its result is
 * the list of what `map` returned.
 */
export function mapTask<
  const R extends Params,
  const P extends ProvidesOption = null,
  const B extends Rebind = {},
  I extends string = never,
  const RR extends Params | undefined = undefined,
  const RO extends Params | undefined = undefined,
  const BR extends Rebind | undefined = undefined,
  X = GivenEach<R>,
  Y extends Returnable = unknown,
  RA = RevertGiven<RR, RO, Alike<R, X>>,
>(
  declared: MapOptions<R, P, B, I, RR, RO, BR, X, Y, RA> &
    NoInfer<CheckTask<R, None, P, B, I, RR, RO, BR, Alike<R, X>, ListOf<R, Y>, RA, "map">>,
): TaskOf<TaskNeeds<R, None, B, I, RR, RO, BR, Alike<R, X>, RA>, Provided<P, ListOf<R, Y>>>;
export function mapTask(declared: unknown): Task {
  return makeTask(declared, "a map task", ["map", ...seriesKeys], (work, params) => {
    const map = work as (value: unknown, context: CallContext) => unknown;
    return async (inputs, context) => {
      const results: unknown[] = [];
      for (const param of params) results.push(await map(inputs[param], context));
      return results;
    };
  });
}

/**
 * Declares a task that calls `reduce` for its first two inputs in the order of `requires`, then for
 * the result and the third, and so on. Its result is the last one.
 */
export function reduceTask<
  const R extends Params,
  const P extends ProvidesOption = null,
  const B extends Rebind = {},
  I extends string = never,
  const RR extends Params | undefined = undefined,
  const RO extends Params | undefined = undefined,
  const BR extends Rebind | undefined = undefined,
  X = GivenEach<R>,
  RA = RevertGiven<RR, RO, Alike<R, X>>,
>(
  declared: ReduceOptions<R, P, B, I, RR, RO, BR, X, RA> &
    NoInfer<CheckTask<R, None, P, B, I, RR, RO, BR, Alike<R, X>, X, RA, "reduce">> &
    NoInfer<CheckTwo<R>>,
): TaskOf<TaskNeeds<R, None, B, I, RR, RO, BR, Alike<R, X>, RA>, Provided<P, X>>;
export function reduceTask(declared: unknown): Task {
  return makeTask(
    declared,
    "a reduce task",
    ["reduce", ...seriesKeys],
    (work, params) => {
      const reduce = work as (left: unknown, right: unknown, context: CallContext) => unknown;
      return async (inputs, context) => {
        const [first, ...rest] = params.map((param) => inputs[param]);
        let result = first;
        for (const value of rest) result = await reduce(result, value, context);
        return result;
      };
    },
    ({ required }) =>
      required.length < 2
        ? [`requires must name two or more to reduce, it names ${String(required.length)}`]
        : [],
  );
}

type None = readonly [];
type Execute = Task["execute"];

/** Makes a task of its declaration, in which the function that does the work is called `keys[0]`. */
function makeTask(
  declared: unknown,
  what: string,
  keys: readonly [string, ...string[]],
  toExecute: (work: AnyFunction, params: readonly string[]) => Execute,
  check: (inputs: Inputs) => readonly string[] = () => [],
): Task {
  const problems: string[] = [];
  const options: Declared = readOptions(declared ?? null, what, keys, problems);
  const name = checkName(options["name"], "name", problems) ? options["name"] : "";
  const common = readAtom(options, problems);
  const params = common.inputs.required.map(({ param }) => param);
  const work = needFunction(options, keys[0], problems);
  const revert = readFunction(options, "revert", problems) as Task["revert"];
  for (const key of revertKeys) {
    if (revert === undefined && key !== "revert" && options[key] !== undefined) {
      problems.push(`${key} without a revert that takes them`);
    }
  }
  const revertInputs =
    revert === undefined ? noInputs : readRevertInputs(options, common.inputs, problems);
  problems.push(...check(common.inputs));
  checkSecrets(common.secrets, () => symbolsOf({ ...common, revertInputs }), problems);
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
