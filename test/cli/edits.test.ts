// A person's hands on flows, at rest and as jobs, by running the command line.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { document, flows, fourstroke, openGate, ranIn, type Running, start } from "./fourstroke.ts";

// Dozens of processes take their time on a busy machine.
t.setTimeout(180_000);

const jobs = join(import.meta.dirname, "fixtures/jobs.js");

/** The gated flow, suspended before its gate was opened, and its process gone. */
async function killed(cwd: string): Promise<void> {
  const running = start(cwd, ["run", `${flows}#gated`, "--id", "g"]);
  await running.untilRan("held");
  running.signal("SIGKILL");
  await running.ended;
}

async function conduct(t: Test, cwd: string): Promise<Running> {
  const running = start(cwd, ["conductor", jobs, "--lease-ms", "1000"]);
  t.teardown(() => {
    running.signal("SIGKILL");
  });
  await running.until("it is ready", () => running.stdout.includes("ready"));
  return running;
}

t.test("complete: what a process left running is done, and the flow goes on", async (t) => {
  const cwd = t.testdir();
  await killed(cwd);
  const args = ["complete", "g", "held", "--value", '"by hand"', "--by", "ops", "--reason", "why"];
  const done = await fourstroke(cwd, args);
  t.equal(done.stderr, "");
  t.match(done, {
    code: 0,
    stdout: "gated  g: complete held; it is SUSPENDED\n" + "  go on with: fourstroke resume g\n",
  });
  const ran = await fourstroke(cwd, ["resume", "g"]);
  t.match(ran, { code: 0, stdout: /seen = "by hand"/ });
  t.same(ranIn(cwd), ["first", "held", "last"]);
  const history = await fourstroke(cwd, ["history", "g"]);
  t.match(history.stdout, /edited\s+complete .*held value by hand by ops reason why/);
});

t.test("skip and --run; what is refused says why: exit 14", async (t) => {
  const cwd = t.testdir();
  await killed(cwd);
  const refused = await document(cwd, ["skip", "g", "held"]);
  t.match(refused, {
    code: 14,
    json: {
      error: {
        code: "EDIT_REFUSED",
        message: `can't skip "held" of flow "gated": it is RUNNING: only what has not begun can be skipped`,
      },
    },
  });
  t.match(await fourstroke(cwd, ["skip", "g", "lst"]), { code: 14, stderr: /did you mean "last"/ });
  writeFileSync(join(cwd, "value.json"), '{"at": 1}');
  await fourstroke(cwd, ["complete", "g", "held", "--value", "@value.json"]);
  const ran = await fourstroke(cwd, ["skip", "g", "last", "--run"]);
  t.match(ran, { code: 0, stdout: /seen = {"at":1}/ });
  t.same(ranIn(cwd), ["first", "held"]);
});

t.test("a flow that its process still runs is left alone: exit 9", async (t) => {
  const cwd = t.testdir();
  const running = start(cwd, ["run", `${flows}#gated`, "--id", "g"]);
  await running.untilRan("held");
  const refused = await fourstroke(cwd, ["complete", "g", "held"]);
  t.match(refused, { code: 9, stderr: /is being run by process \d+[\s\S]*Ctrl-C/ });
  openGate(cwd);
  t.equal((await running.ended).code, 0);
});

t.test("fail: it is undone as after any failure", async (t) => {
  const cwd = t.testdir();
  await killed(cwd);
  const ran = await fourstroke(cwd, ["fail", "g", "held", "--message", "it hangs", "--run"]);
  t.match(ran, { code: 3, stdout: /FlowError: it hangs \(ENDED_BY_HAND\)/ });
  t.same(ranIn(cwd), ["first", "held", "undo first"]);
  t.match(await fourstroke(cwd, ["fail", "g", "held"]), { code: 2, stderr: /--message/ });
});

