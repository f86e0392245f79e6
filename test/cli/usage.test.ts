// What the command line says to those who hold it wrong, and to those who ask for help.
import { existsSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { document, flows, fourstroke, library } from "./fourstroke.ts";

// Dozens of processes take their time on a busy machine.
t.setTimeout(180_000);

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
    return [code, code === 0 ? json.name : json.error.message];
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
  t.match(message, /^can't load broken\.mjs: Unexpected token '=' \(broken\.mjs:1\)$/);
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
    [[], /^Usage: fourstroke \[options\] \[command\]/],
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

const verbs = (
  "run resume ls show conductor node nodes post jobs wait cancel suspend kill trash restore why " +
  "doctor graph plan check history " +
  "tree report export import purge completion " +
  "inspect logs skip complete fail retry park fork"
).split(" ");

t.test("help says what each verb does, with examples and the exit codes", async (t) => {
  const cwd = t.testdir();
  const [whole, version, ...helped] = await Promise.all(
    [["--help"], ["--version"], ...verbs.map((verb) => [verb, "--help"])].map((args) =>
      fourstroke(cwd, args),
    ),
  );
  t.match(whole?.stdout, /Exit codes:\n {4}0 {2}the flow ended SUCCESS/);
  t.match(version?.stdout, /^\d+\.\d+\.\d+\n$/);
  for (const { code, stdout } of helped) {
    t.equal(code, 0);
    t.match(stdout, /Examples:\n {2}\$ fourstroke/);
  }
});
