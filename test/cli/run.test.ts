// `fourstroke run`, as its users see it.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { document, flows, fourstroke, ranIn } from "./fourstroke.ts";

// Dozens of processes take their time on a busy machine.
t.setTimeout(180_000);

t.test("a flow's run is told in plain lines where there is no terminal", async (t) => {
  const cwd = t.testdir();
  const store = '{"a": 1, "b": 2}';
  const ended = await fourstroke(cwd, ["run", `${flows}#sums`, "--store", store, "--id", "s1"]);
  t.equal(ended.code, 0);
  t.strictSame(ended.stdout.split("\n"), [
    "flow sums  RUNNING  s1",
    "add  RUNNING",
    "add  SUCCESS",
    "double  RUNNING",
    "double  SUCCESS",
    "say  RUNNING",
    "printed by a task",
    "say  SUCCESS",
    "flow sums  SUCCESS  s1",
    "  sum     = 3",
    "  doubled = 6",
    '  said    = {"at":"1970-01-01T00:00:00.000Z","big":"12","pairs":[[1,null]]}',
    "",
  ]);
  t.equal(ended.stderr, 'saying it {"sum":3}\n');
  t.ok(existsSync(join(cwd, ".fourstroke/journal.db")));
});

t.test("--json prints one document, whatever tasks print", async (t) => {
  const cwd = t.testdir({ "in.json": '{"a": 1, "b": 2}' });
  const args = ["run", `${flows}#sums`, "--store", "@in.json", "--id", "s1", "--dir", "elsewhere"];
  const { code, json, stderr } = await document(cwd, args);
  t.equal(code, 0);
  t.strictSame(json, {
    id: "s1",
    name: "sums",
    state: "SUCCESS",
    reason: null,
    results: {
      sum: 3,
      doubled: 6,
      said: { at: "1970-01-01T00:00:00.000Z", big: "12", pairs: [[1, null]] },
      a: 1,
      b: 2,
    },
    failures: {},
  });
  t.match(stderr, "printed by a task");
  t.ok(existsSync(join(cwd, "elsewhere/journal.db")));
});

t.test("a flow that fails is undone: exit 3, with the failure and its causes", async (t) => {
  const cwd = t.testdir();
  const { code, stdout } = await fourstroke(cwd, ["run", `${flows}#failing`]);
  t.equal(code, 3);
  t.match(stdout, "breaks  FAILURE  no capacity in any zone\n");
  t.match(
    stdout,
    "  breaks: Error: no capacity\n      in any zone\n    caused by Error: disk full (ENOSPC)\n",
  );
  t.strictSame(ranIn(cwd), ["first", "breaks", "undo first"]);
  const { json } = await document(cwd, ["run", `${flows}#failing`]);
  t.equal(json.state, "REVERTED");
  t.match(json.failures["breaks"], {
    message: "no capacity\nin any zone",
    cause: { code: "ENOSPC" },
  });
});

t.test("a flow that can't be undone ends FAILURE: exit 4; resume tries it again", async (t) => {
  const cwd = t.testdir();
  const failed = await document(cwd, ["run", `${flows}#stuck`, "--id", "s"]);
  t.equal(failed.code, 4);
  t.equal(failed.json.state, "FAILURE");
  t.equal(failed.json.failures["keeps"]?.message, "can't undo it");
  writeFileSync(join(cwd, "mended"), "");
  const mended = await fourstroke(cwd, ["resume", "s"]);
  t.equal(mended.code, 3);
  t.strictSame(ranIn(cwd), ["keeps", "breaks", "undo keeps"]);
});

t.test("an id that is taken is refused, and nothing runs", async (t) => {
  const cwd = t.testdir();
  await fourstroke(cwd, ["run", `${flows}#bare`, "--id", "b1"]);
  const again = await fourstroke(cwd, [
    "run",
    `${flows}#bare`,
    "--id",
    "b1",
    "--dir",
    ".fourstroke",
  ]);
  t.equal(again.code, 2);
  t.equal(again.stderr, 'error: flow "b1" exists already\n  go on with it: fourstroke resume b1\n');
  t.strictSame(ranIn(cwd), ["bare"]);
});

t.test("a flow that nothing can finish is told, not left in silence", async (t) => {
  const cwd = t.testdir();
  const { code, stderr } = await fourstroke(cwd, ["run", `${flows}#endless`, "--id", "e"]);
  t.equal(code, 1);
  t.equal(
    stderr,
    'error: nothing is left that could finish "never"\n  go on with: fourstroke resume e\n',
  );
});
