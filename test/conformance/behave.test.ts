import t from "tap";
import { type Call, decider, evaluate, failIf, maps, passed, reductions, World } from "./behave.ts";
import type { Expression, FailSpec, Predicate } from "./scenario.ts";

const call: Call = {
  inputs: { a: 2, b: true, c: null, d: "x", e: [] },
  calls: 3,
  historyLength: 1,
};

const expressions: readonly (readonly [Expression, unknown])[] = [
  [{ const: { deep: [1] } }, { deep: [1] }],
  [{ const: null }, null],
  [{ input: "a" }, 2],
  [{ input: "z" }, null],
  [{ inputs: true }, call.inputs],
  [{ sum: ["a", "b", "c", "z", "e"] }, 3],
  [{ sum: [] }, 0],
  [{ concat: [{ lit: "<" }, "a", "b", "c", "z", "d"] }, "<2truenullnullx"],
  [{ list: [{ const: 1 }, { input: "a" }] }, [1, 2]],
  [{ object: { k: { calls: true } } }, { k: 3 }],
  [{ calls: true }, 3],
  [{ historyLength: true }, 1],
];

for (const [expression, expected] of expressions) {
  t.test(`the value of ${JSON.stringify(expression)}`, async (t) => {
    t.strictSame(evaluate(expression, call), expected);
  });
}

t.test("a call without an expression returns null", async (t) => {
  t.equal(evaluate(undefined, call), null);
});

t.test("a constant is another object for each call", async (t) => {
  const expression = { const: [1] };
  t.not(evaluate(expression, call), evaluate(expression, call));
});

t.test("a revert sees the result or the failure of execute, and who failed", async (t) => {
  const failure = { name: "Boom", message: "no" };
  const failures = { Y: failure, X: failure };
  const view = (revert: NonNullable<Call["revert"]>): unknown =>
    evaluate({ revertView: true }, { ...call, revert });
  t.strictSame(view({ result: 7, failure: undefined, failures }), {
    result: 7,
    failures: ["X", "Y"],
  });
  t.strictSame(view({ result: undefined, failure, failures: {} }), {
    result: { $failed: "no" },
    failures: [],
  });
});

t.test("an expression that is none is refused", async (t) => {
  t.throws(() => evaluate({}, call), { message: "no such expression: {}" });
});

const failing: readonly (readonly [FailSpec | undefined, boolean])[] = [
  [undefined, false],
  [{}, false],
  [{ always: true }, true],
  [{ firstCalls: 2 }, false],
  [{ firstCalls: 3 }, true],
  [{ onCalls: [1, 3] }, true],
  [{ onCalls: [1, 2] }, false],
  [{ inputEquals: { name: "a", value: 2 } }, true],
  [{ inputEquals: { name: "a", value: 3 } }, false],
  [{ inputEquals: { name: "b", value: 1 } }, true],
];

for (const [spec, fails] of failing) {
  t.test(`call 3 ${fails ? "fails" : "goes on"} with ${JSON.stringify(spec)}`, async (t) => {
    const world = new World(() => 0);
    if (fails) t.throws(() => failIf(spec, call, world), { name: "Boom", message: "boom" });
    else t.doesNotThrow(() => failIf(spec, call, world));
    t.equal(world.hasThrown("Boom"), fails);
  });
}

t.test("an error has the class and the message that the scenario says", async (t) => {
  const world = new World(() => 0);
  const spec = { always: true, error: "Stuck", message: "in mud" } as const;
  t.throws(() => failIf(spec, call, world), { name: "Stuck", message: "in mud" });
  t.ok(world.hasThrown("Stuck"));
});

const history = { A: 5, B: { k: [1, 2] }, C: null };
const predicates: readonly (readonly [Predicate, string, boolean])[] = [
  [{ has: "A" }, "B", true],
  [{ has: "Z" }, "A", false],
  [{ always: false }, "A", false],
  [{ eq: 5 }, "A", true],
  [{ eq: null }, "Z", true],
  [{ ne: 5 }, "A", false],
  [{ gt: 4 }, "A", true],
  [{ gt: 5 }, "A", false],
  [{ gt: -1 }, "C", false],
  [{ lt: 6 }, "A", true],
  [{ lt: 6 }, "Z", false],
  [{ in: [1, 5] }, "A", true],
  [{ in: [] }, "A", false],
  [{ truthy: true }, "A", true],
  [{ truthy: false }, "C", true],
  [{ of: "A", eq: 5 }, "C", true],
  [{ path: "k", eq: [1, 2] }, "B", true],
  [{ path: "z", eq: null }, "B", true],
  [{ path: 0, truthy: true }, "A", false],
];

for (const [predicate, source, expected] of predicates) {
  t.test(`${JSON.stringify(predicate)} after ${source} says ${String(expected)}`, async (t) => {
    t.equal(decider(predicate, source)(history), expected);
  });
}

t.test("a decider compares no text with a number, and needs something to do", async (t) => {
  t.throws(() => decider({ gt: 1 }, "A")({ A: "x" }), TypeError);
  t.throws(() => decider({}, "A")({}), { message: "no such predicate: {}" });
});

t.test("inputs come in the order of the parameters; what is absent is left out", async (t) => {
  t.strictSame(Object.keys(passed({ b: 1, a: null }, ["a", "b", "c"])), ["a", "b"]);
  t.throws(() => passed({ a: undefined }, ["a"]), { message: "input a is undefined" });
});

t.test("the functions of map and reduce tasks", async (t) => {
  t.equal(maps["double"]?.(4), 8);
  t.equal(maps["inc"]?.(4), 5);
  t.equal(maps["negate"]?.(4), -4);
  t.equal(reductions["add"]?.(5, 2), 7);
  t.equal(reductions["sub"]?.(5, 2), 3);
  t.equal(reductions["mul"]?.(5, 2), 10);
  t.equal(reductions["max"]?.(5, 2), 5);
  t.equal(reductions["max"]?.(2, 5), 5);
});

t.test("calls are counted by task, over all engines", async (t) => {
  const world = new World(() => 0);
  t.equal(world.count("execute", "A", "f/A/execute/1"), 1);
  t.equal(world.count("execute", "A", "f/A/execute/1"), 2);
  t.equal(world.count("revert", "A", "f/A/revert/1"), 1);
  t.equal(world.calls("execute", "A"), 2);
  t.equal(world.calls("execute", "B"), 0);
  t.strictSame(world.attempts, ["f/A/execute/1", "f/A/execute/1", "f/A/revert/1"]);
});
