// Why a job is not moving: every answer, from facts that are made up, and from journals of real runs.
import t from "tap";
import { Engine } from "../../actors/engine.ts";
import type { Facts, Reason } from "../../lib/cli/facts.ts";
import { reasonOf } from "../../lib/cli/reason.ts";
import type { SeenConductor } from "../../lib/cli/conductors.ts";
import { findFlow, type Kept } from "../../lib/cli/store.ts";
import type { Presence } from "../../lib/executor/protocol.ts";
import { linear, memoryJobboard, memoryJournal, task, times } from "../../lib/index.ts";
import type { Job } from "../../lib/jobboard/jobboard.ts";

const at = 1_000_000;
const board = memoryJobboard();
const posted = await board.post({ id: "j", flow: "f" });

const jobWith = (more: Partial<Job>): Job => ({ ...posted, updatedAt: at - 2_000, ...more });

function conductor(owner: string, more: object = {}, details: object = {}): SeenConductor {
  const known = { name: owner, flows: [["f", "abc"]], flowsInAll: 1, engine: "workers" };
  const counted = { running: 0, maxFlows: 2, ...details };
  const lease = { owner, leaseMs: 3_000, isStalled: false, revision: 1, silentMs: 0 };
  return { ...lease, ...more, details: { ...known, ...counted } } as unknown as SeenConductor;
}

const worker = (name: string, more: Partial<Presence> = {}): Presence => ({
  ...{ worker: name, tasks: [["one", 1]], slots: 2, free: 0, state: "up" },
  ...more,
});

function why(facts: Partial<Facts>): string {
  const reason = reasonOf({
    ...{ id: "j", now: at, job: undefined, kept: undefined, conductors: [], workers: undefined },
    ...{
      holders: new Map(),
      process: undefined,
      command: (verb: string) => `fourstroke ${verb} j`,
    },
    ...facts,
  });
  return reason === undefined ? "unknown" : `${reason.code} ${reason.sentence}`;
}

