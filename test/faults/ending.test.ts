// A conductor that dies while it ends a flow: the flow never runs again.
import t, { type Test } from "tap";
import type { Job } from "../../lib/index.ts";
import { noServer, startServer, type TestServer, until } from "../nats/server.ts";
import { Storm } from "./storm.ts";

t.setTimeout(240_000);

/** Of a conductor that keeps what has ended; of one that does not. */
const keep = { long: "60000", short: "1000" } as const;

interface Death {
  /** What was the last thing that it did. */
  readonly point: string;
  readonly state: "SUCCESS" | "REVERTED";
  /** Records that the next owner adds after the end. */
  readonly added: readonly string[];
}

/** A death before anything is forgotten. */
async function dies(t: Test, server: TestServer, { point, state, added }: Death): Promise<void> {
  const storm = stormOn(t, server, `${point} ${state}`);
  const { board, journal } = await storm.open();
  const post = { id: "job", flow: "ending", store: { most: mostOf(state) } };
  const first = await storm.conductorOf("ending", "first", keep.long, point);
  const posted = await board.post(post);
  await until("it dies", () => first.child.signalCode === "SIGKILL");
  const left = await journal.read("job");
  t.equal(left.at(-1)?.records.at(-1)?.kind, "ended");
  t.equal((await board.get("job"))?.state, point === "consume" ? "COMPLETE" : "CLAIMED");

  const next = await storm.conductorOf("ending", "next", keep.long);
  const job = await board.wait("job", { timeoutMs: 20_000 });
  t.equal(job.end?.state, state);
  t.equal(job.claims, 1 + added.length);
  const again = await board.post(post);
  t.strictSame(
    [again.postedAt, again.end],
    [posted.postedAt, job.end],
    "posted again, it is known",
  );
  const control = await runs(storm, board, state);
  t.strictSame(job.end, control.end, "it ended as it would have without a death");
  t.strictSame(callsOf(storm, "job"), callsOf(storm, "control"), "each call once");
  const batches = await journal.read("job");
  t.strictSame(batches.slice(0, left.length), left);
  const after = batches.slice(left.length).flatMap(({ records }) => records);
  t.strictSame(
    after.map(({ kind }) => kind),
    added,
  );
  t.notOk(next.lines.some(({ kind, job }) => job === "job" && kind === "lost"));
}

/** A death while it is forgotten. */
async function diesForgetting(
  t: Test,
  server: TestServer,
  point: string,
  isKnown: boolean,
): Promise<void> {
  const storm = stormOn(t, server, point);
  const { board, journal } = await storm.open();
  const post = { id: "job", flow: "ending", store: { most: mostOf("SUCCESS") } };
  const first = await storm.conductorOf("ending", "first", keep.short, point);
  const posted = await board.post(post);
  t.equal((await board.wait("job", { timeoutMs: 20_000 })).end?.state, "SUCCESS");
  await until("it dies", () => first.child.signalCode === "SIGKILL");
  const left = await journal.list();

  await storm.conductorOf("ending", "next", keep.long);
  if (isKnown) t.equal((await board.post(post)).postedAt, posted.postedAt, "it is known");
  await runs(storm, board, "SUCCESS");
  t.strictSame(callsOf(storm, "job"), callsOf(storm, "control"), "each call once");
  const job = await board.get("job");
  t.equal(job?.end?.state, isKnown ? "SUCCESS" : undefined);
  t.equal(job?.claims, isKnown ? 1 : undefined);
  const now = (await journal.list()).filter(({ id }) => id === "job");
  t.strictSame(now, left, "nothing is added to what is left");

  await storm.conductorOf("ending", "last", keep.short);
  await until("it is forgotten", async () => (await board.get("job")) === undefined);
  t.strictSame(await journal.read("job"), []);
  t.equal(callsOf(storm, "job").length, 2);
  await board.post(post);
  await board.wait("job", { timeoutMs: 20_000 });
  t.equal(callsOf(storm, "job").length, 4, "once it is forgotten, it is another job");
}

/** Runs one more, so that whatever was to be claimed before is. */
async function runs(
  storm: Storm,
  board: Awaited<ReturnType<Storm["open"]>>["board"],
  state: Death["state"],
): Promise<Job> {
  await board.post({ id: "control", flow: "ending", store: { most: mostOf(state) } });
  await until("it runs", () => callsOf(storm, "control").length > 0);
  return board.wait("control", { timeoutMs: 20_000 });
}

const mostOf = (state: Death["state"]): number => (state === "SUCCESS" ? 1_000_000 : 1_000);

const stormOn = (t: Test, server: TestServer, name: string): Storm =>
  new Storm(t, [server], { leaseMs: 600, prefix: name.replaceAll(" ", "-") });

const callsOf = (storm: Storm, id: string): string[] =>
  storm
    .calls()
    .map(({ key }) => key)
    .filter((key) => key.startsWith(`${id}/`))
    .map((key) => key.slice(id.length));

t.test("a conductor that dies after", { skip: noServer }, async (t) => {
  t.jobs = 3;
  const server = await startServer(t);
  const adopts: Omit<Death, "state"> = { point: "the end record", added: ["adopted"] };
  const deaths: readonly Death[] = [
    { ...adopts, state: "SUCCESS" },
    { ...adopts, state: "REVERTED" },
    { point: "consume", state: "SUCCESS", added: [] },
  ];
  for (const death of deaths) {
    const name = `${death.point}, ${death.state}`;
    void t.test(name, { buffered: true }, async (t) => dies(t, server, death));
  }
  const purge = "the purge of its";
  for (const [what, isKnown] of [
    ["values", true],
    ["journal", true],
    ["job", false],
  ] as const) {
    void t.test(`${purge} ${what}`, { buffered: true }, async (t) =>
      diesForgetting(t, server, `${purge} ${what}`, isKnown),
    );
  }
});
