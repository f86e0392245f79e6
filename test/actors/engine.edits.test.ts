// Edits by hand through an engine: at rest and while it runs, durable before they are said to be made, and the same end after a crash anywhere around them.
import t from "tap";
import type { Engine } from "../../actors/engine.ts";
import { load, readFlow } from "../../actors/run.ts";
import { FlowError } from "../../lib/errors.ts";
import { memoryJournal } from "../../lib/journal/memory.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import type { Edit } from "../../lib/plan/edit.ts";
import type { Batch } from "../../lib/plan/records.ts";
import type { Item } from "../../lib/types.ts";
import { untyped } from "../simulation/flows.ts";
import {
  engineIn,
  failing,
  HeldJournal,
  Pocket,
  quick,
  recordsOf,
  Stage,
  statesOf,
  turn,
  until,
  watch,
} from "./fixture.ts";

const { linear, unordered, times } = untyped;

t.test("skipping what has not begun", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a"), stage.task("b"), stage.task("c")));
  const ran = engine.run();
  const a = await stage.call("a");
  await engine.edit({ kind: "skip", atom: "b", by: "ops", reason: "not needed" });
  a.succeed(1);
  (await stage.call("c")).succeed(3);
  t.equal(await ran, "SUCCESS");
  t.same(stage.log, ["a execute 1", "c execute 1"]);
  t.same(statesOf(engine), { a: "SUCCESS", b: "IGNORE", c: "SUCCESS" });
});

t.test(
  "completing what runs: its attempt is aborted, and its outcome comes too late",
  async (t) => {
    const stage = new Stage();
    const engine = load(linear("f", {}, stage.task("a"), stage.task("b", { requires: ["a"] })));
    const ran = engine.run();
    const a = await stage.call("a");
    await engine.edit({ kind: "complete", atom: "a", value: "by hand" });
    t.match(a.signal.reason, {
      code: "ENDED_BY_HAND",
      message: `a person ended the attempt of "a"`,
      about: { atom: "a" },
    });
    const b = await stage.call("b");
    t.same(b.inputs, { a: "by hand" });
    a.succeed("late");
    await turn();
    b.succeed("b");
    t.equal(await ran, "SUCCESS");
    t.equal(engine.storage.atom("a").result, "by hand");
    t.equal(engine.statistics.superseded, 1);
  },
);

t.test("failing what runs: what follows is what follows any failure", async (t) => {
  const stage = new Stage();
  const flow = linear("f", { retry: times(2, { name: "r" }) }, stage.task("a"));
  const engine = load(flow);
  const ran = engine.run();
  await stage.call("a");
  await engine.edit({ kind: "fail", atom: "a", message: "it hangs" });
  const undo = await stage.call("a", "revert");
  undo.succeed();
  (await stage.call("a", "execute", 2)).succeed("second");
  t.equal(await ran, "SUCCESS");
  t.match(engine.storage.history("r")[0], { failures: { a: { message: "it hangs" } } });

  const alone = load(stage.task("alone"));
  const over = alone.run();
  await stage.call("alone");
  await alone.edit({ kind: "fail", atom: "alone", message: "enough" });
  (await stage.call("alone", "revert")).succeed();
  await t.rejects(over, { name: "FlowError", code: "ENDED_BY_HAND", message: "enough" });
});

t.test("an attempt that is ended by hand frees its place at once", async (t) => {
  const stage = new Stage();
  const flow = unordered("f", {}, stage.task("a"), stage.task("b"));
  const engine = load(flow);
  const ran = engine.run();
  await stage.call("a");
  t.equal(stage.log.length, 1);
  await engine.edit({ kind: "complete", atom: "a" });
  (await stage.call("b")).succeed();
  t.equal(await ran, "SUCCESS");
});

t.test("a wait that is ended by hand leaves no timer behind", async (t) => {
  const pocket = new Pocket();
  const backoff = { firstMs: 60_000, jitter: "none" };
  const flow = linear("f", { retry: times(2, { name: "r", backoff }) }, failing("a", 2));
  const engine = engineIn(pocket, flow);
  const ran = engine.run();
  await pocket.pass(10);
  await t.rejects(engine.edit({ kind: "retryNow", retry: "a" }), { code: "EDIT_REFUSED" });
  await engine.edit({ kind: "retryNow", retry: "r" });
  t.equal(await ran, "SUCCESS");
  t.equal(pocket.clock.pending, 0);
  t.equal(pocket.time.now, 1_000_010, "at once");
});

