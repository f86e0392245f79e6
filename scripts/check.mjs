/**
 * Runs everything that must hold before a change lands: one line for each check, and all output of one that fails.
 *
 * Ends with `N passed, N failed, N skipped`: the assertions that tap counted, and one more failed for each other
 * check that failed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const rawTap = join(root, ".tap", "run.tap");

// First what installs and compiles: the others read what it makes.
const prepared = check("types", process.execPath, ["scripts/prepare.mjs", "--tests"]);
const failures = prepared
  ? ["format", "cycles", "lint", "unused", "api", "package"].filter(
      (name) => !npm(name, `check:${name}`),
    )
  : ["types"];
const tests = prepared ? await runTests() : { passed: 0, failed: 0, skipped: 0 };

for (const name of failures) console.log(`failed: ${name}`);
const failed = tests.failed + failures.length;
console.log(`${tests.passed} passed, ${failed} failed, ${tests.skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

function npm(name, script, ...args) {
  const runner = process.env.npm_execpath; // set when npm runs this, and good on every platform
  const command = ["run", "--silent", script, ...(args.length > 0 ? ["--", ...args] : [])];
  return runner === undefined
    ? check(name, "npm", command)
    : check(name, process.execPath, [runner, ...command]);
}

function check(name, command, args) {
  const startedAt = Date.now();
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  console.log(`${status === 0 ? "ok    " : "NOT OK"}  ${name}  ${seconds} s`);
  if (status !== 0) console.log(`${stdout}${stderr}${error?.message ?? ""}`);
  return status === 0;
}

/** Counts from the raw TAP, each assertion once however deep; a run that failed has at least one failure. */
async function runTests() {
  mkdirSync(dirname(rawTap), { recursive: true });
  rmSync(rawTap, { force: true });
  const ok = npm("tests", "test", `--output-file=${rawTap}`);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  if (existsSync(rawTap)) {
    const { Parser } = await import("tap-parser"); // not there before the packages are installed
    const parser = new Parser({ flat: true });
    parser.on("assert", ({ ok, skip, todo }) => {
      counts[skip || todo ? "skipped" : ok ? "passed" : "failed"]++;
    });
    parser.end(readFileSync(rawTap, "utf8"));
  }
  if (!ok) counts.failed = Math.max(counts.failed, 1); // a crash, a time-out or too little coverage
  if (counts.passed === 0) counts.failed = Math.max(counts.failed, 1); // nothing ran
  return counts;
}
