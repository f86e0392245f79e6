// The short ways to an engine.
import t from "tap";
import { load, readFlow, run } from "../../actors/run.ts";
import { memoryJournal } from "../../lib/journal/memory.ts";
import { linear } from "../../lib/patterns/linear.ts";
import { task } from "../../lib/task.ts";
import { untyped } from "../simulation/flows.ts";
import { failing, quick, Stage } from "./fixture.ts";

const add = task({
  name: "add",
  requires: ["a", "b"],
  provides: "sum",
  execute: ({ a, b }: { a: number; b: number }) => a + b,
});

t.test("run gives every symbol that has a value in the end", async (t) => {
  t.same(await run(linear("f", add), { store: { a: 1, b: 2 } }), { a: 1, b: 2, sum: 3 });
  t.same(
    await run(add, { store: { a: 1, b: 2 } }),
    { a: 1, b: 2, sum: 3 },
    "a bare task is a flow",
  );
});

t.test("run throws what made the flow fail", async (t) => {
  await t.rejects(run(untyped.linear("f", {}, failing("a"))), { message: "a failed" });
});

t.test("run takes a signal", async (t) => {
  const flow = untyped.linear("f", {}, quick("a"));
  await t.rejects(run(flow, { signal: AbortSignal.abort("no") }), { code: "CANCELLED" });
});

t.test("a run that was suspended on the way says so", async (t) => {
  const journal = memoryJournal();
  const stage = new Stage();
  const flow = untyped.linear("f", {}, stage.task("a"));
  const one = load(flow, { id: "x", journal });
  void one.run().catch(() => undefined);
  await stage.call("a");
  one.abandon();
  const two = load(flow, { id: "x", journal });
  const parked = two.run();
  two.suspend();
  await t.resolves(Promise.race([parked, Promise.resolve()]));
  two.abandon();
  await t.rejects(parked);
});

t.test("a flow can be read without its code", async (t) => {
  const journal = memoryJournal();
  const flow = untyped.linear("f", {}, quick("a"), failing("b"));
  await t.rejects(load(flow, { id: "x", journal, meta: { file: "f.ts" } }).run());
  const view = await readFlow(journal, "x");
  t.match(view, { id: "x", name: "f", state: "REVERTED", epoch: 1 });
  t.same(view.meta, { file: "f.ts" });
  t.same(
    view.atoms().map(({ name, state }) => [name, state]),
    [
      ["a", "REVERTED"],
      ["b", "REVERTED"],
    ],
  );
  t.equal(view.atom("a").revertResult, "not a");
  await t.rejects(readFlow(journal, "y"), { code: "NOT_FOUND", message: `no flow "y"` });
});

t.test("a view names what is near to what it has not", async (t) => {
  const engine = load(untyped.linear("f", {}, quick("alpha")));
  await engine.run();
  const { storage } = engine;
  t.throws(() => storage.atom("alpa"), {
    code: "NOT_FOUND",
    message: `no atom "alpa"; did you mean "alpha"?`,
  });
  t.throws(() => storage.fetch("alpa"), {
    code: "NOT_FOUND",
    message: `no value of symbol "alpa"; did you mean "alpha"?`,
  });
});
