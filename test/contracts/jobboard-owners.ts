/** The part of the jobboards' contract that is about owners: claims, and how they end. */
import type { Failure } from "../../lib/failure.ts";
import type { Job } from "../../lib/jobboard/jobboard.ts";
import type { Define, Subject } from "./jobboard-subject.ts";

export function jobboardOwners(test: Define, subject: Subject): void {
  claiming(test, subject);
  giving(test);
  held(test);
}

function claiming(test: Define, subject: Subject): void {
  test("a claimed job has one owner, and others are told whom", async (t, board) => {
    const job = await board.post({ id: "j", flow: "f" });
    t.equal(await board.owner("j"), undefined);
    const claimed = await board.claim("j", "c1");
    t.match(claimed, { state: "CLAIMED", owner: "c1", claims: 1 });
    t.ok(claimed.revision > job.revision);
    const elsewhere = await subject.again(board);
    t.equal(await elsewhere.owner("j"), "c1");
    for (const who of ["c1", "c2"]) {
      await t.rejects(elsewhere.claim("j", who), {
        code: "JOB_UNCLAIMABLE",
        about: { job: "j", state: "CLAIMED", owner: "c1" },
        message: 'job "j" can\'t be claimed: c1 owns it',
      });
    }
    await elsewhere.close();
  });

  test("what is not there can't be owned", async (t, board) => {
    const missing = { code: "NOT_FOUND", message: 'no job "j"' };
    await t.rejects(board.claim("j", "c"), missing);
    await t.rejects(board.owner("j"), missing);
    await t.rejects(board.abandon("j", "c"), missing);
    await t.rejects(board.consume("j", "c", { state: "SUCCESS" }), missing);
    await t.rejects(board.trash("j", "c", "bad"), missing);
    await t.rejects(board.restore("j"), missing);
    await t.rejects(board.command("j", { kind: "cancel" }), missing);
    await t.rejects(board.takeCommands("j", "c"), missing);
    await t.rejects(board.wait("j"), missing);
  });

  test("who claims has a name", async (t, board) => {
    await board.post({ id: "j", flow: "f" });
    for (const [who, problem] of [
      ["", "is empty"],
      [undefined, "is undefined"],
      [7, "is a number"],
    ] as const) {
      const message = `option "who": ${problem}`;
      const name = who as string;
      await t.rejects(board.claim("j", name), { code: "INVALID_OPTION", message });
      await t.rejects(board.abandon("j", name), { code: "INVALID_OPTION", message });
      await t.rejects(board.consume("j", name, { state: "S" }), {
        code: "INVALID_OPTION",
        message,
      });
      await t.rejects(board.trash("j", name, "bad"), { code: "INVALID_OPTION", message });
    }
    t.equal((await board.get("j"))?.state, "UNCLAIMED");
  });

  test("a claim at a revision is refused when the job has changed since", async (t, board) => {
    const { revision } = await board.post({ id: "j", flow: "f" });
    await board.command("j", { kind: "cancel" });
    await t.rejects(board.claim("j", "c", { revision }), {
      code: "JOB_UNCLAIMABLE",
      about: { job: "j", state: "UNCLAIMED" },
      message: `job "j" can't be claimed: it has changed since revision ${revision}`,
    });
    const now = await board.get("j");
    t.match(await board.claim("j", "c", { revision: now?.revision ?? 0 }), { owner: "c" });
  });

  test("a job is claimed away from the owner that is named, and from no other", async (t, board) => {
    await board.post({ id: "j", flow: "f" });
    await t.rejects(board.claim("j", "c2", { from: "c1" }), {
      code: "JOB_UNCLAIMABLE",
      message: 'job "j" can\'t be claimed: c1 does not own it',
    });
    const first = await board.claim("j", "c1");
    await t.rejects(board.claim("j", "c3", { from: "c2" }), {
      code: "JOB_UNCLAIMABLE",
      message: 'job "j" can\'t be claimed: c1 owns it',
    });
    const second = await board.claim("j", "c2", { from: "c1" });
    t.match(second, { state: "CLAIMED", owner: "c2", claims: 2 });
    t.ok(second.revision > first.revision);
    await t.rejects(board.consume("j", "c1", { state: "SUCCESS" }), { code: "NOT_OWNER" });
  });

  test("of two that race for 200 jobs, one gets each", async (t, board) => {
    const elsewhere = await subject.again(board);
    const all = Array.from({ length: 200 }, (_, i) => `job-${i}`);
    await Promise.all(all.map(async (id) => board.post({ id, flow: "f" })));
    const race = async (who: string, at: typeof board): Promise<Job[]> => {
      const claims = await Promise.allSettled(all.map(async (id) => at.claim(id, who)));
      return claims.flatMap((claim) => (claim.status === "fulfilled" ? [claim.value] : []));
    };
    const [one, other] = await Promise.all([race("c1", board), race("c2", elsewhere)]);
    t.equal(one.length + other.length, 200);
    t.equal(new Set([...one, ...other].map(({ id }) => id)).size, 200);
    for (const { id, owner } of await elsewhere.list({ limit: 1_000 })) {
      const winner = one.some((job) => job.id === id) ? "c1" : "c2";
      if (owner !== winner) t.fail(`${id} is ${owner}'s, and ${winner} was told that it has it`);
    }
    await elsewhere.close();
  });
}

