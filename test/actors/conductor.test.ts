// Conductors on a board in memory and a simulated clock: what becomes of jobs, whoever dies.
import t from "tap";
import { Conductor } from "../../actors/conductor.ts";
import type { ConductorOptions } from "../../actors/conductor-options.ts";
import { readFlow } from "../../actors/run.ts";
import { FlowError } from "../../lib/errors.ts";
import type { Jobboard } from "../../lib/jobboard/jobboard.ts";
import { memoryJobboard } from "../../lib/jobboard/memory.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import { memoryJournal } from "../../lib/journal/memory.ts";
import type { Item } from "../../lib/types.ts";
import { untyped } from "../simulation/flows.ts";
import { failing, Pocket, quick, recordsOf, Stage, turn, until, watch } from "./fixture.ts";

const { linear } = untyped;

class Cluster {
  readonly pocket = new Pocket();
  readonly stage = new Stage();
  readonly journal: Journal = memoryJournal();
  readonly board: Jobboard = memoryJobboard({ clock: this.pocket.clock });
  readonly told: string[] = [];
  #draws = 0;

  async conductor(name: string, flows: readonly Item[], more: Partial<ConductorOptions> = {}) {
    const { board, journal } = this;
    const conductor = new Conductor({
      ...{ name, board, journal, flows, clock: this.pocket.clock },
      random: () => (++this.#draws * 0.618034) % 1,
      ...more,
    });
    conductor.notifier.on("*", ({ kind, job, from }) => {
      this.told.push(
        [name, kind, job.id, ...(from === undefined ? [] : ["from another"])].join(" "),
      );
    });
    return conductor.start();
  }

  /** The board as another owner sees it whose process stands still from now on. */
  freezable(): { readonly board: Jobboard; freeze(): void } {
    let isFrozen = false;
    const never = new Promise<never>(() => undefined);
    const board = new Proxy(this.board, {
      get: (real, name) => {
        const value: unknown = Reflect.get(real, name);
        if (typeof value !== "function") return value;
        return (...args: unknown[]): unknown =>
          isFrozen ? never : (Reflect.apply(value, real, args) as unknown);
      },
    });
    return { board, freeze: () => void (isFrozen = true) };
  }
}

t.test("posted jobs run to their ends, and say so", async (t) => {
  const cluster = new Cluster();
  const { board, pocket } = cluster;
  const good = linear("good", {}, quick("a"));
  const bad = linear("bad", {}, failing("b"));
  const needy = linear("needy", {}, quick("c", { requires: ["what"] }));
  await using conductor = await cluster.conductor("one", [good, bad, needy]);
  await board.post({ id: "1", flow: "good" });
  await board.post({ id: "2", flow: "bad" });
  await board.post({ id: "3", flow: "needy" });
  await board.post({ id: "4", flow: "unknown" });
  await board.post({ id: "5", flow: "needy", store: { what: 1 } });
  await pocket.pass(10);
  await conductor.idle();
  t.match(await board.get("1"), { state: "COMPLETE", end: { state: "SUCCESS" } });
  t.match(await board.get("2"), {
    state: "COMPLETE",
    end: { state: "REVERTED", failure: { message: "b failed" } },
  });
  t.match(await board.get("3"), { state: "TRASHED", reason: /"what"/ });
  t.match(await board.get("4"), { state: "UNCLAIMED", claims: 0 });
  t.match(await board.get("5"), { state: "COMPLETE", end: { state: "SUCCESS" } });
  t.match(conductor.statistics, { claimed: 4, consumed: 3, trashed: 1, running: 0 });
});

t.test("no more than it may at once, the highest priority first, then the oldest", async (t) => {
  const cluster = new Cluster();
  const { board, pocket, stage } = cluster;
  const flow = linear("f", {}, stage.task("a"));
  await board.post({ id: "low", flow: "f", priority: "LOW" });
  await pocket.pass(5);
  await board.post({ id: "old", flow: "f" });
  await pocket.pass(5);
  await board.post({ id: "new", flow: "f" });
  await board.post({ id: "high", flow: "f", priority: "VERY_HIGH" });
  await using conductor = await cluster.conductor("one", [flow], { maxFlows: 1 });
  for (let at = 0; at < 4; at++) {
    await until(() => stage.calls.length === at + 1, `call ${at}`);
    t.equal(conductor.statistics.running, 1);
    stage.calls[at]?.call.succeed();
  }
  await conductor.idle();
  const consumed = cluster.told.filter((it) => it.includes("consumed"));
  t.same(
    consumed.map((it) => it.split(" ").at(-1)),
    ["high", "old", "new", "low"],
  );
});

t.test(
  "a dead conductor's flows go on with another, and nothing recorded runs again",
  async (t) => {
    const cluster = new Cluster();
    const { board, pocket, stage, journal } = cluster;
    const flow = linear("f", {}, stage.task("a"), stage.task("b"));
    const { board: frozen, freeze } = cluster.freezable();
    const first = await cluster.conductor("first", [flow], { board: frozen });
    await board.post({ id: "j", flow: "f" });
    await pocket.pass(1);
    (await stage.call("a")).succeed("A");
    const late = await stage.call("b");
    freeze();
    stage.calls.length = 0;
    await using second = await cluster.conductor("second", [flow]);
    await pocket.pass(2_900);
    t.equal((await board.get("j"))?.owner, first.owner, "not before its lease has run out");
    await pocket.pass(2_000);
    t.match(await board.get("j"), { owner: second.owner, claims: 2 });
    t.notOk((await board.leases()).some(({ owner }) => owner === first.owner));
    const again = await stage.call("b");
    late.succeed("too late");
    await pocket.pass(1);
    again.succeed("B");
    await pocket.pass(1);
    await second.idle();
    t.match(await board.get("j"), { state: "COMPLETE", end: { state: "SUCCESS" } });
    t.same(stage.log, ["b execute 1"], "under the same key");
    t.equal((await readFlow(journal, "j")).atom("b").result, "B");
    const adopted = (await recordsOf(journal, "j")).filter((kind) => kind === "adopted");
    t.equal(adopted.length, 2);
    t.equal(second.statistics.takenOver, 1);
  },
);

t.test("who was held up itself takes nobody for dead", async (t) => {
  const cluster = new Cluster();
  const { board, pocket, stage } = cluster;
  const flow = linear("f", {}, stage.task("a"));
  await using first = await cluster.conductor("first", [flow]);
  await using second = await cluster.conductor("second", [flow], { maxFlows: 1 });
  await board.post({ id: "j", flow: "f" });
  await pocket.pass(1);
  const owner = (await board.get("j"))?.owner;
  // Both stand still, as when the machine sleeps.
  pocket.time.advance(pocket.time.now + 60_000);
  await pocket.pass(2_000);
  t.equal((await board.get("j"))?.owner, owner);
  (await stage.call("a")).succeed();
  await pocket.pass(1);
  t.equal(first.statistics.takenOver + second.statistics.takenOver, 0);
});

t.test("a claim whose answer was lost is this conductor's all the same", async (t) => {
  const cluster = new Cluster();
  const { board, pocket } = cluster;
  let lost = 0;
  const lossy = new Proxy(board, {
    get: (real, name) => {
      const value = Reflect.get(real, name) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]): Promise<unknown> => {
        const answer = await Reflect.apply(value, real, args);
        if (name !== "claim" || ++lost > 1) return answer;
        throw new FlowError("BOARD_UNAVAILABLE", { problem: "it does not answer" });
      };
    },
  });
  await using conductor = await cluster.conductor("one", [linear("f", {}, quick("a"))], {
    board: lossy,
  });
  await board.post({ id: "j", flow: "f" });
  await pocket.pass(10);
  t.equal((await board.get("j"))?.owner, conductor.owner);
  await pocket.pass(2_000);
  t.match(await board.get("j"), { state: "COMPLETE", claims: 1 });
});

