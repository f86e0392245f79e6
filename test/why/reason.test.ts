// Why a job is not moving: every answer, from facts that are made up, and from journals of real runs.
import t from "tap";
import { Engine } from "../../actors/engine.ts";
import { machines } from "../../actors/machines.ts";
import { linear, memoryJournal, task } from "../../lib/index.ts";
import { foldAll } from "../../lib/plan/fold.ts";
import { keyOf } from "../../lib/plan/key.ts";
import type { Batch } from "../../lib/plan/records.ts";
import type { FlowState } from "../../lib/plan/state.ts";
import type { ConductorFacts, Facts, JobFacts, Present, WorkerFacts } from "../../lib/why/facts.ts";
import { reasonOf } from "../../lib/why/reason.ts";
import { type Kind, leave } from "./leave.ts";

const at = new Date("2026-01-02T03:04:05").getTime();
const then = "2026-01-02 03:04:03";

const jobWith = (more: Partial<JobFacts>): JobFacts => ({
  ...{ flow: "f", state: "UNCLAIMED", isHeld: false, updatedAt: at - 2_000 },
  ...more,
});

const conductor = (owner: string, more: Partial<ConductorFacts> = {}): ConductorFacts => ({
  ...{ owner, leaseMs: 3_000, isStalled: false, silentMs: 0, flowHash: "abc", engine: "workers" },
  ...{ running: 0, maxFlows: 2, ...more },
});

const worker = (name: string, more: Partial<WorkerFacts> = {}): WorkerFacts => ({
  ...{ worker: name, tasks: [["one", 1]], slots: 2, free: 0, state: "up" },
  ...more,
});

const reasonWith = (
  state: FlowState | undefined,
  present: Partial<Present> | undefined,
  more: Partial<Facts> = {},
) =>
  reasonOf({
    ...{ id: "j", now: at, state, startedAt: () => at - 5_000 },
    present: present && { place: " --dir d", conductors: [], holders: {}, ...present },
    ...more,
  });

/** Code, an exclamation mark if it is stuck, and the sentence. */
function why(
  present: Partial<Present> | undefined,
  state?: FlowState,
  more: Partial<Facts> = {},
): string {
  const reason = reasonWith(state, present, more);
  if (reason === undefined) return "unknown";
  return `${reason.code}${reason.isStuck ? "!" : ""} ${reason.sentence}`;
}

async function stateOf(kind: Kind): Promise<FlowState> {
  return leave(memoryJournal(), { id: "j", kind, owner: "a" });
}

t.test("nothing is known, or where it is kept is away", async (t) => {
  t.equal(why({}), "unknown");
  t.equal(why(undefined), "unknown");
  t.equal(
    why({ away: "nats://here:4222" }, await stateOf("running")),
    "SERVER_AWAY! nothing can be recorded, so nothing starts: from here nats://here:4222 does not answer",
  );
});

t.test("jobs that nobody owns", (t) => {
  const job = jobWith({});
  const one = conductor("a");
  t.equal(why({ job }), 'NO_CONDUCTOR! no conductor has the flow "f": none is there');
  t.equal(
    why({ job, conductors: [conductor("a", { flowHash: null })] }),
    'NO_CONDUCTOR! no conductor has the flow "f": 1 with other flows only',
  );
  const silent = conductor("a", { silentMs: 1_500 });
  t.match(why({ job, conductors: [silent] }), /^NO_CONDUCTOR! .*none is there$/);
  const full = conductor("a", { running: 2 });
  t.equal(
    why({ job, conductors: [full] }),
    'CONDUCTORS_BUSY the one conductor that has the flow "f" runs as many flows as may be: 2',
  );
  t.equal(
    why({ job, conductors: [full, full] }),
    'CONDUCTORS_BUSY all 2 conductors that have the flow "f" run as many flows as may be: 4',
  );
  t.equal(
    why({ job, conductors: [full, one] }),
    "TO_BE_CLAIMED it is about to be claimed by one of 1 conductor, for 2.0 s now",
  );
  const unlisted = conductor("a", { flowHash: undefined });
  t.match(why({ job, conductors: [unlisted] }), /^TO_BE_CLAIMED/, "it may have it");
  t.match(
    why({ job: jobWith({ hash: "def" }), conductors: [one] }),
    /^OTHER_CODE! .*none with the code/,
  );
  t.match(why({ job: jobWith({ hash: "abcdef" }), conductors: [one] }), /^TO_BE/);
  t.equal(
    why({ job: jobWith({ reason: "handed over" }), conductors: [one] }),
    "GIVEN_BACK it was given back 2.0 s ago, handed over, and waits for one of 1 conductor",
  );
  t.end();
});

