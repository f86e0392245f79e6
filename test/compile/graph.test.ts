// The execution graph: which node comes after which, and who is asked when an atom fails.
import t from "tap";
import { compile } from "../../lib/compile/compile.ts";
import { alwaysRevert, graph, linear, step, task, times, unordered } from "./declare.ts";
import { atomOf, edges, names } from "./read.ts";

t.test("a linear flow is a row from its begin to its end", async (t) => {
  const flow = linear("f", step("a"), step("b"), step("c"));
  t.strictSame(edges(flow), ["a b", "b c", "c f]", "f[ a"]);
});

t.test("in an unordered flow nothing waits for its siblings", async (t) => {
  const flow = unordered("f", step("a"), step("b"));
  t.strictSame(edges(flow), ["a f]", "b f]", "f[ a", "f[ b"]);
});

t.test("in a graph only links order; what has none hangs on begin and end", async (t) => {
  const flow = graph("f", step("a", "", "x"), step("b", "x"), step("c"));
  t.strictSame(edges(flow), ["a b", "b f]", "c f]", "f[ a", "f[ c"]);
});

t.test("a controller stands between the begin and what is first", async (t) => {
  const options = { retry: times(2, { name: "r" }) };
  t.strictSame(edges(linear("f", options, step("a"), step("b"))), ["a b", "b f]", "f[ r", "r a"]);
  t.strictSame(edges(unordered("f", options, step("a"), step("b"))), [
    "a f]",
    "b f]",
    "f[ r",
    "r a",
    "r b",
  ]);
  t.strictSame(edges(graph("f", options, step("a", "", "x"), step("b", "x"))), [
    "a b",
    "b f]",
    "f[ r",
    "r a",
  ]);
});

t.test("an empty flow is passed through", async (t) => {
  t.strictSame(edges(linear("f")), ["f[ f]"]);
  t.strictSame(edges(unordered("f", { retry: times(1, { name: "r" }) })), ["f[ r", "r f]"]);
  t.strictSame(edges(linear("f", step("a"), graph("e"), step("b"))), [
    "a e[",
    "b f]",
    "e[ e]",
    "e] b",
    "f[ a",
  ]);
});

t.test("a flow in a flow begins when all before it is done, and all after it waits", async (t) => {
  const inner = unordered("g", step("b"), step("c"));
  t.strictSame(edges(linear("f", step("a"), inner, step("d"))), [
    "a g[",
    "b g]",
    "c g]",
    "d f]",
    "f[ a",
    "g[ b",
    "g[ c",
    "g] d",
  ]);
  const linked = graph("f", step("a", "", "x"), linear("g", step("b", "x", "y")), step("c", "y"));
  t.strictSame(edges(linked), ["a g[", "b g]", "c f]", "f[ a", "g[ b", "g] c"]);
});

t.test("a bare task is one node in no scope", async (t) => {
  const { blueprint, code } = compile(step("a", "x", "y"));
  t.strictSame(blueprint.successors, [[]]);
  t.strictSame(blueprint.scopes, []);
  t.match(blueprint, { flow: "a", atoms: [{ name: "a", scope: -1, retry: -1, provides: "y" }] });
  t.equal(code.atoms.length, 1);
});

t.test("atoms are numbered in preorder, so that a scope is one range", async (t) => {
  const inner = linear("g", { retry: times(2, { name: "r" }) }, step("b"), step("c"));
  const flow = linear("f", step("a"), inner, graph("e"), step("d"));
  t.equal(names(flow), "a r b c d");
  t.strictSame(compile(flow).blueprint.scopes, [
    { name: "f", pattern: "linear", parent: -1, retry: -1, first: 0, last: 5 },
    { name: "g", pattern: "linear", parent: 0, retry: 1, first: 1, last: 4 },
    { name: "e", pattern: "graph", parent: 0, retry: -1, first: 4, last: 4 },
  ]);
  t.strictSame(
    compile(flow).blueprint.atoms.map(({ scope }) => scope),
    [0, 1, 1, 1, 0],
  );
});

t.test("the controller is that of the innermost flow which has one", async (t) => {
  const innermost = linear("h", step("c"));
  const inner = unordered("g", { retry: alwaysRevert({ name: "r2" }) }, step("b"), innermost);
  const flow = linear("f", { retry: times(2, { name: "r1" }) }, step("a"), inner);
  const controllerOf = (name: string): string => {
    const { retry } = atomOf(flow, name);
    return compile(flow).blueprint.atoms[retry]?.name ?? "none";
  };
  t.equal(controllerOf("a"), "r1");
  t.equal(controllerOf("b"), "r2");
  t.equal(controllerOf("c"), "r2", "a flow without one passes its atoms on");
  t.equal(controllerOf("r2"), "r1", "a controller itself belongs to the next one out");
  t.equal(controllerOf("r1"), "none");
});

t.test("a controller without a name is called after its flow", async (t) => {
  t.equal(names(linear("f", { retry: times(2) }, step("a"))), "f_retry a");
});

t.test("a plan says what its atom declares", async (t) => {
  const flow = linear(
    "f",
    task({
      name: "a",
      version: 3,
      priority: 7,
      timeoutMs: 50,
      requires: ["x"],
      optional: ["y"],
      rebind: { x: "z" },
      inject: { y: 1 },
      provides: { keys: ["k"] },
      execute: () => null,
      revert: () => null,
      revertRequires: ["w"],
    }),
    step("b"),
  );
  t.strictSame(atomOf(flow, "a"), {
    name: "a",
    kind: "task",
    version: 3,
    priority: 7,
    scope: 0,
    retry: -1,
    inputs: [
      { param: "x", symbol: "z", optional: false, from: [] },
      { param: "y", symbol: "y", optional: true, from: [] },
    ],
    revertInputs: [{ param: "w", symbol: "w", optional: false, from: [] }],
    provides: { keys: ["k"] },
    inject: { y: 1 },
    timeoutMs: 50,
    reverts: true,
    deciders: [],
  });
  t.match(atomOf(flow, "b"), { version: 1, priority: 0, reverts: false, provides: null });
  t.notOk("timeoutMs" in atomOf(flow, "b"), "a limit that there isn't is left out");
});

t.test("code has what was declared, by number", async (t) => {
  const [a, b] = [step("a"), step("b")];
  const retry = times(2, { name: "r" });
  const { code } = compile(linear("f", { retry }, a, linear("g", b)));
  t.ok(code.atoms[0] === retry && code.atoms[1] === a && code.atoms[2] === b);
});

t.test("the same object is compiled once", async (t) => {
  const flow = linear("f", step("a"));
  t.equal(compile(flow), compile(flow));
  t.not(compile(flow), compile(linear("f", step("a"))));
});

t.test("a blueprint is plain data (I1)", async (t) => {
  const inner = graph("g", { retry: times(2) }, step("b", "x", "y z"), step("c", "y"));
  const { blueprint } = compile(linear("f", step("a", "", "x"), inner));
  t.strictSame(structuredClone(blueprint), blueprint);
  t.strictSame(JSON.parse(JSON.stringify(blueprint)), blueprint);
});

t.test("an object that is given twice to one flow is in it once", async (t) => {
  const a = step("a");
  t.equal(names(linear("f", a, step("b"), a)), "a b");
});
