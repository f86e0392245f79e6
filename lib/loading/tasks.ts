/** Finds the tasks that modules declare. */
import { FlowError } from "../errors.ts";
import type { Item, Task } from "../types.ts";
import { type Exports, moduleName } from "./modules.ts";

/** A module that was loaded. */
export interface Loaded {
  readonly url: URL;
  readonly exports: Exports;
}

/**
 * Every task that is exported or part of an exported flow, each once.
 *
 * Retry controllers are not among them: the engine runs those itself.
 *
 * @throws FlowError `ALREADY_EXISTS`, naming both modules, for two tasks of one name and version
 */
export function tasksOf(modules: readonly Loaded[]): readonly Task[] {
  const found = new Map<string, { task: Task; module: string }>();
  for (const { url, exports } of modules) {
    const module = moduleName(url);
    for (const task of tasksIn(Object.values(exports).filter(isItem))) {
      const key = `${task.name}\0${task.version}`;
      const known = found.get(key);
      if (known === undefined) found.set(key, { task, module });
      else if (known.task !== task) throw twice(task, known.module, module);
    }
  }
  return [...found.values()].map(({ task }) => task);
}

const isItem = (value: unknown): value is Item => {
  if (typeof value !== "object" || value === null) return false;
  const { kind } = value as { kind?: unknown };
  return kind === "task" || kind === "flow";
};

/** In no order. Flows may be nested deeper than calls can be. */
function tasksIn(items: readonly Item[]): Set<Task> {
  const tasks = new Set<Task>();
  const seen = new Set<Item>();
  const open = [...items];
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    if (seen.has(item)) continue;
    seen.add(item);
    if (item.kind === "task") tasks.add(item);
    else open.push(...item.items);
  }
  return tasks;
}

function twice({ name, version }: Task, ...modules: readonly string[]): FlowError {
  const what = version === 1 ? "task" : `version ${version} of task`;
  return new FlowError("ALREADY_EXISTS", { what, name, where: modules });
}
