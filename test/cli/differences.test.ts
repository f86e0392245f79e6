// How a flow's code differs from what its journal was begun with, in words.
import t from "tap";
import { differences } from "../../lib/cli/differences.ts";
import { compile } from "../../lib/compile/compile.ts";
import { graph, linear, link, task, times, unordered } from "../../lib/index.ts";
import type { Item } from "../../lib/types.ts";

const one = (name: string, more: object = {}): Item => task({ name, execute: () => ({}), ...more });
const between = (old: Item, next: Item) =>
  differences(compile(old).blueprint, compile(next).blueprint);

const flow = (...items: Item[]): Item => linear("f", ...items);

const cases: readonly (readonly [Item, Item, readonly string[], readonly string[]])[] = [
  [flow(one("a")), flow(one("a")), [], []],
  [flow(one("a")), flow(one("a"), one("b")), ['added: "b"'], []],
  [flow(one("a"), one("b"), one("c")), flow(one("b")), ['removed: "a", "c"'], []],
  [
    flow(one("a", { timeoutMs: 5, priority: 1 })),
    flow(one("a", { timeoutMs: 7 })),
    ['changed: "a" (priority 1, now 0, timeoutMs 5, now 7)'],
    [],
  ],
  [
    flow(one("a", { inject: { x: 1 }, requires: ["x"] })),
    flow(one("a", { inject: { y: 1 }, requires: ["y"], revert: () => undefined })),
    [
      'changed: "a" (what it requires, what its revert requires, what is injected, ' +
        "whether it can be reverted)",
    ],
    [],
  ],
  [
    flow(one("a"), one("b")),
    flow(one("a"), linear("inner", { retry: times(2) }, one("b"))),
    ['added: "inner_retry"', 'changed: "b" (its flow, its controller)'],
    [],
  ],
  [flow(one("a"), one("b")), flow(one("b"), one("a")), ["changed: what comes after what"], []],
  [
    unordered("f", one("a"), one("b")),
    flow(one("a"), one("b")),
    ["changed: what comes after what"],
    [],
  ],
  [
    flow(one("a", { provides: "x" })),
    flow(one("a", { provides: { keys: ["x"] } })),
    ['changed: "a" (what it provides)'],
    ['"x" was the whole of what "a" returns, now property "x"'],
  ],
  [flow(one("a")), flow(one("a", { version: 2 })), [], ['"a" was version 1, now it is 2']],
  [
    flow(one("a")),
    linear("g", one("a")),
    ['changed: "a" (its flow)'],
    ['it was "f", now it is "g"'],
  ],
];

t.test("differences are told as additions, removals and changes", async (t) => {
  for (const [old, next, allowed, refused] of cases) {
    t.strictSame(between(old, next), { allowed, refused });
  }
});

t.test("a decider more or less is a change", async (t) => {
  const [a, b] = [one("a"), one("b")];
  const decided = graph(
    "f",
    { links: [link(a as never, b as never, { decide: () => true })] },
    a,
    b,
  );
  const plain = graph("f", { links: [link(a as never, b as never)] }, a, b);
  t.strictSame(between(plain as Item, decided as Item), {
    allowed: ['changed: "b" (its deciders)'],
    refused: [],
  });
});
