/**
 * Runs everything that must hold before a change lands: one line for each check, and all output of
 * one that fails.
 *
 * Ends with `N passed, N failed, N skipped`: the assertions that tap counted, and one more failed
 * for each other check that failed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const totals = join(root, ".tap", "totals.json"); // scripts/reporter.mjs writes it

const names = ["types", "format", "cycles", "lint", "unused", "api", "package"];

// First what installs and compiles: the others read what it makes.
const prepared = check("build", process.execPath, ["scripts/prepare.mjs", "--tests"]);
const failures = prepared ? names.filter((name) => !npm(name, `check:${name}`)) : ["build"];
const tests = prepared ? runTests() : { passed: 0, failed: 0, skipped: 0 };

for (const name of failures) console.log(`failed: ${name}`);
const failed = tests.failed + failures.length;
console.log(`${tests.passed} passed, ${failed} failed, ${tests.skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

function npm(name, script) {
  const runner = process.env.npm_execpath; // set when npm runs this, and good on every platform
  const command = ["run", "--silent", script];
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

/**
 * What the reporter counted; a run that failed has at least one failure, and so has one without a
 * test.
 */
function runTests() {
  rmSync(totals, { force: true });
  const ok = npm("tests", "test");
  const counts = existsSync(totals)
    ? JSON.parse(readFileSync(totals, "utf8"))
    : { passed: 0, failed: 0, skipped: 0 };
  if (!ok || counts.passed === 0) counts.failed = Math.max(counts.failed, 1);
  return counts;
}
