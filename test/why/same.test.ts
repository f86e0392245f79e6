// Why a flow does not move: the page says what the command line says, for the same moment, whatever there is to say.
import { hostname } from "node:os";
import t, { type Test } from "tap";
import { livingOwner, deadOwner } from "../../lib/cli/owner.ts";
import { Places, type PlacesOptions } from "../../lib/cli/places.ts";
import { defaultDir, placeText } from "../../lib/cli/verb.ts";
import { awayReason, lookInto } from "../../lib/cli/why.ts";
import {
  presenceAddress,
  type ToWorker,
  whoAddress,
  workerAddress,
} from "../../lib/executor/protocol.ts";
import type { PresentDocument, RecordsDocument } from "../../lib/inspector/documents.ts";
import { factsAt } from "../../lib/inspector/model/facts.ts";
import { Player } from "../../lib/inspector/model/player.ts";
import { spansOf } from "../../lib/inspector/model/timeline.ts";
import { fromJson } from "../../lib/inspector/wire.ts";
import type { Jobboard } from "../../lib/jobboard/jobboard.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import { connectNats } from "../../lib/nats/connect.ts";
import type { NatsTransport } from "../../lib/nats/face.ts";
import type { Batch } from "../../lib/plan/records.ts";
import type { Reason } from "../../lib/why/facts.ts";
import { reasonOf } from "../../lib/why/reason.ts";
import { serve } from "../inspector/serve.ts";
import { noServer, startServer, until } from "../nats/server.ts";
import { type Kind, leave } from "./leave.ts";

t.setTimeout(240_000);

/** Later than all that happens here, so that the same durations come of it. */
const now = Date.now() + 3_600_000;

/** What the page shows of a flow as it is now. */
async function pageSays(url: string, id: string): Promise<Reason | undefined> {
  const get = async (path: string) => fetch(`${url}api/${path}?id=${id}`);
  const player = new Player();
  const records = await get("records");
  if (records.ok) {
    const { batches } = (await records.json()) as RecordsDocument;
    player.add(batches.map(fromJson) as Batch[]);
  }
  const { present } = (await (await get("present")).json()) as PresentDocument;
  const { entries, last } = player;
  return reasonOf(factsAt(id, player.moment(last), spansOf(entries, last), { now, present }));
}

/** What the page hears of workers and leases takes its time. */
async function isSame(t: Test, url: string, id: string, expected: Reason | undefined) {
  let page: Reason | undefined;
  await until(`the page says so of ${id}`, async () => {
    page = await pageSays(url, id);
    return silence(page) === silence(expected);
  }).catch(() => undefined);
  t.equal(silence(page), silence(expected), id);
  t.match(page, { code: expected?.code, isStuck: expected?.isStuck });
}

/** For how long nothing was heard of an owner depends on who listens. */
const silence = (reason: Reason | undefined): string | undefined =>
  reason?.sentence.replace(/(renewed its lease of \S+ m?s for )\d+\.?\d* m?s/, "$1long");

const me = `cli:${hostname()}`;

