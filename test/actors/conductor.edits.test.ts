// Edits by hand of flows that are jobs: left on the board, recorded by whoever owns the flow, and refused aloud.
import t from "tap";
import { Conductor } from "../../actors/conductor.ts";
import type { ConductorEvent } from "../../actors/conductor-options.ts";
import { load, readFlow } from "../../actors/run.ts";
import { memoryJobboard } from "../../lib/jobboard/memory.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import { memoryJournal } from "../../lib/journal/memory.ts";
import type { Edit } from "../../lib/plan/edit.ts";
import type { Item } from "../../lib/types.ts";
import { untyped } from "../simulation/flows.ts";
import { failing, Pocket, quick, recordsOf, Stage, until } from "./fixture.ts";

const { linear, times } = untyped;

class Site {
  readonly pocket = new Pocket();
  readonly stage = new Stage();
  readonly journal: Journal = memoryJournal();
  readonly board = memoryJobboard({ clock: this.pocket.clock });
  readonly told: ConductorEvent[] = [];
  readonly logged: string[] = [];

  async conductor(flow: Item): Promise<Conductor> {
    const { board, journal, pocket } = this;
    const conductor = new Conductor({
      ...{ board, journal, flows: [flow], clock: pocket.clock, random: () => 0.5 },
      log: (message) => this.logged.push(message),
    });
    conductor.notifier.on("*", (event) => this.told.push(event));
    return conductor.start();
  }

  async edit(edit: Edit): Promise<void> {
    await this.board.command("j", { kind: "edit", edit });
    await this.pocket.pass(10);
  }

  /** Kinds of what was told of the job. */
  get kinds(): string {
    return this.told.map(({ kind }) => kind).join(" ");
  }
}

const job = { id: "j", flow: "f" };

t.test("a flow that runs: its owner records the edit and takes it off the board", async (t) => {
  const site = new Site();
  const { board, stage, pocket } = site;
  await using _ = await site.conductor(linear("f", {}, stage.task("a"), quick("b")));
  await board.post(job);
  await pocket.pass(10);
  await stage.call("a");
  await site.edit({ kind: "complete", atom: "a", value: 7, by: "ops" });
  await pocket.pass(10);
  t.match(await board.get("j"), { state: "COMPLETE", end: { state: "SUCCESS" }, commands: [] });
  const flow = await readFlow(site.journal, "j");
  t.equal(flow.atom("a").result, 7);
  t.equal(site.kinds, "claimed prepared consumed");
});