/** The journal of a flow whose first task runs, or whose controller waits. */
async function journalOf(kind: "running" | "waiting" | "suspended" | "done"): Promise<Kept> {
  const journal = memoryJournal();
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const one = task({
    name: "one",
    execute: async (_: object, { signal }) => {
      begin();
      if (kind === "done") return;
      if (kind === "waiting") throw new Error("not yet");
      await new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          reject(signal.reason as Error);
        });
      });
    },
  });
  const backoff = { firstMs: 60_000, maxMs: 60_000, jitter: "none" } as const;
  const flow = linear("f", { retry: times(2, { backoff }) }, one);
  const engine = new Engine(flow, { id: "j", journal, owner: "a" });
  const run = engine.run();
  run.catch(() => undefined);
  await begun;
  if (kind === "done") await run;
  if (kind === "suspended") engine.suspend();
  for (;;) {
    const kept = await findFlow(journal, "j");
    const isThere =
      kind === "waiting" ? [...(kept?.state.waits.keys() ?? [])].length === 1 : kept !== undefined;
    const state = kept?.view.state;
    if (kind === "suspended" ? state === "SUSPENDING" : isThere) {
      engine.abandon();
      return kept as Kept;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

t.test("jobs that nobody owns", (t) => {
  const job = jobWith({});
  const one = conductor("a");
  t.equal(why({}), "unknown");
  t.equal(why({ job }), 'NO_CONDUCTOR no conductor has the flow "f": none is there');
  const other = conductor("a", {}, { flows: [["g", "abc"]] });
  t.equal(
    why({ job, conductors: [other] }),
    'NO_CONDUCTOR no conductor has the flow "f": 1 with other flows only',
  );
  const silent = conductor("a", { silentMs: 1_500 });
  t.match(why({ job, conductors: [silent] }), /^NO_CONDUCTOR .*none is there$/);
  const full = conductor("a", {}, { running: 2 });
  t.equal(
    why({ job, conductors: [full] }),
    'CONDUCTORS_BUSY the one conductor that has the flow "f" runs as many flows as may be: 2',
  );
  t.match(
    why({ job, conductors: [full, full] }),
    /all 2 conductors that have .* run as many .*: 4$/,
  );
  t.equal(
    why({ job, conductors: [full, one] }),
    "TO_BE_CLAIMED it is about to be claimed by one of 1 conductor, for 2.0 s now",
  );
  const unlisted = conductor("a", {}, { flows: [], flowsInAll: 900 });
  t.match(why({ job, conductors: [unlisted] }), /^TO_BE_CLAIMED/, "it may have it");
  const blueprint = { hash: "def", needs: [] };
  t.match(
    why({ job: jobWith({ blueprint }), conductors: [one] }),
    /^OTHER_CODE .*none with the code/,
  );
  t.match(
    why({ job: jobWith({ blueprint: { hash: "abcdef", needs: [] } }), conductors: [one] }),
    /^TO_BE/,
  );
  t.equal(
    why({ job: jobWith({ reason: "handed over" }), conductors: [one] }),
    "GIVEN_BACK it was given back 2.0 s ago, handed over, and waits for one of 1 conductor",
  );
  t.end();
});

t.test("jobs at rest", async (t) => {
  const trashed = jobWith({ state: "TRASHED", reason: "no\nzone" });
  t.match(
    why({ job: trashed }),
    /^TRASHED it is in the trash since .*: no zone; "fourstroke restore j"/,
  );
  const held = jobWith({ isHeld: true, reason: "suspended" });
  t.equal(why({ job: held }), 'SUSPENDED it is suspended; "fourstroke resume j" lets it go on');
  const failure = { name: "Error", message: "no capacity" };
  const complete = jobWith({ state: "COMPLETE", end: { state: "REVERTED", failure } });
  t.equal(why({ job: complete }), "ENDED it ended REVERTED 2.0 s ago: no capacity");
  const parked = {
    view: { state: "PARKED", reason: "it took three hosts down" },
  } as unknown as Kept;
  t.match(why({ job: held, kept: parked }), /^PARKED it is parked: it took three hosts down; /);
  t.end();
});

t.test("jobs with an owner, dead or alive", async (t) => {
  const job = jobWith({ state: "CLAIMED", owner: "a" });
  const [a, b] = [conductor("a"), conductor("b")];
  t.equal(
    why({ job }),
    'OWNER_DEAD its owner a has no lease any more, and no other conductor has the flow "f"',
  );
  t.equal(
    why({ job, conductors: [conductor("a", { silentMs: 1_500 }), b] }),
    "OWNER_DEAD its owner a has not renewed its lease of 3.0 s for 1.5 s, and b takes over when that is over",
  );
  t.match(
    why({ job, conductors: [conductor("a", { isStalled: true })] }),
    /^OWNER_BUSY a task keeps/,
  );
  t.match(why({ job, conductors: [a] }), /^BEGINNING/);
  const running = await journalOf("running");
  const conductors = [a];
  const base = { job, conductors, kept: running };
  t.match(why(base), /^RUNNING "one" has been running for /);
  t.equal(why({ ...base, workers: [] }), 'NO_WORKER no worker serves the task "one"');
  const old = worker("w", { tasks: [["one", 2]] });
  t.equal(why({ ...base, workers: [old] }), 'NO_WORKER no worker serves the task "one"');
  const nobody = new Map([["one", null]]);
  t.equal(
    why({ ...base, workers: [worker("w"), worker("v")], holders: nobody }),
    'WORKERS_BUSY all 2 workers that serve the task "one" are busy: none of 4 slots is free',
  );
  const its = new Map([["one", "w"]]);
  t.match(
    why({ ...base, workers: [worker("w")], holders: its }),
    /^RUNNING "one" .* on worker w for /,
  );
  const unknown = why({ ...base, workers: [worker("w")] });
  t.match(unknown, /^RUNNING/, "it could not be asked");
});

t.test("what a journal says by itself", async (t) => {
  const job = jobWith({ state: "CLAIMED", owner: "a" });
  const conductors = [conductor("a")];
  const waiting = await journalOf("waiting");
  const { dueAt } = [...waiting.state.waits.keys()].map((retry) =>
    waiting.state.waits.get(retry),
  )[0]!;
  const reason = reasonOf({
    ...{ id: "j", now: dueAt - 5_000, job, kept: waiting, conductors, workers: [worker("w")] },
    ...{ holders: new Map(), process: undefined, command: () => "" },
  }) as Reason;
  t.match(reason, { code: "BACKOFF", dueAt, sentence: /waits until .*, 5\.0 s from now, before/ });
  t.match(
    why({ job, conductors, kept: await journalOf("suspended") }),
    /^SUSPENDING it is being suspended, and "one"/,
  );
  const running = await journalOf("running");
  t.match(
    why({ kept: running }),
    /^NOT_RUN nobody is known to run it: its last owner a was last heard of/,
  );
  t.match(why({ kept: running, process: "process 1" }), /^RUNNING/);
  t.match(why({ kept: await journalOf("done") }), /^ENDED it ended SUCCESS/);
});