t.test(
  "a job that changes while it is claimed is not claimed a second time meanwhile",
  async (t) => {
    const cluster = new Cluster();
    const { board, pocket } = cluster;
    let [underWay, most] = [0, 0];
    const slow = new Proxy(board, {
      get: (real, name) => {
        const value = Reflect.get(real, name) as (...args: unknown[]) => Promise<unknown>;
        return async (...args: unknown[]): Promise<unknown> => {
          if (name !== "claim") return Reflect.apply(value, real, args);
          most = Math.max(most, ++underWay);
          await new Promise<void>((done) => void pocket.clock.setTimeout(done, 500));
          underWay--;
          return Reflect.apply(value, real, args);
        };
      },
    });
    await using conductor = await cluster.conductor("one", [linear("f", {}, quick("a"))], {
      board: slow,
    });
    await board.post({ id: "j", flow: "f" });
    for (let change = 0; change < 6; change++) {
      await pocket.pass(50);
      await board.command("j", { kind: change % 2 === 0 ? "suspend" : "resume" });
    }
    await pocket.pass(5_000);
    t.equal(most, 1, "claims under way");
    t.match(await board.get("j"), { state: "COMPLETE" });
    t.equal(conductor.statistics.claimed, 1);
  },
);

t.test("closing waits for claims under way without keeping the event loop busy", async (t) => {
  const cluster = new Cluster();
  const { board, pocket } = cluster;
  const slow = new Proxy(board, {
    get: (real, name) => {
      const value = Reflect.get(real, name) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]): Promise<unknown> => {
        if (name === "claim") {
          await new Promise<void>((done) => void pocket.clock.setTimeout(done, 500));
        }
        return Reflect.apply(value, real, args);
      };
    },
  });
  const conductor = await cluster.conductor("one", [linear("f", {}, quick("a"))], { board: slow });
  await board.post({ id: "j", flow: "f" });
  await pocket.pass(1);
  const closed = watch(conductor.close());
  await turn();
  await turn();
  t.ok((pocket.time.dueAt ?? 0) > pocket.time.now, "nothing is due at once");
  t.equal(closed.isSettled, false);
  await pocket.pass(1_000);
  t.ok(closed.isSettled);
  t.match(await board.get("j"), { owner: undefined, claims: 1 });
  t.same(await board.leases(), []);
});

