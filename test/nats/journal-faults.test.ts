// What servers, networks and other owners do to a journal in JetStream.
import assert from "node:assert/strict";
import t, { type Test } from "tap";
import { FlowError } from "../../lib/errors.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import { encodeBatch, type Part } from "../../lib/journal/record.ts";
import { Blobs } from "../../lib/nats/blobs.ts";
import { connectNats } from "../../lib/nats/connect.ts";
import { JetStream } from "../../lib/nats/jetstream.ts";
import { natsJournal, type NatsJournalOptions } from "../../lib/nats/journal.ts";
import { Place } from "../../lib/nats/journal/place.ts";
import type { Batch } from "../../lib/plan/records.ts";
import { codeOf, fill } from "../contracts/journal.ts";
import { adopt, begin, next } from "../journal/batches.ts";
import { startProxy } from "./proxy.ts";
import { meets, noServer, startServer, type TestServer, until } from "./server.ts";
import { startStreamCluster } from "./streams.ts";

t.setTimeout(180_000);

interface End {
  readonly journal: Journal;
  readonly js: JetStream;
}

async function join(
  t: Test,
  servers: string | readonly string[],
  options: NatsJournalOptions = {},
): Promise<End> {
  const transport = await connectNats({ servers });
  t.teardown(async () => transport[Symbol.asyncDispose]());
  return { journal: natsJournal(transport, options), js: new JetStream(transport) };
}

/** How many messages there are of a flow. */
async function countOf({ js }: End, flow: string): Promise<number> {
  const subjects = await js.api("STREAM.INFO.FS_J0", { subjects_filter: `fs.j.*.${flow}` });
  const { state } = subjects as { state?: { subjects?: Record<string, number> } };
  return Object.values(state?.subjects ?? {})[0] ?? 0;
}

/** Owns a flow: appends one batch after the other, until it is over. @returns what it appended */
async function own(journal: Journal, flow: string, isOver: () => boolean): Promise<Batch[]> {
  const batches = [begin(flow)];
  await journal.append(flow, begin(flow), "RUNNING");
  for (let first = 3; !isOver(); first += 2) {
    const batch = next(first, { flow, first });
    await journal.append(flow, batch, "RUNNING");
    batches.push(batch);
  }
  return batches;
}

for (const isCluster of [false, true]) {
  const where = isCluster ? "a cluster" : "one server";
  t.test(`four owners race for one flow on ${where}`, { skip: noServer }, async (t) => {
    const servers = isCluster ? await startStreamCluster(t) : [await startServer(t)];
    const replicas = servers.length;
    const ends = await Promise.all(
      Array.from({ length: 4 }, async (_, n) => join(t, servers[n % replicas]!.url, { replicas })),
    );
    await ends[0]!.journal.append("f", begin("f"), "RUNNING");
    const rounds = 60;
    for (let round = 0; round < rounds; round++) {
      const [first, epoch] = [3 + round, 2 + round];
      const codes = await Promise.all(
        ends.map(async ({ journal }, n) =>
          codeOf(() => journal.append("f", adopt(first, epoch, `w${n}`), "RUNNING")),
        ),
      );
      assert.deepEqual([...codes].sort(), ["", "FENCED", "FENCED", "FENCED"], `round ${round}`);
      const winner = codes.indexOf("");
      for (const { journal } of ends.slice(0, 1)) {
        const last = (await journal.read("f")).at(-1);
        assert.equal(last?.writer, `w${winner}`, "what is stored is the winner's");
      }
    }
    t.equal((await ends[1]!.journal.read("f")).length, rounds + 1);
    t.equal(await countOf(ends[0]!, "f"), rounds + 1);
  });
}

t.test("an acknowledgement that is lost", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const proxy = await startProxy(t, server);
  const near = await join(t, proxy.url);
  const other = await join(t, server.url);
  await fill(near.journal, "f", 1);
  for (let round = 0; round < 2; round++) {
    const batch = next(5 + 2 * round);
    proxy.swallow();
    const appended = codeOf(() => near.journal.append("f", batch, "RUNNING"));
    await until("it is stored", async () => (await countOf(other, "f")) === 3 + round);
    proxy.cut();
    t.equal(await appended, "", "it is ours, and was stored");
  }
  t.equal(await countOf(other, "f"), 4, "each once");

  proxy.swallow();
  const appended = codeOf(() => near.journal.append("f", next(9), "RUNNING"));
  await until("it is stored", async () => (await countOf(other, "f")) === 5);
  t.equal(await codeOf(() => other.journal.append("f", adopt(11, 2, "w2"), "RUNNING")), "");
  proxy.cut();
  t.equal(await appended, "FENCED", "another owner went on from it");
  t.equal((await other.journal.read("f")).length, 6);
});

