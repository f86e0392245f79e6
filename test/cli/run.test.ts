// `fourstroke run`, as its users see it.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { document, flows, fourstroke, library, ranIn } from "./fourstroke.ts";

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
  t.match(json.failures.breaks, { message: "no capacity\nin any zone", cause: { code: "ENOSPC" } });
});

t.test("a flow that can't be undone ends FAILURE: exit 4; resume tries it again", async (t) => {
  const cwd = t.testdir();
  const failed = await document(cwd, ["run", `${flows}#stuck`, "--id", "s"]);
  t.equal(failed.code, 4);
  t.equal(failed.json.state, "FAILURE");
  t.equal(failed.json.failures.keeps.message, "can't undo it");
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

t.test("the flow is the named export, the default one, or the only one", async (t) => {
  const item = `import { linear, task } from "${library}";
    const one = (name) => linear(name, task({ name: "t", execute: () => name, provides: "x" }));`;
  const cwd = t.testdir({
    "default.mjs": `${item} export default one("d"); export const other = one("o");`,
    "only.mjs": `${item} export const only = one("only"); export const count = 1;`,
    "several.mjs": `${item} export const first = one("f"); export const second = one("s");`,
    "none.mjs": "export const count = 1;",
    "broken.mjs": "export const = 1;",
    "throws.mjs": 'throw new Error("no settings");',
    "a#b.mjs": `${item} export default one("hash");`,
  });
  const run = async (name: string) => {
    const { code, json } = await document(cwd, ["run", name]);
    return [code, json.name ?? json.error.message];
  };
  t.strictSame(
    await Promise.all(["default.mjs", "default.mjs#other", "only.mjs", "a#b.mjs"].map(run)),
    [
      [0, "d"],
      [0, "o"],
      [0, "only"],
      [0, "hash"],
    ],
  );
  t.strictSame(await run("several.mjs"), [
    2,
    "several.mjs exports several flows; name one: several.mjs#first, several.mjs#second",
  ]);
  t.strictSame(await run("several.mjs#secnd"), [
    2,
    'no export of several.mjs "secnd"; did you mean "second"?',
  ]);
  t.strictSame(await run("only.mjs#count"), [2, "only.mjs#count is no flow or task"]);
  t.strictSame(await run("none.mjs"), [2, "none.mjs exports no flow"]);
  t.strictSame(await run("missing.mjs"), [2, 'no file "missing.mjs"']);
  t.strictSame(await run("throws.mjs"), [7, "can't load throws.mjs: no settings"]);
  const [code, message] = await run("broken.mjs");
  t.equal(code, 7);
  t.match(message, /^can't load broken\.mjs: Unexpected token '=' \(file:.*broken\.mjs:1\)$/);
});

t.test("a flow that can't be compiled or lacks inputs is refused: exit 7", async (t) => {
  const cwd = t.testdir();
  const twins = await fourstroke(cwd, ["run", `${flows}#twins`]);
  t.equal(twins.code, 7);
  t.equal(twins.stderr, 'error: flow "twins" can\'t be compiled: atoms with the same name: same\n');
  const hungry = await document(cwd, ["run", `${flows}#sums`, "--store", '{"a": 1, "bb": 2}']);
  t.equal(hungry.code, 7);
  t.strictSame(hungry.json.error, {
    code: "MISSING_DEPENDENCIES",
    message:
      'flow "sums" lacks inputs that nothing in scope provides: add.execute requires "b"; did you mean "bb"?',
    hint: null,
    about: {
      flow: "sums",
      missing: [{ atom: "add", method: "execute", param: "b", symbol: "b", nearest: "bb" }],
    },
  });
});

t.test("a command line that is wrong is told in one line: exit 2", async (t) => {
  const cwd = t.testdir({ "bad.json": "{" });
  const cases = [
    [[], /^$/],
    [["bogus"], /unknown command 'bogus'/],
    [["rnu", "x"], /unknown command 'rnu'\n {2}\(Did you mean run\?\)/],
    [["run"], /missing required argument 'file'/],
    [["run", "x", "--no-such"], /unknown option '--no-such'/],
    [["run", flows, "--engine", "magic"], /argument 'magic' is invalid.*serial, parallel/],
    [["run", flows, "--concurrency", "0"], /'0' is invalid. expected a whole number of 1 or more/],
    [["run", flows, "--engine", "serial", "--concurrency", "2"], /is for --engine parallel/],
    [["run", flows, "--store", "{"], /--store is no JSON/],
    [["run", flows, "--store", "[1]"], /--store must be a JSON object/],
    [["run", flows, "--store", "@bad.json"], /bad\.json is no JSON/],
    [["run", flows, "--store", "@missing.json"], /can't read missing\.json \(ENOENT\)/],
    [["ls", "--state", "DONE"], /"DONE" is none of PENDING, RUNNING/],
    [["resume"], /resume takes the ID of one flow, or --all/],
  ] as const;
  const ended = await Promise.all(cases.map(([args]) => fourstroke(cwd, args)));
  for (const [at, [args, message]] of cases.entries()) {
    t.equal(ended[at]?.code, 2, args.join(" "));
    t.match(ended[at]?.stderr, message);
  }
  t.notOk(existsSync(join(cwd, ".fourstroke")), "nothing was begun");
  const { json } = await document(cwd, ["run"]);
  t.strictSame(json, {
    error: { code: "USAGE", message: "missing required argument 'file'", hint: null, about: {} },
  });
});

t.test("errors come without stacks unless FOURSTROKE_DEBUG asks for them", async (t) => {
  const cwd = t.testdir({ "throws.mjs": 'throw new Error("no settings");' });
  const plain = await fourstroke(cwd, ["run", "throws.mjs"]);
  t.equal(plain.stderr, "error: can't load throws.mjs: no settings\n");
  const debug = await fourstroke(cwd, ["run", "throws.mjs"], { FOURSTROKE_DEBUG: "1" });
  t.match(debug.stderr, /caused by Error: no settings\n +at file:.*throws\.mjs:1/);
});

t.test("colours are for terminals, and for those who force them", async (t) => {
  const cwd = t.testdir();
  const plain = await fourstroke(cwd, ["run", `${flows}#bare`]);
  t.notMatch(plain.stdout, "\u001b[");
  const forced = await fourstroke(cwd, ["run", `${flows}#bare`], { FORCE_COLOR: "1" });
  t.match(forced.stdout, "\u001b[32mSUCCESS\u001b[39m");
});

t.test("help says what each verb does, with examples and the exit codes", async (t) => {
  const cwd = t.testdir();
  const [whole, version, ...verbs] = await Promise.all(
    [
      ["--help"],
      ["--version"],
      ...["run", "resume", "ls", "show"].map((verb) => [verb, "--help"]),
    ].map((args) => fourstroke(cwd, args)),
  );
  t.match(whole?.stdout, /Exit codes:\n {4}0 {2}the flow ended SUCCESS/);
  t.match(version?.stdout, /^\d+\.\d+\.\d+\n$/);
  for (const { code, stdout } of verbs) {
    t.equal(code, 0);
    t.match(stdout, /Examples:\n {2}\$ fourstroke/);
  }
});