t.test("it can be closed while it gives a job back that it never ran", async (t) => {
  const cluster = new Cluster();
  const { board, pocket } = cluster;
  const slow = new Proxy(board, {
    get: (real, name) => {
      const value = Reflect.get(real, name) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]): Promise<unknown> => {
        if (name === "abandon") {
          await new Promise<void>((done) => void pocket.clock.setTimeout(done, 500));
        }
        return Reflect.apply(value, real, args);
      };
    },
  });
  await board.post({ id: "j", flow: "f" });
  await board.command("j", { kind: "suspend" });
  const conductor = await cluster.conductor("one", [linear("f", {}, quick("a"))], { board: slow });
  await pocket.pass(10);
  const closed = watch(conductor.close());
  await pocket.pass(1_000);
  t.strictSame(closed, { isSettled: true, value: undefined });
  t.match(await board.get("j"), { state: "UNCLAIMED", isHeld: true });
});

t.test("closed while it starts, it leaves nothing behind", async (t) => {
  const { board, pocket, journal } = new Cluster();
  const slow = new Proxy(board, {
    get: (real, name) => {
      const value = Reflect.get(real, name) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]): Promise<unknown> => {
        await new Promise<void>((done) => void pocket.clock.setTimeout(done, 50));
        return Reflect.apply(value, real, args);
      };
    },
  });
  const { clock } = pocket;
  const conductor = new Conductor({ board: slow, journal, flows: [], clock });
  const started = conductor.start();
  const closed = conductor.close();
  await pocket.pass(5_000);
  await Promise.all([started, closed]);
  t.same(await board.leases(), []);
});

t.test("handing over gives jobs back at rest, and lets the lease go", async (t) => {
  const cluster = new Cluster();
  const { board, pocket, stage } = cluster;
  const flow = linear("f", {}, stage.task("a"), stage.task("b"));
  const first = await cluster.conductor("first", [flow]);
  await board.post({ id: "j", flow: "f" });
  await pocket.pass(1);
  const closing = first.close();
  (await stage.call("a")).succeed("A");
  await pocket.pass(1);
  await closing;
  t.match(await board.get("j"), { state: "UNCLAIMED", isHeld: false, reason: "handed over" });
  t.same(await board.leases(), []);
  t.same(stage.log, ["a execute 1"]);
  await using second = await cluster.conductor("second", [flow]);
  (await stage.call("b")).succeed("B");
  await pocket.pass(1);
  await second.idle();
  t.match(await board.get("j"), { state: "COMPLETE" });
});

