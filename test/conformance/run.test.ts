import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { casesFolder } from "./folder.ts";
import type { Case } from "./scenario.ts";
import { readCase } from "./suite.ts";

const program = fileURLToPath(new URL("run.js", import.meta.url));

function run(...given: string[]): { status: number | null; out: string[]; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...given], {
    encoding: "utf8",
  });
  return { status, out: stdout.trimEnd().split("\n"), err: stderr };
}

t.test("cases that hold exit with 0 and end with the counts", async (t) => {
  t.strictSame(run(casesFolder, "--only", "hand-crash-r"), {
    status: 0,
    out: ["2 passed, 0 failed, 0 skipped"],
    err: "",
  });
});

t.test("skipped cases are told with the reason", async (t) => {
  const { status, out } = run(casesFolder, "--only", "hand-priority", "--engine", "parallel");
  t.equal(status, 0);
  t.strictSame(out, ["skipped 1: only for serial", "0 passed, 0 failed, 1 skipped"]);
});

t.test("a case that doesn't hold is told with its difference, and exits with 1", async (t) => {
  const right = readCase(join(casesFolder, "hand-linear-data.json"));
  const [step] = right.expected.steps;
  const wrong: Case = { ...right, expected: { steps: [{ ...step, flowState: "REVERTED" }] } };
  const folder = t.testdir({ "right.json": JSON.stringify(right), "none.json": "{}" });
  writeFileSync(join(folder, "wrong.json"), JSON.stringify(wrong));
  for (const journal of ["memory", "sqlite"]) {
    t.strictSame(run(folder, "--journal", journal, "--engine", "parallel", "--seed", "3"), {
      status: 1,
      out: [
        "FAILED none",
        `  ${folder}/none.json is no conformance case of format 1`,
        "FAILED wrong",
        '  /0/flowState: expected "REVERTED", got "SUCCESS"',
        "1 passed, 2 failed, 0 skipped",
      ],
      err: "",
    });
  }
});

const refused = [
  [[], "name one folder with cases"],
  [[casesFolder, casesFolder], "name one folder with cases"],
  [[casesFolder, "--engine", "green"], "--engine is serial or parallel, got green"],
  [[casesFolder, "--journal", "paper"], "--journal is memory or sqlite, got paper"],
  [[casesFolder, "--seed", "x"], "--seed x is no whole number"],
  [[casesFolder, "--only", "zz"], `no case in ${casesFolder} begins with "zz"`],
  [["/nowhere"], "ENOENT: no such file or directory, scandir '/nowhere'"],
  [[casesFolder, "--what"], "Unknown option '--what'"],
] as const;

for (const [given, message] of refused) {
  t.test(`refused: ${message}`, async (t) => {
    const { status, out, err } = run(...given);
    t.equal(status, 2);
    t.strictSame(out, [""]);
    t.ok(err.startsWith(message), err);
    t.match(err, "usage: npm run conformance -- DIR");
  });
}
