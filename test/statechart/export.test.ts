// Flows as state charts: XState itself loads what is printed, and every path through it is walked.
import t from "tap";
import { createMachine } from "xstate";
import { flowMachine } from "../../actors/flow.ts";
import { retryMachine } from "../../actors/retry.ts";
import { taskMachine } from "../../actors/task.ts";
import { compile } from "../../lib/compile/compile.ts";
import { flowChart } from "../../lib/statechart/export/chart.ts";
import { printStately } from "../../lib/statechart/export/stately.ts";
import { references, untyped } from "../simulation/flows.ts";
import { explore, load, nodesIn, valueAfter } from "./load.ts";

t.setTimeout(120_000);

const { task, linear, unordered, graph, link, times } = untyped;
const plain = (name: string) => task({ name, execute: () => name });

const always = "RUNNING SUCCESS FAILURE HELD REVERTING REVERTED REVERT_FAILURE UNTOUCHED".split(
  " ",
);

/** By their names in the reference flows: those a decider's no can rule out. */
const ruledOut: Readonly<Record<string, readonly string[]>> = {
  everything: ["join", "p1", "p2", "after"],
  asks: ["b", "c"],
  beyond: ["b", "d", "e", "f"],
};

// `depths` has four regions that are told apart by everything: its product takes minutes, the same pieces are in others.
const walked = references.filter(({ flow }) => flow.name !== "depths");

for (const { flow } of walked) {
  t.test(`XState loads "${flow.name}", and paths visit every state of its atoms`, async (t) => {
    const { blueprint } = compile(flow);
    const machine = load(printStately(flowChart(blueprint)));
    const { visited, ends, stuck, states } = explore(machine);
    t.comment(`${String(states)} states`);
    const seen = new Map<string, Set<string>>();
    for (const { key, parent } of visited) {
      const meta = parent?.meta as { task?: string; retry?: string } | undefined;
      const atom = meta?.task ?? meta?.retry;
      if (atom !== undefined) seen.set(atom, (seen.get(atom) ?? new Set()).add(key));
    }
    t.strictSame([...seen.keys()].sort(), blueprint.atoms.map(({ name }) => name).sort());
    for (const [atom, names] of seen) {
      const ruled = ruledOut[flow.name]?.includes(atom) === true ? ["PENDING", "IGNORE"] : [];
      t.strictSame([...names].sort(), [...always, ...ruled].sort(), atom);
    }
    const missed = nodesIn(machine.root).filter((node) => !visited.has(node));
    // What comes last in a retried sequence is only undone because it failed itself; a scope that is given up
    // because of its inner controller has nothing else to undo.
    const idle = missed.filter(
      ({ key, path }) => key !== "HELD" && key !== "UNTOUCHED" && !path.includes("GIVEN_UP"),
    );
    t.strictSame(
      idle.map(({ id }) => id),
      [],
      "no state is without a path to it",
    );
    t.strictSame([...ends].sort(), ['"FAILURE"', '"REVERTED"', '"SUCCESS"']);
    t.strictSame(stuck.slice(0, 3), [], "from every state a path leads to an end");
  });
}

