// Large flows: what is counted here grows with the flow and not with its square. Nothing is timed;
// a compile that looked at all pairs would not end within the test's time.
import t from "tap";
import type { Blueprint } from "../../lib/compile/blueprint.ts";
import { compile } from "../../lib/compile/compile.ts";
import { hashOf } from "../../lib/compile/hash.ts";
import { validate } from "../../lib/compile/validate.ts";
import type { Task } from "../../lib/types.ts";
import { graph, linear, link, step, unordered } from "./declare.ts";

const decide = (): boolean => true;

const tasks = (count: number, make: (at: number) => Task): Task[] =>
  Array.from({ length: count }, (_, at) => make(at));

const countEdges = ({ successors }: Blueprint): number =>
  successors.reduce((sum, after) => sum + after.length, 0);

/** How many providers all inputs together are looked up from. */
const countSources = ({ atoms }: Blueprint): number =>
  atoms.reduce((sum, { inputs }) => sum + inputs.reduce((n, input) => n + input.from.length, 0), 0);

t.test("a row of 100,000, each taking what the one before gives", async (t) => {
  const n = 100_000;
  const row = tasks(n, (at) =>
    step(`t${String(at)}`, at === 0 ? "" : `s${String(at - 1)}`, `s${String(at)}`),
  );
  const { blueprint } = compile(linear("f", ...row));
  t.equal(countEdges(blueprint), n + 1);
  t.equal(countSources(blueprint), n - 1);
  t.doesNotThrow(() => {
    validate(blueprint, []);
  });
  t.match(hashOf(blueprint), /^[0-9a-f]{64}$/);
  const empty = blueprint.atoms[0]?.inputs;
  t.equal(blueprint.atoms[0]?.deciders, blueprint.atoms[1]?.deciders, "nothing is kept once");
  t.equal(blueprint.atoms[1]?.revertInputs, empty);
});

t.test("a graph of 20,000 by symbols", async (t) => {
  const n = 20_000;
  const items = tasks(n, (at) =>
    step(`t${String(at)}`, at === 0 ? "" : `s${String(at >> 1)}`, `s${String(at)}`),
  );
  const { blueprint } = compile(graph("f", ...items.reverse()));
  t.equal(countSources(blueprint), n - 1);
});

t.test("thousands without an order that give and take the same symbol", async (t) => {
  const n = 10_000;
  const items = tasks(n, (at) => step(`t${String(at)}`, "x", "x"));
  const { blueprint } = compile(linear("f", step("a", "", "x"), unordered("g", ...items)));
  t.equal(countSources(blueprint), n, "each from what is before all of them");
  t.ok(blueprint.atoms.slice(1).every(({ inputs }) => inputs[0]?.from[0] === 0));
});

t.test("a graph by hand whose first item gives to all", async (t) => {
  const n = 20_000;
  const items = tasks(n, (at) => step(`t${String(at)}`, at === 0 ? "" : "x", at === 0 ? "x" : ""));
  const links = items.slice(1).map((item, at) => link(items[at], item));
  const { blueprint } = compile(graph("f", { autoLink: false, links }, ...items));
  t.equal(countSources(blueprint), n - 1);
});

t.test("thousands through one that gives nothing", async (t) => {
  const n = 5_000;
  const before = tasks(n, (at) => step(`a${String(at)}`, "", `s${String(at)}`));
  const after = tasks(n, (at) => step(`b${String(at)}`, `s${String(at)}`));
  const links = [...before.map((item) => link(item, "m")), ...after.map((item) => link("m", item))];
  const { blueprint } = compile(
    graph("f", { autoLink: false, links }, ...before, step("m"), ...after),
  );
  t.equal(countSources(blueprint), n);
});

t.test("hundreds of chains side by side that give the same symbol", async (t) => {
  const [chains, length] = [100, 100];
  const items = tasks(chains * length, (at) => step(`t${String(at)}`, at < chains ? "" : "x", "x"));
  const links = items.slice(chains).map((item, at) => link(items[at], item));
  const { blueprint } = compile(graph("f", { autoLink: false, links }, ...items));
  t.equal(countSources(blueprint), chains * (length - 1));
  const wrong = blueprint.atoms.filter(({ inputs }, at) =>
    inputs.some(({ from }) => from[0] !== at - chains),
  );
  t.equal(wrong.length, 0, "each from its own chain");
});

t.test("a long row behind a decider, whatever its depth", async (t) => {
  for (const depth of ["ALL", "FLOW", "NEIGHBORS", "ATOM"]) {
    const n = 5_000;
    const row = tasks(n, (at) => step(`t${String(at)}`, at === 0 ? "" : "x", "x"));
    const links = [
      link("d", row[0], { decide, depth }),
      ...row.slice(1).map((item, at) => link(row[at], item)),
    ];
    const { blueprint } = compile(graph("f", { autoLink: false, links }, step("d"), ...row));
    t.ok(countSources(blueprint) < 3 * n, depth);
  }
});

t.test("flows nested hundreds deep", async (t) => {
  let flow = linear("f", step("a", "x", "x"));
  for (let at = 0; at < 800; at++) {
    const name = String(at);
    const [before, after] = [step(`b${name}`, "x", "x"), step(`c${name}`, "x")];
    flow = at % 2 === 0 ? linear(`f${name}`, before, flow, after) : graph(`f${name}`, flow);
  }
  const { blueprint } = compile(flow);
  t.equal(blueprint.scopes.length, 801);
  t.equal(countSources(blueprint), blueprint.atoms.length - 1, "all but the very first find one");
});
