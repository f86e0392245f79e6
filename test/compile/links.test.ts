// Graph flows: links by symbols and by hand, targets, and the order that comes of them.
import t from "tap";
import type { Item } from "../../lib/types.ts";
import {
  graph,
  linear,
  link,
  parameterizedForEach,
  retry,
  step,
  task,
  times,
  unordered,
} from "./declare.ts";
import { edges, mistakes, names } from "./read.ts";

/** Links between the items of the graph `f` alone. */
const links = (flow: Item): string[] => edges(flow).filter((edge) => !/f[[\]]/.test(edge));

t.test("a provider is linked to its consumer, whichever is added first", async (t) => {
  t.strictSame(links(graph("f", step("a", "", "x"), step("b", "x"))), ["a b"]);
  t.strictSame(links(graph("f", step("b", "x"), step("a", "", "x"))), ["a b"]);
});

t.test("a consumer that has a provider doesn't go over to one added later", async (t) => {
  const flow = graph("f", step("a", "", "x"), step("b", "x"), step("c", "", "x"));
  t.strictSame(links(flow), ["a b"]);
});

t.test("the first provider takes all that wait for it", async (t) => {
  const flow = graph("f", step("b", "x"), step("c", "x"), step("a", "", "x"), step("d", "", "x"));
  t.strictSame(links(flow), ["a b", "a c"]);
});

t.test("what is bound counts, not what the parameter is called", async (t) => {
  const b = task({ name: "b", requires: ["x"], rebind: { x: "y" }, execute: () => null });
  t.strictSame(links(graph("f", step("a", "", "y"), step("z", "", "x"), b)), ["a b"]);
});

t.test("inputs of revert link as well", async (t) => {
  const more = { revert: () => null, revertRequires: ["x"] };
  t.strictSame(links(graph("f", step("a", "", "x"), step("b", "", "", more))), ["a b"]);
});

t.test("optional inputs don't link", async (t) => {
  const more = { optional: ["x"], revert: () => null, revertRequires: [], revertOptional: ["x"] };
  t.strictSame(links(graph("f", step("a", "", "x"), step("b", "", "", more))), []);
});

t.test("injected inputs don't link", async (t) => {
  const b = step("b", "x", "", { inject: { x: 1 } });
  t.strictSame(links(graph("f", step("a", "", "x"), b)), []);
});

t.test("an item never waits for itself", async (t) => {
  t.strictSame(links(graph("f", step("a", "x", "x"))), []);
  t.strictSame(links(graph("f", step("a", "x", "x"), step("b", "", "x"))), ["b a"]);
});

t.test("what the flow's controller provides links nothing: it is there for all", async (t) => {
  const retry = times(2, { name: "r", provides: "x" });
  t.strictSame(links(graph("f", { retry }, step("a", "", "x"), step("b", "x"))), ["r a", "r b"]);
});

t.test("what the controller requires comes from outside its flow", async (t) => {
  const retry = parameterizedForEach({ name: "r", rebind: { values: "x" } });
  t.strictSame(links(graph("f", { retry }, step("a", "", "x"))), ["r a"]);
  const inner = linear("g", { retry }, step("b"));
  t.strictSame(
    links(graph("f", inner, step("a", "", "x"))).filter((edge) => edge.startsWith("a")),
    ["a g["],
    "it is required by the flow around which the graph is",
  );
});

t.test("a flow requires what it doesn't provide to itself, by its own pattern", async (t) => {
  const provider = step("a", "", "x");
  const isLinked = (inner: Item): boolean => links(graph("f", provider, inner)).includes("a g[");
  t.equal(isLinked(linear("g", step("b", "", "x"), step("c", "x"))), false, "in a row: before it");
  t.equal(isLinked(linear("g", step("c", "x"), step("b", "", "x"))), true, "in a row: too late");
  t.equal(isLinked(unordered("g", step("b", "", "x"), step("c", "x"))), true, "unordered siblings");
  t.equal(isLinked(graph("g", step("c", "x"), step("b", "", "x"))), false, "linked in a graph");
  const unlinked = graph("g", { autoLink: false }, step("b", "", "x"), step("c", "x"));
  t.equal(isLinked(unlinked), true, "a graph without the link");
  const [b, m, c] = [step("b", "", "x"), step("m"), step("c", "x")];
  const far = graph("g", { autoLink: false, links: [link(b, m), link(m, c)] }, b, m, c);
  t.equal(isLinked(far), false, "a graph, by way of another item");
  const retry = times(2, { name: "r", provides: "x" });
  t.equal(isLinked(unordered("g", { retry }, step("c", "x"))), false, "its own controller");
  t.equal(isLinked(linear("g", linear("h", step("c", "x")))), true, "any depth down");
  t.equal(isLinked(linear("g", linear("h", step("b", "", "x")), step("c", "x"))), false);
});

