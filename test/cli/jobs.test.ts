// Jobs on the board of a folder: posted, claimed, commanded and awaited by processes of their own.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { sqliteJobboard } from "../../lib/jobboard/sqlite.ts";
import { until } from "../nats/server.ts";
import { document, fourstroke, openGate, ranIn, type Running, start } from "./fourstroke.ts";

// Dozens of processes take their time on a busy machine.
t.setTimeout(180_000);

const file = join(import.meta.dirname, "fixtures/jobs.js");
const ab = ["--store", '{"a": 1, "b": 2}'];

/** A conductor in the folder, once it is ready. */
async function conduct(t: Test, cwd: string, ...more: readonly string[]): Promise<Running> {
  const running = start(cwd, ["conductor", file, "--lease-ms", "1000", ...more]);
  t.teardown(() => {
    running.signal("SIGKILL");
  });
  await running.until("it is ready", () => running.stdout.includes("ready"));
  return running;
}

t.test("what is posted is run by a conductor, and waited for", async (t) => {
  const cwd = t.testdir();
  const posted = await fourstroke(cwd, ["post", "sums", "--id", "s", "--priority", "LOW", ...ab]);
  t.match(posted, { code: 0, stdout: "s\n" });
  const { code, stdout } = await fourstroke(cwd, ["post", `${file}#failing`, "--id", "f"]);
  t.match({ code, stdout }, { code: 0, stdout: "f\n" });
  t.match((await fourstroke(cwd, ["post", "sums", ...ab])).stdout, /^[0-9a-f-]{36}\n$/);
  const listed = await document(cwd, ["jobs"]);
  t.match(listed.json, {
    jobs: [
      { id: "f", state: "UNCLAIMED", priority: "NORMAL", blueprint: /^[0-9a-f]{64}$/ },
      { flow: "sums", blueprint: null },
      { id: "s", flow: "sums", priority: "LOW", owner: null, held: false },
    ],
  });

  const conductor = await conduct(t, cwd);
  t.match(
    conductor.stdout,
    /^ready {2}\S+ {2}as conductor, serial, 4 flows: failing, gated, patient, sums {2}/,
  );
  const waited = await fourstroke(cwd, ["wait", "s"]);
  t.match(waited, { code: 0, stdout: "✔ sums  SUCCESS  s\n  sum = 3\n" });
  const failed = await document(cwd, ["wait", "f"]);
  t.equal(failed.code, 3, "as the flow itself ends");
  t.match(failed.json, {
    id: "f",
    state: "REVERTED",
    failures: { breaks: { message: "no capacity" } },
    job: { state: "COMPLETE", end: { state: "REVERTED" } },
  });
  t.match((await fourstroke(cwd, ["jobs"])).stdout, "no jobs");
  t.match(
    (await fourstroke(cwd, ["jobs", "--state", "complete", "--flow", "failing"])).stdout,
    / REVERTED /,
  );
  conductor.signal("SIGTERM");
  const ended = await conductor.ended;
  t.equal(ended.code, 0);
  t.match(ended.stdout, /\nclaimed {2}failing {2}f\n/);
  t.match(ended.stdout, /\nREVERTED {2}failing {2}f {2}no capacity\n/);
  t.match(ended.stdout, "ended  3 jobs done, 0 given back\n");
});

t.test("a job is handed over, taken from the dead, and never run twice at once", async (t) => {
  const cwd = t.testdir();
  const one = await conduct(t, cwd, "--name", "one");
  await fourstroke(cwd, ["post", "gated", "--id", "g"]);
  await one.untilRan("held");
  const late = await fourstroke(cwd, ["wait", "g", "--timeout-ms", "1"]);
  t.match(late, { code: 12, stderr: /job "g" has not ended within 1 ms: it is CLAIMED/ });
  const two = await conduct(t, cwd, "--name", "two");
  one.signal("SIGKILL");
  await two.until("it has it", () => two.stdout.includes("claimed  gated"));
  t.match(two.stdout, /claimed {2}gated {2}g {2}from one\.\S+, who is dead\n/);
  await two.untilRan("held", 2);
  const three = await conduct(t, cwd, "--name", "three", "--json");
  two.signal("SIGTERM");
  await two.until("it says so", () => two.stdout.includes("draining  1 flow to hand over"));
  openGate(cwd);
  t.match(await two.ended, { code: 0, stdout: /ended {2}0 jobs done, 1 given back\n$/ });
  t.match(await fourstroke(cwd, ["wait", "g"]), { code: 0, stdout: /seen = "the gate"/ });
  t.strictSame(ranIn(cwd), ["first", "held", "held", "last"]);
  three.signal("SIGINT");
  const events = (await three.ended).stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
  t.match(events, [
    { event: "ready", name: "three", roles: ["conductor"], engine: "serial" },
    { event: "claimed", id: "g", flow: "gated", from: null },
    { event: "consumed", id: "g", state: "SUCCESS", problem: null },
    { event: "draining", running: 0 },
    { event: "ended", left: 0 },
  ]);
});