t.test("jobs at rest", async (t) => {
  const trashed = jobWith({ state: "TRASHED", reason: "no\nzone" });
  t.equal(
    why({ job: trashed }),
    `TRASHED! it is in the trash since ${then}: no zone; "fourstroke restore j --dir d" puts it back`,
  );
  const held = jobWith({ isHeld: true, reason: "suspended" });
  const resume = '"fourstroke resume j --dir d" lets it go on';
  t.equal(why({ job: held }), `SUSPENDED! it is suspended; ${resume}`);
  t.equal(
    why({ job: held }, await stateOf("parked")),
    `PARKED! it is parked: it took three hosts down; ${resume}`,
  );
  const end = { state: "REVERTED", message: "no capacity" };
  t.equal(
    why({ job: jobWith({ state: "COMPLETE", end }) }),
    `ENDED! it ended REVERTED at ${then}: no capacity`,
  );
  t.equal(
    why({ job: jobWith({ state: "COMPLETE", end: { state: "SUCCESS" } }) }),
    `ENDED it ended SUCCESS at ${then}`,
  );
});

t.test("jobs with an owner, dead or alive", async (t) => {
  const job = jobWith({ state: "CLAIMED", owner: "a" });
  const [a, b, c] = [conductor("a"), conductor("b"), conductor("c")];
  t.equal(
    why({ job }),
    'OWNER_DEAD! its owner a has no lease any more, and no other conductor has the flow "f"',
  );
  const silent = conductor("a", { silentMs: 1_500 });
  const dead = "its owner a has not renewed its lease of 3.0 s for 1.5 s";
  t.equal(
    why({ job, conductors: [silent, b] }),
    `OWNER_DEAD ${dead}, and b takes over when that is over`,
  );
  t.match(why({ job, conductors: [silent, b, c] }), /and another conductor takes over/);
  t.equal(
    why({ job, conductors: [conductor("a", { isStalled: true })] }),
    "OWNER_BUSY a task keeps the event loop of its owner a busy",
  );
  t.match(why({ job, conductors: [a] }), /^BEGINNING its owner a has just claimed it/);
  const running = await stateOf("running");
  const conductors = [a];
  t.match(why({ job: { ...job, owner: "b" }, conductors: [b] }, running), /^BEGINNING/);
  t.equal(why({ job, conductors }, running), 'RUNNING "one" has been running for 5.0 s');
  const serial = [conductor("a", { engine: "serial" })];
  t.equal(
    why({ job, conductors: serial }, running),
    'RUNNING "one" has been running on conductor a for 5.0 s',
  );
  const suspended = await stateOf("suspended");
  t.match(why({ job, conductors }, suspended), /^SUSPENDED!/, "the board lags behind");
});

t.test("tasks that workers have, or none can take", async (t) => {
  const job = jobWith({ state: "CLAIMED", owner: "a" });
  const running = await stateOf("running");
  const key = keyOf("j", "one", "execute", 1);
  const said = (workers: readonly WorkerFacts[], holders: Present["holders"] = {}): string =>
    why({ job, conductors: [conductor("a")], workers, holders }, running);
  t.equal(said([]), 'NO_WORKER! no worker serves the task "one"');
  const newer = worker("w", { tasks: [["one", 2]] });
  t.equal(said([newer]), 'NO_WORKER! no worker serves the task "one"');
  t.equal(
    said([worker("w"), worker("v")], { [key]: null }),
    'WORKERS_BUSY all 2 workers that serve the task "one" are busy: none of 4 slots is free',
  );
  t.equal(
    said([worker("w")], { [key]: null }),
    'WORKERS_BUSY the one worker that serves the task "one" is busy: none of 2 slots is free',
  );
  t.match(said([worker("w", { free: 1 })], { [key]: null }), /^RUNNING "one" has been running for/);
  t.equal(
    said([worker("w")], { [key]: "w" }),
    'RUNNING "one" has been running on worker w for 5.0 s',
  );
  t.match(said([worker("w")]), /^RUNNING "one" has been running for/, "it could not be asked");
  const earlier = { [keyOf("j", "one", "execute", 0)]: "w" };
  t.match(said([worker("w")], earlier), /^RUNNING "one" has been running for/, "another attempt");
});

