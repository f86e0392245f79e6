/** Retry controllers: atoms that stand before a flow and say what a failure inside leads to. */
import { isDeepStrictEqual } from "node:util";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { atomKeys, checkSecrets, readAtom, symbolsOf } from "./atom.ts";
import {
  anyWhole,
  checkName,
  type Declared,
  describe,
  needFunction,
  needWhole,
  readFunction,
  readOptions,
} from "./declared.ts";
import { FlowError } from "./errors.ts";
import { type Pace, type PaceOptions, paceKeys, readPace } from "./pace.ts";
import { noInputs, unusable } from "./task.ts";
import type { RetryOf, Simplify, Without } from "./typed/carry.ts";
import type { CheckProvided, CheckRebind } from "./typed/checks.ts";
import type {
  Given,
  Params,
  Provided,
  ProvidesOption,
  Rebind,
  Returnable,
  Taken,
} from "./typed/inputs.ts";
import type { CheckRetry, RetryOptions } from "./typed/options.ts";
import type { Retry, RetryAttempt, Verdict } from "./types.ts";

const ownKeys = [...atomKeys, "execute", "onFailure", "revert"];
const fixedKeys = ["name", "provides", "secrets"];
const pacedKeys = [...fixedKeys, ...paceKeys];

/** What every ready-made controller may be told. */
export interface ControllerOptions<P> {
  /** Unique in the whole flow. Default: the name of its flow and `_retry`. */
  readonly name?: string | undefined;
  /** What the value of an attempt becomes for the atoms of the flow, as in `task`. Default none. */
  readonly provides?: P;
  /** Of what it provides or takes, what is hidden wherever the flow is shown, as in `task`. Default none. */
  readonly secrets?: readonly string[] | undefined;
}

/**
 * Declares a controller of one's own. `execute` makes the value of each attempt; `onFailure`
 * decides, each time that an atom of the flow fails.
 *
 * Mistakes don't throw here: `compile` reports them, with all others of the flow.
 */
export function retry<
  const R extends Params = readonly [],
  const O extends Params = readonly [],
  const P extends ProvidesOption = null,
  const B extends Rebind = {},
  I extends string = never,
  A = Given<R, O>,
  T extends Returnable = unknown,
>(
  declared: RetryOptions<R, O, P, B, I, A, T> & NoInfer<CheckRetry<R, O, P, B, I, A, T>>,
): RetryOf<Simplify<Without<Taken<R, O, A, B>, I>>, Provided<P, T>>;
export function retry(declared: unknown): Retry {
  const problems: string[] = [];
  const options = readOptions(declared ?? null, "a retry controller", ownKeys, problems);
  return makeRetry(options, problems, {
    execute: needFunction(options, "execute", problems),
    onFailure: needFunction(options, "onFailure", problems) as Retry["onFailure"] | undefined,
    revert: readFunction(options, "revert", problems) as Retry["revert"],
  });
}

/**
 * Tries the flow up to `attempts` times in all. Its value is the number of the attempt, from 1.
 *
 * @param attempts - a whole number, from 1
 */
export function times<const P extends ProvidesOption = null>(
  attempts: number,
  options?: ControllerOptions<P> & PaceOptions & NoInfer<CheckProvided<P, number, "times">>,
): RetryOf<{}, Provided<P, number>>;
export function times(attempts: unknown, given?: unknown): Retry {
  const problems: string[] = [];
  const options = readOptions(given, "times()", pacedKeys, problems);
  const most = needWhole({ attempts }, "attempts", { ...anyWhole, least: 1 }, problems) ?? 1;
  const pace = readPace(options, problems);
  return makeRetry(options, problems, {
    execute: (_inputs, { history }) => history.length + 1,
    onFailure: (_inputs, question) => pace(question, question.history.length < most),
  });
}

/**
 * Tries the flow once with each of `values`. A value that is in there twice is tried twice; what
 * counts is content, not identity.
 */
export function forEach<V extends Returnable, const P extends ProvidesOption = null>(
  values: readonly V[],
  options?: ControllerOptions<P> & PaceOptions & NoInfer<CheckProvided<P, V, "forEach">>,
): RetryOf<{}, Provided<P, V>>;
export function forEach(values: unknown, given?: unknown): Retry {
  const problems: string[] = [];
  const options = readOptions(given, "forEach()", pacedKeys, problems);
  if (!Array.isArray(values)) problems.push(`values must be a list, got ${describe(values)}`);
  // A copy, so that what the caller does with his list later changes no attempt.
  const all = Array.isArray(values) ? [...(values as unknown[])] : [];
  const pace = readPace(options, problems);
  return makeRetry(
    options,
    problems,
    eachOf(() => all, pace),
  );
}

