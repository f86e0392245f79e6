// The jobboard on NATS: the contract, on one server and on three.
import t, { type Test } from "tap";
import type { Job, Jobboard } from "../../lib/jobboard/jobboard.ts";
import { connectNats } from "../../lib/nats/connect.ts";
import type { NatsTransport } from "../../lib/nats/face.ts";
import { JetStream } from "../../lib/nats/jetstream.ts";
import { natsJobboard, type NatsJobboardOptions } from "../../lib/nats/jobboard.ts";
import { jobboardContract } from "../contracts/jobboard.ts";
import { codeOf, ids, Seen } from "../contracts/jobboard-subject.ts";
import { meets, noServer, startServer, until } from "./server.ts";
import { areInStep, startStreamCluster } from "./streams.ts";

t.setTimeout(300_000);

/** The most that three servers take to agree on a leader, where others use the processor too. */
const electionMs = 60_000;

/** Connections of a board, by the board. */
const hosts = new WeakMap<object, { readonly t: Test; readonly prefix: string }>();
let boards = 0;

async function connect(t: Test, servers: string[], prefix: string): Promise<NatsTransport> {
  const transport = await connectNats({ servers, prefix });
  t.teardown(async () => transport[Symbol.asyncDispose]());
  return transport;
}

function contract(t: Test, name: string, servers: string[], options: NatsJobboardOptions): void {
  jobboardContract(t, name, {
    open: async (t, clock) => {
      // A bucket for each board takes its time on three servers, so there they have one after the other.
      const prefix = options.replicas === undefined ? `fs${++boards}` : "fs";
      const transport = await connect(t, servers, prefix);
      const board = await natsJobboard(transport, { ...options, clock });
      await new JetStream(transport).purge(`KV_${prefix}_jobs`, `$KV.${prefix}_jobs.>`);
      hosts.set(board, { t, prefix });
      return board;
    },
    again: async (board: Jobboard) => {
      const host = hosts.get(board);
      if (host === undefined) throw new Error("it is none of ours");
      return natsJobboard(await connect(host.t, servers.toReversed(), host.prefix), options);
    },
  });
}

t.test("one server", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  contract(t, "nats", [server.url], {});
});

t.test("three servers", { skip: noServer }, async (t) => {
  const servers = await startStreamCluster(t);
  contract(
    t,
    "nats, R3",
    servers.map(({ url }) => url),
    { replicas: 3 },
  );
});

t.test("what is asked for is checked", { skip: noServer }, async (t) => {
  const transport = await connect(t, [(await startServer(t)).url], "fs");
  for (const [options, message] of [
    [{ replicas: 0 }, 'option "replicas": 0 is not a whole number of 1 or more'],
    [{ patienceMs: 1.5 }, 'option "patienceMs": 1.5 is not a whole number of 1 or more'],
  ] as const) {
    await t.rejects(natsJobboard(transport, options), { code: "INVALID_OPTION", message });
  }
  await t.rejects(natsJobboard(transport, { replicas: 3 }), {
    code: "BOARD_UNAVAILABLE",
    message: /replicas > 1 not supported/,
  });
});

t.test("NATS's own tools can read the bucket", { skip: noServer }, async (t) => {
  const { url } = await startServer(t);
  const board = await natsJobboard(await connect(t, [url], "fs"));
  for (const id of ["a", "b c", "gone"]) await board.post({ id, flow: "f" });
  await board.claim("gone", "c");
  await board.consume("gone", "c", { state: "SUCCESS" });
  await board.purge({ endedBefore: Infinity });
  await board.renew({ owner: "c.1", leaseMs: 1_000 });
  const { connect: dial } = await import("nats");
  const nats = await dial({ servers: url });
  const bucket = await nats.jetstream().views.kv("fs_jobs", { bindOnly: true });
  const keys: string[] = [];
  for await (const key of await bucket.keys()) keys.push(key);
  t.strictSame(keys.sort(), ["a", "b=0020c", "lease.c=002e1"]);
  t.match(await bucket.get("a"), { revision: (await board.get("a"))?.revision });
  await nats.close();
});