t.test("commands reach the flow, with an owner or without one", async (t) => {
  const cluster = new Cluster();
  const { board, pocket, stage, journal } = cluster;
  const flow = linear("f", {}, stage.task("a"), stage.task("b"));
  await board.post({ id: "early", flow: "f" });
  await board.command("early", { kind: "cancel", reason: "changed my mind" });
  await using conductor = await cluster.conductor("one", [flow]);
  await pocket.pass(1);
  t.match(await board.get("early"), {
    state: "COMPLETE",
    end: { state: "REVERTED", failure: { code: "CANCELLED" } },
  });
  t.same(stage.log, [], "nothing started in between");

  await board.post({ id: "j", flow: "f" });
  await pocket.pass(1);
  await board.command("j", { kind: "suspend" });
  (await stage.call("a")).succeed("A");
  await pocket.pass(1);
  t.match(await board.get("j"), { state: "UNCLAIMED", isHeld: true, reason: "suspended" });
  t.equal((await readFlow(journal, "j")).state, "SUSPENDED");
  await pocket.pass(10_000);
  t.equal((await board.get("j"))?.claims, 1, "it rests until it is told to go on");
  await board.command("j", { kind: "resume" });
  await stage.call("b");
  await board.command("j", { kind: "kill", reason: "enough" });
  await pocket.pass(1);
  t.match(await board.get("j"), { state: "COMPLETE", end: { state: "FAILURE" }, commands: [] });
  t.equal(conductor.statistics.consumed, 2);
});

t.test(
  "cancelled and then suspended, a job is held once, and undone when it is told to go on",
  async (t) => {
    const cluster = new Cluster();
    const { board, pocket } = cluster;
    await board.post({ id: "j", flow: "f" });
    await board.command("j", { kind: "cancel", reason: "changed my mind" });
    await board.command("j", { kind: "suspend" });
    await using _ = await cluster.conductor("one", [linear("f", {}, quick("a"))]);
    await pocket.pass(1_000);
    t.match(await board.get("j"), { state: "UNCLAIMED", isHeld: true, claims: 1 });
    await board.command("j", { kind: "resume" });
    await pocket.pass(1_000);
    t.match(await board.get("j"), { state: "COMPLETE", end: { state: "REVERTED" } });
  },
);

t.test("a parked flow is undone when it is cancelled", async (t) => {
  const cluster = new Cluster();
  const { board, pocket, stage } = cluster;
  const flow = linear("f", {}, quick("a"), stage.task("poison"));
  await board.post({ id: "j", flow: "f" });
  for (let death = 1; death <= 3; death++) {
    const { board: frozen, freeze } = cluster.freezable();
    await cluster.conductor(`victim ${death}`, [flow], { board: frozen });
    await pocket.pass(death === 1 ? 1 : 6_000);
    freeze();
  }
  await using last = await cluster.conductor("last", [flow]);
  await pocket.pass(10_000);
  t.match(await board.get("j"), { isHeld: true });
  await board.command("j", { kind: "cancel", reason: "not worth it" });
  await pocket.pass(1_000);
  const calls = stage.calls.slice(3);
  for (const { call } of calls) call.fail("told to stop");
  await pocket.pass(1_000);
  for (const { call } of stage.calls.slice(3)) call.succeed();
  await pocket.pass(1_000);
  t.match(await board.get("j"), { state: "COMPLETE", end: { state: "REVERTED" } });
  t.ok(last.statistics.claimed < 4, `${last.statistics.claimed} claims`);
});

t.test("a conductor that died after the end was recorded left nothing to run", async (t) => {
  const cluster = new Cluster();
  const { board, pocket, stage, journal } = cluster;
  const flow = linear("f", {}, quick("a"), failing("b"));
  const { board: frozen, freeze } = cluster.freezable();
  const first = await cluster.conductor("first", [flow], { board: frozen });
  first.notifier.on("prepared", freeze);
  await board.post({ id: "j", flow: "f" });
  await pocket.pass(1);
  t.equal((await readFlow(journal, "j")).state, "REVERTED");
  t.match(await board.get("j"), { state: "CLAIMED" });
  await using second = await cluster.conductor("second", [flow]);
  await pocket.pass(6_000);
  t.match(await board.get("j"), {
    state: "COMPLETE",
    end: { state: "REVERTED", failure: { message: "b failed" } },
  });
  const runs = (await recordsOf(journal, "j")).filter((kind) => kind === "run");
  t.equal(runs.length, 1);
  t.equal(second.statistics.takenOver, 1);
  t.same(stage.log, []);
});

