// `fourstroke graph`, `plan`, `check` and `history`.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { CheckDocument } from "../../lib/cli/check.ts";
import type { HistoryDocument } from "../../lib/cli/history.ts";
import type { PlanDocument } from "../../lib/cli/plan.ts";
import type { Drawing } from "../../lib/statechart/export/drawing.ts";
import { document, flows, fourstroke, library, ranIn } from "./fourstroke.ts";
import { load, valueAfter } from "../statechart/load.ts";

// Dozens of processes take their time on a busy machine.
t.setTimeout(180_000);

t.test("graph prints a flow's tasks for Mermaid, for Graphviz and as data", async (t) => {
  const cwd = t.testdir();
  const print = async (...args: string[]) => {
    const { code, stdout, stderr } = await fourstroke(cwd, ["graph", `${flows}#sums`, ...args]);
    t.equal(code, 0);
    t.equal(stderr, "");
    return stdout;
  };
  t.strictSame((await print()).trimEnd().split("\n"), [
    "flowchart TD",
    '  subgraph n0 ["sums"]',
    '    subgraph n1 ["both"]',
    '      n3("double")',
    '      n4("say")',
    "    end",
    '    n2("add")',
    "  end",
    "  n2 --> n1",
  ]);
  const dot = await print("--format", "dot");
  t.match(dot, /^digraph "sums" \{\n/);
  t.match(dot, '  "a0" -> "s1" [lhead="cluster_s1"];');
  t.match(await print("--format", "svg"), /^<svg xmlns=.*>double<.*<\/svg>\n$/s);
  const drawing = JSON.parse(await print("--format", "json")) as Drawing;
  t.strictSame(drawing, JSON.parse(await print("--json")), "--json is the same");
  t.strictSame(
    drawing.boxes.map(({ kind, label, parent }) => [kind, label, parent]),
    [
      ["flow", "sums", undefined],
      ["flow", "both", "s0"],
      ["task", "add", "s0"],
      ["task", "double", "s1"],
      ["task", "say", "s1"],
    ],
  );
  t.strictSame(drawing.arrows, [{ from: "a0", to: "s1", isDecided: false }]);
});

t.test("graph prints state charts that XState loads", async (t) => {
  const cwd = t.testdir();
  const { stdout } = await fourstroke(cwd, ["graph", `${flows}#sums`, "--format", "stately"]);
  t.match(stdout, /^createMachine\(\{\n/);
  t.strictSame(valueAfter(load(stdout), ["add.succeeded"]), {
    RUNNING: { both: { double: "RUNNING", say: "RUNNING" } },
  });
  for (const machine of ["task", "retry", "flow"]) {
    const printed = await fourstroke(cwd, ["graph", "--machine", machine, "--format", "stately"]);
    t.equal(load(printed.stdout).id, machine);
    const drawn = await fourstroke(cwd, ["graph", "--machine", machine]);
    t.match(drawn.stdout, /\("RUNNING"\)\n/);
  }
  t.strictSame(ranIn(cwd), [], "nothing was run");
});

t.test("graph says what is missing: exit 2", async (t) => {
  const cwd = t.testdir();
  const none = await fourstroke(cwd, ["graph"]);
  t.equal(none.code, 2);
  t.equal(none.stderr, "error: graph takes a FILE, or --machine task|retry|flow\n");
  const format = await fourstroke(cwd, ["graph", flows, "--format", "png"]);
  t.equal(format.code, 2);
  t.match(format.stderr, /'png' is invalid/);
  const wrong = await fourstroke(cwd, ["graph", `${flows}#twins`]);
  t.equal(wrong.code, 7);
});

t.test("plan tells what would be done and undone, and runs nothing", async (t) => {
  const cwd = t.testdir();
  const print = async (...args: string[]) => {
    const { code, stdout } = await fourstroke(cwd, ["plan", ...args]);
    t.equal(code, 0);
    return stdout.trimEnd().split("\n");
  };
  t.strictSame(await print(`${flows}#gated`, "--fail-at", "held"), [
    "↶ gated  would end REVERTED",
    "  ✔ execute  first",
    "  ✖ execute  held  fails",
    "  ↶ revert   held  nothing to call",
    "  ↶ revert   first",
    "  1 atom would not start: last",
  ]);
  t.strictSame(await print(`${flows}#retried`, "--fail-at", "flaky", "--verdict", "RETRY"), [
    "✔ retried  would end SUCCESS",
    "  ✔ execute  retried_retry",
    "  ✖ execute  flaky  fails",
    "  ↻ ask      retried_retry about flaky: RETRY",
    "  ↶ revert   flaky",
    "  ✔ execute  retried_retry  #2",
    "  ✔ execute  flaky  #2",
  ]);
  t.strictSame(ranIn(cwd), [], "nothing was run");
  const { stdout } = await fourstroke(cwd, ["plan", `${flows}#bare`, "--json"]);
  t.strictSame(JSON.parse(stdout) as PlanDocument, {
    name: "bare",
    failAt: null,
    end: "SUCCESS",
    steps: [{ kind: "execute", atom: "bare", attempt: 1, fails: false, isCalled: true }],
    untouched: [],
  });
});

t.test("plan refuses what a run would refuse, and tasks that aren't there", async (t) => {
  const cwd = t.testdir();
  const hungry = await document(cwd, ["plan", `${flows}#sums`, "--store", '{"a": 1}']);
  t.equal(hungry.code, 7);
  t.equal(hungry.json.error.code, "MISSING_DEPENDENCIES");
  const unknown = await fourstroke(cwd, ["plan", `${flows}#gated`, "--fail-at", "hold"]);
  t.equal(unknown.code, 2);
  t.equal(unknown.stderr, 'error: no atom "hold"; did you mean "held"?\n');
});

t.test("history prints every record, atoms by their names", async (t) => {
  const cwd = t.testdir();
  await fourstroke(cwd, ["run", `${flows}#retried`, "--id", "r"]);
  const { code, stdout } = await fourstroke(cwd, ["history", "r"]);
  t.equal(code, 0);
  const [begun, ...lines] = stdout.trimEnd().split("\n");
  t.match(begun, /^begun \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  t.match(
    lines.find((line) => line.includes("retryDecided")),
    /retried_retry flaky RETRY$/,
  );
  t.match(
    lines.find((line) => line.includes("Error")),
    /executed {6}flaky #1 Error: not yet$/,
  );
  t.match(lines.at(-1), /^· \d+ {2}\+\d+ ms +ended {9}state SUCCESS$/);
  const { stdout: printed } = await fourstroke(cwd, ["history", "r", "--json"]);
  const { id, name, records } = JSON.parse(printed) as HistoryDocument;
  t.strictSame([id, name], ["r", "retried"]);
  t.equal(records.length, lines.length);
  t.strictSame(
    records.map(({ sequence }) => sequence),
    records.map((_, at) => at + 1),
  );
  const [first] = records;
  t.strictSame(first?.["atoms"], ["retried_retry", "flaky"]);
  t.match(records.at(-1), { kind: "ended", state: "SUCCESS", epoch: 1 });
  t.equal((await fourstroke(cwd, ["history", "q"])).code, 2);
});

t.test("check tells which stored flows today's code would break", async (t) => {
  const cwd = t.testdir();
  const file = join(cwd, "flow.mjs");
  const declare = (tasks: string, more = "") =>
    writeFileSync(
      file,
      `import { linear, task } from "${library}";
       const fails = () => { throw new Error("no"); };
       const stuck = { execute: () => 1, revert: fails };
       export default linear("one", ${tasks});
       ${more}`,
    );
  const two = 'task({ name: "a", ...stuck, provides: "x" }), task({ name: "b", execute: fails })';
  const other =
    'export const other = linear("two", task({ name: "o", ...stuck }), task({ name: "p", execute: fails }));';
  declare(two, other);
  for (const args of [
    ["flow.mjs", "--id", "one"],
    ["flow.mjs#other", "--id", "two"],
  ]) {
    t.equal((await fourstroke(cwd, ["run", ...args])).code, 4, "it can be resumed");
  }
  const fits = async (named = "flow.mjs") => {
    const { code, stdout } = await fourstroke(cwd, ["check", named, "--json"]);
    const { flows: checked } = JSON.parse(stdout) as CheckDocument;
    return [code, ...checked.map(({ id, fit, differences }) => [id, fit, ...differences])];
  };
  t.strictSame(await fits(), [0, ["one", "same"], ["two", "same"]]);
  t.strictSame(await fits("flow.mjs#other"), [0, ["two", "same"]]);
  declare(`${two}, task({ name: "c", execute: () => 1 })`, other);
  t.strictSame(await fits(), [0, ["one", "changed", 'added: "c"'], ["two", "same"]]);
  declare(two.replace('name: "a"', 'name: "a", version: 2'));
  t.strictSame(await fits(), [
    7,
    ["one", "broken", '"a" was version 1, now it is 2'],
    ["two", "gone", 'no flow is exported as "other"'],
  ]);
  declare(two.replaceAll('name: "b"', 'name: "a"'), other);
  t.match(await fits(), [7, ["one", "broken", /atoms with the same name: a/], ["two", "same"]]);
  const { code, stdout, stderr } = await fourstroke(cwd, ["check", "flow.mjs"]);
  t.equal(code, 7);
  t.match(stdout, /^one {2}one {2}FAILURE {2}can't go on with this code\n {2}flow "one" can't be/);
  t.equal(stderr, "1 flow of 2 would break\n");
});
