import t from "tap";
import type { CallContext, Task } from "../../lib/types.ts";
import { isFrozen, mapTask, reduceTask, task, taskWith } from "./loose.ts";

const context = {} as CallContext;
const bindings = (inputs: Task["inputs"]): Record<string, string[]> => ({
  required: inputs.required.map(({ param, symbol }) => `${param}<-${symbol}`),
  optional: inputs.optional.map(({ param, symbol }) => `${param}<-${symbol}`),
});

t.test("a task that says little gets the defaults", async (t) => {
  t.strictSame(Object.assign({}, taskWith({}), { execute: undefined }), {
    kind: "task",
    name: "a",
    version: 1,
    inputs: { required: [], optional: [] },
    revertInputs: { required: [], optional: [] },
    provides: null,
    inject: {},
    secrets: [],
    priority: 0,
    timeoutMs: undefined,
    execute: undefined,
    revert: undefined,
    problems: [],
  });
});

t.test("a task keeps all that it says", async (t) => {
  const made = taskWith({
    version: 2,
    requires: ["x"],
    optional: ["y"],
    provides: { keys: ["p", "q"] },
    inject: { x: 1 },
    secrets: ["x"],
    priority: -3,
    timeoutMs: 5,
  });
  t.match(made, {
    version: 2,
    provides: { keys: ["p", "q"] },
    inject: { x: 1 },
    secrets: ["x"],
    priority: -3,
    timeoutMs: 5,
    problems: [],
  });
});

t.test("nothing of a task can be changed, and what it was made of can", async (t) => {
  const live = { open: true };
  const requires = ["x", "y"];
  const provides = ["p"];
  const inject = { x: live };
  const made = taskWith({ requires, provides, inject, rebind: ["z"], revert: () => null });
  t.ok(isFrozen(made, [live]));
  requires.push("w");
  provides.push("q");
  Object.assign(inject, { w: 1 });
  live.open = false;
  t.strictSame(bindings(made.inputs).required, ["x<-z", "y<-y"]);
  t.strictSame(made.provides, ["p"]);
  t.strictSame(made.inject, { x: { open: false } }, "an injected value is the user's own");
});

t.test("rebind binds by name or by position", async (t) => {
  const byName = taskWith({ requires: ["x", "y"], optional: ["z"], rebind: { y: "b", z: "c" } });
  t.strictSame(bindings(byName.inputs), { required: ["x<-x", "y<-b"], optional: ["z<-c"] });
  const byPosition = taskWith({ requires: ["x", "y"], optional: ["z"], rebind: ["a"] });
  t.strictSame(bindings(byPosition.inputs), { required: ["x<-a", "y<-y"], optional: ["z<-z"] });
});

t.test("revert gets the inputs of execute, unless it has its own", async (t) => {
  const revert = () => null;
  const common = { requires: ["x"], optional: ["y"], rebind: { x: "a" }, revert };
  const cases: [string, object, Record<string, string[]>][] = [
    ["absent", {}, { required: ["x<-a"], optional: ["y<-y"] }],
    ["rebound", { revertRebind: { y: "b" } }, { required: ["x<-x"], optional: ["y<-b"] }],
    ["none", { revertRequires: [] }, { required: [], optional: [] }],
    ["own", { revertRequires: ["x", "z"] }, { required: ["x<-a", "z<-z"], optional: [] }],
    ["optional", { revertOptional: ["y"] }, { required: [], optional: ["y<-y"] }],
    [
      "own and rebound",
      { revertRequires: ["x", "z"], revertRebind: ["p"] },
      { required: ["x<-p", "z<-z"], optional: [] },
    ],
  ];
  for (const [name, more, expected] of cases) {
    const made = taskWith({ ...common, ...more });
    t.strictSame(bindings(made.revertInputs), expected, name);
    t.strictSame(made.problems, [], name);
  }
});

t.test("a task without revert has no inputs to revert with", async (t) => {
  t.strictSame(taskWith({ requires: ["x"] }).revertInputs, { required: [], optional: [] });
});

