// Flows that outlive their process, and those that others run.
import { join } from "node:path";
import t from "tap";
import { document, flows, fourstroke, openGate, ranIn, start } from "./fourstroke.ts";

// Dozens of processes take their time on a busy machine.
t.setTimeout(180_000);

/** Starts the gated flow and kills it while it waits at its gate. */
async function killedAtGate(cwd: string, args: readonly string[], times: number): Promise<void> {
  const running = start(cwd, args);
  await running.untilRan("held", times);
  running.signal("SIGKILL");
  await running.ended;
}

t.test("killed with -9, it goes on, and no recorded task runs again", async (t) => {
  const cwd = t.testdir();
  await killedAtGate(cwd, ["run", `${flows}#gated`, "--id", "g"], 1);
  const killed = await document(cwd, ["show", "g"]);
  t.equal(killed.json.state, "RUNNING");
  openGate(cwd);
  const { code, stdout } = await fourstroke(cwd, ["resume", "g"]);
  t.equal(code, 0);
  t.match(stdout, 'flow gated  SUCCESS  g\n  seen = "the gate"\n');
  t.strictSame(ranIn(cwd), ["first", "held", "held", "last"]);
  const again = await fourstroke(cwd, ["resume", "g"]);
  t.equal(again.code, 0);
  t.equal(again.stdout, '✔ gated  SUCCESS  g\n  seen = "the gate"\n', "an ended flow is only told");
  t.equal(ranIn(cwd).length, 4);
});

t.test("a task that takes its process down three times parks the flow: exit 6", async (t) => {
  const cwd = t.testdir();
  await killedAtGate(cwd, ["run", `${flows}#gated`, "--id", "g"], 1);
  await killedAtGate(cwd, ["resume", "g"], 2);
  await killedAtGate(cwd, ["resume", "g"], 3);
  for (const what of ["as it is parked", "when it is parked already"]) {
    const parked = await document(cwd, ["resume", "g"]);
    t.equal(parked.code, 6, what);
    t.equal(parked.json.state, "PARKED", what);
    t.equal(parked.json.reason, '"held" took its host down 3 times', what);
  }
  const told = await fourstroke(cwd, ["resume", "g"]);
  t.match(told.stdout, "  go on with: fourstroke resume g --unpark\n");
  openGate(cwd);
  t.equal((await fourstroke(cwd, ["resume", "g", "--unpark"])).code, 0);
});

t.test("--all goes on with every flow that has not ended", async (t) => {
  const cwd = t.testdir({ inner: {} });
  const inner = join(cwd, "inner");
  await killedAtGate(cwd, ["run", `${flows}#gated`, "--id", "g1"], 1);
  await killedAtGate(inner, ["run", `${flows}#gated`, "--id", "g2", "--dir", "../.fourstroke"], 1);
  await fourstroke(cwd, ["run", `${flows}#bare`, "--id", "done"]);
  openGate(cwd);
  openGate(inner);
  const { code, json } = await document(cwd, ["resume", "--all"]);
  t.equal(code, 0);
  t.strictSame(
    json.flows.map(({ id, state }) => [id, state]),
    [
      ["g1", "SUCCESS"],
      ["g2", "SUCCESS"],
    ],
  );
  t.strictSame(ranIn(inner), ["first", "held", "held", "last"], "each in its own folder");
  const none = await fourstroke(cwd, ["resume", "--all"]);
  t.strictSame([none.code, none.stdout], [0, "nothing to resume\n"]);
});

t.test("a flow that another process runs is left to it, unless it is taken over", async (t) => {
  const cwd = t.testdir();
  const owner = start(cwd, ["run", `${flows}#gated`, "--id", "g"]);
  await owner.untilRan("held");
  const refused = await fourstroke(cwd, ["resume", "g"]);
  t.equal(refused.code, 9);
  t.equal(
    refused.stderr,
    `error: flow "g" is being run by process ${owner.child.pid}\n` +
      "  suspend it there with Ctrl-C or SIGTERM, or take it from that process with --take-over\n",
  );
  const all = await document(cwd, ["resume", "--all"]);
  t.equal(all.code, 0, "that another one runs it is no failure");
  t.equal(all.json.flows[0]?.error.code, "HAS_OWNER");
  const taker = start(cwd, ["resume", "g", "--take-over"]);
  await taker.untilRan("held", 2);
  openGate(cwd);
  t.equal((await taker.ended).code, 0);
  const fenced = await owner.ended;
  t.equal(fenced.code, 9);
  t.match(fenced.stderr, 'error: flow "g" was adopted by another owner after epoch 1');
  t.equal(ranIn(cwd).filter((line) => line === "last").length, 1);
});
