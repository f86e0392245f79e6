// Flows whose code is another one when they go on: changed, moved, or never named to the command line.
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { document, fourstroke, library, ranIn } from "./fourstroke.ts";

// Dozens of processes take their time on a busy machine.
t.setTimeout(180_000);

/** A flow in a file: `first`, then one task that fails while there is no file `mended`, then `more`. */
const source = (more: string, extra = ""): string => `
  import { appendFileSync, existsSync } from "node:fs";
  import { linear, task } from "${library}";
  const noted = (name, more = {}) =>
    task({ name, execute: () => appendFileSync("ran.txt", name + "\\n"), ...more });
  export default linear("changing", noted("first", { ${extra} }),
    task({ name: "waits", execute: () => {
      if (!existsSync("mended")) process.kill(process.pid, "SIGKILL");
    } }), ${more});`;

async function killed(cwd: string): Promise<void> {
  writeFileSync(join(cwd, "flow.mjs"), source('noted("old")'));
  await fourstroke(cwd, ["run", "flow.mjs", "--id", "c"]);
  writeFileSync(join(cwd, "mended"), "");
}

t.test(
  "a declaration that has changed is refused with what changed: --migrate goes on",
  async (t) => {
    const cwd = t.testdir();
    await killed(cwd);
    writeFileSync(join(cwd, "flow.mjs"), source('noted("new")', "timeoutMs: 50"));
    const refused = await document(cwd, ["resume", "c"]);
    t.equal(refused.code, 7);
    t.strictSame(refused.json.error, {
      code: "BLUEPRINT_CHANGED",
      message:
        'flow "changing" differs from its journal: added: "new"; removed: "old"; ' +
        'changed: "first" (timeoutMs none, now 50)',
      hint: "--migrate goes on with it as it is now",
      about: {
        flow: "changing",
        differences: [
          'added: "new"',
          'removed: "old"',
          'changed: "first" (timeoutMs none, now 50)',
        ],
      },
    });
    t.equal((await document(cwd, ["show", "c"])).json.epoch, 1, "nothing was recorded");
    t.equal((await fourstroke(cwd, ["resume", "c", "--migrate"])).code, 0);
    t.strictSame(ranIn(cwd), ["first", "new"]);
  },
);

t.test("a change under which records would mean something else is always refused", async (t) => {
  const cwd = t.testdir();
  await killed(cwd);
  writeFileSync(join(cwd, "flow.mjs"), source('noted("old")', "version: 2"));
  for (const args of [[], ["--migrate"]]) {
    const { code, stderr } = await fourstroke(cwd, ["resume", "c", ...args]);
    t.equal(code, 7);
    t.match(stderr, '"first" was version 1, now it is 2');
    t.match(stderr, "go on with the code it was begun with");
  }
  t.strictSame(ranIn(cwd), ["first"]);
});

t.test("code that has moved is found with FILE", async (t) => {
  const cwd = t.testdir();
  await killed(cwd);
  mkdirSync(join(cwd, "moved"));
  renameSync(join(cwd, "flow.mjs"), join(cwd, "moved/flow.mjs"));
  const gone = await fourstroke(cwd, ["resume", "c"]);
  t.equal(gone.code, 2);
  t.match(gone.stderr, /flow\.mjs, where flow "c" was begun, is gone\n {2}say where its code is/);
  t.equal((await fourstroke(cwd, ["resume", "c", "moved/flow.mjs"])).code, 0);
  t.strictSame(ranIn(cwd), ["first", "old"]);
});

t.test("a flow that code began is not guessed at", async (t) => {
  const cwd = t.testdir({
    "begin.mjs": `import { linear, load, sqliteJournal, task } from "${library}";
      const flow = linear("by-code", task({ name: "t", execute: () => 1, provides: "one" }));
      const journal = sqliteJournal({ dir: ".fourstroke" });
      const engine = load(flow, { journal, id: "x" });
      engine.compile();
      await engine.prepare();
      await journal.close();
      export default flow;`,
    "ask.mjs": 'import "./begin.mjs"; export const nothing = 1;',
  });
  await fourstroke(cwd, ["run", "ask.mjs"]); // runs nothing, but begins the flow
  const { code, stderr } = await fourstroke(cwd, ["resume", "x"]);
  t.equal(code, 2);
  t.match(stderr, 'flow "x" wasn\'t begun by the command line');
  rmSync(join(cwd, "begin.mjs"));
  writeFileSync(
    join(cwd, "flow.mjs"),
    `import { linear, task } from "${library}";
     export default linear("by-code", task({ name: "t", execute: () => 1, provides: "one" }));`,
  );
  const other = await document(cwd, ["resume", "x", "flow.mjs"]);
  t.equal(other.code, 0);
  t.strictSame(other.json.results, { one: 1 });
});