t.test("what can't be done is said, taken off the board, and changes nothing", async (t) => {
  const site = new Site();
  const { board, stage, pocket } = site;
  await using _ = await site.conductor(linear("f", {}, stage.task("a"), quick("b")));
  await board.post(job);
  await pocket.pass(10);
  const a = await stage.call("a");
  await site.edit({ kind: "skip", atom: "a" });
  t.match(await board.get("j"), {
    commands: [],
    refusals: [{ number: 1, kind: "edit", why: "it is RUNNING" }],
  });
  t.equal(site.kinds, "claimed prepared refused");
  t.match(site.told[2]?.problem, { code: "EDIT_REFUSED", about: { edit: "skip", atom: "a" } });
  t.match(site.logged, [/job "j": can't skip "a" of flow "f": it is RUNNING/]);
  await site.edit({ kind: "retryFrom", atoms: ["a"] });
  a.succeed(1);
  await pocket.pass(10);
  t.match(await board.get("j"), { state: "COMPLETE", end: { state: "SUCCESS" } });
  t.equal(site.kinds, "claimed prepared refused refused consumed", "it opens nothing again");
});

t.test("a command that comes too late is refused, one that was recorded is not", async (t) => {
  const site = new Site();
  const { board, stage, pocket } = site;
  await using _ = await site.conductor(linear("f", {}, stage.task("a")));
  await board.post(job);
  await pocket.pass(10);
  const a = await stage.call("a");
  // Both are on their way when the flow ends.
  a.succeed(1);
  await Promise.all([
    board.command("j", { kind: "suspend" }),
    board.command("j", { kind: "cancel" }),
  ]);
  await pocket.pass(10);
  const late = { why: "the flow had ended before: SUCCESS" };
  t.match(await board.get("j"), {
    state: "COMPLETE",
    refusals: [
      { number: 1, kind: "suspend", ...late },
      { number: 2, kind: "cancel", ...late },
    ],
  });
  await board.post({ id: "k", flow: "f" });
  await pocket.pass(10);
  await until(() => stage.calls.length === 2);
  // The board is so slow that the flow is over before it has taken the command off.
  const take = board.takeCommands.bind(board);
  let takes = 0;
  board.takeCommands = async (...args) => {
    if (takes++ === 0) await board.wait("k");
    return take(...args);
  };
  await board.command("k", { kind: "kill" });
  await pocket.pass(10);
  t.match(await board.get("k"), { state: "COMPLETE", end: { state: "FAILURE" } });
  t.equal((await board.get("k"))?.refusals, undefined);
});

t.test("parking gives the job back, held, until somebody resumes it", async (t) => {
  const site = new Site();
  const { board, stage, pocket } = site;
  await using _ = await site.conductor(linear("f", {}, stage.task("a")));
  await board.post(job);
  await pocket.pass(10);
  await stage.call("a");
  await site.edit({ kind: "park", reason: "look at it" });
  const parked = { state: "UNCLAIMED", isHeld: true, reason: /look at it/, commands: [] };
  t.match(await board.get("j"), parked);
  await board.command("j", { kind: "resume" });
  await pocket.pass(10);
  t.equal((await board.get("j"))?.refusals, undefined, "it was parked, and is not to be again");
  await until(() => stage.calls.length === 2);
  stage.calls[1]!.call.succeed(1);
  await pocket.pass(10);
  t.match(await board.get("j"), { state: "COMPLETE", end: { state: "SUCCESS" } });
});

t.test("a held job: what wants it to run releases it, the rest waits", async (t) => {
  const site = new Site();
  const { board, pocket } = site;
  const backoff = { firstMs: 60_000, jitter: "none" };
  const retries = times(3, { name: "r", backoff });
  await using _ = await site.conductor(
    linear("f", { retry: retries }, failing("a", 2), quick("b")),
  );
  await board.post(job);
  await pocket.pass(10);
  await board.command("j", { kind: "suspend" });
  await pocket.pass(10);
  t.match(await board.get("j"), { state: "UNCLAIMED", isHeld: true });
  await site.edit({ kind: "skip", atom: "nobody" });
  t.match(await board.get("j"), { state: "UNCLAIMED", isHeld: true, commands: [{ number: 2 }] });
  await site.edit({ kind: "retryNow", retry: "r" });
  t.match(await board.get("j"), { state: "COMPLETE", end: { state: "SUCCESS" } });
  t.equal(site.told.filter(({ kind }) => kind === "refused").length, 1, "nobody is no atom");
  t.equal(pocket.time.now < 1_060_000, true, "it didn't wait");
});

t.test("a held job that can't do what would release it is held again", async (t) => {
  const site = new Site();
  const { board, stage, pocket } = site;
  await using conductor = await site.conductor(linear("f", {}, stage.task("a"), quick("b")));
  await board.post(job);
  await pocket.pass(10);
  await board.command("j", { kind: "suspend" });
  (await stage.call("a")).succeed(1);
  await pocket.pass(10);
  await site.edit({ kind: "retryNow", retry: "b" });
  t.match(await board.get("j"), { state: "UNCLAIMED", isHeld: true, commands: [], claims: 2 });
  await pocket.pass(5_000);
  t.equal(conductor.statistics.claimed, 2, "it doesn't go round");
  t.equal(conductor.statistics.refused, 1);
});

t.test("a job whose flow is over goes on from an atom", async (t) => {
  const site = new Site();
  const { board, pocket } = site;
  await using _ = await site.conductor(linear("f", {}, quick("a"), failing("b", 2), quick("c")));
  await board.post(job);
  await pocket.pass(10);
  t.match(await board.get("j"), { state: "COMPLETE", end: { state: "REVERTED" } });
  const skip = { kind: "skip", atom: "c" } as const;
  await t.rejects(board.command("j", { kind: "edit", edit: skip }), { code: "INVALID_STATE" });
  await site.edit({ kind: "retryFrom", atoms: ["b"] });
  t.match(await board.get("j"), { state: "COMPLETE", end: { state: "REVERTED" } });
  t.match(site.told.find(({ kind }) => kind === "refused")?.problem, {
    about: { why: /could go from "a"/ },
  });
  await site.edit({ kind: "retryFrom", atoms: ["a"] });
  t.match(await board.get("j"), { state: "COMPLETE", end: { state: "SUCCESS" }, commands: [] });
  t.equal((await board.get("j"))?.end?.failure, undefined);
});

t.test("an owner that dies before it took the command off: it is not done twice", async (t) => {
  const site = new Site();
  const { board, journal, pocket, stage } = site;
  const flow = linear("f", {}, quick("a"), stage.task("b"));
  const first = await site.conductor(flow);
  await board.post(job);
  await pocket.pass(10);
  (await stage.call("b")).succeed(1);
  await pocket.pass(10);
  await first.close();
  // As if it had recorded the edit, and died before it told the board.
  const engine = load(flow, { id: "j", journal, clock: pocket.clock });
  await engine.edit({ kind: "retryFrom", atoms: ["b"] }, "command 1");
  engine.abandon();
  await board.command("j", { kind: "edit", edit: { kind: "retryFrom", atoms: ["b"] } });
  await using _ = await site.conductor(flow);
  await pocket.pass(10);
  (await stage.call("b", "execute", 2)).succeed(2);
  await pocket.pass(10);
  t.match(await board.get("j"), { state: "COMPLETE", end: { state: "SUCCESS" } });
  const records = await recordsOf(journal, "j");
  t.equal(records.filter((kind) => kind === "edited").length, 1);
});

t.test("commands that hold no edit, or one that is none, are refused", async (t) => {
  const { board } = new Site();
  await board.post(job);
  const command = (given: object) => board.command("j", given as never);
  const edit = { kind: "skip", atom: "a" };
  for (const given of [
    { kind: "edit" },
    { kind: "cancel", edit },
    { kind: "edit", edit: 3 },
    { kind: "edit", edit: { kind: "paint", atom: "a" } },
    { kind: "edit", edit: { kind: "skip", atom: 3 } },
    { kind: "edit", edit: { kind: "skip", atom: "a", depth: "DEEP" } },
    { kind: "edit", edit: { kind: "fail", atom: "a" } },
    { kind: "edit", edit: { kind: "retryFrom", atoms: "a" } },
    { kind: "edit", edit: { kind: "retryFrom", atoms: [3] } },
    { kind: "edit", edit: { kind: "retryFrom", atoms: new Array(1_001).fill("a") } },
    { kind: "edit", edit: { kind: "park", reason: "x".repeat(1_001) } },
  ]) {
    await t.rejects(command(given), { code: "INVALID_OPTION" }, JSON.stringify(given).slice(0, 60));
  }
  const lively = { kind: "complete", atom: "a", value: () => 1 };
  await t.rejects(command({ kind: "edit", edit: lively }), { code: "PAYLOAD_REFUSED" });
  await command({ kind: "edit", edit });
  t.equal((await command({ kind: "edit", edit: { ...edit, extra: 1 } })).commands.length, 1);
  t.equal((await command({ kind: "edit", edit: { ...edit, atom: "b" } })).commands.length, 2);
});