t.test("a flow provides what anything in it provides", async (t) => {
  const retry = times(2, { name: "r", provides: "y" });
  const inner = unordered("g", { retry }, linear("h", step("a", "", "x")));
  const flow = graph("f", inner, step("b", "x"), step("c", "y"));
  t.strictSame(
    links(flow).filter((edge) => edge.startsWith("g]")),
    ["g] b", "g] c"],
  );
});

t.test("items that a target leaves out neither provide nor require", async (t) => {
  const inner = graph("g", { target: "a" }, step("a"), step("b", "x", "y"));
  const flow = graph("f", step("c", "", "x"), inner, step("d", "y"));
  t.strictSame(links(flow), ["a g]", "g[ a"]);
});

t.test("autoLink false leaves links to the user", async (t) => {
  const [a, b, c] = [step("a", "", "x"), step("b", "x"), step("c", "x")];
  const flow = graph("f", { autoLink: false, links: [link(a, "b")] }, a, b, c);
  t.strictSame(links(flow), ["a b"]);
});

t.test("links by hand take objects or names, and flows as ends", async (t) => {
  const [a, b] = [step("a"), linear("g", step("b"))];
  t.strictSame(links(graph("f", { links: [link(a, b)] }, a, b)), ["a g[", "b g]", "g[ b"]);
  t.strictSame(links(graph("f", { links: [link("g", "a")] }, a, b)), ["b g]", "g[ b", "g] a"]);
});

t.test("the same link twice is one link", async (t) => {
  const flow = graph(
    "f",
    { links: [link("a", "b"), link("a", "b")] },
    step("a", "", "x y"),
    step("b", "x y"),
  );
  t.strictSame(links(flow), ["a b"]);
});

t.test("position is topological; ties as added, then as linked", async (t) => {
  t.equal(names(graph("f", step("c", "y"), step("b", "x", "y"), step("a", "", "x"))), "a b c");
  t.equal(names(graph("f", step("c"), step("a"), step("b"))), "c a b");
  // Items freed by an earlier one come first, though they were added later.
  const byLevel = graph("f", step("a", "", "x"), step("b", "x"), step("c"));
  t.equal(names(byLevel), "a c b");
  const asLinked = graph(
    "f",
    { links: [link("a", "c"), link("a", "b")] },
    step("a"),
    step("b"),
    step("c"),
  );
  t.equal(names(asLinked), "a c b");
});

t.test("with a target only it and what it needs exist", async (t) => {
  const items = [step("a", "", "x"), step("b", "x", "y"), step("c", "y"), step("d")];
  t.equal(names(graph("f", { target: "b" }, ...items)), "a b");
  t.equal(names(graph("f", { target: items[2] }, ...items)), "a b c");
  t.strictSame(edges(graph("f", { target: "b" }, ...items)), ["a b", "b f]", "f[ a"]);
  t.equal(names(graph("f", ...items)), "a d b c", "without one all do");
});

t.test("a flow as target has all that is in it", async (t) => {
  const inner = linear("g", step("b", "x"), step("c"));
  t.equal(names(graph("f", { target: inner }, step("a", "", "x"), inner, step("d"))), "a b c");
});

t.test("names may be given twice where the target leaves one out", async (t) => {
  const flow = graph("f", { target: "a" }, step("a"), linear("g", step("a")));
  t.equal(names(flow), "a");
});

t.test("several providers to choose from are a mistake, not a guess", async (t) => {
  const flow = graph("f", step("b", "", "x"), step("a", "", "x"), step("c", "x"));
  t.strictSame(mistakes(flow), [
    {
      code: "AMBIGUOUS_DEPENDENCY",
      flow: "f",
      atom: "c",
      symbol: "x",
      providers: ["a", "b"],
    },
  ]);
  const own = retry({
    name: "r",
    provides: "x",
    execute: () => 1,
    onFailure: () => "REVERT",
  });
  const flowWithRetry = graph(
    "f",
    { retry: own },
    step("b", "", "x"),
    step("a", "", "x"),
    step("c", "x"),
  );
  t.equal(names(flowWithRetry), "r b a c", "the controller's goes before both");
});