function giving(test: Define): void {
  test("only the owner gives back, completes or throws away", async (t, board) => {
    await board.post({ id: "j", flow: "f" });
    const unowned = { code: "NOT_FOUND", message: 'no owner of job "j"' };
    const refused = async (expected: { code: string; message: string }): Promise<void> => {
      await t.rejects(board.abandon("j", "c2"), expected);
      await t.rejects(board.consume("j", "c2", { state: "SUCCESS" }), expected);
      await t.rejects(board.trash("j", "c2", "bad"), expected);
      await t.rejects(board.takeCommands("j", "c2"), expected);
    };
    await refused(unowned);
    await board.claim("j", "c1");
    await refused({
      code: "NOT_OWNER",
      message: 'c2 is not the owner of job "j": c1 is',
    });
    t.match(await board.get("j"), { owner: "c1" });
    await board.consume("j", "c1", { state: "SUCCESS" });
    await refused(unowned);
  });

  test("an abandoned job can be claimed again", async (t, board) => {
    await board.post({ id: "j", flow: "f" });
    let last = await board.claim("j", "c1");
    const back = await board.abandon("j", "c1", { reason: "too much to do" });
    t.match(back, {
      state: "UNCLAIMED",
      owner: undefined,
      isHeld: false,
      reason: "too much to do",
    });
    t.ok(back.revision > last.revision);
    last = await board.claim("j", "c2");
    t.match(last, { owner: "c2", claims: 2, reason: undefined });
    t.ok(last.revision > back.revision, "revisions grow");
  });

  test("what its owner found of a job's blueprint is kept, and none that was posted", async (t, board) => {
    const found = { hash: "found", needs: ["r@1"] };
    const said = { hash: "said", needs: [] };
    await board.post({ id: "unsaid", flow: "f" });
    await board.post({ id: "said", flow: "f", blueprint: said });
    for (const id of ["unsaid", "said"]) {
      await board.claim(id, "c1");
      await board.abandon(id, "c1", { blueprint: found });
    }
    t.match(await board.get("unsaid"), { blueprint: found, isBlueprintFound: true });
    t.match(await board.get("said"), { blueprint: said, isBlueprintFound: undefined });
    t.match(await board.post({ id: "unsaid", flow: "f" }), { claims: 1 }, "it is the same job");
    await t.rejects(board.post({ id: "unsaid", flow: "f", blueprint: found }), {
      code: "ALREADY_EXISTS",
    });
    await board.claim("unsaid", "c2");
    t.match(await board.abandon("unsaid", "c2"), { blueprint: found, isBlueprintFound: true });
    await board.post({ id: "large", flow: "f" });
    await board.claim("large", "c1");
    const needs = Array.from({ length: 2_000 }, (_, at) => `controller-${at}@1`);
    const { blueprint } = await board.abandon("large", "c1", { blueprint: { hash: "h", needs } });
    t.strictSame(blueprint, { hash: "h", needs: [] });
  });

  test("a consumed job says how it ended, and is over", async (t, board) => {
    await board.post({ id: "j", flow: "f" });
    await board.claim("j", "c");
    const failure = { name: "Error", message: "no seats", cause: { name: "E", message: "full" } };
    const end = { state: "REVERTED", failure };
    await board.command("j", { kind: "suspend" });
    const job = await board.consume("j", "c", end);
    t.match(job, { state: "COMPLETE", owner: undefined, end, commands: [] });
    t.strictSame(await board.get("j"), job);
    await t.rejects(board.claim("j", "c"), {
      code: "JOB_UNCLAIMABLE",
      message: 'job "j" can\'t be claimed: it is COMPLETE',
    });
    await t.rejects(board.restore("j"), { code: "INVALID_STATE" });
    await t.rejects(board.command("j", { kind: "cancel" }), {
      code: "INVALID_STATE",
      message: 'flow "j" can\'t cancel in state COMPLETE',
    });
  });

  test("a job that has grown as far as it may fits everywhere", async (t, board) => {
    const store = { text: "é".repeat(195_000) };
    const reason = "é".repeat(1_000);
    await board.post({ id: "j", flow: "f", store });
    await board.claim("j", "c");
    await board.abandon("j", "c", { reason: "é".repeat(9_000) });
    for (let i = 0; i < 16; i++) {
      await board.command("j", { kind: i % 2 === 0 ? "suspend" : "resume", reason });
    }
    await board.claim("j", "c");
    const refused = Array.from({ length: 8 }, (_, at) => [at + 1, "é".repeat(1_000)] as const);
    await board.takeCommands("j", "c", 8, new Map(refused));
    let failure: Failure = {
      name: "Error",
      message: "é".repeat(16_000),
      stack: "é".repeat(16_000),
    };
    for (let depth = 0; depth < 8; depth++) failure = { ...failure, cause: { ...failure } };
    await t.rejects(board.consume("j", "c", { state: "FAILURE", failure }), {
      code: "PAYLOAD_REFUSED",
      message: "end is bigger than 524288 bytes",
    });
    const end = { state: "FAILURE", failure: failure.cause ?? failure };
    await board.consume("j", "c", end);
    t.strictSame((await board.get("j"))?.end, end);
  });

  test("a trashed job is kept for inspection, until it is restored", async (t, board) => {
    await board.post({ id: "j", flow: "f", details: { a: 1 } });
    await t.rejects(board.restore("j"), {
      code: "INVALID_STATE",
      message: 'flow "j" can\'t be restored in state UNCLAIMED',
    });
    await board.claim("j", "c");
    const job = await board.trash("j", "c", "nobody can do this");
    t.match(job, { state: "TRASHED", owner: undefined, reason: "nobody can do this" });
    t.strictSame(await board.list({ states: ["TRASHED"] }), [job]);
    await t.rejects(board.claim("j", "c"), { code: "JOB_UNCLAIMABLE" });
    await t.rejects(board.command("j", { kind: "resume" }), { code: "INVALID_STATE" });
    t.match(await board.restore("j"), { state: "UNCLAIMED", details: { a: 1 } });
    t.match(await board.claim("j", "c"), { claims: 2 });
  });
}

