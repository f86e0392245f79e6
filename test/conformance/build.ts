/** Makes the flow of a scenario, of tasks that behave as it says. */
import { link } from "../../lib/decider.ts";
import { graph } from "../../lib/patterns/graph.ts";
import { linear } from "../../lib/patterns/linear.ts";
import { unordered } from "../../lib/patterns/unordered.ts";
import {
  alwaysRevert,
  alwaysRevertAll,
  forEach,
  parameterizedForEach,
  retry,
  times,
} from "../../lib/retry.ts";
import { mapTask, reduceTask, task } from "../../lib/task.ts";
import type {
  CallContext,
  Item,
  Link,
  Question,
  Retry,
  RetryContext,
  RevertContext,
  Task,
} from "../../lib/types.ts";
import { decider, evaluate, failIf, maps, passed, reductions, type World } from "./behave.ts";
import {
  type FlowSpec,
  isTask,
  type LinkSpec,
  type RetrySpec,
  retryName,
  type RootSpec,
  type TaskSpec,
} from "./scenario.ts";

type Options = Readonly<Record<string, unknown>>;
type Inputs = Record<string, unknown>;

/** The declaring functions without their types: what a scenario declares is known only when it is read. */
const untyped = {
  task,
  mapTask,
  reduceTask,
  retry,
  times,
  forEach,
  parameterizedForEach,
  alwaysRevert,
  alwaysRevertAll,
  link,
  linear,
  unordered,
  graph,
} as unknown as {
  readonly [Kind in "task" | "mapTask" | "reduceTask"]: (declared: Options) => Task;
} & {
  readonly [Kind in "retry" | "parameterizedForEach" | "alwaysRevert" | "alwaysRevertAll"]: (
    options: Options,
  ) => Retry;
} & {
  readonly [Kind in "times" | "forEach"]: (first: unknown, options: Options) => Retry;
} & {
  readonly [Kind in "linear" | "unordered" | "graph"]: (
    name: string,
    options: Options,
    ...items: readonly Item[]
  ) => Item;
} & {
  readonly link: (from: Item | string, to: Item | string, options: Options) => Link;
};

/**
 * The flow, made afresh: nothing but the world is shared with one made before.
 *
 * @param version - of all tasks
 */
export function build(spec: RootSpec, world: World, version = 1): Item {
  return isTask(spec) ? buildTask(spec, world, version) : buildFlow(spec, world, version);
}

function buildFlow(spec: FlowSpec, world: World, version: number): Item {
  const byName = new Map<string, Item>();
  const items = spec.items.map((one): Item => {
    if ("again" in one) return known(byName, one.again);
    const item = build(one, world, version);
    byName.set(item.name, item);
    return item;
  });
  const end = (name: string): Item | string => byName.get(name) ?? name;
  const controller = buildRetry(spec, world);
  const graphOnly = {
    links: (spec.links ?? []).map((one) => buildLink(one, end)),
    ...(spec.autoLink === undefined ? {} : { autoLink: spec.autoLink }),
    ...(spec.target === undefined ? {} : { target: end(spec.target) }),
  };
  const options = controller === undefined ? {} : { retry: controller };
  switch (spec.flow) {
    case "linear":
      return untyped.linear(spec.name, options, ...items);
    case "unordered":
      return untyped.unordered(spec.name, options, ...items);
    case "graph":
    case "targeted":
      return untyped.graph(spec.name, { ...options, ...graphOnly }, ...items);
  }
}

function known(byName: ReadonlyMap<string, Item>, name: string): Item {
  const item = byName.get(name);
  if (item === undefined) throw new RangeError(`"${name}" can't come again: it has not been there`);
  return item;
}

function buildLink(spec: LinkSpec, end: (name: string) => Item | string): Link {
  return untyped.link(end(spec.from), end(spec.to), {
    ...(spec.decider === undefined ? {} : { decide: decider(spec.decider, spec.from) }),
    ...(spec.depth === undefined ? {} : { depth: spec.depth }),
  });
}