t.test("an append that arrives after it was given up", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const proxy = await startProxy(t, server);
  const near = await join(t, proxy.url, { patienceMs: 300 });
  const other = await join(t, server.url);
  await fill(near.journal, "f", 1);
  proxy.hold();
  t.equal(await codeOf(() => near.journal.append("f", next(5), "RUNNING")), "JOURNAL_UNAVAILABLE");
  proxy.release();
  await until("it is stored", async () => (await countOf(other, "f")) === 3);
  await until("the connection is there", () => near.js.inside.connection.isConnected);
  const late = codeOf(() => near.journal.append("f", next(5, "another"), "RUNNING"));
  t.equal(await late, "JOURNAL_UNAVAILABLE", "nobody else owns the flow, so it is not fenced");
  t.equal((await near.journal.read("f")).length, 3);
  t.equal(await codeOf(() => near.journal.append("f", next(7), "RUNNING")), "", "and goes on");
  t.equal(await countOf(other, "f"), 4);
});

t.test("the same batch again after it was given up", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const proxy = await startProxy(t, server);
  const near = await join(t, proxy.url, { patienceMs: 300 });
  const other = await join(t, server.url);
  await fill(near.journal, "f", 1);
  proxy.hold();
  const append = async () => codeOf(() => near.journal.append("f", next(5), "RUNNING"));
  t.equal(await append(), "JOURNAL_UNAVAILABLE");
  proxy.release();
  await until("it is appended", async () => (await append()) === "");
  t.equal(await countOf(other, "f"), 3, "once");
});

t.test("the server is killed under appends", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const near = await join(t, server.url);
  let isOver = false;
  const flows = Array.from({ length: 20 }, (_, n) => `flow-${n}`);
  const owned = flows.map(async (flow) => own(near.journal, flow, () => isOver));
  for (let round = 0; round < 4; round++) {
    const before = await near.journal.read("flow-3");
    await until(
      "it goes on",
      async () => (await near.journal.read("flow-3")).length > before.length + 5,
    );
    await server.stop(round === 1 ? "SIGTERM" : "SIGKILL");
    await server.start();
  }
  isOver = true;
  const written = await Promise.all(owned);
  const other = await join(t, server.url);
  for (const [n, flow] of flows.entries()) {
    assert.deepStrictEqual(await other.journal.read(flow), written[n]);
  }
  t.ok(written.every(({ length }) => length > 20));
});

async function leaderOf({ js }: End, servers: readonly TestServer[]): Promise<TestServer> {
  let leader: TestServer | undefined;
  await until("there is a leader", async () => {
    const info = await js.api("STREAM.INFO.FS_J0").catch(() => undefined);
    const { leader: name = "" } = (info?.["cluster"] ?? {}) as { leader?: string };
    leader = servers[Number(name.replace("test-", "") || -1)];
    return leader !== undefined;
  });
  return leader!;
}

t.test("the leader of three is killed, and frozen", { skip: noServer }, async (t) => {
  const servers = await startStreamCluster(t);
  const urls = servers.map(({ url }) => url);
  const near = await join(t, urls, { replicas: 3 });
  let isOver = false;
  const flows = Array.from({ length: 10 }, (_, n) => `flow-${n}`);
  const owned = flows.map(async (flow) => own(near.journal, flow, () => isOver));
  const goesOn = async (): Promise<void> => {
    const before = await near.journal.read("flow-3");
    await until(
      "it goes on",
      async () => (await near.journal.read("flow-3")).length > before.length + 5,
    );
  };
  await goesOn();
  const killed = await leaderOf(near, servers);
  await killed.stop();
  await goesOn();
  await killed.start();
  await meets(killed, 2);
  await goesOn();
  for (let round = 0; round < 2; round++) {
    const frozen = await leaderOf(near, servers);
    frozen.signal("SIGSTOP");
    await goesOn();
    frozen.signal("SIGCONT");
    await goesOn();
  }
  isOver = true;
  const written = await Promise.all(owned);
  const other = await join(t, urls, { replicas: 3 });
  for (const [n, flow] of flows.entries()) {
    assert.deepStrictEqual(await other.journal.read(flow), written[n]);
  }
  t.ok(
    written.every(({ length }) => length > 20),
    "nobody was fenced, nothing is lost or twice",
  );
});

const partOf = (value: unknown): Part => {
  const [part] = encodeBatch(next(3, value)).parts;
  assert(part !== undefined);
  return part;
};

