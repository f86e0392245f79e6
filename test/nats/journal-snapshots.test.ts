// Snapshots in JetStream: what becomes of them when they are replaced, left behind, lost and damaged.
import assert from "node:assert/strict";
import t, { type Test } from "tap";
import { machines } from "../../actors/machines.ts";
import { load, readFlow } from "../../actors/run.ts";
import { pack } from "../../lib/bytes.ts";
import { FlowError } from "../../lib/errors.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import { readState } from "../../lib/journal/latest.ts";
import { encodeBatch, partOf, seal } from "../../lib/journal/record.ts";
import { encodeSnapshot } from "../../lib/journal/snapshot.ts";
import { Blobs } from "../../lib/nats/blobs.ts";
import { connectNats } from "../../lib/nats/connect.ts";
import { JetStream } from "../../lib/nats/jetstream.ts";
import { natsJournal, type NatsJournal } from "../../lib/nats/journal.ts";
import { readFrame, writeFrame } from "../../lib/nats/journal/frame.ts";
import { Place } from "../../lib/nats/journal/place.ts";
import { digestOf } from "../../lib/plan/digest.ts";
import { foldAll } from "../../lib/plan/fold.ts";
import { linear } from "../../lib/patterns/linear.ts";
import type { Batch } from "../../lib/plan/records.ts";
import { times } from "../../lib/retry.ts";
import { task } from "../../lib/task.ts";
import { codeOf, fill } from "../contracts/journal.ts";
import { adopt, begin, next } from "../journal/batches.ts";
import { snapshotOf } from "../journal/snapshots.ts";
import { startProxy } from "./proxy.ts";
import { noServer, startServer, until } from "./server.ts";

interface End {
  readonly journal: NatsJournal;
  readonly js: JetStream;
  readonly snapshots: Blobs;
}

async function join(t: Test, servers: string): Promise<End> {
  const transport = await connectNats({ servers });
  t.teardown(async () => transport[Symbol.asyncDispose]());
  const js = new JetStream(transport);
  const snapshots = new Blobs(new Place(js, 1, 5_000), "snapshot");
  return { journal: natsJournal(transport), js, snapshots };
}

/** Subjects in the stream of blobs, by the flow they are of. */
async function blobsOf({ js }: End, flow: string): Promise<string[]> {
  const { state } = await js.api("STREAM.INFO.FS_B", { subjects_filter: `fs.b.${flow}.>` });
  return Object.keys(state?.subjects ?? {});
}

const snapshotsOf = async (end: End, flow: string): Promise<string[]> =>
  (await blobsOf(end, flow)).filter((subject) => /\.snapshot\.\w+\.0$/.test(subject));

t.test("replaced ones are removed, with those that owners left", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const near = await join(t, server.url);
  const other = await join(t, server.url);
  const { snapshots } = near.journal;
  const large = { values: Array.from({ length: 9 }, (_, at) => `${at}`.padEnd(60_000, "x")) };
  await fill(near.journal, "f", 0);
  await fill(other.journal, "g", 0);
  await other.journal.snapshots.keep("g", snapshotOf("g", 2, large));
  const seen: number[] = [];
  let first = 3;
  for (; first < 23; first += 2) {
    await snapshots.keep("f", snapshotOf("f", first - 1, large));
    seen.push((await snapshotsOf(near, "f")).length);
    await near.journal.append("f", next(first), "RUNNING");
    assert.equal((await snapshots.read("f"))?.snapshot.sequence, first - 1);
  }
  t.ok(Math.max(...seen) <= 2, `one, and the next: ${seen.join(" ")}`);
  await until("one is left", async () => (await snapshotsOf(near, "f")).length === 1);
  t.equal((await snapshotsOf(near, "g")).length, 1, "another flow's is not touched");

  // It dies before the next batch, and the one after it does so too.
  await snapshots.keep("f", snapshotOf("f", first - 1, large));
  await other.journal.append("f", adopt(first, 2, "w2"), "RUNNING");
  await other.journal.snapshots.keep("f", snapshotOf("f", first, { epoch: 2, ...large }));
  const third = await join(t, server.url);
  await third.journal.append("f", adopt(first + 1, 3, "w3"), "RUNNING");
  t.equal((await snapshotsOf(near, "f")).length, 3);
  t.equal((await third.journal.snapshots.read("f"))?.snapshot.sequence, first - 3, "lags");
  await third.journal.snapshots.keep("f", snapshotOf("f", first + 1, { epoch: 3, ...large }));
  await third.journal.append("f", next(first + 2, 1, 3, "w3"), "RUNNING");
  await until("one is left", async () => (await snapshotsOf(near, "f")).length === 1);
  t.equal((await third.journal.snapshots.read("f"))?.snapshot.sequence, first + 1);

  await near.journal.remove("f");
  t.strictSame(await blobsOf(near, "f"), [], "they go with the flow");
});