t.test("a second signal stops a conductor at once", async (t) => {
  const cwd = t.testdir();
  const conductor = await conduct(t, cwd);
  await fourstroke(cwd, ["post", "gated", "--id", "g"]);
  await conductor.untilRan("held");
  conductor.signal("SIGINT");
  await conductor.until("it says so", () => conductor.stdout.includes("draining"));
  conductor.signal("SIGINT");
  t.match(await conductor.ended, { code: 130, stderr: "error: stopped at once\n" });
});

t.test("a job hears suspend, resume, cancel and kill", async (t) => {
  const cwd = t.testdir();
  for (const id of ["c", "k"]) await fourstroke(cwd, ["post", "gated", "--id", id]);
  const early = await fourstroke(cwd, ["suspend", "c"]);
  t.match(early, { code: 0, stdout: "c: suspend, its next owner hears of it first\n" });
  const conductor = await conduct(t, cwd);
  t.match(await fourstroke(cwd, ["wait", "c"]), { code: 5, stderr: "" });
  await conductor.untilRan("held"); // k's
  const killed = await fourstroke(cwd, ["kill", "k", "--reason", "no use"]);
  t.equal(killed.stdout, "k: kill, its owner has recorded it\n");
  t.match(await fourstroke(cwd, ["wait", "k"]), { code: 4, stdout: /FAILURE[^]*no use/ });
  t.match(await fourstroke(cwd, ["resume", "c"]), { stdout: /^c: resume, / });
  await conductor.untilRan("held", 2);
  t.equal((await fourstroke(cwd, ["cancel", "c"])).code, 0);
  t.equal((await fourstroke(cwd, ["wait", "c"])).code, 3);
  t.strictSame(ranIn(cwd).slice(-2), ["held", "undo first"]);
  const over = await document(cwd, ["cancel", "c"]);
  t.match(over, { code: 14, json: { error: { code: "INVALID_STATE" } } });
});

t.test("who gave a command that comes too late is told so", async (t) => {
  const cwd = t.testdir({ ".fourstroke": {} });
  await using board = sqliteJobboard({ dir: join(cwd, ".fourstroke") });
  await board.post({ id: "j", flow: "f" });
  await board.claim("j", "c");
  const asked = document(cwd, ["cancel", "j"]);
  await until("it is left", async () => (await board.get("j"))?.commands.length === 1);
  await board.consume("j", "c", { state: "SUCCESS" });
  const message = 'can\'t cancel job "j": the flow had ended before: SUCCESS';
  t.match(await asked, { code: 14, json: { error: { code: "COMMAND_REFUSED", message } } });
});

t.test("jobs go to the trash, and back", async (t) => {
  const cwd = t.testdir();
  await fourstroke(cwd, ["post", "sums", "--id", "bad"]);
  await fourstroke(cwd, ["post", "gated", "--id", "h"]);
  await fourstroke(cwd, ["suspend", "h"]);
  await fourstroke(cwd, ["post", "gated", "--id", "g"]);
  const conductor = await conduct(t, cwd);
  t.match(await fourstroke(cwd, ["wait", "bad"]), {
    code: 13,
    stdout: /TRASHED[^]*add\.execute requires "a"/,
  });
  await conductor.untilRan("held");
  t.match(await fourstroke(cwd, ["trash", "g"]), {
    code: 9,
    stderr: /owns it\n.*fourstroke suspend g/,
  });
  t.equal((await fourstroke(cwd, ["wait", "h"])).code, 5, "it is held");
  t.match(await document(cwd, ["trash", "h", "--reason", "no zone"]), {
    code: 0,
    json: { state: "TRASHED", reason: "no zone", owner: null } as object,
  });
  t.equal((await fourstroke(cwd, ["trash", "h"])).code, 14, "it is there already");
  t.match(await fourstroke(cwd, ["restore", "h"]), {
    code: 0,
    stdout: "h: back, and held until it is told to resume\n",
  });
  t.equal((await fourstroke(cwd, ["restore", "h"])).code, 14);
  await fourstroke(cwd, ["post", "unknown", "--id", "u"]);
  t.match(await fourstroke(cwd, ["trash", "u"]), { code: 0, stdout: "u: in the trash\n" });
});

