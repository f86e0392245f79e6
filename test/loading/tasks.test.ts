// Finding the tasks that modules declare.
import t from "tap";
import { graph, linear, task, times, unordered } from "../../lib/index.ts";
import { type Loaded, tasksOf } from "../../lib/loading/tasks.ts";

const named = (name: string, version = 1) => task({ name, version, execute: () => name });

const module = (file: string, exports: Record<string, unknown>): Loaded => {
  return { url: new URL(`file:///flows/${file}`), exports };
};

const namesOf = (...modules: readonly Loaded[]): string[] =>
  tasksOf(modules)
    .map(({ name, version }) => `${name} ${version}`)
    .sort();

t.test("alone and in flows, however deep, each once", async (t) => {
  const shared = named("shared");
  const inner = unordered("inner", { retry: times(3) }, named("in"), shared);
  let deep = linear("deep", named("deepest"));
  for (let at = 0; at < 20_000; at++) deep = linear(`deep ${at}`, deep);
  const found = namesOf(
    module("a.js", { default: linear("outer", inner, graph("g", named("of graph"))), shared }),
    module("b.js", { again: shared, deep, alias: deep }),
  );
  t.strictSame(found, ["deepest 1", "in 1", "of graph 1", "shared 1"]);
});

t.test("what else is exported is left alone", async (t) => {
  const others = {
    a: 1,
    b: null,
    c: () => 1,
    d: { kind: "retry" },
    e: [named("in a list")],
    f: "",
  };
  t.strictSame(namesOf(module("a.js", others)), []);
});

t.test("versions of a task stand beside each other", async (t) => {
  t.strictSame(namesOf(module("a.js", { one: named("x"), two: named("x", 2) })), ["x 1", "x 2"]);
});

t.test("two tasks that can't be told apart", async (t) => {
  const refused = (modules: readonly Loaded[], words: string): void => {
    t.throws(() => tasksOf(modules), { code: "ALREADY_EXISTS", message: words });
  };
  refused(
    [module("a.js", { x: named("x") }), module("b.js", { flow: linear("f", named("x")) })],
    'task "x" is in /flows/a.js and in /flows/b.js, and these are not the same',
  );
  refused(
    [module("a.js", { x: named("x", 2), y: named("x", 2) })],
    'version 2 of task "x" is in /flows/a.js and in /flows/a.js, and these are not the same',
  );
});