t.test("one value is written twice while it is read", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const ends = await Promise.all([1, 2, 3].map(async () => join(t, server.url)));
  await ends[0]!.journal.read("none"); // makes the streams
  const [one, two, three] = ends.map(({ js }) => new Blobs(new Place(js, 1, 5_000)));
  for (let round = 0; round < 20; round++) {
    const part = partOf(`${round}`.padEnd(3_000_000, "x"));
    let stored = 0;
    const puts = [one, two].map(async (it) => {
      await it!.put("f", part);
      stored++;
    });
    let reads = 0;
    while (stored < 2 || reads < 2) {
      const wasStored = stored > 0;
      const found = await three!.get("f", part.hash);
      if (wasStored) {
        assert(found?.equals(part.bytes), `round ${round}: whole from when one has stored it`);
        reads++;
      } else assert(found === undefined || found.equals(part.bytes), "whole or not there");
    }
    await Promise.all(puts);
  }
  const { state } = await ends[0]!.js.api("STREAM.INFO.FS_B");
  t.match(state, { messages: 20 * Math.ceil(3_000_000 / (128 * 1024)) }, "each chunk once");
});

t.test("one value in batches of two owners while it is read", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const [one, two, three] = await Promise.all([1, 2, 3].map(async () => join(t, server.url)));
  const value = ["x".repeat(2_000_000)];
  await one!.journal.append("f", begin("f"), "RUNNING");
  const taking = {
    ...adopt(3, 2, "w2"),
    records: [...adopt(3, 2, "w2").records, ...next(4, value).records],
  };
  const appends = [
    codeOf(() => one!.journal.append("f", next(3, value), "RUNNING")),
    codeOf(() => two!.journal.append("f", taking, "RUNNING")),
  ];
  const over = new AbortController();
  const done = Promise.all(appends).finally(() => {
    over.abort();
  });
  while (!over.signal.aborted) {
    const batches = await three!.journal.read("f");
    for (const { records } of batches.slice(1)) {
      assert(
        records.some((record) => record.kind === "executed" && String(record.value) === value[0]),
      );
    }
  }
  t.strictSame((await done).sort(), ["", "FENCED"]);
  t.equal((await three!.journal.read("f")).length, 2);
});

/** What reading a flow fails with. */
async function damageOf({ journal }: End, flow: string): Promise<unknown> {
  return journal.read(flow).then(
    (batches) => `${batches.length} batches`,
    (error: unknown): unknown => (error instanceof FlowError ? error.about : error),
  );
}

t.test("a damaged journal", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const near = await join(t, server.url, { patienceMs: 2_000 });
  // As ours, but for the permission to delete.
  await near.js.ensureStream({ name: "FS_J0", subjects: ["fs.j.*.*"], num_replicas: 1 });
  for (const flow of ["stranger", "gap", "end", "value", "whole"]) {
    await fill(near.journal, flow, 3);
    await near.journal.append(flow, next(9, "x".repeat(300_000)), "RUNNING");
  }
  const other = await join(t, server.url);
  const subject = async (flow: string): Promise<string> => {
    const it = await near.js.next("FS_J0", `fs.j.*.${flow}`, 1);
    return it?.subject ?? "";
  };
  const drop = async (seq: number): Promise<unknown> =>
    near.js.api("STREAM.MSG.DELETE.FS_J0", { seq });

  await near.js.publish(await subject("stranger"), Buffer.from("I was here"));
  const about = { flow: "stranger", sequence: 11, problem: "what is stored there is no batch" };
  t.strictSame(await damageOf(other, "stranger"), about);
  t.equal(
    await codeOf(() => other.journal.append("stranger", next(11), "RUNNING")),
    "JOURNAL_DAMAGED",
  );
  t.equal(await codeOf(() => near.journal.append("stranger", next(11), "RUNNING")), "FENCED");
  const [shown] = await other.journal.list({ states: ["DAMAGED"] });
  t.match(shown, { id: "stranger", sequence: 0 }, "a listing shows it");

  const gap = await near.js.between("FS_J0", await subject("gap"), 1, 1_000);
  await drop(gap[2]!.sequence);
  t.match(await damageOf(other, "gap"), { flow: "gap", sequence: 5, problem: /begins with 7/ });

  const end = await near.js.last("FS_J0", await subject("end"));
  await drop(end!.sequence);
  t.equal(await codeOf(() => near.journal.append("end", next(11), "RUNNING")), "JOURNAL_LOST_TAIL");

  await near.js.purge("FS_B", "fs.b.value.>");
  t.match(await damageOf(other, "value"), { flow: "value", sequence: 1, problem: /is missing/ });

  t.equal((await other.journal.read("whole")).length, 5, "the others are as they were");
  await other.journal.remove("stranger");
  t.strictSame(await other.journal.read("stranger"), [], "what is damaged can be removed");
});