t.test("a chart says what comes after what", async (t) => {
  const flow = linear(
    "all",
    {},
    plain("a"),
    unordered("pair", {}, plain("b"), plain("c")),
    graph("net", { links: [link("d", "f"), link("e", "f")] }, plain("d"), plain("e"), plain("f")),
  );
  const machine = load(printStately(flowChart(compile(flow).blueprint)));
  const after = (...events: string[]): unknown => {
    return valueAfter(machine, events);
  };
  t.strictSame(after(), { RUNNING: { a: "RUNNING" } });
  t.strictSame(after("b.succeeded"), { RUNNING: { a: "RUNNING" } }, "b is not begun");
  t.strictSame(after("a.succeeded", "c.succeeded"), {
    RUNNING: { pair: { b: "RUNNING", c: "SUCCESS" } },
  });
  const pair = ["a.succeeded", "c.succeeded", "b.succeeded"];
  const waits = (d: string, e: string) => ({ PENDING: { d, e } });
  t.strictSame(after(...pair, "d.succeeded"), {
    RUNNING: { net: { d: "SUCCESS", e: "RUNNING", f: waits("DONE", "OPEN") } },
  });
  t.strictSame(after(...pair, "d.succeeded", "e.succeeded"), {
    RUNNING: { net: { d: "SUCCESS", e: "SUCCESS", f: { ITEM: "RUNNING" } } },
  });
  t.equal(after(...pair, "d.succeeded", "e.succeeded", "f.succeeded"), "SUCCESS");
  const failed = [...pair, "d.succeeded", "e.succeeded", "f.failed", "f.revert"];
  t.match(
    after(...failed),
    { REVERTING: { net: { f: "REVERTING" } } },
    "what failed is undone first",
  );
  const undone = [...failed, "f.reverted", "d.revert", "d.reverted", "e.untouched"];
  t.strictSame(after(...undone), { REVERTING: { pair: { b: "HELD", c: "HELD" } } });
  t.equal(
    after(...undone, "c.untouched", "b.revert", "b.reverted", "a.revert", "a.reverted"),
    "REVERTED",
  );
  t.equal(after(...failed, "f.revertFailed", "end"), "FAILURE");
});

t.test("controllers decide where a failure leads", async (t) => {
  const inner = linear("in", { retry: times(2, { name: "r2" }) }, plain("a"), plain("b"));
  const flow = linear("out", { retry: times(2, { name: "r1" }) }, plain("first"), inner);
  const machine = load(printStately(flowChart(compile(flow).blueprint)));
  const until = ["r1.succeeded", "first.succeeded", "r2.succeeded", "a.succeeded", "b.failed"];
  const after = (...events: string[]): unknown => {
    return valueAfter(machine, [...until, ...events]);
  };
  const inside = (of: unknown) => ({ RUNNING: { EXECUTING: { in: of } } });
  t.strictSame(after(), inside({ EXECUTING: { b: "FAILURE" } }));
  const undone = ["b.reverted", "a.revert", "a.reverted"];
  t.strictSame(after("r2.RETRY"), inside({ UNDOING: { b: "REVERTING" } }));
  t.strictSame(after("r2.RETRY", ...undone), inside("RETRYING"));
  t.strictSame(after("r2.RETRY", ...undone, "r2.start"), inside({ r2: "RUNNING" }));
  t.match(after("r1.RETRY"), { RUNNING: { UNDOING: { in: { ITEMS: { b: "REVERTING" } } } } });
  t.match(after("r1.REVERT"), inside({ GIVEN_UP: { ITEMS: { b: "REVERTING" } } }));
  t.equal(after("r1.REVERT", ...undone, "r2.revert", "r2.reverted", "end"), "REVERTED");
  t.match(after("r2.REVERT_ALL"), { REVERTING: { ITEMS: { in: { ITEMS: { b: "REVERTING" } } } } });
});

t.test("names that mean something to XState stay names", async (t) => {
  const names = ["a.b", "*", "#x", "SUCCESS", "REVERTED", "a_b", "end", '"', "ä ö", "1"];
  const flow = unordered("f.*", {}, ...names.map((name) => linear(`in ${name}`, {}, plain(name))));
  const printed = printStately(flowChart(compile(flow).blueprint));
  const machine = load(printed);
  const ids = nodesIn(machine.root).map(({ id }) => id);
  t.equal(new Set(ids).size, ids.length, "every id is its own");
  const events = names.map((name) => `${name}.succeeded`);
  t.equal(valueAfter(machine, events), "SUCCESS");
});

t.test("each machine of actors/ is printed as it is", async (t) => {
  for (const machine of [taskMachine, retryMachine, flowMachine]) {
    const loaded = load(printStately(machine.config));
    t.strictSame(
      nodesIn(loaded.root).map(({ id, ownEvents }) => [id, ownEvents]),
      nodesIn(createMachine(machine.config as never).root).map(({ id, ownEvents }) => [
        id,
        ownEvents,
      ]),
    );
    const { guards, actions } = machine.implementations;
    const usable = loaded.provide({ guards, actions } as never);
    t.equal(valueAfter(usable, []), "PENDING");
  }
});