function held(test: Define): void {
  test("a held job is claimed by nobody until it is told to go on", async (t, board) => {
    for (const kind of ["resume", "cancel", "kill"] as const) {
      await board.post({ id: kind, flow: "f" });
      await board.claim(kind, "c");
      t.match(await board.abandon(kind, "c", { isHeld: true }), {
        state: "UNCLAIMED",
        isHeld: true,
      });
      t.match(await board.command(kind, { kind: "suspend" }), { isHeld: true, commands: [] });
      await t.rejects(board.claim(kind, "c"), {
        code: "JOB_UNCLAIMABLE",
        message: `job "${kind}" can't be claimed: it is held until it is told to resume`,
      });
      const { isHeld, commands } = await board.command(kind, { kind });
      t.equal(isHeld, false);
      t.strictSame(commands, [{ number: 1, kind }]);
      t.match(await board.claim(kind, "c"), { state: "CLAIMED", claims: 2 });
    }
  });

  test("what releases a job does so while its owner is about to hold it, too", async (t, board) => {
    for (const kind of ["resume", "cancel", "kill", "suspend"] as const) {
      await board.post({ id: kind, flow: "f" });
      await board.claim(kind, "c");
      await board.command(kind, { kind });
      const { isHeld, commands } = await board.abandon(kind, "c", { isHeld: true });
      t.equal(isHeld, kind === "suspend", kind);
      t.strictSame(commands, [{ number: 1, kind }]);
    }
  });

  test("of several commands the last one decides whether the job is held", async (t, board) => {
    for (const [first, last] of [
      ["cancel", "suspend"],
      ["suspend", "cancel"],
    ] as const) {
      await board.post({ id: last, flow: "f" });
      await board.claim(last, "c");
      await board.command(last, { kind: first });
      await board.command(last, { kind: last });
      const { isHeld, commands } = await board.abandon(last, "c", { isHeld: true });
      t.equal(isHeld, last === "suspend", last);
      t.equal(commands.length, 2);
    }
  });
}
