// Flows are found again by their names, after a restart and in another process.
import t from "tap";
import { registry } from "../../actors/registry.ts";
import { load } from "../../actors/run.ts";
import { FlowError } from "../../lib/errors.ts";
import { linear, memoryJournal, task } from "../../lib/index.ts";

const once = (name: string) =>
  linear(name, task({ name: "t", execute: () => name, provides: "whose" }));

/** The second task of the flow suspends it in its first run. */
function resting(name: string) {
  const ran: string[] = [];
  const first = task({
    name: "first",
    execute: () => {
      ran.push("first");
    },
  });
  const second = task({
    name: "second",
    execute: () => {
      ran.push("second");
    },
  });
  return { ran, flow: linear(name, first, second) };
}

t.test("flows are found by the name of their root", async (t) => {
  const [server, disk] = [once("create-server"), once("create-disk")];
  const flows = registry(server).add(disk).add(server);
  t.strictSame(flows.names, ["create-server", "create-disk"]);
  t.equal(flows.get("create-disk"), disk);
  t.throws(() => flows.get("create-serer"), {
    code: "NOT_FOUND",
    message: 'no registered flow "create-serer"; did you mean "create-server"?',
  });
  t.throws(() => flows.get("something else"), { message: 'no registered flow "something else"' });
  t.throws(() => flows.add(once("create-disk")), {
    code: "ALREADY_EXISTS",
    message: 'flow "create-disk" exists already',
  });
  t.throws(() => registry(once("same"), once("same")), { code: "ALREADY_EXISTS" });
});

t.test("a restart goes on with every flow that has not ended, in three lines", async (t) => {
  const journal = memoryJournal();
  const { flow, ran } = resting("resting");
  for (const id of ["a", "b"]) {
    const engine = load(flow, { journal, id });
    engine.atomNotifier.on("SUCCESS", ({ atom }) => {
      if (atom === "first") engine.suspend();
    });
    t.equal(await engine.run(), "SUSPENDED");
  }
  await load(once("done"), { journal, id: "c" }).run();
  await load(once("foreign"), { journal, id: "d" })
    .prepare()
    .catch(() => undefined);

  const flows = registry(flow, once("done"));
  t.strictSame(
    (await flows.unfinished(journal)).map(({ id, state }) => [id, state]),
    [
      ["b", "SUSPENDED"],
      ["a", "SUSPENDED"],
    ],
  );
  for (const { id } of await flows.unfinished(journal)) {
    await (await flows.load(journal, id)).run();
  }
  t.strictSame(ran, ["first", "first", "second", "second"]);
  t.strictSame(await flows.unfinished(journal), []);
});

t.test("loading tells an unknown flow from unknown code", async (t) => {
  const journal = memoryJournal();
  await load(once("foreign"), { journal, id: "f" }).run();
  const flows = registry(once("mine"));
  await t.rejects(flows.load(journal, "nowhere"), {
    code: "NOT_FOUND",
    message: 'no flow "nowhere"',
  });
  await t.rejects(flows.load(journal, "f"), {
    code: "NOT_FOUND",
    message: 'no registered flow "foreign"',
  });
});

t.test("an engine that was loaded has the options it was loaded with", async (t) => {
  const journal = memoryJournal();
  const flow = once("mine");
  await load(flow, { journal, id: "f", meta: { file: "flow.js" } }).run();
  const logged: string[] = [];
  const engine = await registry(flow).load(journal, "f", { log: (line) => logged.push(line) });
  engine.notifier.on("RUNNING", () => {
    throw new FlowError("SUSPENDED", { flow: "x" });
  });
  t.equal(engine.id, "f");
  await engine.run();
  t.match(logged, [/listener/]);
  t.strictSame(engine.storage.meta, { file: "flow.js" }, "and remembers what its beginner gave");
});

t.test("more unfinished flows than a listing gives at once are all found", async (t) => {
  const journal = memoryJournal();
  const flow = once("many");
  const flows = registry(flow);
  for (let at = 0; at < 1_001; at++) {
    const engine = load(flow, { journal, id: `f${at}` });
    engine.compile();
    await engine.prepare();
  }
  const ids = (await flows.unfinished(journal)).map(({ id }) => id);
  t.equal(new Set(ids).size, 1_001);
});
