// Decided links: which atoms ask them, from whom they hear, how far a no reaches.
import t from "tap";
import { compile } from "../../lib/compile/compile.ts";
import { graph, linear, link, step, times, unordered } from "./declare.ts";
import { atomOf, deciders, edges } from "./read.ts";

const decide = (): boolean => true;

t.test("a decided link is asked before its target, and only there", async (t) => {
  const flow = graph("f", { links: [link("a", "b", { decide }), link("b", "c")] }, ...atoms());
  t.strictSame(deciders(flow, "b"), ["a ALL"], "ALL is the default");
  t.strictSame([...deciders(flow, "a"), ...deciders(flow, "c")], []);
});

t.test("depths are kept in upper case", async (t) => {
  const links = ["all", "Flow", "neighbors", "ATOM"].map((depth, at) =>
    link("a", `b${String(at)}`, { decide, depth }),
  );
  const flow = graph("f", { links }, step("a"), ...links.map((_, at) => step(`b${String(at)}`)));
  t.strictSame(
    links.flatMap((_, at) => deciders(flow, `b${String(at)}`)),
    ["a ALL", "a FLOW", "a NEIGHBORS", "a ATOM"],
  );
});

t.test("all decided links into an atom are asked", async (t) => {
  const links = [link("a", "c", { decide }), link("b", "c", { decide, depth: "ATOM" })];
  t.strictSame(deciders(graph("f", { links }, ...atoms()), "c"), ["a ALL", "b ATOM"]);
});

t.test("a link by symbol and a decided one between the same two are one link", async (t) => {
  const flow = graph(
    "f",
    { links: [link("a", "b", { decide })] },
    step("a", "", "x"),
    step("b", "x"),
  );
  t.strictSame(deciders(flow, "b"), ["a ALL"]);
  t.strictSame(edges(flow), ["a b", "b f]", "f[ a"]);
});

t.test("of two deciders on one link the last counts, as a whole", async (t) => {
  const first = (): boolean => true;
  const last = (): boolean => false;
  const links = [
    link("a", "b", { decide: first, depth: "ATOM" }),
    link("a", "b", { decide: last }),
    link("a", "b"),
  ];
  const flow = graph("f", { links }, ...atoms());
  t.strictSame(deciders(flow, "b"), ["a ALL"]);
  const [kept, ...others] = compile(flow).code.deciders;
  t.equal(kept?.({}), false);
  t.strictSame(others, []);
});

t.test("a decider aimed at a flow is asked before each atom that begins it", async (t) => {
  const row = linear("g", step("b"), step("c"));
  const aimed = { links: [link("a", "g", { decide })] };
  t.strictSame(deciders(graph("f", aimed, step("a"), row), "b"), ["a ALL"]);
  t.strictSame(deciders(graph("f", aimed, step("a"), row), "c"), []);
  const side = unordered("g", step("b"), linear("h", step("c"), step("d")));
  const flow = graph("f", aimed, step("a"), side);
  t.strictSame(deciders(flow, "b"), ["a ALL"]);
  t.strictSame(deciders(flow, "c"), ["a ALL"], "any depth down");
  t.strictSame(deciders(flow, "d"), []);
  const inner = graph("g", step("c", "x"), step("b", "", "x"));
  t.strictSame(deciders(graph("f", aimed, step("a"), inner), "b"), ["a ALL"]);
  t.strictSame(deciders(graph("f", aimed, step("a"), inner), "c"), []);
});

t.test("it is one link, however many atoms ask it", async (t) => {
  const aimed = { links: [link("a", "g", { decide })] };
  const flow = graph("f", aimed, step("a"), unordered("g", step("b"), step("c")));
  const { blueprint, code } = compile(flow);
  t.strictSame(
    blueprint.atoms.map((atom) => atom.deciders.map((decider) => decider.link)),
    [[], [0], [0]],
  );
  t.equal(code.deciders.length, 1);
});

t.test("a flow with a controller begins with it alone", async (t) => {
  const inner = unordered("g", { retry: times(2, { name: "r" }) }, step("b"), step("c"));
  const flow = graph("f", { links: [link("a", "g", { decide })] }, step("a"), inner);
  t.strictSame(deciders(flow, "r"), ["a ALL"]);
  t.strictSame([...deciders(flow, "b"), ...deciders(flow, "c")], []);
});

t.test("an atom with a link of its own doesn't ask those before its flow", async (t) => {
  const inner = graph(
    "g",
    { links: [link("b", "c", { decide, depth: "ATOM" })] },
    step("b"),
    step("c"),
  );
  const flow = graph("f", { links: [link("a", "g", { decide })] }, step("a"), inner);
  t.strictSame(deciders(flow, "b"), ["a ALL"]);
  t.strictSame(deciders(flow, "c"), ["b ATOM"]);
});

t.test("deciders before flows within flows add up", async (t) => {
  const inner = graph("g", step("b"));
  const links = [link("a", "h", { decide }), link("c", "h", { decide, depth: "FLOW" })];
  const flow = graph("f", { links }, step("a"), step("c"), unordered("h", inner));
  t.strictSame(deciders(flow, "b"), ["a ALL", "c FLOW"]);
});

t.test("a flow as source has no result to tell", async (t) => {
  const flow = graph(
    "f",
    { links: [link("g", "b", { decide })] },
    linear("g", step("a")),
    step("b"),
  );
  t.strictSame(deciders(flow, "b"), ["- ALL"]);
  t.equal(atomOf(flow, "b").deciders[0]?.from, -1);
});

t.test("an empty flow passes no decider on", async (t) => {
  const links = [link("a", "g", { decide }), link("g", "b")];
  const flow = graph("f", { links }, step("a"), linear("g"), step("b"));
  t.strictSame(deciders(flow, "b"), []);
});

t.test("deciders are numbered by link, and code has their functions", async (t) => {
  const answers = [true, false];
  const links = answers.map((answer, at) =>
    link("a", at === 0 ? "b" : "c", { decide: () => answer }),
  );
  const { blueprint, code } = compile(graph("f", { links }, ...atoms()));
  for (const [at, name] of ["b", "c"].entries()) {
    const plan = blueprint.atoms.find((atom) => atom.name === name)?.deciders[0];
    t.equal(code.deciders[plan?.link ?? -1]?.({}), answers[at], name);
  }
});

function atoms(): unknown[] {
  return [step("a"), step("b"), step("c")];
}
