// Every example runs by itself and prints what its .out.txt says.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import t from "tap";

const sources = resolve(import.meta.dirname, "../../../examples");
const built = resolve(import.meta.dirname, "../../examples");
const run = promisify(execFile);

const names = readdirSync(sources)
  .filter((name) => name.endsWith(".ts"))
  .map((name) => name.slice(0, -".ts".length))
  // Those have tests of their own; main.ts is what the examples share.
  .filter((name) => !["create-server", "cluster", "main"].includes(name));

t.ok(names.length >= 12, `${names.length} examples`);
const readme = readFileSync(join(sources, "README.md"), "utf8");

for (const name of names) {
  t.test(name, async (t) => {
    const { stdout, stderr } = await run(process.execPath, [join(built, `${name}.js`)]);
    t.equal(stdout, readFileSync(join(sources, `${name}.out.txt`), "utf8"));
    t.equal(stderr, "");
    t.match(readme, `[${name}](${name}.ts)`, "the list of examples has it");
  });
}