t.test("a flow that was removed elsewhere begins again", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const near = await join(t, server.url, { patienceMs: 2_000 });
  const other = await join(t, server.url);
  const value = "x".repeat(100_000);
  await near.journal.append("f", begin(), "RUNNING");
  await near.journal.append("f", next(3, value), "RUNNING");
  await other.journal.remove("f");
  await t.rejects(async () => near.journal.append("f", next(5, value), "RUNNING"), {
    code: "JOURNAL_LOST_TAIL",
    message:
      /^the journal of flow "f" lost its end, up to sequence 4: the last message was \d+, and is gone$/,
  });
  await near.journal.append("f", begin(), "RUNNING");
  await near.journal.append("f", next(3, value), "RUNNING");
  await other.journal.remove("f");
  await near.journal.append("f", begin(), "RUNNING");
  await near.journal.append("f", next(3, value), "RUNNING");
  assert.deepStrictEqual(await other.journal.read("f"), [begin(), next(3, value)]);
});

t.test("batches that are too large for a message", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const near = await join(t, server.url);
  const many = {
    ...next(3),
    records: Array.from({ length: 60 }, (_, atom) => ({
      ...{ kind: "executed" as const, atom, attempt: 1 },
      value: "y".repeat(50_000 + atom),
    })),
  };
  const written = [begin("f"), many, next(63), next(65, "z".repeat(100_000))];
  for (const batch of written) await near.journal.append("f", batch, "RUNNING");
  const other = await join(t, server.url);
  assert.deepStrictEqual(await other.journal.read("f"), written);
  t.equal(await codeOf(() => other.journal.append("f", next(67), "RUNNING")), "");
});

t.test("ended flows are purged", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const transport = await connectNats({ servers: server.url });
  t.teardown(async () => transport[Symbol.asyncDispose]());
  await using journal = natsJournal(transport);
  for (const [flow, state] of [
    ["a", "SUCCESS"],
    ["b", "RUNNING"],
    ["c", "REVERTED"],
  ] as const) {
    await journal.append(flow, begin(flow, flow === "c" ? 9_000 : 1_000), state);
  }
  await t.rejects(journal.purge({ updatedBefore: 5_000, states: ["RUNNING"] }), {
    code: "INVALID_OPTION",
  });
  t.equal(await journal.purge({ updatedBefore: 5_000 }), 1);
  t.strictSame(
    (await journal.list()).map(({ id }) => id),
    ["c", "b"],
  );
  t.equal(await new JetStream(transport).last("FS_B", "fs.b.a.>"), undefined, "values too");
});

t.test("what can't be had is said", { skip: noServer }, async (t) => {
  const server = await startServer(t, { config: "jetstream: disabled\n" });
  const without = await join(t, server.url, { patienceMs: 500 });
  t.equal(
    await codeOf(() => without.journal.append("f", begin(), "RUNNING")),
    "JETSTREAM_UNAVAILABLE",
  );
  const small = await startServer(t, { config: "max_payload: 65536\n" });
  const cramped = await join(t, small.url, { patienceMs: 500 });
  await t.rejects(cramped.journal.read("f"), { code: "JETSTREAM_UNAVAILABLE" });
  const full = await startServer(t);
  const near = await join(t, full.url, { patienceMs: 2_000 });
  const limited = {
    name: "FS_J0",
    subjects: ["fs.j.*.*"],
    num_replicas: 1,
    max_bytes: 3_000,
    discard: "new",
  };
  await near.js.ensureStream(limited);
  await near.journal.append("f", begin(), "RUNNING");
  let code = "";
  for (let first = 3; code === ""; first += 2) {
    code = await codeOf(() => near.journal.append("f", next(first, "x".repeat(500)), "RUNNING"));
  }
  t.equal(code, "JOURNAL_FULL");
  for (const options of [
    { replicas: 0 },
    { replicas: 6 },
    { streams: 0 },
    { streams: 257 },
    { patienceMs: 0.5 },
  ]) {
    await t.rejects(join(t, full.url, options), { code: "INVALID_OPTION" });
  }
  const long = "é".repeat(1_000);
  t.equal(await codeOf(() => near.journal.append(long, begin(), "RUNNING")), "INVALID_OPTION");
});
