// Conductors that are frozen, killed and held up, as real processes on real servers.
// FOURSTROKE_FREEZES=N, FOURSTROKE_OWNERS=N, FOURSTROKE_JOBS=N and FOURSTROKE_LONG_MS=MS for more of it.
import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import { readFlow } from "../../actors/run.ts";
import { noServer, startServer, type TestServer, until } from "../nats/server.ts";
import { startStreamCluster } from "../nats/streams.ts";
import { end, faultsOf, type Process, Storm } from "./storm.ts";

const freezes = Number(process.env["FOURSTROKE_FREEZES"] ?? 2);
const owners = Number(process.env["FOURSTROKE_OWNERS"] ?? 2);
const races = Number(process.env["FOURSTROKE_JOBS"] ?? 200);
/** How long an attempt lasts whose conductor dies after a twelfth of that. */
const longMs = Number(process.env["FOURSTROKE_LONG_MS"] ?? 5_000);
const leaseMs = 1_000;
t.setTimeout(longMs + (120 + 15 * (freezes + owners)) * 1_000);

const says = ({ lines }: Process, kind: string, job: string): boolean =>
  lines.some((line) => line.kind === kind && line.job === job);

t.test(
  "frozen for three leases and continued, a conductor records nothing more",
  { skip: noServer },
  async (t) => {
    const storm = new Storm(t, [await startServer(t)], { leaseMs });
    const { board, journal } = await storm.open();
    const both = await Promise.all(
      ["a", "b"].map(async (name) => storm.conductor(name, "parallel")),
    );
    for (let round = 0; round < freezes; round++) {
      const id = `job-${round}`;
      await board.post({ id, flow: "lasting", store: { ms: 3.5 * leaseMs } });
      await until("it is claimed", () => both.some((it) => says(it, "prepared", id)));
      await until("it runs", () => storm.calls().some(({ key }) => key.startsWith(id)));
      const [frozen, other] = says(both[0]!, "prepared", id) ? both : both.toReversed();
      frozen!.child.kill("SIGSTOP");
      await until("another has it", () => says(other!, "prepared", id));
      await delay(2 * leaseMs); // the rest of three leases; by then the late outcome is due
      frozen!.child.kill("SIGCONT");
      const aborted = `aborted/LEASE_LOST ${id}/long/execute/1`;
      await until("its attempt is aborted", () =>
        storm.calls().some(({ key, pid }) => key === aborted && pid === frozen!.child.pid),
      );
      const job = await board.wait(id, { timeoutMs: 20_000 });
      t.equal(job.end?.state, "SUCCESS");
      t.equal(job.claims, 2);
      t.strictSame(await faultsOf(journal, id, []), []);
      const epochs = (await journal.read(id)).map(({ epoch, writer }) => `${epoch} ${writer}`);
      t.equal(new Set(epochs).size, 2, "one writer for each epoch");
      t.notOk(says(frozen!, "consumed", id));
      // Its lease is lost, and its process with it: another one takes its place.
      await end(frozen!);
      both[both.indexOf(frozen!)] = await storm.conductor(`c${round}`, "parallel");
    }
  },
);

t.test(
  "a long remote attempt outlives its conductors and is not started again",
  { skip: noServer },
  async (t) => {
    const storm = new Storm(t, [await startServer(t)], { leaseMs });
    const { board, journal } = await storm.open();
    await storm.worker("w");
    let owner = await storm.conductor("owner");
    const ms = 3_500 * (owners + 1);
    await board.post({ id: "long", flow: "lasting", store: { ms } });
    await until("it runs", () => storm.calls().length === 1);
    for (let death = 0; death < owners; death++) {
      const next = await storm.conductor(`owner ${death + 1}`);
      await end(owner);
      await until("the next one has it", () => says(next, "prepared", "long"));
      owner = next;
    }
    t.equal(storm.calls().length, 1);
    const job = await board.wait("long", { timeoutMs: ms + 20_000 });
    t.match(job, { end: { state: "SUCCESS" }, claims: owners + 1 });
    t.equal(storm.calls().length, 1, "one call in all");
    const view = await readFlow(journal, "long");
    t.match(view.atom("long"), { state: "SUCCESS", attempt: 1, result: "done" });
    const records = (await journal.read("long")).flatMap((batch) => batch.records);
    t.equal(records.filter(({ kind }) => kind === "lost" || kind === "parked").length, 0);
  },
);