t.test("from an atom: a flow that was over goes on", async (t) => {
  const calls: string[] = [];
  let isBroken = true;
  const step = (name: string): Item =>
    quick(name, {
      execute: (_: unknown, { attempt }: { attempt: number }) => {
        calls.push(`${name} ${attempt}`);
        if (name === "b" && isBroken) throw new Error("broken");
        return name;
      },
    });
  const flow = linear("f", {}, step("a"), step("b"), step("c"));
  const engine = load(flow, { neverResolve: true });
  await t.rejects(engine.run(), { message: "broken" });
  await t.rejects(engine.edit({ kind: "retryFrom", atoms: ["c"] }), {
    code: "EDIT_REFUSED",
    message:
      /^can't retryFrom "c" of flow "f": "b", which goes before it, is FAILURE; it could go from "b"$/,
    about: { flow: "f", edit: "retryFrom", atom: "c" },
  });
  await engine.edit({ kind: "retryFrom", atoms: ["b"] });
  t.equal(engine.storage.state, "SUSPENDED");
  isBroken = false;
  t.equal(await engine.run(), "SUCCESS");
  await engine.edit({ kind: "retryFrom", atoms: ["b"] });
  t.equal(await engine.run(), "SUCCESS");
  t.same(calls, ["a 1", "b 1", "b 2", "c 1", "b 3", "c 2"]);
});

t.test("parking: what runs may end, nothing starts, and only a person goes on", async (t) => {
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a"), stage.task("b")));
  const ran = watch(engine.run());
  const a = await stage.call("a");
  await engine.edit({ kind: "park", reason: "look at it", by: "ops" });
  await until(() => ran.isSettled);
  t.match(ran.error, { code: "PARKED", message: /look at it \(ops\)/ });
  t.notOk(a.signal.aborted);
  a.succeed(1);
  await until(() => engine.storage.atom("a").state === "SUCCESS");
  await t.rejects(engine.run(), { code: "PARKED" });
  const again = engine.run({ unpark: true });
  (await stage.call("b")).succeed(2);
  t.equal(await again, "SUCCESS");
});

t.test("it is said to be made when it is durable, and not before", async (t) => {
  const journal = new HeldJournal();
  const stage = new Stage();
  const flow = linear("f", {}, stage.task("a"), stage.task("b"));
  const engine = load(flow, { journal });
  const ran = engine.run();
  await journal.storeUpTo(1);
  const a = await stage.call("a");
  const made = watch(engine.edit({ kind: "complete", atom: "a", value: 1 }));
  const append = await journal.nth(2);
  await turn();
  t.notOk(made.isSettled);
  t.notOk(a.signal.aborted);
  append.store();
  await until(() => made.isSettled);
  t.equal(made.error, undefined);
  t.ok(a.signal.aborted);
  journal.isOpen = true;
  (await stage.call("b")).succeed();
  t.equal(await ran, "SUCCESS");
});

t.test("a batch that was stored although it was refused holds the edit once", async (t) => {
  const pocket = new Pocket();
  const journal = new HeldJournal();
  const engine = engineIn(pocket, linear("f", {}, quick("a"), quick("b"), quick("c")), { journal });
  engine.compile();
  const prepared = engine.prepare();
  await journal.storeUpTo(1);
  await prepared;
  const made = watch(engine.edit({ kind: "skip", atom: "c" }));
  (await journal.nth(2)).storeSilently(new FlowError("JOURNAL_UNAVAILABLE", { problem: "away" }));
  journal.isOpen = true;
  await pocket.pass(60_000);
  t.same(made, { isSettled: true, value: undefined });
  const records = await recordsOf(journal.inner, "flow");
  t.equal(records.filter((kind) => kind === "edited").length, 1);
});

t.test("the same edit asked for again is made once; another one is refused", async (t) => {
  const journal = memoryJournal();
  const engine = load(linear("f", {}, quick("a"), quick("b")), { journal, id: "x" });
  await engine.edit({ kind: "skip", atom: "b" }, "one");
  await engine.edit({ kind: "skip", atom: "b" }, "one");
  await t.rejects(engine.edit({ kind: "skip", atom: "b" }, "two"), { code: "EDIT_REFUSED" });
  const records = await recordsOf(journal, "x");
  t.same(records, ["created", "adopted", "edited"]);
});

t.test("an engine that is closed refuses what is under way", async (t) => {
  const journal = new HeldJournal();
  const engine = load(linear("f", {}, quick("a")), { journal });
  engine.compile();
  const prepared = engine.prepare();
  await journal.storeUpTo(1);
  await prepared;
  const made = engine.edit({ kind: "skip", atom: "a" });
  await journal.nth(2);
  engine.abandon();
  await t.rejects(made, { code: "ENGINE_CLOSED" });
  await t.rejects(engine.edit({ kind: "skip", atom: "a" }), { code: "ENGINE_CLOSED" });
});

t.test("a value that can't be recorded is refused at the gate", async (t) => {
  const engine = load(linear("f", {}, quick("a")));
  const value = { cb: () => 1 };
  await t.rejects(engine.edit({ kind: "complete", atom: "a", value }), {
    code: "PAYLOAD_REFUSED",
    about: { path: "value.cb" },
  });
});

t.test("an atom that starts and is failed in one turn is undone once", async (t) => {
  const journal = new HeldJournal();
  const stage = new Stage();
  const engine = load(linear("f", {}, stage.task("a"), stage.task("b")), { journal });
  const told: string[] = [];
  engine.atomNotifier.on("*", ({ atom, state }) => told.push(`${atom} ${state}`));
  const ran = watch(engine.run());
  await journal.storeUpTo(1);
  (await stage.call("a")).succeed();
  await journal.nth(2);
  const made = engine.edit({ kind: "fail", atom: "b", message: "no" });
  journal.isOpen = true;
  journal.appends[1]!.store();
  await made;
  (await stage.call("b", "revert")).succeed();
  (await stage.call("a", "revert")).succeed();
  await until(() => ran.isSettled);
  t.same(stage.log, ["a execute 1", "b execute 1", "b revert 1", "a revert 1"]);
});

