// Where inputs come from: TaskFlow's scopes, nearest provider first.
import t from "tap";
import { graph, linear, link, step, task, times, unordered } from "./declare.ts";
import { from } from "./read.ts";

const use = step("use", "x");
const no = { decide: () => false };

t.test("in a row the nearest before wins", async (t) => {
  const flow = linear("f", step("a", "", "x"), step("b", "", "x"), use, step("c", "", "x"));
  t.equal(from(flow, "use", "x"), "b");
});

t.test("what provides nothing of the kind is passed over", async (t) => {
  t.equal(from(linear("f", step("a", "", "x"), step("b", "", "y"), use), "use", "x"), "a");
  t.equal(from(linear("f", step("a", "", "y"), use), "use", "x"), "", "and nothing is nothing");
});

t.test("an atom doesn't see its own result", async (t) => {
  t.equal(from(linear("f", step("a", "", "x"), step("b", "x", "x")), "b", "x"), "a");
  t.equal(from(linear("f", step("b", "x", "x")), "b", "x"), "");
});

t.test("siblings without an order don't see each other, nor into each other", async (t) => {
  t.equal(from(unordered("f", step("a", "", "x"), use), "use", "x"), "");
  t.equal(from(unordered("f", linear("g", step("a", "", "x")), linear("h", use)), "use", "x"), "");
  const outer = linear("e", step("o", "", "x"), unordered("f", step("a", "", "x"), use));
  t.equal(from(outer, "use", "x"), "o", "they are passed over for what is further out");
});

t.test("in a graph only what a link leads from is seen", async (t) => {
  const [a, b] = [step("a", "", "x"), step("b", "", "x")];
  const links = { autoLink: false, links: [link(a, use)] };
  t.equal(from(graph("f", links, a, b, use), "use", "x"), "a", "b comes before, but not first");
  const m = step("m");
  const far = { autoLink: false, links: [link(a, m), link(m, use)] };
  t.equal(from(graph("f", far, a, m, use), "use", "x"), "a", "any number of links away");
  const later = { autoLink: false, links: [link(a, use)] };
  t.equal(from(graph("f", later, use, a), "use", "x"), "a", "whichever was added first");
});

t.test("in a graph nearest is by topological position", async (t) => {
  const [a, b] = [step("a", "", "x"), step("b", "", "x")];
  const both = { autoLink: false, links: [link(a, use), link(b, use)] };
  t.equal(from(graph("f", both, a, b, use), "use", "x"), "b");
  t.equal(from(graph("f", both, b, a, use), "use", "x"), "a");
  const row = { autoLink: false, links: [link(b, a), link(a, use)] };
  t.equal(from(graph("f", row, a, b, use), "use", "x"), "a", "links say what comes last");
});

t.test("a flow that is passed is looked into from its end", async (t) => {
  const inner = linear("g", step("a", "", "x"), step("b", "", "x"));
  t.equal(from(linear("f", inner, use), "use", "x"), "b");
  const side = unordered("g", step("a", "", "x"), linear("h", step("b", "", "x")), step("c"));
  t.equal(from(linear("f", side, use), "use", "x"), "b", "all of it comes before");
});

t.test("the own flow goes before the flow around it", async (t) => {
  const inner = linear("g", step("b", "", "x"), use);
  t.equal(from(linear("f", step("a", "", "x"), inner), "use", "x"), "b");
  const nothing = linear("g", step("b"), use);
  t.equal(from(linear("f", step("a", "", "x"), nothing), "use", "x"), "a");
  const after = linear("f", step("a", "", "x"), nothing, step("c", "", "x"));
  t.equal(from(after, "use", "x"), "a", "what comes later is no use");
});

t.test("a controller is seen in all of its flow, after everything else in it", async (t) => {
  const retry = times(2, { name: "r", provides: "x" });
  t.equal(from(unordered("f", { retry }, step("a", "", "x"), use), "use", "x"), "r");
  t.equal(from(linear("f", { retry }, step("a", "", "x"), use), "use", "x"), "a");
  const inner = linear("f", { retry }, unordered("g", step("b"), use));
  t.equal(
    from(linear("e", step("o", "", "x"), inner), "use", "x"),
    "r",
    "it is nearer than outside",
  );
  t.equal(
    from(linear("e", linear("f", { retry }, step("b")), use), "use", "x"),
    "r",
    "and from after",
  );
});

t.test("a controller looks where its flow stands", async (t) => {
  const retry = times(2, { name: "r", provides: "y" });
  const own = { ...retry, inputs: use.inputs };
  const inner = linear("g", { retry: own }, step("b", "", "x"));
  t.equal(from(linear("f", step("a", "", "x"), inner), "r", "x"), "a");
});

t.test("an empty flow between is nothing between", async (t) => {
  const flow = graph("f", step("a", "", "x"), graph("e"), use, linear("g"));
  t.equal(from(flow, "use", "x"), "a");
});

t.test("symbols in lists and keys are seen", async (t) => {
  t.equal(from(linear("f", step("a", "", "w x"), use), "use", "x"), "a");
  const keys = step("a", "", "", { provides: { keys: ["w", "x"] } });
  t.equal(from(linear("f", keys, use), "use", "x"), "a");
});

