// Flows in TypeScript, and files that find no package `fourstroke` of their own.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import t from "tap";
import { document, fourstroke, library } from "./fourstroke.ts";

// A few processes take their time on a busy machine.
t.setTimeout(180_000);

/** A package of its own: without this the folder would be part of this one. */
const project = { "package.json": '{ "type": "module" }' };

// The compiled fixture is JavaScript by now; this is what its author wrote.
const typed = readFileSync(
  resolve(import.meta.dirname, "../../../test/cli/fixtures/typed.ts"),
  "utf8",
).replace("../../../lib/index.ts", "fourstroke");

t.test("a flow in TypeScript runs as it is, with what it imports", async (t) => {
  const cwd = t.testdir({
    ...project,
    "typed.ts": `import { half } from "./half.mts";\n${typed.replace("const half: number = 5;", "")}`,
    "half.mts": "export const half: number = 2.5 as number;",
  });
  const { code, json, stderr } = await document(cwd, ["run", "typed.ts"]);
  t.equal(stderr, "", "no warning of Node's");
  t.equal(code, 0);
  t.strictSame(json.results, { given: { half: 2.5 } });
});

t.test("a mistake in TypeScript is told with its file", async (t) => {
  const cwd = t.testdir({
    ...project,
    "broken.ts": "export const a: = 1;",
  });
  const { code, stderr } = await fourstroke(cwd, ["run", "broken.ts"]);
  t.equal(code, 7);
  t.match(stderr, /^error: can't load broken\.ts: /);
});

t.test("where a file has no package fourstroke, it gets the command line's own", async (t) => {
  const flow = `import { linear, task } from "fourstroke";
    export default linear("f", task({ name: "t", execute: () => 1, provides: "one" }));`;
  const cwd = t.testdir({
    ...project,
    "flow.mjs": flow,
  });
  t.strictSame((await document(cwd, ["run", "flow.mjs"])).json.results, { one: 1 });
});

t.test("where it has one, that is the one it gets", async (t) => {
  const own = `export const ours = "the project's own"; export * from "${library}";`;
  const flow = `import { linear, ours, task } from "fourstroke";
    export default linear("f", task({ name: "t", execute: () => ours, provides: "whose" }));`;
  const cwd = t.testdir({
    ...project,
    "flow.mjs": flow,
    node_modules: {
      fourstroke: {
        "package.json": '{ "name": "fourstroke", "type": "module", "exports": "./index.js" }',
        "index.js": own,
      },
    },
  });
  const { json } = await document(cwd, ["run", "flow.mjs"]);
  t.strictSame(json.results, { whose: "the project's own" });
});