/** Who runs a flow, what it has come to, and what is said of it. */
const bare: readonly (readonly [owner: string, kind: Kind, says: RegExp])[] = [
  [
    `${me}:${process.ppid}:`,
    "running",
    /^RUNNING "one" has been running in process \d+ for (1 h|59 min) /,
  ],
  [
    `${me}:${process.ppid}:`,
    "undoing",
    /^RUNNING "one" is being undone in process \d+, for (1 h|59 min) /,
  ],
  [`${me}:${process.ppid}:`, "suspending", /^SUSPENDING it is being suspended, and "one"/],
  [`${me}:${process.ppid}:`, "waiting", /^BACKOFF "f_retry" has waited until /],
  [`${me}:999999999:`, "running", /^NOT_RUN its process 999999999 is gone, and left "one" running/],
  [`${me}:999999999:`, "waiting", /^NOT_RUN its process .* left "f_retry" waiting/],
  ["somebody", "running", /^RUNNING "one" .*, if its owner somebody still lives; if it doesn't, /],
  ["somebody", "suspended", /^SUSPENDED it is suspended; "fourstroke resume \S+ --dir \S+" /],
  ["somebody", "parked", /^PARKED it is parked: it took three .* --unpark" lets it go on$/],
  ["somebody", "done", /^ENDED it ended SUCCESS at [^:]*:\d\d:\d\d$/],
  ["somebody", "failed", /^ENDED it ended REVERTED at .*: no room$/],
  ["somebody", "killed", /^ENDED it ended FAILURE at .*: enough$/],
];

t.test("of flows in a folder, that are no jobs", async (t) => {
  const dir = t.testdir();
  await using places = await Places.open({ dir });
  const journal = await places.journal();
  const place = placeText({ dir });
  await using inspector = await serve({ journal, place, runner: livingOwner, gone: deadOwner });
  for (const [at, [owner, kind, says]] of bare.entries()) {
    const id = `${kind}-${at}`;
    await leave(journal, { id, kind, owner });
    const { reason } = await lookInto(places, undefined, id, { dir }, () => now);
    t.match(`${reason?.code} ${reason?.sentence}`, says);
    await isSame(t, inspector.url, id, reason);
  }
});

/** Keeps a lease alive until the test ends. */
async function lease(t: Test, board: Jobboard, owner: string, flow: string, maxFlows: number) {
  const details = { name: owner, flows: [[flow, "abc"]], flowsInAll: 1, engine: "workers" };
  const renew = async (): Promise<void> => {
    await board.renew({ owner, leaseMs: 4_000, details: { ...details, running: 0, maxFlows } });
  };
  await renew();
  const timer = setInterval(() => {
    renew().catch(() => undefined); // its server is stopped at the end
  }, 200);
  t.teardown(() => {
    clearInterval(timer);
  });
}

/** A worker that serves the tasks "one" and "two", has the attempt of the flow "held", and room for no other. */
async function work(t: Test, url: string): Promise<void> {
  const transport = await connectNats({ servers: url });
  t.teardown(() => transport[Symbol.asyncDispose]());
  const tasks = ["one", "two"].map((name) => [name, 1]);
  const presence = { worker: "w.1", tasks, slots: 1, free: 0, state: "up" };
  await transport.serve(workerAddress("w.1"), (body) => {
    const asked = body as ToWorker;
    return asked.kind === "holds" ? asked.keys.map((key) => key.startsWith("held/")) : null;
  });
  await transport.listen(whoAddress, () => {
    transport.publish(presenceAddress("w.1"), presence);
  });
}

interface Case {
  readonly id: string;
  readonly flow?: string;
  readonly says: RegExp;
  readonly make?: (board: Jobboard, journal: Journal, id: string) => Promise<unknown>;
}

/** Claimed by a conductor that has it, whose engine left the flow like that. */
const claimed =
  (kind: Kind, name = "one") =>
  async (board: Jobboard, journal: Journal, id: string): Promise<void> => {
    await board.claim(id, "c");
    await leave(journal, { id, kind, owner: "c", name });
  };

const held =
  (kind: "suspended" | "parked"): NonNullable<Case["make"]> =>
  async (board, journal, id) => {
    await claimed(kind)(board, journal, id);
    await board.abandon(id, "c", { isHeld: true, reason: kind });
  };

const over =
  (kind: Kind, state: string): NonNullable<Case["make"]> =>
  async (board, journal, id) => {
    await claimed(kind)(board, journal, id);
    await board.consume(id, "c", { state, failure: { name: "Error", message: "no room" } });
  };

const cases: readonly Case[] = [
  { id: "nobody", flow: "h", says: /^NO_CONDUCTOR no conductor has the flow "h": 2 with other/ },
  { id: "full", flow: "g", says: /^CONDUCTORS_BUSY the one conductor that has the flow "g" runs/ },
  { id: "next", says: /^TO_BE_CLAIMED it is about to be claimed by one of 1 conductor, for / },
  {
    ...{ id: "back", says: /^GIVEN_BACK it was given back \d+ .* ago, handed over, and waits/ },
    make: async (board, _, id) => {
      await board.claim(id, "c");
      await board.abandon(id, "c", { reason: "handed over" });
    },
  },
  {
    ...{ id: "fresh", says: /^BEGINNING its owner c has just claimed it/ },
    make: (board, _, id) => board.claim(id, "c"),
  },
  {
    id: "held",
    says: /^RUNNING "one" has been running on worker w.1 for /,
    make: claimed("running"),
  },
  {
    ...{ id: "waits", says: /^WORKERS_BUSY the one worker that serves the task "one" is busy/ },
    make: claimed("running"),
  },
  {
    ...{ id: "unserved", says: /^NO_WORKER no worker serves the task "three"$/ },
    make: claimed("running", "three"),
  },
  { id: "backoff", says: /^BACKOFF "f_retry" has waited until /, make: claimed("waiting") },
  {
    ...{ id: "suspending", says: /^WORKERS_BUSY the one worker/ },
    make: claimed("suspending"),
  },
  {
    ...{
      id: "suspended",
      says: /^SUSPENDED it is suspended; "fourstroke resume suspended --nats /,
    },
    make: held("suspended"),
  },
  {
    ...{
      id: "parked",
      says: /^PARKED it is parked: it took three hosts down; "fourstroke resume /,
    },
    make: held("parked"),
  },
  {
    ...{
      id: "trashed",
      says: /^TRASHED it is in the trash since .*: no zone; "fourstroke restore/,
    },
    make: async (board, _, id) => {
      await board.claim(id, "c");
      await board.trash(id, "c", "no zone");
    },
  },
  { id: "done", says: /^ENDED it ended SUCCESS at /, make: over("done", "SUCCESS") },
  {
    id: "failed",
    says: /^ENDED it ended REVERTED at .*: no room$/,
    make: over("failed", "REVERTED"),
  },
  {
    id: "killed",
    says: /^ENDED it ended FAILURE at .*: no room$/,
    make: over("killed", "FAILURE"),
  },
  {
    ...{ id: "orphan", says: /^OWNER_DEAD its owner dead has no lease any more, and c takes over/ },
    make: (board, _, id) => board.claim(id, "dead"),
  },
  {
    ...{
      id: "silent",
      flow: "h",
      says: /^OWNER_DEAD its owner s has not renewed .* no other cond/,
    },
    make: async (board, _, id) => {
      await board.claim(id, "s");
      await board.renew({ owner: "s", leaseMs: 400 });
    },
  },
];

async function connect(t: Test, servers: string): Promise<NatsTransport> {
  const transport = await connectNats({ servers });
  t.teardown(() => transport[Symbol.asyncDispose]());
  return transport;
}

t.test("of jobs on a server, until that is away", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const transport = await connect(t, server.url);
  const options: PlacesOptions = { dir: defaultDir, nats: server.url };
  const settings = { servers: server.url };
  await using places = Places.over({ transport, settings }, options, () => undefined);
  const [board, journal] = [await places.board(), await places.journal()];
  await lease(t, board, "c", "f", 100);
  await lease(t, board, "d", "g", 1);
  await work(t, server.url);
  await board.post({ id: "other", flow: "g" });
  await board.claim("other", "d");
  await using inspector = await serve({
    ...{ journal, board, transport, source: server.url, place: placeText(options) },
  });
  for (const { id, flow = "f", says, make } of cases) {
    await board.post({ id, flow });
    await make?.(board, journal, id);
    const { reason } = await lookInto(places, board, id, options, () => now);
    t.match(`${reason?.code} ${reason?.sentence}`, says);
    await isSame(t, inspector.url, id, reason);
  }
  await server.stop();
  const error = await connectNats(settings).then(
    () => undefined,
    (error: unknown) => error,
  );
  const away = awayReason("held", options, error);
  t.match(away, {
    code: "SERVER_AWAY",
    sentence: /from here nats:\/\/127\.0\.0\.1:\d+ does not answer$/,
  });
  await isSame(t, inspector.url, "held", away);
});