t.test("the acknowledgement of the naming message is lost", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const proxy = await startProxy(t, server);
  const near = await join(t, proxy.url);
  const other = await join(t, server.url);
  await fill(near.journal, "f", 1);
  const snapshot = snapshotOf("f", 4);
  await near.journal.snapshots.keep("f", snapshot);
  proxy.swallow();
  const appended = codeOf(() => near.journal.append("f", next(5), "RUNNING"));
  await until("it is stored", async () => (await other.journal.read("f")).length === 3);
  proxy.cut();
  t.equal(await appended, "");
  await near.journal.append("f", next(7), "RUNNING");
  const recent = { snapshot, batches: [next(5), next(7)] };
  assert.deepStrictEqual(await other.journal.snapshots.read("f"), recent);
  await near.journal.snapshots.keep("f", snapshotOf("f", 8));
  await near.journal.append("f", next(9), "RUNNING");
  await until("one is left", async () => (await snapshotsOf(near, "f")).length === 1);
});

/** A batch that means something to a fold, whatever the flow is. */
const step = (first: number): Batch => ({
  ...next(first),
  records: [
    { kind: "run", options: { deferReverts: false, neverResolve: false } },
    { kind: "progress", atom: 0, fraction: first / 100 },
  ],
});

async function fillSteps(journal: Journal, flow: string): Promise<Batch[]> {
  const batches = [begin(flow), step(3)];
  for (const batch of batches) await journal.append(flow, batch, "RUNNING");
  return batches;
}

/** Appends a batch after two of a flow, by hand, which names what it is told to. */
async function name(
  { js }: End,
  flow: string,
  named: (at: number) => string,
  before?: number,
): Promise<void> {
  const [first, last] = await js.between("FS_J0", `fs.j.*.${flow}`, 1, 1_000);
  assert(first !== undefined && last !== undefined);
  const { bytes, parts } = encodeBatch(step(5));
  const checksum = before ?? readFrame(last.data)?.header.checksum ?? 0;
  seal(bytes, checksum);
  const headers = {
    "Fs-Head": last.headers.get("Fs-Head") ?? "",
    "Fs-Snapshot": named(last.sequence),
  };
  const body = writeFrame(bytes, parts);
  await js.publish(last.subject, body, { expected: last.sequence, headers });
}