t.test("the functions keep their object", async (t) => {
  class Adder {
    readonly name = "adder";
    readonly #step = 2;
    execute(): number {
      return this.#step;
    }
    revert(): number {
      return -this.#step;
    }
  }
  const made = task(new Adder());
  t.strictSame(made.problems, []);
  t.equal(made.execute({}, context), 2);
  t.equal(made.revert?.({}, {} as never), -2);
});

t.test("a map task maps its inputs in the order of requires", async (t) => {
  const seen: unknown[] = [];
  const made = mapTask({
    name: "m",
    requires: ["b", "a"],
    rebind: { a: "x" },
    map: async (value: number, given: unknown) => {
      seen.push(given);
      return value * 2;
    },
  });
  t.strictSame(made.problems, []);
  t.strictSame(await made.execute({ a: 1, b: 10 }, context), [20, 2]);
  t.strictSame(seen, [context, context]);
});

t.test("a map task maps one after the other", async (t) => {
  const order: string[] = [];
  const made = mapTask({
    name: "m",
    requires: ["a", "b"],
    map: async (value: string) => {
      order.push(`${value} in`);
      await Promise.resolve();
      order.push(`${value} out`);
    },
  });
  await made.execute({ a: "a", b: "b" }, context);
  t.strictSame(order, ["a in", "a out", "b in", "b out"]);
});

t.test("a reduce task folds its inputs from the left", async (t) => {
  const made = reduceTask({
    name: "r",
    requires: ["c", "a", "b"],
    reduce: async (left: string, right: string) => `(${left}${right})`,
  });
  t.strictSame(made.problems, []);
  t.equal(await made.execute({ a: "a", b: "b", c: "c" }, context), "((ca)b)");
});

