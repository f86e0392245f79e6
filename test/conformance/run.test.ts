import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { readArguments } from "./asked.ts";
import { casesFolder } from "./folder.ts";
import type { Case } from "./scenario.ts";
import { readCase } from "./cases.ts";

const program = fileURLToPath(new URL("run.js", import.meta.url));

function run(...given: string[]): { status: number | null; out: string[]; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...given], {
    encoding: "utf8",
  });
  return { status, out: stdout.trimEnd().split("\n"), err: stderr };
}

t.test("cases that hold exit with 0 and end with the counts; skips have a reason", async (t) => {
  for (const engine of ["parallel", "threads"]) {
    t.strictSame(run(casesFolder, "--only", "hand-pr", "--engine", engine), {
      status: 0,
      out: ["skipped 1: only for serial", "1 passed, 0 failed, 1 skipped"],
      err: "",
    });
  }
});

t.test("an engine that can't be had here is said to be so, and exits with 2", async (t) => {
  const env = { ...process.env, NATS_SERVER: "/nowhere" };
  const given = [program, casesFolder, "--only", "hand-pr", "--engine", "workers"];
  const { status, stderr } = spawnSync(process.execPath, given, { encoding: "utf8", env });
  t.equal(status, 2);
  t.match(stderr, 'engine "workers" can\'t be had here: Error: NATS_SERVER=/nowhere');
});

t.test("a case that doesn't hold is told with its difference, and exits with 1", async (t) => {
  const right = readCase(join(casesFolder, "hand-linear-data.json"));
  const [step] = right.expected.steps;
  const wrong: Case = { ...right, expected: { steps: [{ ...step, flowState: "REVERTED" }] } };
  const folder = t.testdir({ "right.json": JSON.stringify(right), "none.json": "{}" });
  writeFileSync(join(folder, "wrong.json"), JSON.stringify(wrong));
  t.strictSame(run(folder, "--journal", "sqlite", "--engine", "parallel", "--seed", "3"), {
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
});

t.test("without a case to run it says what it wants, and exits with 2", async (t) => {
  const { status, out, err } = run(casesFolder, "--only", "zz");
  t.equal(status, 2);
  t.strictSame(out, [""]);
  t.match(err, `no case in ${casesFolder} begins with "zz"`);
  t.match(err, "usage: npm run conformance -- DIR");
});

t.test("what is asked for, and what is not said", async (t) => {
  const plain = { folder: "a", engine: "serial", journal: "memory", only: "", seed: 0 };
  t.strictSame(readArguments(["a"]), plain);
  const given = ["--engine", "parallel", "a", "--journal", "sqlite", "--only", "x", "--seed", "7"];
  t.strictSame(readArguments(given), {
    folder: "a",
    engine: "parallel",
    journal: "sqlite",
    only: "x",
    seed: 7,
  });
});

const refused = [
  [[], "name one folder with cases"],
  [["a", "b"], "name one folder with cases"],
  [
    ["a", "--engine", "green"],
    "--engine is serial or parallel or threads or processes or workers, got green",
  ],
  [["a", "--journal", "paper"], "--journal is memory or sqlite or jetstream, got paper"],
  [["a", "--seed", "x"], "--seed x is no whole number"],
  [["a", "--what"], /Unknown option '--what'/],
] as const;

for (const [given, message] of refused) {
  t.test(`refused: ${String(message)}`, async (t) => {
    t.throws(() => readArguments(given), { message });
  });
}
