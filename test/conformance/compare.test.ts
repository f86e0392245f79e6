/**
 * The comparison must find everything that a case claims and that was not seen. The observations
 * are made by hand; `planted.test.ts` plants wrong ones into real runs.
 */
import t from "tap";
import { differences, deepDifferences, missing } from "./compare.ts";
import type { AtomEvent, Case, Expected, Observed } from "./scenario.ts";

const events: readonly AtomEvent[] = [
  ["A", "RUNNING"],
  ["A", "SUCCESS"],
  ["A", "PENDING"],
  ["B", "RUNNING"],
];

const seen: Observed = {
  outcome: { kind: "ok" },
  flowState: "SUCCESS",
  flowTransitions: ["RUNNING", "SUCCESS"],
  atoms: { A: { state: "SUCCESS", result: { x: 1, y: [true] }, executeCalls: 1, revertCalls: 0 } },
  results: { a: 1 },
  events,
};

const caseOf = (...steps: readonly Expected[]): Case => ({
  format: 1,
  scenario: {
    id: "c",
    title: "c",
    flow: { flow: "linear", name: "f", items: [{ task: "A" }, { task: "B" }] },
    steps: steps.map(() => ({ op: "run" })),
  },
  expected: { steps },
});

const paths = (expected: Expected, observed: Observed = seen): string[] =>
  differences(caseOf(expected), [observed]).map(({ path }) => path);

t.test("what was seen as claimed makes no difference", async (t) => {
  const expected: Expected = {
    outcome: { kind: "ok" },
    flowState: "SUCCESS",
    flowTransitions: ["RUNNING", "SUCCESS"],
    atoms: { A: { state: "SUCCESS", result: { x: 1, y: [true] }, executeCalls: 1 } },
    results: { a: 1 },
    atomTransitions: { A: ["RUNNING", "SUCCESS", "PENDING"], B: ["RUNNING"] },
    trace: [
      ["A", "RUNNING"],
      ["A", "SUCCESS"],
      ["B", "RUNNING"],
    ],
    happensBefore: [["A:SUCCESS#1", "B:RUNNING#1"]],
  };
  t.strictSame(paths(expected), []);
});

t.test("what is not claimed may be anything", async (t) => {
  t.strictSame(paths({}), []);
  t.strictSame(paths({ atoms: {}, results: {}, atomTransitions: {}, happensBefore: [] }), []);
});

const wrong: readonly (readonly [Expected, string])[] = [
  [{ outcome: { kind: "crashed" } }, "/0/outcome/kind"],
  [{ outcome: { kind: "ok", failures: [] } }, "/0/outcome/failures"],
  [{ flowState: "REVERTED" }, "/0/flowState"],
  [{ flowTransitions: ["RUNNING"] }, "/0/flowTransitions"],
  [{ flowTransitions: ["SUCCESS", "RUNNING"] }, "/0/flowTransitions/0"],
  [{ atoms: { Z: {} } }, "/0/atoms/Z"],
  [{ atoms: { A: { state: "PENDING" } } }, "/0/atoms/A/state"],
  [{ atoms: { A: { executeCalls: 2 } } }, "/0/atoms/A/executeCalls"],
  [{ atoms: { A: { result: { x: 2 } } } }, "/0/atoms/A/result/x"],
  [{ atoms: { A: { result: { y: [1] } } } }, "/0/atoms/A/result/y/0"],
  [{ atoms: { A: { result: null } } }, "/0/atoms/A/result"],
  [{ atoms: { A: { failure: { error: "Boom" } } } }, "/0/atoms/A/failure"],
  [{ results: { a: "1" } }, "/0/results/a"],
  [{ results: { b: null } }, "/0/results/b"],
  [{ atomTransitions: { B: [] } }, "/0/atomTransitions/B"],
  [{ atomTransitions: { A: ["RUNNING", "SUCCESS"] } }, "/0/atomTransitions/A"],
  [{ atomTransitions: { Z: ["RUNNING"] } }, "/0/atomTransitions/Z"],
  [{ trace: [] }, "/0/trace"],
  [{ happensBefore: [["B:RUNNING#1", "A:RUNNING#1"]] }, "/0/happensBefore"],
  [{ happensBefore: [["A:RUNNING#1", "B:RUNNING#2"]] }, "/0/happensBefore"],
  [{ happensBefore: [["A:RUNNING#2", "B:RUNNING#1"]] }, "/0/happensBefore"],
  [{ happensBefore: [["A:RUNNING#1", "A:RUNNING#1"]] }, "/0/happensBefore"],
];

for (const [expected, path] of wrong) {
  t.test(`${JSON.stringify(expected)} was not seen`, async (t) => {
    t.strictSame(new Set(paths(expected)), new Set([path]));
  });
}

t.test("a trace has no PENDING and no IGNORE, and is compared in order", async (t) => {
  const observed = { ...seen, events: [...events, ["B", "IGNORE"]] as const };
  const trace = [
    ["A", "RUNNING"],
    ["A", "SUCCESS"],
    ["B", "RUNNING"],
  ] as const;
  t.strictSame(paths({ trace }, observed), []);
  t.not(paths({ trace: trace.toReversed() }, observed).length, 0);
});

t.test("failures without a message are compared by class, others with it", async (t) => {
  const failed = (...failures: { error: string; message?: string }[]): Observed => ({
    ...seen,
    outcome: { kind: "failures", failures },
  });
  const claim = (...failures: { error: string; message?: string }[]): Expected => ({
    outcome: { kind: "failures", failures },
  });
  const boom = { error: "Boom", message: "b" };
  t.strictSame(paths(claim({ error: "NotFound" }), failed({ error: "NotFound" })), []);
  t.strictSame(paths(claim({ error: "Boom" }), failed(boom)), []);
  t.strictSame(paths(claim(boom), failed({ error: "Boom" })), ["/0/outcome/failures/0/message"]);
  t.strictSame(paths(claim(boom), failed(boom, boom)), ["/0/outcome/failures"]);
});

t.test("every step is compared, and none may be missing", async (t) => {
  const test = caseOf({ flowState: "SUCCESS" }, { flowState: "PENDING" });
  t.strictSame(
    differences(test, [seen, seen]).map(({ path }) => path),
    ["/1/flowState"],
  );
  t.strictSame(differences(test, [seen]), [{ path: "/steps", expected: 2, observed: 1 }]);
  t.strictSame(
    differences(test, []).map(({ path }) => path),
    ["/steps"],
  );
});

t.test("a difference says what was expected and what was seen", async (t) => {
  t.strictSame(deepDifferences({ a: { b: 1 } }, { a: { b: 2 } }, ""), [
    { path: "/a/b", expected: 1, observed: 2 },
  ]);
  t.strictSame(deepDifferences({ a: null }, { a: undefined }, ""), [
    { path: "/a", expected: null, observed: missing },
  ]);
  t.strictSame(deepDifferences({ toString: 1 }, {}, "")[0]?.observed, missing);
});

t.test("true is not 1", async (t) => {
  t.not(deepDifferences(true, 1, "").length, 0);
  t.not(deepDifferences(0, false, "").length, 0);
});
