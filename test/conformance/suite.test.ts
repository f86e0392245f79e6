import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { EngineKind } from "../../actors/options.ts";
import { memoryJournal } from "../../lib/journal/memory.ts";
import { World } from "./behave.ts";
import { listCases, readCase } from "./cases.ts";
import type { Case, TaskSpec } from "./scenario.ts";
import type { Setup } from "./session.ts";
import { observeCase, runCase, skipReason } from "./suite.ts";

const generousMs = 60_000;

function caseOf(task: TaskSpec, expected: Case["expected"]): Case {
  const steps = [{ op: "run" }] as const;
  return { format: 1, scenario: { id: "c", title: "c", flow: task, steps }, expected };
}

function setupOf(journal = memoryJournal(), engine: EngineKind = "serial"): Setup {
  return { engine, id: "c", open: () => journal, world: new World(() => 0) };
}

const A: TaskSpec = { task: "A", do: { result: { const: 1 } } };
const right = { steps: [{ atoms: { A: { result: 1 } }, results: {} }] };

t.test("a case passes that holds, and fails with a difference where it doesn't", async (t) => {
  t.strictSame(await runCase(caseOf(A, right), setupOf()), { kind: "passed" });
  const wrong = { steps: [{ atoms: { A: { result: 2 } } }] };
  t.strictSame(await runCase(caseOf(A, wrong), setupOf()), {
    kind: "failed",
    why: ["/0/atoms/A/result: expected 2, got 1"],
  });
});

t.test("what is thrown and not expected is shown; long diffs are cut", async (t) => {
  const failing = { ...A, do: { fail: { always: true } as const } };
  const atom = { state: "S", intention: "I", progress: 7, executeCalls: 7, revertCalls: 7 };
  const ending = await runCase(
    caseOf(failing, { steps: [{ outcome: { kind: "ok" }, atoms: { A: atom } }] }),
    setupOf(),
  );
  t.equal(ending.kind, "failed");
  const why = ending.kind === "failed" ? ending.why : [];
  t.equal(why[0], '/0/outcome/kind: expected "ok", got "failures"');
  t.equal(why[5], "and 1 more");
  t.match(why[6], /^thrown: (Boom|Error): boom/);
  t.equal(why.length, 7);
});

t.test("a case that hangs is a failure", async (t) => {
  const journal = memoryJournal();
  journal.append = () => new Promise(() => undefined);
  const ending = await runCase(caseOf(A, right), setupOf(journal), 20);
  t.strictSame(ending, { kind: "failed", why: ["step 0 did not end in 20 ms"] });
});

t.test("a case that makes the runner throw is a failure", async (t) => {
  const journal = memoryJournal();
  journal.append = () => {
    throw new Error("no room");
  };
  const ending = await runCase(caseOf(A, right), setupOf(journal));
  t.equal(ending.kind, "failed");
  t.match(ending.kind === "failed" ? ending.why[0] : "", /^step 0 threw Error: no room/);
});

t.test("an engine that shows something else than its journal holds is found", async (t) => {
  const journal = memoryJournal();
  const read = journal.read.bind(journal);
  // It loses the last batch.
  journal.read = async (flow) => (await read(flow)).slice(0, -1);
  const { trouble } = await observeCase(caseOf(A, right), setupOf(journal), generousMs);
  t.match(trouble, /^step 0 threw Error: the engine shows .*"SUCCESS".*, its journal holds /);
});

t.test("nothing is skipped but what differs on purpose", async (t) => {
  const tagged = (...tags: string[]): Case => caseOf(A, { ...right, tags });
  const reason = (test: Case): unknown[] => [
    skipReason(test, "serial"),
    skipReason(test, "parallel"),
  ];
  const none = undefined;
  t.strictSame(reason(caseOf(A, right)), [none, none]);
  t.strictSame(reason(tagged("start-all-ready-rule")), ["start-all-ready-rule", none]);
  t.strictSame(reason(tagged("quirk:missing-names-parameter")), [none, none]);
  t.strictSame(reason(tagged("quirk:new")), [none, none]);
  for (const quirk of [
    "stale-failures",
    "lookup-failure-leaves-RUNNING",
    "rerun-after-revert-failure",
    "reset-of-failed-flow",
  ]) {
    t.strictSame(reason(tagged(`quirk:${quirk}`)), [`quirk:${quirk}`, `quirk:${quirk}`]);
  }
  const { scenario, ...rest } = caseOf(A, right);
  const onlySerial: Case = { ...rest, scenario: { ...scenario, engines: ["serial"] } };
  t.strictSame(reason(onlySerial), [none, "only for serial"]);
  for (const engine of ["threads", "processes", "workers"] as const) {
    t.equal(skipReason(onlySerial, engine), "only for serial", "they are parallel, too");
    t.equal(skipReason(tagged("start-all-ready-rule"), engine), none);
    const onlyParallel: Case = { ...rest, scenario: { ...scenario, engines: ["parallel"] } };
    t.equal(skipReason(onlyParallel, engine), none);
  }
  t.strictSame(await runCase(onlySerial, setupOf(memoryJournal(), "parallel")), {
    kind: "skipped",
    why: "only for serial",
  });
});

t.test(
  "cases are found in folders within the folder, and nothing else is taken for one",
  async (t) => {
    const folder = t.testdir({ "b.json": "{}", "a.json": "[", "readme.md": "" });
    mkdirSync(join(folder, "more"));
    writeFileSync(join(folder, "more", "c.json"), JSON.stringify(caseOf(A, right)));
    const files = listCases(folder);
    t.strictSame(
      files.map(({ name }) => name),
      ["a", "b", "c"],
    );
    const read = files.map(
      ({ path }) =>
        () =>
          readCase(path),
    );
    t.throws(read[0]!, { message: `${folder}/a.json can't be read as JSON` });
    t.throws(read[1]!, { message: `${folder}/b.json is no conformance case of format 1` });
    t.strictSame(read[2]!(), caseOf(A, right));
  },
);
