// Declarations as a user of JavaScript writes them: nothing checks what is given.
import * as deciders from "../../lib/decider.ts";
import { graph as typedGraph } from "../../lib/patterns/graph.ts";
import { linear as typedLinear } from "../../lib/patterns/linear.ts";
import { unordered as typedUnordered } from "../../lib/patterns/unordered.ts";
import * as retries from "../../lib/retry.ts";
import * as tasks from "../../lib/task.ts";
import type { Failure } from "../../lib/failure.ts";
import type { Flow, Link, Question, Retry, RetryContext, Task } from "../../lib/types.ts";

type Make<Made> = (...given: readonly unknown[]) => Made;

export const task = tasks.task as unknown as Make<Task>;
export const mapTask = tasks.mapTask as unknown as Make<Task>;
export const reduceTask = tasks.reduceTask as unknown as Make<Task>;
export const link = deciders.link as unknown as Make<Link>;
export const retry = retries.retry as unknown as Make<Retry>;
export const times = retries.times as unknown as Make<Retry>;
export const forEach = retries.forEach as unknown as Make<Retry>;
export const parameterizedForEach = retries.parameterizedForEach as unknown as Make<Retry>;
export const alwaysRevert = retries.alwaysRevert as unknown as Make<Retry>;
export const alwaysRevertAll = retries.alwaysRevertAll as unknown as Make<Retry>;
export const linear = typedLinear as unknown as Make<Flow>;
export const unordered = typedUnordered as unknown as Make<Flow>;
export const graph = typedGraph as unknown as Make<Flow>;

/** A task with nothing wrong, but for what `more` says. */
export const taskWith = (more: object): Task => task({ name: "a", execute: () => null, ...more });

/** What an attempt's function gets; only what the functions under test look at is there. */
export const attemptWith = (history: readonly unknown[]): RetryContext =>
  ({ history: attempts(history) }) as unknown as RetryContext;

/** One attempt for each value, without failures. */
const attempts = (values: readonly unknown[]): RetryContext["history"] =>
  values.map((value) => ({ value, failures: {} }));

export const boom: Failure = { name: "Error", message: "boom" };

/** A question after one attempt for each value. */
export const ask = (values: readonly unknown[], more: Partial<Question> = {}): Question => ({
  history: attempts(values),
  atom: "a",
  failure: boom,
  elapsedMs: 0,
  random: () => 0.5,
  ...more,
});

/** Whether nothing in it can be changed; values that users gave are theirs. */
export function isFrozen(value: unknown, except: readonly unknown[] = []): boolean {
  if (typeof value !== "object" || value === null || except.includes(value)) return true;
  return Object.isFrozen(value) && Object.values(value).every((inner) => isFrozen(inner, except));
}
