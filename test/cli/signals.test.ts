// Ctrl-C and SIGTERM: once suspends, twice stops at once.
import t from "tap";
import { document, flows, fourstroke, openGate, ranIn, start } from "./fourstroke.ts";

// Dozens of processes take their time on a busy machine.
t.setTimeout(180_000);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  t.test(`${signal} once suspends: what runs may finish, and resume goes on`, async (t) => {
    const cwd = t.testdir();
    const running = start(cwd, ["run", `${flows}#gated`, "--id", "g"]);
    await running.untilRan("held");
    running.signal(signal);
    await running.until("it says so", () => running.stderr.includes("suspending"));
    t.equal(running.stderr, "suspending: what runs may finish; Ctrl-C again stops at once\n");
    openGate(cwd);
    const { code, stdout } = await running.ended;
    t.equal(code, 5);
    t.match(stdout, "flow gated  SUSPENDED  g\n  go on with: fourstroke resume g\n");
    t.strictSame(ranIn(cwd), ["first", "held"], "nothing new was started");
    const resumed = await fourstroke(cwd, ["resume", "g"]);
    t.equal(resumed.code, 0);
    t.strictSame(ranIn(cwd), ["first", "held", "last"], "nothing ran twice");
  });
}

for (const [signal, exit] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  t.test(`${signal} twice stops at once, with ${exit}; resume goes on`, async (t) => {
    const cwd = t.testdir();
    const running = start(cwd, ["run", `${flows}#gated`, "--id", "g", "--json"]);
    await running.untilRan("held");
    running.signal(signal);
    await running.until("it says so", () => running.stderr.includes("suspending"));
    running.signal(signal);
    const { code, stdout } = await running.ended;
    t.equal(code, exit);
    t.match(JSON.parse(stdout), {
      error: { message: "stopped at once", hint: "go on with: fourstroke resume g" },
    });
    t.strictSame(ranIn(cwd), ["first", "held"]);
    openGate(cwd);
    t.equal((await fourstroke(cwd, ["resume", "g"])).code, 0);
    t.strictSame(ranIn(cwd), ["first", "held", "held", "last"]);
  });
}

t.test("Ctrl-C during --all leaves the flows after this one alone", async (t) => {
  const cwd = t.testdir();
  for (const id of ["g1", "g2"]) {
    const running = start(cwd, ["run", `${flows}#gated`, "--id", id]);
    await running.untilRan("held", id === "g1" ? 1 : 2);
    running.signal("SIGKILL");
    await running.ended;
  }
  const all = start(cwd, ["resume", "--all"]);
  await all.untilRan("held", 3);
  all.signal("SIGINT");
  await all.until("it says so", () => all.stderr.includes("suspending"));
  openGate(cwd);
  t.equal((await all.ended).code, 5);
  const { json } = await document(cwd, ["ls"]);
  t.strictSame(
    json.flows.map(({ id, state }) => [id, state]),
    [
      ["g2", "RUNNING"],
      ["g1", "SUSPENDED"],
    ],
  );
});
