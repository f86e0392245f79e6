/**
 * Reference flows of all patterns. What they do depends on their inputs and the number of the attempt only, so that
 * they end in one way however often they are interrupted.
 */
import { link } from "../../lib/decider.ts";
import type { Backoff } from "../../lib/backoff.ts";
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
import type { Item, Link, Retry, Task } from "../../lib/types.ts";

type Options = Readonly<Record<string, unknown>>;

/** The declaring functions without their types, for flows that are made by rules. */
export const untyped = {
  task,
  mapTask,
  reduceTask,
  retry,
  times,
  forEach,
  link,
  linear,
  unordered,
  graph,
} as unknown as {
  readonly task: (declared: Options) => Task;
  readonly mapTask: (declared: Options) => Task;
  readonly reduceTask: (declared: Options) => Task;
  readonly retry: (declared: Options) => Retry;
  readonly times: (attempts: number, options?: Options) => Retry;
  readonly forEach: (values: readonly unknown[], options?: Options) => Retry;
  readonly link: (from: Item | string, to: Item | string, options?: Options) => Link;
  readonly linear: (name: string, options: Options, ...items: readonly Item[]) => Item;
  readonly unordered: (name: string, options: Options, ...items: readonly Item[]) => Item;
  readonly graph: (name: string, options: Options, ...items: readonly Item[]) => Item;
};

export interface Reference {
  readonly flow: Item;
  readonly store?: Options;
  /** How it ends when nothing is made to fail. */
  readonly ends: "SUCCESS" | "REVERTED";
  /** Nothing in it fails by itself, so that one more failure leads to one end on every engine. */
  readonly isSteady?: boolean;
}

/** A task that provides a text made of its inputs, under its own name. */
function step(name: string, more: Options & { readonly requires?: readonly string[] } = {}): Task {
  const text = (inputs: Options): string =>
    [name, ...Object.entries(inputs).map(([key, value]) => `${key}=${JSON.stringify(value)}`)].join(
      " ",
    );
  return untyped.task({
    name,
    provides: name,
    execute: text,
    revert: () => `not ${name}`,
    ...more,
  });
}

/** Fails in the attempts below `from`. */
function flaky(name: string, from: number, more: Options = {}): Task {
  return step(name, {
    execute: (_inputs: unknown, { attempt }: { attempt: number }) => {
      if (attempt < from) throw new Error(`${name} needs attempt ${String(from)}`);
      return `${name} at ${String(attempt)}`;
    },
    ...more,
  });
}

const { linear: line, unordered: block, graph: net } = untyped;
const backoff: Backoff = { firstMs: 100, factor: 3, maxMs: 500, jitter: "full" };
const no = { decide: () => false };
const yes = { decide: () => true };

const chain = line(
  "chain",
  {},
  step("a"),
  step("b", { requires: ["a"] }),
  step("c", { requires: ["b"] }),
);

const nested = line(
  "nested",
  {},
  block("first", {}, step("a"), step("b")),
  line(
    "middle",
    {},
    step("c", { requires: ["a", "b"] }),
    block("inner", {}, step("d"), line("deep", {}, step("e"), step("f"))),
  ),
  line("empty", {}),
  step("g", { requires: ["d", "f"] }),
);

const joins = line(
  "joins",
  {},
  block("one", {}, step("a"), step("b"), step("c")),
  block("two", {}, step("d", { requires: ["a"] }), step("e", { requires: ["c"] })),
  block("three", {}, step("f"), step("g"), step("h")),
);

const diamond = net(
  "diamond",
  { links: [untyped.link("d", "e")] },
  step("d", { requires: ["b", "c"] }),
  step("b", { requires: ["a"] }),
  step("c", { requires: ["a"] }),
  step("a"),
  step("e"),
);