/**
 * As `forEach`, with the values taken from the symbol `values`, or from the one that `rebind` says.
 * What is in the list is not known to the compiler.
 */
export function parameterizedForEach<
  const P extends ProvidesOption = null,
  const B extends Rebind = {},
>(
  options?: ControllerOptions<P> &
    PaceOptions & {
      /** The symbol that holds the list: `{ values: symbol }` or `[symbol]`. Default `values`. */
      readonly rebind?: B;
    } & NoInfer<CheckRebind<"rebind", readonly ["values"], readonly [], B>>,
): RetryOf<
  Simplify<Taken<readonly ["values"], readonly [], { values: readonly unknown[] }, B>>,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- unknown would fit no consumer
  Provided<P, any>
>;
export function parameterizedForEach(given?: unknown): Retry {
  const problems: string[] = [];
  const keys = [...pacedKeys, "rebind"];
  const options = readOptions(given, "parameterizedForEach()", keys, problems);
  const pace = readPace(options, problems);
  return makeRetry(
    { ...options, requires: { values: anyList } },
    problems,
    eachOf(({ values }) => (Array.isArray(values) ? (values as unknown[]) : []), pace),
  );
}

/** Never tries again: a failure in the flow reverts the flow, and nothing outside it. */
export function alwaysRevert<const P extends ProvidesOption = null>(
  options?: ControllerOptions<P> & NoInfer<CheckProvided<P, null, "alwaysRevert">>,
): RetryOf<{}, Provided<P, null>>;
export function alwaysRevert(given?: unknown): Retry {
  return fixed("alwaysRevert()", "REVERT", given);
}

/** Never tries again: a failure in the flow reverts everything. */
export function alwaysRevertAll<const P extends ProvidesOption = null>(
  options?: ControllerOptions<P> & NoInfer<CheckProvided<P, null, "alwaysRevertAll">>,
): RetryOf<{}, Provided<P, null>>;
export function alwaysRevertAll(given?: unknown): Retry {
  return fixed("alwaysRevertAll()", "REVERT_ALL", given);
}

/** The same controller under a name, or itself if it has one already. */
export function named(controller: Retry, name: string): Retry {
  return controller.name === "" ? Object.freeze({ ...controller, name }) : controller;
}

interface Functions {
  readonly execute: Retry["execute"] | undefined;
  readonly onFailure: Retry["onFailure"] | undefined;
  readonly revert?: Retry["revert"];
}

function makeRetry(
  options: Declared,
  problems: string[],
  { execute, onFailure, revert }: Functions,
): Retry {
  const common = readAtom(options, problems);
  const revertInputs = revert === undefined ? noInputs : common.inputs;
  checkSecrets(common.secrets, () => symbolsOf({ ...common, revertInputs }), problems);
  const given = options["name"];
  return Object.freeze({
    kind: "retry",
    // Empty until a flow takes it and calls it after itself.
    name: given !== undefined && checkName(given, "name", problems) ? given : "",
    ...common,
    revertInputs,
    execute: execute ?? unusable,
    onFailure: onFailure ?? unusable,
    revert,
    problems: Object.freeze(problems),
  });
}

function fixed(what: string, verdict: Verdict, given: unknown): Retry {
  const problems: string[] = [];
  const options = readOptions(given, what, fixedKeys, problems);
  return makeRetry(options, problems, { execute: () => null, onFailure: () => verdict });
}

/** Lets an attempt have the first value that no earlier one had. */
function eachOf(
  valuesOf: (inputs: Record<string, unknown>) => readonly unknown[],
  pace: Pace,
): Functions {
  return {
    execute: (inputs, { history }) => {
      const left = unused(valuesOf(inputs), history);
      if (left.length > 0) return left[0];
      const name = String(history.length + 1);
      throw new FlowError("NOT_FOUND", { what: "unused value for attempt", name });
    },
    onFailure: (inputs, question) =>
      pace(question, unused(valuesOf(inputs), question.history).length > 0),
  };
}

/** The values without those that were used, each use taking one of those that are equal to it. */
function unused(values: readonly unknown[], history: readonly RetryAttempt[]): readonly unknown[] {
  const left = [...values];
  for (const { value } of history) {
    // By content, since a value that comes back from a journal is another object.
    const at = left.findIndex((candidate) => isDeepStrictEqual(candidate, value));
    if (at >= 0) left.splice(at, 1);
  }
  return left;
}

/** What `values` of `parameterizedForEach` must be. */
const anyList: StandardSchemaV1 = Object.freeze({
  "~standard": Object.freeze({
    version: 1,
    vendor: "fourstroke",
    validate: (value: unknown) =>
      Array.isArray(value)
        ? { value }
        : { issues: [{ message: `must be a list, got ${describe(value)}` }] },
  }),
});