t.test("resume --all leaves jobs to conductors", async (t) => {
  const cwd = t.testdir();
  const conductor = await conduct(t, cwd);
  await fourstroke(cwd, ["post", "gated", "--id", "g"]);
  await conductor.untilRan("held");
  t.match(await fourstroke(cwd, ["resume", "--all"]), { code: 0, stdout: "nothing to resume\n" });
  openGate(cwd);
  t.equal((await fourstroke(cwd, ["wait", "g"])).code, 0);
});

t.test("what can't be posted, run or found is told in one line", async (t) => {
  const cwd = t.testdir({ ".fourstroke": {}, "none.mjs": "export const count = 1;" });
  const cases = [
    [
      ["post", `${file}#sums`, "--store", '{"aa": 1, "b": 2}'],
      7,
      /requires "a"; did you mean "aa"/,
    ],
    [["post", "sums", "--file", file], 7, /lacks inputs/],
    [["post", "smus", "--file", file, ...ab], 2, /no flow in .* "smus"; did you mean "sums"/],
    [["post", "sums", "--store", "{"], 2, /--store is no JSON/],
    [["post", "sums", "--details", "[]"], 2, /--details must be a JSON object, from names/],
    [["post", "sums", "--priority", "URGENT"], 2, /Allowed choices are VERY_HIGH, HIGH/],
    [["jobs", "--state", "DONE"], 2, /"DONE" is none of UNCLAIMED, CLAIMED/],
    [["jobs", "--dir", "no"], 8, /there is no folder no/],
    [["wait", "x"], 2, /no job "x"/],
    [["cancel", "x"], 2, /no job "x"/],
    [["trash", "x"], 2, /no job "x"/],
    [["restore", "x"], 2, /no job "x"/],
    [["conductor", "none.mjs"], 2, /none\.mjs: no flow is exported/],
    [["conductor", "missing.mjs"], 2, /no file "missing\.mjs"/],
    [["conductor", file, "--engine", "workers"], 2, /--engine workers needs --nats URL/],
    [["conductor", file, "--lease-ms", "9"], 2, /a whole number from 400/],
    [["jobs", "--nats", "nats://127.0.0.1:9"], 11, /no server at 127\.0\.0\.1:9/],
  ] as const;
  const ended = await Promise.all(cases.map(([args]) => fourstroke(cwd, args)));
  for (const [at, [args, code, message]] of cases.entries()) {
    t.equal(ended[at]?.code, code, args.join(" "));
    t.match(ended[at]?.stderr, message);
  }
});

t.test("why, nodes and doctor tell of a folder", async (t) => {
  const cwd = t.testdir();
  await fourstroke(cwd, ["post", "patient", "--id", "p"]);
  t.match(await fourstroke(cwd, ["why", "p"]), {
    code: 0,
    stdout: 'p: no conductor has the flow "patient": none is there\n',
  });
  t.match((await fourstroke(cwd, ["nodes"])).stdout, "nobody is there");
  const conductor = await conduct(t, cwd);
  await conductor.untilRan("flaky");
  const { json } = await document(cwd, ["why", "p"]);
  t.match(json, {
    code: "BACKOFF",
    sentence: /"patient_retry" waits until .* before the next attempt/,
    states: { job: "CLAIMED", flow: "RUNNING" },
  });
  const { stdout } = await fourstroke(cwd, ["nodes"]);
  t.match(stdout, / conductor {2}up +1\/100 flows {2}failing, gated, patient, sums\n/);
  t.match(await fourstroke(cwd, ["why", "q"]), {
    code: 2,
    stderr: /no job "q"; did you mean "p"\?|no job "q"/,
  });
  const well = await fourstroke(cwd, ["doctor"]);
  t.equal(well.code, 0);
  t.match(well.stdout, /durability: with --durability disk, .* survives a power cut/);
  t.match(well.stdout, /journal\.db: flows' records, .*no fault in it/);
  conductor.signal("SIGKILL");
  await conductor.ended;
  t.match((await fourstroke(cwd, ["why", "p"])).stdout, /has not renewed its lease of 1\.0 s for /);
  // Its log would mend it.
  for (const end of ["-wal", "-shm"]) rmSync(join(cwd, ".fourstroke", `journal.db${end}`));
  writeFileSync(join(cwd, ".fourstroke", "journal.db"), "no database, whatever it was before");
  const ill = await document(cwd, ["doctor"]);
  t.equal(ill.code, 8);
  t.match(ill.json, { healthy: false });
});