t.test(
  "a long attempt whose conductor dies early is recorded by the next one",
  { skip: noServer },
  async (t) => {
    const storm = new Storm(t, [await startServer(t)], { leaseMs });
    const { board, journal } = await storm.open();
    const worker = await storm.worker("w");
    const owner = await storm.conductor("owner");
    await board.post({ id: "long", flow: "lasting", store: { ms: longMs } });
    await until("it runs", () => storm.calls().length === 1);
    await delay(longMs / 12);
    await end(owner);
    const diedAt = Date.now();
    const next = await storm.conductor("next");
    await until("the next one has it", () => says(next, "prepared", "long"));
    const tookMs = Date.now() - diedAt;
    const job = await board.wait("long", { timeoutMs: longMs + 20_000 });
    t.match(job, { end: { state: "SUCCESS" }, claims: 2 });
    const calls = storm.calls();
    t.match(calls, [{ key: "long/long/execute/1", pid: worker.child.pid }]);
    t.equal(calls.length, 1, "started once");
    const batches = await journal.read("long");
    const by = batches.flatMap(({ epoch, writer, records }) =>
      records.map(({ kind }) => `${kind} ${epoch} ${writer}`),
    );
    const [first, second] = [`1 ${owner.owner()}`, `2 ${next.owner()}`];
    t.strictSame(
      by.filter((line) => !line.startsWith("run ")),
      [
        ...[`created ${first}`, `adopted ${first}`, `started ${first}`],
        ...[`adopted ${second}`, `executed ${second}`, `ended ${second}`],
      ],
    );
    const view = await readFlow(journal, "long");
    t.match(view.atom("long"), { state: "SUCCESS", attempt: 1, result: "done" });
    const lastedMs = Date.now() - (calls[0]?.at ?? 0);
    t.comment(`of ${longMs} ms, taken over ${tookMs} ms after the death; ended by ${lastedMs} ms`);
  },
);

t.test(
  "whoever races for jobs, each runs once; posted a hundred times, a job is one",
  { skip: noServer },
  async (t) => {
    const storm = new Storm(t, [await startServer(t)], { leaseMs: 3_000 });
    const { board } = await storm.open();
    const ids = Array.from({ length: races }, (_, n) => `job-${n}`);
    await Promise.all(ids.map(async (id) => board.post({ id, flow: "short" })));
    await Promise.all(["a", "b"].map(async (name) => storm.conductor(name, "parallel")));
    const posted = await Promise.all(
      Array.from({ length: 100 }, async () => board.post({ id: "same", flow: "short" })),
    );
    t.equal(new Set(posted.map(({ postedAt }) => postedAt)).size, 1);
    const jobs = await Promise.all(
      [...ids, "same"].map(async (id) => board.wait(id, { timeoutMs: 60_000 })),
    );
    t.strictSame(
      jobs.filter(({ end, claims }) => end?.state !== "SUCCESS" || claims !== 1),
      [],
    );
    const keys = storm.calls().map(({ key }) => key);
    t.equal(keys.length, races + 1);
    t.equal(new Set(keys).size, races + 1);
  },
);

t.test(
  "a leader of streams that is frozen and continued stops no owner",
  { skip: noServer },
  async (t) => {
    const servers = await startStreamCluster(t);
    const storm = new Storm(t, servers, { leaseMs: 3_000, taskMs: 1_500 });
    const { board, journal } = await storm.open();
    await storm.worker("w");
    const conductor = await storm.conductor("c");
    const ids = Array.from({ length: 20 }, (_, n) => `flow-${n}`);
    await Promise.all(ids.map(async (id) => board.post({ id, flow: "ten" })));
    await until("they run", () => storm.calls().length >= 20);
    const leader = await leaderOf(servers);
    leader.signal("SIGSTOP");
    await delay(3_000);
    leader.signal("SIGCONT");
    const jobs = await Promise.all(ids.map(async (id) => board.wait(id, { timeoutMs: 60_000 })));
    t.strictSame(
      jobs
        .filter((job) => job.end?.state !== "SUCCESS" || job.claims !== 1)
        .map(({ id, claims, reason }) => [id, claims, reason]),
      [],
      "one owner each, and a good end",
    );
    t.strictSame(
      conductor.lines.filter(({ kind }) => kind === "lost" || kind === "abandoned"),
      [],
    );
    for (const id of ids) t.strictSame(await faultsOf(journal, id, storm.calls()), []);
  },
);

async function leaderOf(servers: readonly TestServer[]): Promise<TestServer> {
  const about = (await servers[0]!.monitor("/jsz?accounts=true&streams=true")) as {
    account_details?: {
      stream_detail?: { name: string; cluster?: { leader?: string } }[];
    }[];
  };
  const streams = about.account_details?.flatMap(({ stream_detail = [] }) => stream_detail) ?? [];
  const leader = streams.find(({ name }) => name.endsWith("_J0"))?.cluster?.leader;
  const found = servers.find((_, index) => leader === `test-${index}`);
  if (found === undefined) throw new Error(`no server leads the journal's stream: ${leader}`);
  return found;
}
