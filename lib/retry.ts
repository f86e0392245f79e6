/** Retry controllers: atoms that stand before a flow and say what a failure inside leads to. */
import { isDeepStrictEqual } from "node:util";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { atomKeys, readAtom } from "./atom.ts";
import { type Backoff, waitMs } from "./backoff.ts";
import {
  anyWhole,
  checkName,
  type Declared,
  describe,
  longestMs,
  needFunction,
  needWhole,
  readFlag,
  readFunction,
  readOptions,
  readWhole,
} from "./declared.ts";
import { FlowError } from "./errors.ts";
import type { Failure } from "./failure.ts";
import { noInputs, unusable } from "./task.ts";
import type { Question, Retry, RetryAttempt, RetryContext, RevertContext, TimedVerdict, Verdict } from "./types.ts";

const backoffKeys = ["firstMs", "factor", "maxMs", "jitter"];
const ownKeys = [...atomKeys, "execute", "onFailure", "revert"];
const fixedKeys = ["name", "provides"];
const pacedKeys = [...fixedKeys, "revertAll", "backoff", "unless", "withinMs"];

export function retry(declared: {
  execute(inputs: any, context: RetryContext): unknown;
  onFailure(inputs: any, question: Question): Verdict | TimedVerdict | Promise<Verdict | TimedVerdict>;
  revert?(inputs: any, context: RetryContext & RevertContext): unknown;
  [key: string]: unknown;
}): Retry {
  const problems: string[] = [];
  const options = readOptions(declared ?? null, "a retry controller", ownKeys, problems);
  return makeRetry(options, problems, {
    execute: needFunction(options, "execute", problems) as Retry["execute"] | undefined,
    onFailure: needFunction(options, "onFailure", problems) as Retry["onFailure"] | undefined,
    revert: readFunction(options, "revert", problems) as Retry["revert"],
  });
}

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

export function forEach(values: readonly unknown[], given?: unknown): Retry {
  const problems: string[] = [];
  const options = readOptions(given, "forEach()", pacedKeys, problems);
  if (!Array.isArray(values)) problems.push(`values must be a list, got ${describe(values)}`);
  // A copy, so that what the caller does with his list later changes no attempt.
  const all = Array.isArray(values) ? [...(values as unknown[])] : [];
  const pace = readPace(options, problems);
  return makeRetry(options, problems, eachOf(() => all, pace));
}

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

export function alwaysRevert(given?: unknown): Retry {
  return fixed("alwaysRevert()", "REVERT", given);
}

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
  const given = options["name"];
  return Object.freeze({
    kind: "retry",
    // Empty until a flow takes it and calls it after itself.
    name: given !== undefined && checkName(given, "name", problems) ? given : "",
    ...common,
    revertInputs: revert === undefined ? noInputs : common.inputs,
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

/** Decides, once it is known whether another attempt could be made at all. */
type Pace = (question: Question, another: boolean) => Verdict | TimedVerdict;

function readPace(options: Declared, problems: string[]): Pace {
  const giveUp = readFlag(options, "revertAll", problems) === true ? "REVERT_ALL" : "REVERT";
  const backoff = readBackoff(options["backoff"], problems);
  const unless = readFunction(options, "unless", problems) as
    | ((failure: Failure) => boolean)
    | undefined;
  const withinMs = readWhole(options, "withinMs", { ...anyWhole, least: 0 }, problems) ?? Infinity;
  return ({ history, failure, elapsedMs, random }, another) => {
    if (!another || unless?.(failure)) return giveUp;
    const delayMs = backoff === undefined ? 0 : waitMs(backoff, history.length + 1, random);
    if (elapsedMs + delayMs > withinMs) return giveUp;
    return delayMs === 0 ? "RETRY" : { verdict: "RETRY", delayMs };
  };
}

function readBackoff(given: unknown, problems: string[]): Backoff | undefined {
  if (given === undefined) return undefined;
  const told: string[] = [];
  const options = readOptions(given, "it", backoffKeys, told);
  const range = { least: 0, most: longestMs };
  const firstMs = needWhole(options, "firstMs", range, told) ?? 0;
  const maxMs = readWhole(options, "maxMs", range, told) ?? 60_000;
  const { factor = 2, jitter = "full" } = options;
  if (typeof factor !== "number" || !Number.isFinite(factor) || factor < 1) {
    told.push(`factor must be a number from 1 up, got ${describe(factor)}`);
  }
  if (jitter !== "full" && jitter !== "none") {
    told.push(`jitter must be "full" or "none", got ${describe(jitter)}`);
  }
  if (told.length > 0) {
    problems.push(...told.map((problem) => `backoff: ${problem}`));
    return undefined;
  }
  return { firstMs, factor: factor as number, maxMs, jitter: jitter as Backoff["jitter"] };
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
