// Declarations without their types: tests here make flows that the types refuse, too.
import * as deciders from "../../lib/decider.ts";
import { makeFlow } from "../../lib/patterns/flow.ts";
import * as retries from "../../lib/retry.ts";
import * as tasks from "../../lib/task.ts";
import type { Flow, Link, Retry, Task } from "../../lib/types.ts";

type Make<Made> = (...given: readonly unknown[]) => Made;

export const linear: Make<Flow> = (name, ...given) => makeFlow("linear", name, given);
export const unordered: Make<Flow> = (name, ...given) => makeFlow("unordered", name, given);
export const graph: Make<Flow> = (name, ...given) => makeFlow("graph", name, given);
export const task = tasks.task as unknown as Make<Task>;
export const link = deciders.link as unknown as Make<Link>;
export const retry = retries.retry as unknown as Make<Retry>;
export const times = retries.times as unknown as Make<Retry>;
export const alwaysRevert = retries.alwaysRevert as unknown as Make<Retry>;
export const parameterizedForEach = retries.parameterizedForEach as unknown as Make<Retry>;

/** A task that requires the first symbols and provides the others: `step("a", "x y", "z")`. */
export function step(name: string, requires = "", provides = "", more: object = {}): Task {
  const names = (text: string): string[] => text.split(" ").filter((word) => word !== "");
  const given = names(provides);
  return task({
    name,
    requires: names(requires),
    ...(given.length === 0 ? {} : { provides: given.length === 1 ? given[0] : given }),
    execute: () => null,
    ...more,
  });
}