/** Of the options, those that are there. */
function given(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function buildTask(spec: TaskSpec, world: World, version: number): Task {
  const common = given({
    name: spec.task,
    version,
    requires: spec.requires,
    rebind: spec.rebind,
    provides: spec.provides,
    inject: spec.inject,
    priority: spec.priority,
    revertRequires: spec.revertRequires ?? [],
    revertRebind: spec.revertRebind,
    revert: reverter(spec, world),
  });
  if (spec.kind === "map") {
    return counted(spec, world, untyped.mapTask({ ...common, map: maps[spec.fn ?? ""] }));
  }
  if (spec.kind === "reduce") {
    return counted(
      spec,
      world,
      untyped.reduceTask({ ...common, reduce: reductions[spec.fn ?? ""] }),
    );
  }
  const optional = given({ optional: spec.optional, revertOptional: spec.revertOptional });
  return untyped.task({ ...common, ...optional, execute: executer(spec, world) });
}

function executer({ task: name, requires, optional, ...spec }: TaskSpec, world: World) {
  const params = [...(requires ?? []), ...(optional ?? [])];
  const { progress = [], fail, result } = spec.do ?? {};
  return (inputs: Inputs, context: CallContext): unknown => {
    const { key } = context;
    const call = {
      inputs: passed(inputs, params),
      calls: world.count("execute", name, key),
    };
    return later(world, () => {
      for (const fraction of progress) context.progress(fraction);
      failIf(fail, call, world);
      return evaluate(result, call);
    });
  };
}

function reverter({ task: name, revertRequires, revertOptional, ...spec }: TaskSpec, world: World) {
  const params = [...(revertRequires ?? []), ...(revertOptional ?? [])];
  const { fail, result } = spec.undo ?? {};
  // What a map or reduce task's revert returns is not kept.
  const kept = spec.kind === undefined || spec.kind === "task" ? result : undefined;
  return (inputs: Inputs, revert: RevertContext): unknown => {
    const { key } = revert;
    const call = {
      inputs: passed(inputs, params),
      calls: world.count("revert", name, key),
      revert,
    };
    return later(world, () => {
      failIf(fail, call, world);
      return evaluate(kept, call);
    });
  };
}

/** The same task, its calls counted and failing as the scenario says. */
function counted({ task: name, requires, ...spec }: TaskSpec, world: World, made: Task): Task {
  return {
    ...made,
    execute: (inputs, context) => {
      const { key } = context;
      const call = {
        inputs: passed(inputs, requires ?? []),
        calls: world.count("execute", name, key),
      };
      return later(world, () => {
        failIf(spec.do?.fail, call, world);
        return made.execute(inputs, context);
      });
    },
  };
}

/** Goes on after as many turns of the event loop as the world says, or at once. */
function later(world: World, rest: () => unknown): unknown {
  const turns = world.turns();
  return turns === 0 ? rest() : pass(turns).then(rest);
}

async function pass(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise<void>((go) => setImmediate(go));
}

function buildRetry(flow: FlowSpec, world: World): Retry | undefined {
  const spec = flow.retry;
  if (spec === undefined || spec === null) return undefined;
  const { name, provides, revertAll, rebind } = spec;
  const options = given({ name, provides });
  const paced = given({ ...options, revertAll });
  switch (spec.retry) {
    case "Times":
      return untyped.times(spec.attempts ?? 1, paced);
    case "ForEach":
      return untyped.forEach(spec.values, paced);
    case "ParameterizedForEach":
      return untyped.parameterizedForEach(given({ ...paced, rebind }));
    case "AlwaysRevert":
      return untyped.alwaysRevert(options);
    case "AlwaysRevertAll":
      return untyped.alwaysRevertAll(options);
    case "Scripted":
      return scripted(spec, retryName(flow) ?? "", world, options);
  }
}

function scripted(spec: RetrySpec, name: string, world: World, options: Options): Retry {
  const { rebind = {}, decisions = [], result, failExecute, failRevert } = spec;
  const list = Array.isArray(rebind);
  const requires = (list ? rebind : Object.keys(rebind)) as readonly string[];
  return untyped.retry({
    ...options,
    requires,
    ...(list ? {} : { rebind }),
    execute: (inputs: Inputs, { history, key }: RetryContext) => {
      const call = {
        inputs: passed(inputs, requires),
        calls: world.count("execute", name, key),
        historyLength: history.length,
      };
      failIf(failExecute, call, world);
      return evaluate(result, call);
    },
    onFailure: (_inputs: Inputs, { history }: Question) =>
      decisions[Math.min(Math.max(history.length - 1, 0), decisions.length - 1)],
    revert: (inputs: Inputs, { key }: RevertContext) => {
      const call = {
        inputs: passed(inputs, requires),
        calls: world.count("revert", name, key),
      };
      failIf(failRevert, call, world);
      return null;
    },
  });
}