t.test("two versions of a flow's code: nobody migrates it unasked", async (t) => {
  const cluster = new Cluster();
  const { board, pocket, stage, journal } = cluster;
  const old = linear("f", {}, stage.task("a"), stage.task("b"));
  const next = linear("f", {}, stage.task("a"), quick("new"), stage.task("b"));
  const { board: frozen, freeze } = cluster.freezable();
  await cluster.conductor("old", [old], { board: frozen });
  await board.post({ id: "j", flow: "f" });
  await pocket.pass(1);
  (await stage.call("a")).succeed("A");
  await stage.call("b");
  freeze();
  stage.calls.length = 0;
  await using other = await cluster.conductor("next", [next]);
  await pocket.pass(10_000);
  t.match(await board.get("j"), { state: "UNCLAIMED", claims: 2, reason: /"new" is new/ });
  t.same(stage.log, []);
  await using third = await cluster.conductor("third", [old]);
  (await stage.call("b")).succeed("B");
  await pocket.pass(1);
  await third.idle();
  t.match(await board.get("j"), { state: "COMPLETE", end: { state: "SUCCESS" } });
  const kinds = await recordsOf(journal, "j");
  t.notOk(kinds.includes("migrated"));
  t.equal(other.statistics.consumed, 0);
});

t.test(
  "an attempt that takes its owners down is parked, and goes on when a person says so",
  async (t) => {
    const cluster = new Cluster();
    const { board, pocket, stage } = cluster;
    const flow = linear("f", {}, stage.task("poison"));
    await board.post({ id: "j", flow: "f" });
    for (let death = 1; death <= 3; death++) {
      const { board: frozen, freeze } = cluster.freezable();
      await cluster.conductor(`victim ${death}`, [flow], { board: frozen });
      await pocket.pass(death === 1 ? 1 : 6_000);
      t.equal(stage.calls.length, death);
      freeze();
    }
    await using last = await cluster.conductor("last", [flow]);
    await pocket.pass(10_000);
    t.match(await board.get("j"), {
      state: "UNCLAIMED",
      isHeld: true,
      reason: /"poison" took its host down 3 times/,
    });
    await board.command("j", { kind: "resume" });
    await until(() => stage.calls.length === 4, "it is tried again");
    stage.calls[3]?.call.succeed();
    await pocket.pass(1);
    await last.idle();
    t.match(await board.get("j"), { state: "COMPLETE", end: { state: "SUCCESS" } });
  },
);

t.test("a flow that was begun with other code waits for that, and is not parked", async (t) => {
  const cluster = new Cluster();
  const { board, pocket, stage } = cluster;
  const begun = linear("f", {}, stage.task("a"));
  const other = linear("f", {}, stage.task("b"));
  await board.post({ id: "j", flow: "f" });
  const { board: frozen, freeze } = cluster.freezable();
  await cluster.conductor("first", [begun], { board: frozen });
  await pocket.pass(1);
  t.equal(stage.calls.length, 1);
  freeze();
  for (let turn = 0; turn < 12; turn++) {
    const conductor = await cluster.conductor(`other ${turn}`, [other]);
    await pocket.pass(6_000);
    t.equal(conductor.statistics.claimed, turn === 0 ? 1 : 0);
    await conductor.close();
  }
  t.match(await board.get("j"), {
    ...{ state: "UNCLAIMED", isHeld: false, claims: 2 },
    reason: /differs from its journal: .*"b" is new/,
  });
  t.match(await board.post({ id: "j", flow: "f" }), { claims: 2 }, "posted again, it is known");
  await using last = await cluster.conductor("last", [begun]);
  await pocket.pass(10_000);
  t.strictSame(
    stage.calls.map(({ name }) => name),
    ["a", "a"],
  );
  stage.calls[1]?.call.succeed();
  await pocket.pass(1);
  await last.idle();
  t.match(await board.get("j"), { state: "COMPLETE", end: { state: "SUCCESS" } });
});

t.test("what ended long ago is forgotten, its journal first", async (t) => {
  const cluster = new Cluster();
  const { board, pocket, stage, journal } = cluster;
  const flow = linear("f", {}, stage.task("a"));
  await using conductor = await cluster.conductor("one", [flow], { keepMs: 60_000 });
  await board.post({ id: "old", flow: "f" });
  await pocket.pass(1);
  (await stage.call("a")).succeed();
  await pocket.pass(1);
  await conductor.idle();
  await board.post({ id: "new", flow: "f" });
  await pocket.pass(50_000);
  t.match(await board.get("old"), { state: "COMPLETE" });
  t.match(
    await board.post({ id: "old", flow: "f" }),
    { state: "COMPLETE" },
    "posted again, it has ended",
  );
  await pocket.pass(40_000);
  t.equal(await board.get("old"), undefined);
  t.same(await journal.read("old"), []);
  t.match(await board.get("new"), { state: "CLAIMED" }, "what runs stays, however old");
  t.not((await journal.read("new")).length, 0);
  stage.calls.at(-1)?.call.succeed();
});
