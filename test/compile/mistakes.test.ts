// Every mistake that compile can find: what it carries, and its words.
import t from "tap";
import { compile } from "../../lib/compile/compile.ts";
import type { Item } from "../../lib/types.ts";
import { graph, linear, link, step, task, times, unordered } from "./declare.ts";
import { compileError, mistakes } from "./read.ts";

const text = (item: Item): string => compileError(item).message;

t.test("DUPLICATE names every name that occurs twice, sorted", async (t) => {
  const flow = linear("f", step("b"), step("a"), unordered("g", step("a"), step("b"), step("c")));
  t.strictSame(mistakes(flow), [{ code: "DUPLICATE", names: ["a", "b"] }]);
  t.equal(text(flow), `flow "f" can't be compiled: atoms with the same name: a, b`);
});

t.test("controllers count among names", async (t) => {
  const flow = linear("f", { retry: times(1, { name: "a" }) }, step("a"));
  t.strictSame(mistakes(flow), [{ code: "DUPLICATE", names: ["a"] }]);
  const twice = linear("f", linear("g", { retry: times(1) }), linear("g", { retry: times(1) }));
  t.strictSame(mistakes(twice), [{ code: "DUPLICATE", names: ["g_retry"] }]);
});

t.test("flows may have the same name, as one another and as atoms", async (t) => {
  t.doesNotThrow(() => compile(linear("f", linear("f", step("f")), linear("f"))));
});

t.test("ALREADY_IN_FLOW: one object in two places", async (t) => {
  const a = step("a");
  const flow = linear("f", linear("g", a), linear("h", a));
  t.strictSame(mistakes(flow), [{ code: "ALREADY_IN_FLOW", name: "a" }]);
  t.equal(
    text(flow),
    `flow "f" can't be compiled: "a" is in the tree twice; make a second one under another name`,
  );
  const inner = linear("g", step("a"));
  t.strictSame(mistakes(linear("f", inner, linear("h", inner))), [
    { code: "ALREADY_IN_FLOW", name: "g" },
  ]);
  const retry = times(2, { name: "r" });
  t.strictSame(mistakes(linear("f", linear("g", { retry }), linear("h", { retry }))), [
    { code: "ALREADY_IN_FLOW", name: "r" },
  ]);
});

t.test("a flow shared at every level is not walked once for each way to it", async (t) => {
  let flow = linear("f0", step("a"));
  for (let at = 1; at < 60; at++) {
    flow = linear(`f${String(at)}`, linear(`g${String(at)}`, flow), linear(`h${String(at)}`, flow));
  }
  t.equal(mistakes(flow).length, 59);
});

t.test("INVALID_ATOM: what was wrong with a declaration, once each", async (t) => {
  const a = task({
    name: "a",
    requires: ["x"],
    rebind: { y: "z" },
    priority: 0.5,
    execute: () => 1,
  });
  const flow = linear("f", linear("g", a), step("b"));
  t.match(mistakes(flow), [
    { code: "INVALID_ATOM", atom: "a", problem: /rebind names "y"/ },
    { code: "INVALID_ATOM", atom: "a", problem: /priority/ },
  ]);
  t.match(
    text(flow),
    /^flow "f" can't be compiled: atom "a": rebind names "y", .*; atom "a": prior/,
  );
});

t.test("atoms need names", async (t) => {
  t.match(mistakes(linear("f", step(""), step(""))), [
    { code: "INVALID_ATOM", atom: "", problem: /name must be a non-empty text/ },
    { code: "INVALID_ATOM", atom: "", problem: /name must be a non-empty text/ },
  ]);
});