/** Each depth once, side by side, with a yes before and a join behind. */
const depths = line(
  "depths",
  {},
  block(
    "sides",
    {},
    net(
      "atom",
      { links: [untyped.link("a1", "a2", { ...no, depth: "ATOM" }), untyped.link("a2", "a3")] },
      step("a1"),
      step("a2"),
      step("a3"),
    ),
    net(
      "flow",
      { links: [untyped.link("f1", "f2", { ...no, depth: "FLOW" }), untyped.link("f2", "f3")] },
      step("f1"),
      step("f2"),
      step("f3"),
    ),
    net(
      "next",
      {
        links: [
          untyped.link("n1", "n2", { ...no, depth: "NEIGHBORS" }),
          untyped.link("n2", "n3"),
          untyped.link("n3", "n4"),
        ],
      },
      step("n1"),
      step("n2"),
      step("n3"),
      step("n4"),
    ),
    net(
      "all",
      {
        links: [
          untyped.link("x1", "x2", yes),
          untyped.link("x2", "x3", { decide: ({ x2 }: Options) => x2 === "x2" }),
        ],
      },
      step("x1"),
      step("x2"),
      step("x3"),
    ),
  ),
  step("end"),
);

/** A no of depth ALL goes across the end of its flow; others vote as well. */
const everything = line(
  "everything",
  {},
  step("before"),
  net(
    "chooses",
    {
      links: [
        untyped.link("left", "join", no),
        untyped.link("right", "join", { ...no, depth: "ATOM" }),
        untyped.link("right", "part", no),
      ],
    },
    step("left"),
    step("right"),
    step("join"),
    line("part", {}, step("p1"), step("p2")),
  ),
  step("after", { optional: ["join"] }),
);

const retried = line(
  "retried",
  { retry: untyped.times(3, { provides: "try" }) },
  step("a", { requires: ["try"] }),
  flaky("b", 3),
  step("c", { requires: ["a", "b"] }),
);

const each = line(
  "each",
  {},
  line(
    "loop",
    { retry: untyped.forEach(["x", "y", "z"], { provides: "value" }) },
    step("a", {
      requires: ["value"],
      execute: ({ value }: Options) => {
        if (value !== "z") throw new Error(`not ${String(value)}`);
        return value;
      },
    }),
  ),
  step("b", { requires: ["a"] }),
);

/** The inner controller gives up once; the outer one starts it afresh. */
const twice = line(
  "twice",
  { retry: untyped.times(2) },
  step("a"),
  block("mid", { retry: untyped.times(2, { name: "inner" }) }, flaky("b", 4), step("c")),
  step("d", { requires: ["b"] }),
);

const revertsAll = line(
  "reverts-all",
  { retry: untyped.times(3) },
  step("a"),
  line("in", { retry: alwaysRevertAll({ name: "give-up" }) }, step("b"), flaky("c", 9)),
);

const givesUp = line(
  "gives-up",
  {},
  step("a"),
  block(
    "sides",
    {},
    line("bad", { retry: alwaysRevert({ name: "once" }) }, step("b"), flaky("c", 9), step("d")),
    step("e"),
  ),
  step("f"),
);

const waits = line(
  "waits",
  { retry: untyped.times(4, { backoff, withinMs: 100_000 }) },
  step("a"),
  flaky("b", 4),
);

const waitsTwice = block(
  "waits-twice",
  {},
  line("one", { retry: untyped.times(3, { name: "one-retry", backoff }) }, flaky("a", 3)),
  line(
    "two",
    { retry: untyped.times(2, { name: "two-retry", backoff }) },
    line(
      "in",
      { retry: untyped.times(2, { name: "in-retry", backoff }) },
      flaky("b", 4),
      step("c"),
    ),
  ),
);

const shapes = line(
  "shapes",
  {},
  untyped.task({
    name: "list",
    provides: ["one", "two"],
    execute: () => [1, 2, 3],
    revert: () => null,
  }),
  untyped.task({
    name: "keys",
    provides: { keys: ["three", "four"] },
    execute: () => ({ three: 3, four: [4] }),
  }),
  untyped.task({
    name: "takes",
    requires: ["x", "y", "given"],
    optional: ["three", "nowhere"],
    rebind: { x: "one", y: "two" },
    inject: { given: { deep: ["g"] } },
    provides: "sum",
    execute: (inputs: Options) => ({ ...inputs }),
    revert: (inputs: Options) => ({ ...inputs }),
    revertRequires: ["four"],
    revertOptional: ["sum"],
  }),
  step("ends", { requires: ["sum", "stored"] }),
);