t.test("a server that goes and comes back", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const board = await natsJobboard(await connect(t, [server.url], "fs"));
  const transport = await connect(t, [server.url], "fs");
  const elsewhere = await natsJobboard(transport);
  const seen = new Seen();
  await board.watch(seen.changed);
  for (const id of ["a", "b", "c"]) await board.post({ id, flow: "f" });
  await seen.until(() => seen.jobs.size === 3);
  const waiting = board.wait("b");
  const lease = { owner: "c", leaseMs: 20_000 };
  const revision = await board.renew(lease);
  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    await server.stop(signal);
    await until("the connection is away", () => !transport.isConnected);
    // Asked now, done when the server is back.
    const claim = elsewhere.claim("a", signal);
    const post = elsewhere.post({ id: signal, flow: "f" });
    await server.start();
    t.match(await claim, { owner: signal });
    await post;
    await elsewhere.abandon("a", signal);
  }
  t.ok((await board.renew(lease)) > revision, "a lease outlives its server");
  await elsewhere.claim("b", "c");
  await elsewhere.consume("b", "c", { state: "SUCCESS" });
  t.match(await waiting, { state: "COMPLETE" });
  const last = await elsewhere.list();
  t.strictSame(ids(last).sort(), ["SIGKILL", "SIGTERM", "a", "b", "c"]);
  await seen.until(() => last.every(({ id, revision }) => seen.revisionOf(id) === revision));
  t.match(await board.get("a"), { claims: 2 }, "no claim was made twice");
  for (const job of last) t.strictSame(seen.jobs.get(job.id), job);
});

t.test("servers of a cluster die or freeze one after the other", { skip: noServer }, async (t) => {
  const servers = await startStreamCluster(t);
  const urls = servers.map(({ url }) => url);
  const options = { replicas: 3, patienceMs: 30_000 };
  const boards: Jobboard[] = [];
  for (let i = 0; i < 2; i++) {
    const from = [...urls.slice(i), ...urls.slice(0, i)];
    boards.push(await natsJobboard(await connect(t, from, "fs"), options));
  }
  const [one, other] = boards as [Jobboard, Jobboard];
  const seen = new Seen();
  await one.watch(seen.changed);
  const all = Array.from({ length: 20 }, (_, i) => `job-${i}`);
  await Promise.all(all.map(async (id) => one.post({ id, flow: "f" })));
  const wins: Job[] = [];
  let isOver = false;
  const race = async (board: Jobboard, who: string): Promise<void> => {
    for (let i = 0; !isOver; i++) {
      const id = all[i % all.length] ?? "";
      const claimed = await codeOf(board.claim(id, who).then((job) => wins.push(job)));
      if (claimed !== "" && claimed !== "JOB_UNCLAIMABLE") t.fail(`${who}, ${id}: ${claimed}`);
      if (claimed !== "") continue;
      const given = await codeOf(board.abandon(id, who));
      // It was given back, the answer was lost, and the other one has had it since: nothing tells whose that was.
      const isDone = given === "" || given === "NOT_FOUND" || given === "NOT_OWNER";
      if (!isDone) t.fail(`${who} gives back ${id}: ${given}`);
    }
  };
  // However the test ends: they would race on without it.
  t.teardown(() => (isOver = true));
  const races = Promise.all([race(one, "c1"), race(other, "c2")]);
  for (const server of servers) {
    const before = wins.length;
    await server.stop();
    await until("they go on without it", () => wins.length > before + 100, electionMs);
    await server.start();
    await meets(server, 2);
    await areInStep(servers);
  }
  // What was a leader, and does not know that it is none any more, answers with what it knew.
  for (const server of servers.slice(0, 2)) {
    const before = wins.length;
    server.signal("SIGSTOP");
    await until("they go on without it", () => wins.length > before + 100, electionMs);
    server.signal("SIGCONT");
    await until("they go on with it", () => wins.length > before + 200, electionMs);
  }
  isOver = true;
  await races;
  t.equal(new Set(wins.map(({ revision }) => revision)).size, wins.length, "tokens differ");
  for (const { id, claims, state } of await other.list()) {
    const won = wins.filter((job) => job.id === id).length;
    t.strictSame([state, claims], ["UNCLAIMED", won], `${id}: each claim was won once`);
  }
  await Promise.all(all.map(async (id) => other.command(id, { kind: "cancel" })));
  const last = await other.list();
  await seen.until(() => last.every(({ id, revision }) => seen.revisionOf(id) === revision));
  t.strictSame(
    last.map(({ id }) => seen.jobs.get(id)),
    last,
  );
});
