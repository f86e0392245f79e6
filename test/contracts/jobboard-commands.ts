/** The part of the jobboards' contract that is about commands: who leaves them, who takes them, and what comes of them. */
import type { Define } from "./jobboard-subject.ts";

export function jobboardCommands(test: Define): void {
  test("commands wait for the next owner, who takes what it has recorded", async (t, board) => {
    await board.post({ id: "j", flow: "f" });
    await board.command("j", { kind: "suspend" });
    await board.command("j", { kind: "cancel", reason: "too expensive" });
    await board.command("j", { kind: "cancel", reason: "again" });
    const { commands } = await board.claim("j", "c");
    const expected = [
      { number: 1, kind: "suspend" },
      { number: 2, kind: "cancel", reason: "too expensive" },
    ];
    t.strictSame(commands, expected);
    await board.command("j", { kind: "kill" });
    t.strictSame(await board.takeCommands("j", "c", 2), expected);
    t.strictSame(await board.takeCommands("j", "c", 2), []);
    t.strictSame(await board.takeCommands("j", "c"), [{ number: 3, kind: "kill" }]);
    const job = await board.get("j");
    t.match(job, { commands: [], commanded: 3 });
    t.strictSame(await board.takeCommands("j", "c"), []);
    t.equal((await board.get("j"))?.revision, job?.revision, "nothing was written");
    await board.command("j", { kind: "cancel" });
    t.match(await board.get("j"), { commands: [{ number: 4, kind: "cancel" }] });
  });

  test("what came of a refused command stays with the job, the last eight times", async (t, board) => {
    await board.post({ id: "j", flow: "f" });
    t.equal((await board.claim("j", "c")).refusals, undefined);
    for (let number = 1; number <= 10; number++) {
      await board.command("j", { kind: "edit", edit: { kind: "skip", atom: `a${number}` } });
    }
    const why = new Map([
      [1, "it is RUNNING"],
      [3, "x".repeat(2_000)],
      [10, "not yet"],
    ]);
    t.equal((await board.takeCommands("j", "c", 9, why)).length, 9);
    t.match((await board.get("j"))?.refusals, [
      { number: 1, kind: "edit", why: "it is RUNNING", at: Number },
      { number: 3, kind: "edit", why: "x".repeat(1_000) },
    ]);
    await board.abandon("j", "c");
    t.equal((await board.claim("j", "d")).refusals?.length, 2, "whoever owns it next");
    await board.takeCommands("j", "d", undefined, why);
    t.same(
      (await board.get("j"))?.refusals?.map(({ number }) => number),
      [1, 3, 10],
    );
    for (let number = 11; number <= 20; number++) {
      await board.command("j", { kind: number % 2 === 0 ? "suspend" : "resume" });
    }
    await board.takeCommands(
      "j",
      "d",
      undefined,
      new Map([
        [15, "x"],
        [16, "y"],
        [19, "z"],
      ]),
    );
    t.same(
      (await board.get("j"))?.refusals?.map(({ number }) => number),
      [1, 3, 10, 15, 16, 19],
    );
    for (const kind of ["cancel", "kill", "cancel"] as const) await board.command("j", { kind });
    await board.consume("j", "d", { state: "SUCCESS" });
    const job = await board.get("j");
    t.same(
      job?.refusals?.map(({ number }) => number),
      [3, 10, 15, 16, 19, 21, 22, 23],
      "the oldest is forgotten",
    );
    t.match(job?.refusals?.at(-1), { kind: "cancel", why: "the flow had ended before: SUCCESS" });
    t.match(job, { state: "COMPLETE", commands: [] });
  });

  test("only so many commands wait", async (t, board) => {
    await board.post({ id: "j", flow: "f" });
    for (let i = 0; i < 8; i++) {
      await board.command("j", { kind: "suspend" });
      await board.command("j", { kind: "resume" });
    }
    await t.rejects(board.command("j", { kind: "suspend" }), {
      code: "COMMANDS_FULL",
      message: 'job "j" has 16 commands waiting already',
    });
    t.equal((await board.command("j", { kind: "resume" })).commands.length, 16, "the last again");
  });

  test("an edit releases a held job only if it wants the flow to run", async (t, board) => {
    await board.post({ id: "j", flow: "f" });
    await board.claim("j", "c");
    await board.abandon("j", "c", { isHeld: true });
    const complete = { kind: "complete", atom: "a", value: new Map([[1, 2n]]) } as const;
    t.match(await board.command("j", { kind: "edit", edit: complete }), { isHeld: true });
    const now = { kind: "retryNow", retry: "r" } as const;
    const { isHeld, commands } = await board.command("j", { kind: "edit", edit: now });
    t.equal(isHeld, false);
    t.strictSame(commands, [
      { number: 1, kind: "edit", edit: complete },
      { number: 2, kind: "edit", edit: now, wasHeld: true },
    ]);
    t.strictSame((await board.claim("j", "c")).commands, commands);
    await board.command("j", { kind: "edit", edit: { kind: "park" } });
    await board.takeCommands("j", "c", 2);
    t.match(await board.abandon("j", "c", { isHeld: true }), { isHeld: true });
  });

  test("setting atoms back opens a job again that is over", async (t, board) => {
    await board.post({ id: "j", flow: "f" });
    await board.claim("j", "c");
    const back = { kind: "edit", edit: { kind: "retryFrom", atoms: ["a"] } } as const;
    await board.consume("j", "c", { state: "REVERTED" });
    const open = await board.command("j", back);
    t.match(open, { state: "UNCLAIMED", commands: [back], claims: 1 });
    t.equal(open.end, undefined);
    await board.claim("j", "d");
    t.match(await board.consume("j", "d", { state: "SUCCESS" }), {
      state: "UNCLAIMED",
      commands: [back],
    });
    await board.claim("j", "d");
    await board.takeCommands("j", "d");
    t.match(await board.consume("j", "d", { state: "SUCCESS" }), { state: "COMPLETE" });
  });

  test("a command is one of five", async (t, board) => {
    await board.post({ id: "j", flow: "f" });
    await t.rejects(board.command("j", { kind: "stop" as "kill" }), {
      code: "INVALID_OPTION",
      message: 'option "kind": "stop" is none of cancel, suspend, resume, kill, edit',
    });
  });
}
