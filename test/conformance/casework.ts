/** The tasks of many cases, for hosts that are to run all of them. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Item, Task } from "../../lib/types.ts";
import { World } from "./behave.ts";
import { build } from "./build.ts";
import { fileLedger, type Ledger } from "./ledger.ts";
import { readCase } from "./cases.ts";
import { flowsOf, type Scenario } from "./scenario.ts";

/**
 * A folder that says which cases there are, and takes what they leave behind. A case's number, from
 * 1, is the version of its tasks: by it they differ from those of the same name in other cases.
 */
export class Casework {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Says which cases there are, by the paths of their files. */
  list(paths: readonly string[]): void {
    writeFileSync(this.#list, JSON.stringify(paths));
  }

  ledger(number: number): Ledger {
    return fileLedger(join(this.#folder, `${number}.ledger`));
  }

  /** Every task of every case, each once. What can't be read or built has none: it is never run. */
  tasks(turns: () => number): Task[] {
    const paths = JSON.parse(readFileSync(this.#list, "utf8")) as string[];
    return paths.flatMap((path, index) => {
      try {
        const { scenario } = readCase(path);
        return tasksOf(scenario, new World(turns, this.ledger(index + 1)), index + 1);
      } catch {
        return [];
      }
    });
  }

  get #list(): string {
    return join(this.#folder, "cases.json");
  }
}

function tasksOf(scenario: Scenario, world: World, version: number): Task[] {
  const flows = flowsOf(scenario).map((flow) => tasksIn(build(flow, world, version)));
  const names = new Set(flows.flatMap((tasks) => [...tasks.keys()]));
  return [...names].map((name) =>
    inForce(
      flows.map((tasks) => tasks.get(name)),
      world,
    ),
  );
}

/** By name; of several with one name the first, since such a flow can't be compiled. */
function tasksIn(item: Item, found = new Map<string, Task>()): Map<string, Task> {
  if (item.kind === "flow") for (const one of item.items) tasksIn(one, found);
  else if (!found.has(item.name)) found.set(item.name, item);
  return found;
}

/** Does as the flow says that is in force when it is called. */
function inForce(tasks: readonly (Task | undefined)[], world: World): Task {
  const first = tasks.find((task) => task !== undefined);
  if (first === undefined) throw new RangeError("a task that no flow has");
  if (tasks.length === 1) return first;
  // Of an empty target, since a proxy may not deny what a frozen one has.
  return new Proxy({} as Task, {
    get: (_, key) => Reflect.get(tasks[world.flow] ?? first, key) as unknown,
  });
}