t.test("retry: from what failed, or from where it can go", async (t) => {
  const cwd = t.testdir();
  t.equal((await fourstroke(cwd, ["run", `${flows}#failing`, "--id", "f"])).code, 3);
  const refused = await fourstroke(cwd, ["retry", "f"]);
  t.match(refused, { code: 14, stderr: /"first", .* is REVERTED; it could go from "first"/ });
  const set = await document(cwd, ["retry", "f", "--from", "first"]);
  t.match(set, {
    code: 0,
    json: {
      ...{ id: "f", name: "failing", edit: "retryFrom", atoms: ["first"], state: "SUSPENDED" },
      next: "fourstroke resume f",
    },
  });
  t.equal((await fourstroke(cwd, ["resume", "f"])).code, 3, "tried once more");
  t.same(
    ranIn(cwd).filter((line) => line === "breaks"),
    ["breaks", "breaks"],
  );
  t.match(await fourstroke(cwd, ["retry", "f", "--from", "a", "--now", "b"]), { code: 2 });
  t.match(await fourstroke(cwd, ["retry", "f", "--now", "first"]), { code: 14 });
});

t.test("park, and resume --unpark", async (t) => {
  const cwd = t.testdir();
  await killed(cwd);
  const parked = await fourstroke(cwd, ["park", "g", "--reason", "look first", "--by", "ops"]);
  t.match(parked, { code: 0, stdout: /it is PARKED\n {2}go on with: .*resume g --unpark\n$/ });
  t.match(await fourstroke(cwd, ["resume", "g"]), { code: 6, stdout: /look first \(ops\)/ });
  openGate(cwd);
  t.equal((await fourstroke(cwd, ["resume", "g", "--unpark"])).code, 0);
});

t.test("fork: what was done before an atom is not done again", async (t) => {
  const cwd = t.testdir();
  openGate(cwd);
  t.equal((await fourstroke(cwd, ["run", `${flows}#gated`, "--id", "g"])).code, 0);
  const forked = await fourstroke(cwd, ["fork", "g", "--from", "last", "--id", "g2"]);
  t.match(forked, { code: 0, stdout: "g2\n", stderr: "  go on with: fourstroke resume g2\n" });
  const ran = await fourstroke(cwd, ["resume", "g2"]);
  t.match(ran, { code: 0, stdout: /seen = "the gate"/ });
  t.same(ranIn(cwd), ["first", "held", "last", "last"]);
  t.match(await fourstroke(cwd, ["fork", "g", "--from", "last", "--id", "g2"]), { code: 2 });
  t.match(await fourstroke(cwd, ["fork", "g", "--from", "nothing"]), { code: 14 });
  const whole = await fourstroke(cwd, ["fork", "g", "--from", "first", "--run"]);
  t.match(whole, { code: 0 });
  t.equal(ranIn(cwd).length, 7);
});

t.test("jobs: their owner makes the edits; a fork of a job is a job", async (t) => {
  const cwd = t.testdir();
  const conductor = await conduct(t, cwd);
  await fourstroke(cwd, ["post", "gated", "--id", "g"]);
  await conductor.untilRan("held");
  const refused = await fourstroke(cwd, ["skip", "g", "held"]);
  t.match(refused, { code: 14, stderr: /it is RUNNING/ });
  const left = await fourstroke(cwd, ["complete", "g", "held", "--value", "3"]);
  t.match(left, { code: 0, stdout: "g: made by its owner\n" });
  t.match(await fourstroke(cwd, ["wait", "g"]), { code: 0, stdout: /seen = 3/ });
  const again = await document(cwd, ["retry", "g", "--from", "last"]);
  t.match(again, { code: 0, json: { id: "g", commands: [], refusals: [] } });
  t.match(await fourstroke(cwd, ["wait", "g"]), { code: 0 });
  t.same(ranIn(cwd), ["first", "held", "last", "last"]);
  const forked = await fourstroke(cwd, ["fork", "g", "--from", "last", "--id", "g2"]);
  t.match(forked, { code: 0, stdout: "g2\n" });
  t.match(await fourstroke(cwd, ["wait", "g2"]), { code: 0, stdout: /seen = 3/ });
  t.equal(ranIn(cwd).length, 5);
});