t.test("a bare task with mistakes is refused as well", async (t) => {
  t.match(text(task({ name: "a" })), /^flow "a" can't be compiled: atom "a": execute must be/);
});

t.test("mistakes of a controller are told", async (t) => {
  const flow = linear("f", { retry: times(0, { name: "r" }) });
  t.match(mistakes(flow), [{ code: "INVALID_ATOM", atom: "r", problem: /attempts/ }]);
});

t.test("INVALID_FLOW: what was wrong with a flow's declaration", async (t) => {
  const flow = linear("f", linear("g", "a"));
  t.match(mistakes(flow), [{ code: "INVALID_FLOW", flow: "g", problem: /item 1 is no task/ }]);
  t.match(text(flow), /^flow "f" can't be compiled: flow "g": item 1 is no task or flow/);
});

t.test("flows are nested 1000 deep at most", async (t) => {
  const nest = (depth: number): Item => {
    let flow = linear("f1");
    for (let at = 2; at <= depth; at++) flow = linear(`f${String(at)}`, flow);
    return flow;
  };
  t.doesNotThrow(() => compile(nest(1000)));
  t.equal(
    text(nest(5000)),
    `flow "f5000" can't be compiled: flow "f4000": it is nested deeper than 1000 flows`,
  );
});

t.test("AMBIGUOUS_DEPENDENCY names the providers", async (t) => {
  const flow = graph("f", step("b", "", "x"), step("a", "", "x"), step("c", "x"));
  t.equal(
    text(flow),
    `flow "f" can't be compiled: in "f", "c" requires "x", which a and b provide`,
  );
});

t.test("of very many providers only some are named", async (t) => {
  const providers = Array.from({ length: 15 }, (_, at) => step(`a${String(10 + at)}`, "", "x"));
  t.match(mistakes(graph("f", ...providers, step("c", "x"))), [
    { providers: ["a10", "a11", "a12", "a13", "a14", "a15", "a16", "a17", "a18", "a19", "5 more"] },
  ]);
});

t.test("CYCLE by symbols", async (t) => {
  const flow = graph("f", step("a", "x", "y"), step("b", "y", "x"));
  t.match(mistakes(flow), [{ code: "CYCLE", flow: "f" }]);
  t.equal(text(flow), `flow "f" can't be compiled: in "f", a cycle: a -> b -> a`);
});

t.test("CYCLE by hand, and by both", async (t) => {
  const [a, b, c] = [step("a"), step("b", "", "x"), step("c", "x")];
  const links = [link(c, a), link(a, b)];
  t.strictSame(mistakes(graph("f", { links }, a, b, c)), [
    { code: "CYCLE", flow: "f", path: ["a", "b", "c", "a"] },
  ]);
  t.strictSame(mistakes(graph("f", { links: [link("a", "a")] }, step("a"))), [
    { code: "CYCLE", flow: "f", path: ["a", "a"] },
  ]);
});

t.test("what only hangs on a cycle is not in its path", async (t) => {
  const links = [link("s", "a"), link("a", "b"), link("b", "a"), link("b", "t")];
  const items = ["t", "s", "a", "b"].map((name) => step(name));
  t.strictSame(mistakes(graph("f", { links }, ...items)), [
    { code: "CYCLE", flow: "f", path: ["a", "b", "a"] },
  ]);
});

t.test("several cycles are all told, up to ten of one flow", async (t) => {
  const pairs = (count: number): Item => {
    const names = Array.from({ length: count }, (_, at) => [`a${String(at)}`, `b${String(at)}`]);
    const links = names.flatMap(([a, b]) => [link(a, b), link(b, a)]);
    return graph("f", { links }, ...names.flat().map((name) => step(name)));
  };
  t.equal(mistakes(pairs(3)).length, 3);
  t.equal(mistakes(pairs(30)).length, 10);
});

t.test("a cycle in what a target leaves out is a mistake all the same", async (t) => {
  const options = { target: "c", links: [link("a", "b"), link("b", "a")] };
  t.match(mistakes(graph("f", options, step("a"), step("b"), step("c"))), [{ code: "CYCLE" }]);
});

t.test("a cycle over flows", async (t) => {
  const flow = graph("f", linear("g", step("a", "x", "y")), linear("h", step("b", "y", "x")));
  t.strictSame(mistakes(flow), [{ code: "CYCLE", flow: "f", path: ["g", "h", "g"] }]);
});

t.test("UNKNOWN_NODE: an end of a link that is no direct item", async (t) => {
  const links = [link("downlaod", "store")];
  const flow = graph("f", { links }, step("download"), step("store"));
  t.strictSame(mistakes(flow), [
    { code: "UNKNOWN_NODE", flow: "f", name: "downlaod", nearest: "download" },
  ]);
  t.equal(
    text(flow),
    `flow "f" can't be compiled: "f" has no item "downlaod"; did you mean "download"?`,
  );
  const deeper = graph(
    "f",
    { links: [link("xyz", "store")] },
    linear("g", step("xyz")),
    step("store"),
  );
  t.equal(text(deeper), `flow "f" can't be compiled: "f" has no item "xyz"`);
});

t.test("UNKNOWN_NODE: an object of another flow, though there is one of that name", async (t) => {
  const flow = graph("f", { links: [link(step("a"), "b")] }, step("a"), step("b"));
  t.match(mistakes(flow), [{ code: "UNKNOWN_NODE", name: "a" }]);
});

t.test("UNKNOWN_NODE: a target", async (t) => {
  t.strictSame(mistakes(graph("f", { target: "other" }, step("a"))), [
    { code: "UNKNOWN_NODE", flow: "f", name: "other" },
  ]);
});

t.test("AMBIGUOUS_NODE: a name that several items have", async (t) => {
  const links = [link("g", "a")];
  const [one, other] = [linear("g", step("b")), linear("g", step("c"))];
  const flow = graph("f", { links }, one, other, step("a"));
  t.strictSame(mistakes(flow), [{ code: "AMBIGUOUS_NODE", flow: "f", name: "g" }]);
  t.equal(
    text(flow),
    `flow "f" can't be compiled: "f" has several items "g"; name the object itself`,
  );
  t.doesNotThrow(() => compile(graph("f", { links: [link(one, "a")] }, one, other, step("a"))));
});

t.test("INVALID_DECIDER: a depth that there isn't, or that nothing decides", async (t) => {
  const decide = (): boolean => true;
  const links = [link("a", "b", { decide, depth: "flows" }), link("a", "b", { depth: "ALL" })];
  const flow = graph("f", { links }, step("a"), step("b"));
  t.match(mistakes(flow), [
    { code: "INVALID_DECIDER", flow: "f", problem: /depth must be one of .* did you mean "FLOW"/ },
    { code: "INVALID_DECIDER", flow: "f", problem: /there is no decide/ },
  ]);
  t.match(text(flow), /^flow "f" can't be compiled: in "f": depth must be one of ALL, FLOW,/);
});

t.test("a link without an end is one mistake, not two", async (t) => {
  const flow = graph("f", { links: [link(undefined, "a")] }, step("a"));
  t.match(mistakes(flow), [{ code: "INVALID_DECIDER", problem: /from must be a task/ }]);
  t.equal(mistakes(flow).length, 1);
  const unnamed = graph("f", { links: [link("", "a")] }, step("a"));
  t.match(mistakes(unnamed), [{ code: "UNKNOWN_NODE", name: "" }]);
});

t.test("all mistakes of a tree come at once", async (t) => {
  const again = step("again");
  const inner = graph(
    "g",
    { links: [link("a", "nowhere")], retry: times(0, { name: "r" }) },
    step("a", "", "x"),
    step("b", "", "x"),
    step("c", "x"),
    again,
  );
  const cycle = graph("h", step("d", "y", "z"), step("e", "z", "y"), again);
  const flow = linear("f", inner, cycle, step("a"));
  t.strictSame(
    mistakes(flow).map(({ code }) => code),
    [
      "INVALID_ATOM",
      "AMBIGUOUS_DEPENDENCY",
      "UNKNOWN_NODE",
      "CYCLE",
      "ALREADY_IN_FLOW",
      "DUPLICATE",
    ],
  );
  t.equal(text(flow).split("; ").length, 7, "with one ; inside a message");
});

t.test("a flow with mistakes is refused each time", async (t) => {
  const flow = linear("f", step("a"), step("a"));
  t.throws(() => compile(flow), { code: "COMPILE_FAILED" });
  t.throws(() => compile(flow), { code: "COMPILE_FAILED" });
});
