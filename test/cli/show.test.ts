// `fourstroke ls` and `fourstroke show`, and journals that can't be read.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { openDatabase } from "../../lib/journal/sqlite/driver.ts";
import { document, flows, fourstroke } from "./fourstroke.ts";

// Dozens of processes take their time on a busy machine.
t.setTimeout(180_000);

const atomKeys =
  "name kind state intention attempt reverts progress result failure revertResult revertFailure history " +
  "startedAt endedAt durationMs";

t.test("ls lists flows, the newest first, and filters them", async (t) => {
  const cwd = t.testdir();
  for (const name of ["bare", "failing", "retried"]) {
    await fourstroke(cwd, ["run", `${flows}#${name}`, "--id", name]);
  }
  const ids = async (...args: string[]) => {
    const { json } = await document(cwd, ["ls", ...args]);
    return json.flows.map(({ id }) => id);
  };
  t.strictSame(await ids(), ["retried", "failing", "bare"]);
  t.strictSame(await ids("--state", "reverted"), ["failing"]);
  t.strictSame(await ids("--state", "REVERTED,FAILURE", "--state", "success", "--name", "bare"), [
    "bare",
  ]);
  t.strictSame(await ids("--name", "none"), []);
  const { json } = await document(cwd, ["ls", "--limit", "1"]);
  t.strictSame(Object.keys(json.flows[0]!), [
    "id",
    "name",
    "state",
    "createdAt",
    "updatedAt",
    "sequence",
    "epoch",
  ]);
  const { stdout, stderr } = await fourstroke(cwd, ["ls", "--limit", "2"]);
  t.match(stdout, /^ID {7}NAME {5}STATE {5}BEGUN {16}LAST CHANGE\nretried {2}retried {2}SUCCESS/);
  t.equal(stdout.split("\n").length, 4);
  t.equal(stderr, "only the newest 2; --limit N lists more\n");
});

t.test("show tells a flow's tasks, attempts, failures and retries", async (t) => {
  const cwd = t.testdir();
  await fourstroke(cwd, ["run", `${flows}#retried`, "--id", "r"]);
  const { code, stdout } = await fourstroke(cwd, ["show", "r"]);
  t.equal(code, 0);
  const shown = stdout
    .replace(/begun .* later, \d+/, "begun THEN, last change SOON later, N")
    .replace(/\d+ ms|\d\.\d s/g, "SOON");
  t.strictSame(shown.split("\n"), [
    "✔ retried  SUCCESS  r",
    "  begun THEN, last change SOON later, N records, 1 owner",
    `  ${flows}#retried`,
    "  retried",
    "  ├─ ✔ retried_retry  SUCCESS  2 attempts  SOON",
    "  └─ ✔ flaky          SUCCESS  2 attempts  SOON",
    "",
    "attempts of retried_retry",
    "  #1 with 1  flaky: not yet",
    "  #2 with 2",
    "",
    "values",
    "  tries = 2",
    "",
  ]);
  const { json } = await document(cwd, ["show", "r"]);
  t.strictSame(Object.keys(json), [
    ..."id name state reason results failures meta owner createdAt updatedAt sequence epoch atoms".split(
      " ",
    ),
  ]);
  t.strictSame(json.meta, { file: flows, export: "retried", cwd });
  const [controller, flaky] = json.atoms;
  t.strictSame(Object.keys(flaky!), atomKeys.split(" "));
  t.equal(flaky?.attempt, 2);
  t.equal(flaky?.durationMs, flaky!.endedAt! - flaky!.startedAt!);
  t.equal(flaky?.history, null);
  t.strictSame(
    controller?.history?.map(({ value }) => value),
    [1, 2],
  );
  t.equal(controller?.history?.[0]?.failures["flaky"]?.message, "not yet");
});

t.test("show tells what failed and why it could not be undone", async (t) => {
  const cwd = t.testdir();
  await fourstroke(cwd, ["run", `${flows}#stuck`, "--id", "s"]);
  const { stdout } = await fourstroke(cwd, ["show", "s"]);
  t.match(stdout, /├─ ✖ keeps {3}REVERT_FAILURE .* can't undo it\n/);
  t.match(stdout, /└─ ↶ breaks {2}REVERTED .* no capacity in any zone\n/);
  t.match(stdout, "failures\n  breaks: Error: no capacity\n      in any zone\n    caused by");
  t.match(stdout, "  keeps: Error: can't undo it\n");
});

t.test("an unknown id is told with the nearest one: exit 2", async (t) => {
  const cwd = t.testdir();
  await fourstroke(cwd, ["run", `${flows}#bare`, "--id", "server-17"]);
  for (const verb of ["show", "resume"]) {
    const { code, stderr } = await fourstroke(cwd, [verb, "server-71"]);
    t.equal(code, 2);
    t.equal(stderr, 'error: no flow "server-71"; did you mean "server-17"?\n');
  }
});

t.test("a journal that is missing, or is none, is told: exit 8", async (t) => {
  const cwd = t.testdir({ other: { "journal.db": "this is no database, not even a small one" } });
  for (const args of [["ls"], ["show", "x"], ["resume", "x"], ["resume", "--all"]]) {
    const missing = await document(cwd, args);
    t.equal(missing.code, 8);
    t.strictSame(missing.json.error.code, "JOURNAL_UNAVAILABLE");
    t.match(missing.json.error.message, "there is no folder .fourstroke; run a flow first");
    const other = await document(cwd, [...args, "--dir", "other"]);
    t.equal(other.code, 8, args.join(" "));
    t.match(other.json.error.code, /^JOURNAL_/);
  }
});

t.test("a damaged flow is told with its name and sequence; the others can be shown", async (t) => {
  const cwd = t.testdir();
  const store = (value: string): string => JSON.stringify({ a: value, b: "!" });
  for (const id of ["good", "bad"]) {
    await fourstroke(cwd, ["run", `${flows}#sums`, "--id", id, "--store", store(`value of ${id}`)]);
  }
  const path = join(cwd, ".fourstroke/journal.db");
  // Damage in the log itself counts as its end, as after a power cut: into the file with it.
  openDatabase(path).exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const bytes = readFileSync(path);
  const at = bytes.indexOf("value of bad!");
  t.ok(at > 0, "what the first task of the flow returned is in the file");
  bytes.write("V", at);
  writeFileSync(path, bytes);
  const { code, json } = await document(cwd, ["show", "bad"]);
  t.equal(code, 8);
  t.equal(json.error.code, "JOURNAL_DAMAGED");
  t.match(json.error.message, /^journal of flow "bad" is damaged at sequence \d+: /);
  t.equal((await fourstroke(cwd, ["show", "good"])).code, 0);
  t.equal((await fourstroke(cwd, ["ls"])).code, 0);
});