t.test("optional inputs and inputs of revert are looked up alike", async (t) => {
  const both = task({
    name: "use",
    requires: [],
    optional: ["x"],
    revertRequires: ["y"],
    execute: () => null,
    revert: () => null,
  });
  const flow = linear("f", step("a", "", "x y"), both);
  t.equal(from(flow, "use", "x"), "a");
  t.equal(from(flow, "use", "y", "revertInputs"), "a");
});

t.test("what is never ignored is the last to be asked", async (t) => {
  const links = [link("a", "b", no)];
  const side = graph("g", { links }, step("a", "", "x"), step("b"));
  t.equal(from(linear("f", step("o", "", "x"), unordered("h", side, use)), "use", "x"), "o");
  t.equal(
    from(linear("f", step("o", "", "x"), side, use), "use", "x"),
    "a",
    "a decides, it isn't decided",
  );
});

t.test("behind what may be ignored stands the next one", async (t) => {
  for (const depth of ["ALL", "FLOW", "NEIGHBORS", "ATOM"]) {
    const links = [link("a", "b", { ...no, depth })];
    const inner = graph("g", { links }, step("a"), step("b", "", "x"));
    const flow = linear("f", step("o", "", "x"), step("n", "", "x"), inner, use);
    t.equal(from(flow, "use", "x"), "b n", depth);
  }
});

t.test("a depth of which a no doesn't reach so far leaves an atom sure", async (t) => {
  const seen = (depth: string): string => {
    const [d, a] = [step("d"), step("a")];
    const [b, c] = [step("b"), step("c", "", "x")];
    const links = [link(d, a, { ...no, depth }), link(a, b), link(b, c)];
    const inner = graph("g", { autoLink: false, links }, d, a, b, c);
    return from(linear("f", step("o", "", "x"), inner, use), "use", "x");
  };
  t.equal(seen("ATOM"), "c");
  t.equal(seen("NEIGHBORS"), "c");
  t.equal(seen("FLOW"), "c o");
  t.equal(seen("ALL"), "c o");
});

t.test("a no of depth NEIGHBORS reaches the tasks that come next, and no flow", async (t) => {
  const [d, a, b] = [step("d"), step("a"), step("b", "", "x")];
  const links = [link(d, a, { ...no, depth: "NEIGHBORS" }), link(a, b)];
  const inner = graph("g", { autoLink: false, links }, d, a, b);
  t.equal(from(linear("f", step("o", "", "x"), inner, use), "use", "x"), "b o");
  const nested = linear("h", step("b", "", "x"));
  const toFlow = { links: [link("d", "a", { ...no, depth: "NEIGHBORS" }), link("a", "h")] };
  const around = graph("g", toFlow, step("d"), step("a"), nested);
  t.equal(from(linear("f", step("o", "", "x"), around, use), "use", "x"), "b");
});

t.test("a no of depth FLOW ends where its flow does", async (t) => {
  const inner = graph(
    "g",
    { links: [link("d", "a", { ...no, depth: "FLOW" })] },
    step("d"),
    step("a"),
  );
  t.equal(from(linear("f", step("o", "", "x"), inner, step("b", "", "x"), use), "use", "x"), "b");
  const nested = linear("h", step("b", "", "x"));
  const links = [link("d", "a", { ...no, depth: "FLOW" }), link("a", "h")];
  const around = graph("g", { links }, step("d"), step("a"), nested);
  t.equal(from(linear("f", step("o", "", "x"), around, use), "use", "x"), "b", "or another begins");
});

t.test("of those ignored together the nearest is enough", async (t) => {
  const row = linear("g", step("b1", "", "x"), step("b2", "", "x"), step("b3", "", "x"));
  const options = { links: [link("a", "g", no)] };
  const flow = linear("f", step("o", "", "x"), graph("h", options, step("a"), row), use);
  t.equal(from(flow, "use", "x"), "b3 o");
});

t.test("of those that may be ignored one by one all are kept", async (t) => {
  const [a, b, c] = [step("a", "", "x"), step("b", "", "x"), step("c", "", "x")];
  const links = [link(a, b, { ...no, depth: "ATOM" }), link(b, c, { ...no, depth: "ATOM" })];
  const flow = linear("f", graph("g", { autoLink: false, links }, a, b, c), use);
  t.equal(from(flow, "use", "x"), "c b a");
});

t.test("what several noes reach is ignored by each of them", async (t) => {
  const seen = (depth: string, ...pairs: string[]): string => {
    const names = ["s", "d", "e"];
    const providers = ["p", "q"].map((name) => step(name, "", "x"));
    const decided = ["d", "e"].map((name) => link("s", name, { ...no, depth }));
    const links = [...decided, ...pairs.map((pair) => link(pair[0], pair[1]))];
    const items = [...names.map((name) => step(name)), ...providers];
    const inner = graph("g", { autoLink: false, links }, ...items);
    return from(linear("f", step("o", "", "x"), inner, use), "use", "x");
  };
  t.equal(seen("FLOW", "dp", "sp", "eq", "sq"), "q p o", "p and q by one each");
  t.equal(seen("FLOW", "dp", "ep", "dq", "eq"), "q p o", "each by both");
  t.equal(seen("FLOW", "dp", "pq"), "q o", "q by the one that p is ignored by");
  t.equal(seen("FLOW", "dp", "pq", "eq"), "q p o", "q by one more");
  t.equal(seen("NEIGHBORS", "ep", "eq", "dq"), "q p o");
});