t.test("every mistake is told in words, and none is thrown", async (t) => {
  const schema = { "~standard": { version: 1, vendor: "test", validate: () => ({ value: 1 }) } };
  const cases: [object, readonly string[]][] = [
    [{ name: "" }, ['name must be a non-empty text, got ""']],
    [{ name: 3 }, ["name must be a non-empty text, got 3"]],
    [{ name: "__proto__" }, [`name can't be "__proto__"`]],
    [{ execute: undefined }, ["execute must be a function, got undefined"]],
    [{ execute: {} }, ["execute must be a function, got an object"]],
    [{ revert: "undo" }, ['revert must be a function, got "undo"']],
    [
      { requires: "x" },
      ['requires must be a list of names or an object with a schema for each, got "x"'],
    ],
    [
      { optional: 1 },
      ["optional must be a list of names or an object with a schema for each, got 1"],
    ],
    [{ requires: schema }, ["requires is one schema for everything; give each parameter its own"]],
    [{ requires: { x: "string" } }, ['requires.x must be a Standard Schema, got "string"']],
    [{ requires: { x: null } }, ["requires.x must be a Standard Schema, got null"]],
    [{ requires: ["x", "x"] }, ['requires names "x" twice']],
    [
      { requires: ["", , Symbol("s")] },
      [
        'requires[0] must be a non-empty text, got ""',
        "requires[1] must be a non-empty text, got undefined",
        "requires[2] must be a non-empty text, got Symbol(s)",
      ],
    ],
    [{ requires: ["__proto__"] }, [`requires[0] can't be "__proto__"`]],
    [{ requires: ["x"], optional: ["x"] }, ['"x" is both in requires and in optional']],
    [{ requires: ["x"], rebind: ["a", "b"] }, ["rebind lists 2 symbols for 1 required parameters"]],
    [{ requires: ["x"], rebind: [0] }, ["rebind[0] must be a non-empty text, got 0"]],
    [{ requires: ["x"], rebind: { x: "" } }, ['rebind.x must be a non-empty text, got ""']],
    [
      { requires: ["region"], rebind: { regoin: "a" } },
      ['rebind names "regoin", which is no parameter; did you mean "region"?'],
    ],
    [{ rebind: { q: "a" } }, ['rebind names "q", which is no parameter']],
    [
      { rebind: "x" },
      ['rebind must be an object from parameter to symbol or a list of symbols, got "x"'],
    ],
    [{ provides: "" }, ['provides must be a non-empty text, got ""']],
    [{ provides: ["p", "p"] }, ['provides names "p" twice']],
    [{ provides: [1] }, ["provides[0] must be a non-empty text, got 1"]],
    [{ provides: { keys: [1] } }, ["provides.keys[0] must be a non-empty text, got 1"]],
    [
      { provides: { key: ["p"] } },
      [
        "provides must be a symbol, a list of symbols or { keys: a list of symbols }, got an object",
      ],
    ],
    [{ inject: ["x"] }, ["inject must be an object from symbol to value, got a list"]],
    [{ inject: { "": 1 } }, ['a symbol in inject must be a non-empty text, got ""']],
    [
      { inject: JSON.parse('{ "__proto__": 1 }') as object },
      [`a symbol in inject can't be "__proto__"`],
    ],
    [{ priority: 1.5 }, ["priority must be a whole number, got 1.5"]],
    [{ priority: "high" }, ['priority must be a whole number, got "high"']],
    [{ version: 0 }, ["version must be a whole number from 1 up, got 0"]],
    [{ timeoutMs: 0 }, ["timeoutMs must be a whole number from 1 to 2147483647, got 0"]],
    [
      { timeoutMs: Infinity },
      ["timeoutMs must be a whole number from 1 to 2147483647, got Infinity"],
    ],
    [{ revertRequires: ["x"] }, ["revertRequires without a revert that takes them"]],
    [{ revertOptional: ["x"] }, ["revertOptional without a revert that takes them"]],
    [{ revertRebind: {} }, ["revertRebind without a revert that takes them"]],
    [
      { revert: () => null, revertRequires: ["x"], revertOptional: ["x"] },
      ['"x" is both in revertRequires and in revertOptional'],
    ],
    [
      { revert: () => null, revertRequires: ["x"], revertRebind: { y: "z" } },
      ['revertRebind names "y", which is no parameter'],
    ],
    [{ require: ["x"] }, ['a task has no option "require"; did you mean "requires"?']],
    [
      { colour: "red" },
      [
        'a task has no option "colour"; it has execute, name, version, requires, optional, ' +
          "provides, rebind, inject, secrets, priority, timeoutMs, revert, revertRequires, " +
          "revertOptional, revertRebind",
      ],
    ],
    [
      { name: "x".repeat(99), version: "y".repeat(99) },
      [`version must be a whole number from 1 up, got "${"y".repeat(60)}…"`],
    ],
  ];
  for (const [more, expected] of cases) t.strictSame(taskWith(more).problems, expected);
});

t.test("a declaration that is no object has every mistake at once", async (t) => {
  for (const [given, got] of [
    [undefined, "null"],
    [null, "null"],
    [() => 1, "a function"],
    [["a"], "a list"],
  ] as const) {
    const made = task(given);
    t.strictSame(made.problems, [
      `the options of a task must be an object, got ${got}`,
      "name must be a non-empty text, got undefined",
      "execute must be a function, got undefined",
    ]);
    t.throws(() => made.execute({}, context), { message: /an atom with mistakes can't be run/ });
  }
});

t.test("mistakes of map and reduce tasks are told", async (t) => {
  t.strictSame(mapTask({ name: "m", requires: ["a"] }).problems, [
    "map must be a function, got undefined",
  ]);
  t.strictSame(mapTask({ name: "m", requires: ["a"], map: () => 1, optional: ["b"] }).problems, [
    'a map task has no option "optional"; it has map, name, version, requires, provides, rebind, ' +
      "inject, secrets, priority, timeoutMs, revert, revertRequires, revertOptional, revertRebind",
  ]);
  t.strictSame(reduceTask({ name: "r", requires: ["a"], reduce: () => 1 }).problems, [
    "requires must name two or more to reduce, it names 1",
  ]);
  t.strictSame(reduceTask({ name: "r" }).problems, [
    "reduce must be a function, got undefined",
    "requires must name two or more to reduce, it names 0",
  ]);
});