t.test("what is not as it should be is not used", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const near = await join(t, server.url);
  const { journal, snapshots } = near;
  await journal.read("none"); // makes the streams
  const good = (flow: string, checksum: number) =>
    partOf(encodeSnapshot(snapshotOf(flow, 4), checksum).bytes);
  const checksumOf = async (flow: string): Promise<number> => {
    const [, last] = await near.js.between("FS_J0", `fs.j.*.${flow}`, 1, 1_000);
    return readFrame(last!.data)!.header.checksum;
  };
  const cases: Record<string, (flow: string) => Promise<(at: number) => string>> = {
    fine: async (flow) => {
      const part = good(flow, await checksumOf(flow));
      await snapshots.put(flow, part);
      return (at) => `${part.hash} ${at}`;
    },
    lost: async (flow) => {
      const part = good(flow, await checksumOf(flow));
      return (at) => `${part.hash} ${at}`;
    },
    changed: async (flow) => {
      const part = good(flow, await checksumOf(flow));
      const bytes = Buffer.from(part.bytes);
      bytes[20] = (bytes[20] ?? 0) ^ 1;
      await snapshots.put(flow, { hash: part.hash, bytes });
      return (at) => `${part.hash} ${at}`;
    },
    newer: async (flow) => {
      const part = partOf(pack([2, 1, [], [], []]));
      await snapshots.put(flow, part);
      return (at) => `${part.hash} ${at}`;
    },
    chain: async (flow) => {
      const part = good(flow, 1 + (await checksumOf(flow)));
      await snapshots.put(flow, part);
      return (at) => `${part.hash} ${at}`;
    },
    earlier: async (flow) => {
      const part = partOf(encodeSnapshot(snapshotOf(flow, 2), await checksumOf(flow)).bytes);
      await snapshots.put(flow, part);
      return (at) => `${part.hash} ${at}`;
    },
    place: async (flow) => {
      const part = good(flow, await checksumOf(flow));
      await snapshots.put(flow, part);
      return (at) => `${part.hash} ${at - 1}`;
    },
    beyond: async (flow) => {
      const part = good(flow, await checksumOf(flow));
      await snapshots.put(flow, part);
      return (at) => `${part.hash} ${at + 5}`;
    },
    words: () => Promise.resolve(() => "the latest one"),
  };
  for (const [what, make] of Object.entries(cases)) {
    const written = await fillSteps(journal, what);
    await name(near, what, await make(what));
    const recent = await journal.snapshots.read(what);
    // Where the message is that is read first matters only if others come before it: the chain says so.
    const isUsed = what === "fine" || what === "beyond";
    t.equal(recent !== undefined, isUsed, what);
    if (isUsed) assert.deepStrictEqual(recent?.batches, [step(5)]);
    assert.deepStrictEqual(await journal.read(what), [...written, step(5)], `${what}: all is read`);
    const { state, covered } = await readState(machines, journal, what);
    t.equal(covered, isUsed ? 4 : 0, what);
    t.equal(state?.sequence, 6, what);
    t.equal(await codeOf(() => journal.append(what, step(7), "RUNNING")), "", "and it goes on");
  }
  // A gap after the snapshot is found as it always was.
  await fillSteps(journal, "gap");
  const named = await cases["fine"]!("gap");
  await name(near, "gap", named, 12345);
  t.equal(await journal.snapshots.read("gap"), undefined);
  await t.rejects(readState(machines, journal, "gap"), { code: "JOURNAL_DAMAGED" });
});

t.test(
  "a flow of many batches goes from owner to owner by its snapshots",
  { skip: noServer },
  async (t) => {
    const server = await startServer(t);
    const near = await join(t, server.url);
    const logged: string[] = [];
    const owners = 6;
    for (let owner = 1; owner <= owners; owner++) {
      const { journal } = await join(t, server.url);
      let reads = 0;
      const counted: Journal = {
        durability: journal.durability,
        snapshots: journal.snapshots,
        append: journal.append.bind(journal),
        list: journal.list.bind(journal),
        remove: journal.remove.bind(journal),
        close: journal.close.bind(journal),
        [Symbol.asyncDispose]: journal[Symbol.asyncDispose].bind(journal),
        read: async (flow: string) => {
          reads++;
          return journal.read(flow);
        },
      };
      const stops = 30 * owner;
      const flow = linear(
        "long",
        { retry: times(1_000) },
        task({
          name: "a",
          execute: ({}, { attempt }) => {
            // Whoever owns it lets it go on the way; the last one comes to the end.
            if (attempt === stops && owner < owners) engine.abandon();
            if (attempt < 30 * (owners - 1) + 10) throw new Error(`attempt ${attempt}`);
            return attempt;
          },
        }),
      );
      const log = (message: string): void => void logged.push(message);
      const engine = load(flow, { id: "long", journal: counted, snapshotEvery: 100, log });
      const ran = await engine.run().catch((error: unknown) => error);
      if (owner === owners) t.equal(ran, "SUCCESS");
      else t.ok(FlowError.is(ran, "ENGINE_CLOSED"));
      if (owner > 1) t.equal(reads, 0, "nobody reads all of it");
    }
    t.strictSame(logged, []);
    const snapshot = (await near.journal.snapshots.read("long"))?.snapshot.sequence ?? 0;
    const view = await readFlow(near.journal, "long");
    t.ok(view.sequence - snapshot < 120, `${snapshot} of ${view.sequence}`);
    const all = foldAll(machines, await near.journal.read("long"));
    t.equal(view.digest, all && digestOf(all), "as if it had been folded from the beginning");
    t.equal((await near.journal.read("long"))[0]?.first, 1);
  },
);