const series = line(
  "series",
  {},
  block(
    "sources",
    {},
    step("a", { execute: () => 1 }),
    step("b", { execute: () => 2 }),
    step("c", { execute: () => 3 }),
  ),
  untyped.mapTask({
    name: "doubles",
    requires: ["a", "b", "c"],
    provides: ["a2", "b2", "c2"],
    map: (n: number) => n * 2,
  }),
  untyped.reduceTask({
    name: "sum",
    requires: ["a2", "b2", "c2"],
    provides: "sum",
    reduce: (n: number, m: number) => n + m,
  }),
);

const priorities = block(
  "priorities",
  {},
  step("low", { priority: -1 }),
  step("some"),
  step("high", { priority: 7 }),
  line("pair", {}, step("p1", { priority: 3 }), step("p2", { priority: 9 })),
);

const timed = line(
  "timed",
  { retry: untyped.times(2) },
  step("a", { timeoutMs: 5_000 }),
  flaky("b", 2, { timeoutMs: 5_000 }),
);

const asks = net(
  "asks",
  {
    retry: untyped.retry({
      name: "asked",
      requires: ["most"],
      provides: "round",
      execute: (_inputs: Options, { history }: { history: unknown[] }) => history.length,
      onFailure: async ({ most }: Options, { history }: { history: unknown[] }) =>
        Promise.resolve(
          history.length < (most as number) ? { verdict: "RETRY", delayMs: 50 } : "REVERT_ALL",
        ),
      revert: () => "given up",
    }),
    links: [
      untyped.link("a", "b", {
        decide: async ({ a }: Options) => Promise.resolve(a !== "a round=1"),
      }),
      untyped.link("b", "c"),
    ],
  },
  step("a", { requires: ["round"] }),
  step("b", { optional: ["round"] }),
  flaky("c", 2),
);

/** What a decider of the scope ruled out beyond it comes back with the scope's next attempt. */
const beyond = line(
  "beyond",
  {},
  net(
    "loop",
    {
      retry: untyped.times(3, { name: "again", provides: "try" }),
      links: [untyped.link("a", "b", { decide: ({ a }: Options) => a !== "a try=1" })],
    },
    step("a", { requires: ["try"] }),
    step("b"),
    flaky("c", 2),
  ),
  step("d"),
  net("more", { links: [untyped.link("e", "f", { decide: () => true })] }, step("e"), step("f")),
);

const parameters = line(
  "parameters",
  {},
  step("list", { execute: () => [3, 2, 1] }),
  block(
    "tries",
    { retry: parameterizedForEach({ name: "each-of", rebind: { values: "list" }, provides: "n" }) },
    step("a", {
      requires: ["n"],
      execute: ({ n }: Options) => {
        if ((n as number) > 2) throw new Error("too many");
        return n;
      },
    }),
    step("b", { requires: ["n"] }),
  ),
  step("c", { optional: ["n"] }),
);

export const references: readonly Reference[] = [
  { flow: chain, isSteady: true, ends: "SUCCESS" },
  { flow: nested, isSteady: true, ends: "SUCCESS" },
  { flow: joins, isSteady: true, ends: "SUCCESS" },
  { flow: diamond, isSteady: true, ends: "SUCCESS" },
  { flow: depths, isSteady: true, ends: "SUCCESS" },
  { flow: everything, isSteady: true, ends: "SUCCESS" },
  { flow: retried, ends: "SUCCESS" },
  { flow: each, ends: "SUCCESS" },
  { flow: twice, ends: "SUCCESS" },
  { flow: revertsAll, ends: "REVERTED" },
  { flow: givesUp, ends: "REVERTED" },
  { flow: waits, ends: "SUCCESS" },
  { flow: waitsTwice, ends: "SUCCESS" },
  { flow: shapes, isSteady: true, store: { stored: { by: "the store" } }, ends: "SUCCESS" },
  { flow: series, isSteady: true, ends: "SUCCESS" },
  { flow: priorities, isSteady: true, ends: "SUCCESS" },
  { flow: timed, ends: "SUCCESS" },
  { flow: asks, store: { most: 3 }, ends: "SUCCESS" },
  { flow: beyond, ends: "SUCCESS" },
  { flow: parameters, ends: "SUCCESS" },
  { flow: step("bare"), ends: "SUCCESS" },
];