/** What is done by hand, when, and what it comes to. */
interface Story {
  readonly name: string;
  readonly flow: () => Item;
  readonly edit: Edit;
  /** Whether now is the time for it. */
  readonly when: (engine: Engine) => boolean;
  readonly ends: string;
  readonly options?: { readonly neverResolve: boolean };
}

const slow = (name: string): Item =>
  quick(name, {
    execute: (_: unknown, { attempt, signal }: { attempt: number; signal: AbortSignal }) =>
      attempt > 1
        ? name
        : new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => {
              reject(signal.reason as Error);
            });
          }),
  });

const isRunning =
  (name: string) =>
  ({ storage }: Engine): boolean =>
    storage.atom(name).state === "RUNNING";
const isOver = ({ storage }: Engine): boolean => storage.state === "FAILURE";

const backoff = { firstMs: 60_000, jitter: "none" };

const stories: readonly Story[] = [
  {
    name: "complete what runs",
    flow: () => linear("f", {}, quick("a"), slow("b"), quick("c", { requires: ["b"] })),
    edit: { kind: "complete", atom: "b", value: "by hand" },
    when: isRunning("b"),
    ends: "SUCCESS",
  },
  {
    name: "fail what runs",
    flow: () => linear("f", { retry: times(2, { name: "r" }) }, quick("a"), slow("b"), quick("c")),
    edit: { kind: "fail", atom: "b", message: "it hangs" },
    when: isRunning("b"),
    ends: "SUCCESS",
  },
  {
    name: "fail what runs, for good",
    flow: () => linear("f", {}, quick("a"), slow("b"), quick("c")),
    edit: { kind: "fail", atom: "b", message: "it hangs" },
    when: isRunning("b"),
    ends: "REVERTED",
  },
  {
    name: "skip what comes",
    flow: () => linear("f", {}, quick("a"), quick("b"), quick("c"), quick("d")),
    edit: { kind: "skip", atom: "d" },
    when: ({ storage }) => storage.state === "PENDING",
    ends: "SUCCESS",
  },
  {
    name: "end a wait",
    flow: () =>
      linear("f", { retry: times(2, { name: "r", backoff }) }, quick("a"), failing("b", 2)),
    edit: { kind: "retryNow", retry: "r" },
    when: ({ storage }) =>
      storage.atom("r").intention === "RETRY" && storage.atom("a").state === "REVERTED",
    ends: "SUCCESS",
  },
  {
    name: "from what failed",
    flow: () => linear("f", {}, quick("a"), failing("b", 2), quick("c")),
    edit: { kind: "retryFrom", atoms: ["b"] },
    when: isOver,
    ends: "SUCCESS",
    options: { neverResolve: true },
  },
];

async function journalOf(batches: readonly Batch[]): Promise<Journal> {
  const journal = memoryJournal();
  for (const batch of batches) await journal.append("flow", batch, "RUNNING");
  return journal;
}

/** Runs to the end, with the edit at its time unless it is recorded. */
async function play(story: Story, journal: Journal): Promise<Engine> {
  const pocket = new Pocket();
  const engine = engineIn(pocket, story.flow(), { journal, owner: "o", ...story.options });
  engine.compile();
  await engine.prepare();
  const edit = async (): Promise<void> => {
    const records = await recordsOf(journal, "flow");
    if (!records.includes("edited") && story.when(engine)) await engine.edit(story.edit, "e");
  };
  await edit();
  for (let runs = 0; runs < 3; runs++) {
    const { state } = engine.storage;
    if (state === "SUCCESS" || state === "REVERTED") break;
    const ran = watch(engine.run());
    await pocket.pass(10);
    await edit();
    await pocket.pass(10);
    await until(() => ran.isSettled);
    await edit();
  }
  return engine;
}

const endOf = ({ storage }: Engine): object => ({
  state: storage.state,
  atoms: storage.atoms().map(({ name, state, result }) => ({ name, state, result })),
  values: storage.fetchAll(),
});

for (const story of stories) {
  t.test(`${story.name}: the same end after a crash anywhere`, async (t) => {
    const journal = memoryJournal();
    const whole = await play(story, journal);
    t.equal(whole.storage.state, story.ends);
    const batches = await journal.read("flow");
    const kinds = await recordsOf(journal, "flow");
    t.equal(kinds.filter((kind) => kind === "edited").length, 1);
    for (let cut = 1; cut < batches.length; cut++) {
      const rest = await journalOf(batches.slice(0, cut));
      const engine = await play(story, rest);
      t.same(endOf(engine), endOf(whole), `cut after batch ${cut} of ${batches.length}`);
      const view = await readFlow(rest, "flow");
      t.equal(view.digest, engine.storage.digest, "what is in memory is what is recorded");
    }
  });
}
