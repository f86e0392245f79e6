// What is missing before a run, and in which words.
import t from "tap";
import { compile } from "../../lib/compile/compile.ts";
import { validate } from "../../lib/compile/validate.ts";
import { FlowError, type MissingInput } from "../../lib/errors.ts";
import type { Item } from "../../lib/types.ts";
import { linear, parameterizedForEach, step, task, unordered } from "./declare.ts";

function refusal(item: Item, store: Iterable<string> = []): FlowError<"MISSING_DEPENDENCIES"> {
  try {
    validate(compile(item).blueprint, store);
  } catch (error) {
    if (FlowError.is(error, "MISSING_DEPENDENCIES")) return error;
    throw error;
  }
  throw new Error("nothing is missing");
}

const missing = (item: Item, store: Iterable<string> = []): readonly MissingInput[] =>
  refusal(item, store).about.missing;

t.test("the store, a constant or a provider in scope is enough", async (t) => {
  const b = step("b", "x y z", "", { inject: { z: 1 } });
  t.doesNotThrow(() => {
    validate(compile(linear("f", step("a", "", "x"), b)).blueprint, ["y"]);
  });
  t.doesNotThrow(() => {
    validate(compile(step("a", "x")).blueprint, new Set(["x"]));
  }, "also for a bare task");
});

t.test("every missing input is told, in the order of atoms", async (t) => {
  const b = task({
    name: "b",
    requires: ["q"],
    revertRequires: ["undo-key"],
    execute: () => null,
    revert: () => null,
  });
  const flow = linear("f", step("a", "p"), linear("g", b), step("c", "q"));
  t.strictSame(missing(flow), [
    { atom: "a", method: "execute", param: "p", symbol: "p" },
    { atom: "b", method: "execute", param: "q", symbol: "q" },
    { atom: "b", method: "revert", param: "undo-key", symbol: "undo-key" },
    { atom: "c", method: "execute", param: "q", symbol: "q" },
  ]);
  t.equal(
    refusal(flow, ["p", "q"]).message,
    `flow "f" lacks inputs that nothing in scope provides: b.revert requires "undo-key"`,
  );
});

t.test("parameter and symbol are both told where they differ", async (t) => {
  const a = task({ name: "a", requires: ["x"], rebind: { x: "other" }, execute: () => null });
  t.strictSame(missing(a, ["x"]), [{ atom: "a", method: "execute", param: "x", symbol: "other" }]);
  t.equal(
    refusal(a, ["x"]).message,
    `flow "a" lacks inputs that nothing in scope provides: a.execute requires "x" (symbol "other")`,
  );
});

t.test("revert needs what execute needs, unless it says otherwise", async (t) => {
  const both = step("a", "x", "", { revert: () => null });
  t.strictSame(
    missing(both).map(({ method }) => method),
    ["execute", "revert"],
  );
  const own = step("a", "x", "", { revert: () => null, revertRequires: [] });
  t.strictSame(
    missing(own).map(({ method }) => method),
    ["execute"],
  );
});

t.test("optional inputs are never missing", async (t) => {
  t.doesNotThrow(() => {
    validate(compile(step("a", "", "", { optional: ["x"] })).blueprint, []);
  });
});

t.test("what a controller requires is checked", async (t) => {
  const flow = linear("f", { retry: parameterizedForEach({ name: "r" }) }, step("a"));
  t.match(missing(flow), [{ atom: "r", param: "values" }]);
});

t.test("a near name is proposed, from the store and from what atoms provide", async (t) => {
  const flow = linear("f", step("a", "", "volume"), step("b", "volum"), step("c", "adress"));
  t.equal(
    refusal(flow, ["address"]).message,
    'flow "f" lacks inputs that nothing in scope provides: ' +
      'b.execute requires "volum"; did you mean "volume"?; ' +
      'c.execute requires "adress"; did you mean "address"?',
  );
});

t.test("providers that don't come before are named, not a near name", async (t) => {
  const flow = unordered("f", step("a", "", "x1"), step("b", "x1"), step("c", "", "x1 x2"));
  t.strictSame(missing(flow, ["x3"]), [
    { atom: "b", method: "execute", param: "x1", symbol: "x1", elsewhere: ["a", "c"] },
  ]);
  t.equal(
    refusal(flow).message,
    'flow "f" lacks inputs that nothing in scope provides: ' +
      'b.execute requires "x1", which a and c provide without coming before it',
  );
  t.equal(
    refusal(linear("f", step("b", "x"), step("a", "", "x"))).message,
    'flow "f" lacks inputs that nothing in scope provides: ' +
      'b.execute requires "x", which a provides without coming before it',
  );
});

t.test("names of inherited properties are names like others", async (t) => {
  t.match(missing(step("a", "toString constructor")), [
    { symbol: "toString" },
    { symbol: "constructor" },
  ]);
});

t.test("thousands of missing inputs don't compare every name with every other", async (t) => {
  const tasks = Array.from({ length: 5000 }, (_, at) => {
    const name = String(at).padStart(4, "0");
    return step(`t${name}`, `need${name}`, `needs${name}`);
  });
  const all = missing(linear("f", ...tasks));
  t.equal(all.length, 5000);
  const guessed = all.filter(({ nearest }) => nearest !== undefined);
  t.equal(guessed.length, 20, "who has so many gets help with the first");
});