t.test("what a journal says by itself", async (t) => {
  const job = jobWith({ state: "CLAIMED", owner: "a" });
  const conductors = [conductor("a")];
  const waiting = await stateOf("waiting");
  const [retry = -1] = waiting.waits.keys();
  const { dueAt } = waiting.waits.get(retry)!;
  t.match(reasonWith(waiting, { job, conductors }, { now: dueAt - 5_000 }), {
    ...{ code: "BACKOFF", dueAt, isStuck: false },
    sentence: /^"f_retry" waits until .*, 5\.0 s from now, before the next attempt$/,
  });
  t.match(
    why({ job, conductors }, waiting, { now: dueAt + 1 }),
    /^BACKOFF "f_retry" has waited until .*, and is about to begin the next attempt$/,
  );
  t.equal(
    why({ job, conductors }, await stateOf("suspending")),
    'SUSPENDING it is being suspended, and "one" has been running for 5.0 s',
  );
  t.equal(
    why({ job, conductors }, await stateOf("undoing")),
    'RUNNING "one" is being undone, for 5.0 s now',
  );
});

t.test("flows that are no jobs", async (t) => {
  const running = await stateOf("running");
  const resume = '"fourstroke resume j --dir d" goes on with it';
  t.equal(
    why({}, running),
    `RUNNING "one" has been running for 5.0 s, if its owner a still lives; if it doesn't, ${resume}`,
  );
  t.equal(
    why({ runner: "process 1" }, running),
    'RUNNING "one" has been running in process 1 for 5.0 s',
  );
  t.equal(
    why({ gone: "process 1" }, running),
    `NOT_RUN! its process 1 is gone, and left "one" running; ${resume}`,
  );
  t.equal(
    why({ gone: "process 1" }, await stateOf("waiting")),
    `NOT_RUN! its process 1 is gone, and left "f_retry" waiting for its next attempt; ${resume}`,
  );
  t.match(
    why({ gone: "process 1" }, await stateOf("done")),
    /^ENDED it ended SUCCESS at [-\d: ]+$/,
  );
  t.match(why({}, await stateOf("failed")), /^ENDED! it ended REVERTED at .{19}: no room$/);
  t.equal(
    why({}, await stateOf("suspended")),
    'SUSPENDED! it is suspended; "fourstroke resume j --dir d" lets it go on',
  );
  t.equal(
    why({}, await stateOf("parked")),
    'PARKED! it is parked: it took three hosts down; "fourstroke resume j --dir d --unpark" lets it go on',
  );
});

t.test("of an earlier moment, no command is named", async (t) => {
  t.equal(why(undefined, await stateOf("suspended")), "SUSPENDED! it is suspended");
  t.match(why(undefined, await stateOf("running")), /^RUNNING "one" has been running for 5\.0 s$/);
  const fresh = foldAll(machines, [await firstBatch()]);
  t.equal(why(undefined, fresh), 'READY "one" is about to start');
  t.equal(why(undefined, fresh), 'READY "one" is about to start', "looking takes nothing");
  t.match(why({}, fresh), /^NOT_RUN! nobody has begun to run it; "fourstroke resume j --dir d"/);
});

/** Of a flow that was begun, and run by nobody. */
async function firstBatch(): Promise<Batch> {
  const journal = memoryJournal();
  const two = [task({ name: "one", execute: () => 1 }), task({ name: "two", execute: () => 1 })];
  await new Engine(linear("f", ...two), { id: "j", journal }).run();
  const [batch] = await journal.read("j");
  return { ...batch!, records: batch!.records.slice(0, 1) };
}
