/** The part of the jobboards' contract that is about those who watch and wait. */
import { codeOf, type Define, Seen, type Subject } from "./jobboard-subject.ts";

export function jobboardWatches(test: Define, subject: Subject): void {
  waiting(test, subject);

  test("a watcher is given what is there, then what changes", async (t, board) => {
    await board.post({ id: "a", flow: "f", store: { x: 1 } });
    await board.post({ id: "b", flow: "f" });
    await board.renew({ owner: "c", leaseMs: 1_000 });
    const seen = new Seen();
    const stop = await board.watch(seen.changed);
    t.strictSame([...seen.jobs.values()], [await board.get("a"), await board.get("b")]);
    await board.post({ id: "c", flow: "f" });
    await board.claim("a", "c");
    await seen.until(() => seen.stateOf("c") === "UNCLAIMED" && seen.stateOf("a") === "CLAIMED");
    t.strictSame(seen.jobs.get("a"), await board.get("a"));
    await board.consume("a", "c", { state: "SUCCESS" });
    t.equal(await board.purge({ endedBefore: Infinity }), 1);
    await seen.until(() => seen.stateOf("a") === "gone");
    t.strictSame(seen.jobs.get("a"), { id: "a", gone: true });
    t.equal(seen.jobs.size, 3, "leases are no jobs");
    stop();
    stop();
  });

  test("whoever comes later is given the same, and who leaves hears no more", async (t, board) => {
    await board.post({ id: "a", flow: "f" });
    const [one, other, third] = [new Seen(), new Seen(), new Seen()];
    const stop = await board.watch(one.changed);
    await board.watch(other.changed);
    t.strictSame([...other.jobs], [...one.jobs]);
    stop();
    await board.claim("a", "c");
    await other.until(() => other.stateOf("a") === "CLAIMED");
    t.equal(one.stateOf("a"), "UNCLAIMED");
    await board.watch(third.changed);
    t.equal(third.stateOf("a"), "CLAIMED");
  });

  test("what went before somebody came to watch is not told", async (t, board) => {
    for (const id of ["a", "b"]) await board.post({ id, flow: "f" });
    const first = new Seen();
    await board.watch(first.changed);
    await board.claim("a", "c");
    await board.consume("a", "c", { state: "SUCCESS" });
    await board.purge({ endedBefore: Infinity });
    await first.until(() => first.stateOf("a") === "gone");
    const elsewhere = await subject.again(board);
    for (const watched of [board, elsewhere]) {
      const seen = new Seen();
      await watched.watch(seen.changed);
      t.strictSame([...seen.jobs.keys()], ["b"]);
    }
    await elsewhere.close();
  });

  test("a watcher that throws is nobody else's concern", async (t, board) => {
    const seen = new Seen();
    await board.watch(() => {
      throw new Error("no");
    });
    await board.watch(seen.changed);
    await board.post({ id: "a", flow: "f" });
    await seen.until(() => seen.stateOf("a") === "UNCLAIMED");
    t.equal((await board.get("a"))?.state, "UNCLAIMED");
  });

  test("watchers here and elsewhere see the last state of each of 100 jobs", async (t, board) => {
    const elsewhere = await subject.again(board);
    const [here, there] = [new Seen(), new Seen()];
    await Promise.all([board.watch(here.changed), elsewhere.watch(there.changed)]);
    const all = Array.from({ length: 100 }, (_, i) => `job-${i}`);
    await Promise.all(
      all.map(async (id, i) => {
        await board.post({ id, flow: "f" });
        await elsewhere.claim(id, "c");
        if (i % 4 === 0) await elsewhere.abandon(id, "c", { isHeld: true });
        if (i % 4 === 1) await elsewhere.consume(id, "c", { state: "SUCCESS" });
        if (i % 4 === 2) await elsewhere.trash(id, "c", "bad");
      }),
    );
    const last = new Map((await board.list({ limit: 1_000 })).map((job) => [job.id, job]));
    for (const seen of [here, there]) {
      await seen.until(() => all.every((id) => seen.revisionOf(id) === last.get(id)?.revision));
      for (const id of all) t.strictSame(seen.jobs.get(id), last.get(id));
    }
    await elsewhere.close();
  });
}

function waiting(test: Define, subject: Subject): void {
  test("waiting ends with the job, wherever it ended", async (t, board) => {
    const elsewhere = await subject.again(board);
    for (const id of ["done", "bad"]) {
      await board.post({ id, flow: "f" });
      await board.claim(id, "c");
    }
    const waits = [
      board.wait("done"),
      board.wait("bad"),
      board.wait("done"),
      elsewhere.wait("bad"),
    ];
    await elsewhere.consume("done", "c", { state: "SUCCESS" });
    await elsewhere.trash("bad", "c", "bad");
    t.match(await Promise.all(waits), [
      { id: "done", state: "COMPLETE", end: { state: "SUCCESS" } },
      { id: "bad", state: "TRASHED" },
      { id: "done", state: "COMPLETE" },
      { id: "bad", state: "TRASHED" },
    ]);
    t.match(await board.wait("done"), { state: "COMPLETE" }, "also when it has ended long ago");
    await elsewhere.close();
  });

  test("waiting ends in time, or when nobody wants to wait any more", async (t, board) => {
    await board.post({ id: "j", flow: "f" });
    await t.rejects(board.wait("j", { timeoutMs: 30 }), {
      code: "JOB_NOT_ENDED",
      message: 'job "j" has not ended within 30 ms: it is UNCLAIMED',
    });
    const reason = new Error("enough");
    const controller = new AbortController();
    const waiting = board.wait("j", { signal: controller.signal });
    controller.abort(reason);
    await t.rejects(waiting, reason);
    await t.rejects(board.wait("j", { signal: controller.signal }), reason);
    await t.rejects(board.wait("j", { timeoutMs: -1 }), {
      code: "INVALID_OPTION",
      message: 'option "timeoutMs": -1 is not a whole number of milliseconds',
    });
  });

  test("waiting for a job that is taken off the board ends", async (t, board) => {
    await board.post({ id: "j", flow: "f" });
    await board.claim("j", "c");
    await board.consume("j", "c", { state: "SUCCESS" });
    await board.purge({ endedBefore: Infinity });
    t.equal(await codeOf(board.wait("j")), "NOT_FOUND");
  });
}
