// Conductors with two versions of a flow, of which one at a time is alive, take turns: each goes on with its own flows
// only. FOURSTROKE_TURNS=N for more of it.
import t from "tap";
import { compile } from "../../lib/compile/compile.ts";
import { hashOf } from "../../lib/compile/hash.ts";
import type { Journal } from "../../lib/index.ts";
import { needsOf } from "../../lib/jobboard/needs.ts";
import { noServer, startServer, until } from "../nats/server.ts";
import { turns, versions } from "./fixtures/evolving.ts";
import { type Called, end, faultsOf, type Process, Storm } from "./storm.ts";

t.setTimeout((120 + 20 * turns) * 1_000);

type Version = keyof typeof versions;

const blueprints = {
  one: compile(versions.one).blueprint,
  two: compile(versions.two).blueprint,
} as const;

/** Those without a blueprint belong to the version that begins them. */
const jobs = {
  one: ["one-1", "one-2", "one-unsaid"],
  two: ["two-1", "two-2", "two-unsaid"],
} as const;

t.test("versions take turns", { skip: noServer }, async (t) => {
  const storm = new Storm(t, [await startServer(t)], { leaseMs: 600, taskMs: 100 });
  const { board, journal } = await storm.open();
  const lives: Record<Version, Process[]> = { one: [], two: [] };
  const live = async (version: Version): Promise<Process> => {
    const conductor = await storm.conductorOf("version", version, version);
    lives[version].push(conductor);
    return conductor;
  };
  const post = async (id: string, version?: Version): Promise<void> => {
    const blueprint = version === undefined ? {} : { blueprint: needsOf(blueprints[version]) };
    await board.post({ id, flow: "evolving", ...blueprint });
  };
  for (const version of ["one", "two"] as const) {
    for (const number of [1, 2]) await post(`${version}-${number}`, version);
  }
  await post("one-unsaid");
  for (let turn = 0; turn < turns; turn++) {
    const version = turn % 2 === 0 ? "one" : "two";
    const conductor = await live(version);
    if (turn === 1) await post("two-unsaid");
    // The second call comes after the first one is recorded.
    await until(`version ${version} goes on with its jobs`, () =>
      jobs[version].every((id) => callsOf(storm, id).filter(by([conductor])).length >= 2),
    );
    await end(conductor, turn % 4 < 2 ? "SIGKILL" : "SIGTERM");
  }
  for (const version of ["one", "two"] as const) {
    const conductor = await live(version);
    for (const id of jobs[version]) {
      const job = await board.wait(id, { timeoutMs: 20_000 });
      t.equal(job.end?.state, "SUCCESS", id);
    }
    await end(conductor);
    for (const id of jobs[version]) {
      t.strictSame(await faultsIn(journal, id, version, lives[version], callsOf(storm, id)), []);
    }
  }
  for (const [mine, other] of [
    ["one", "two"],
    ["two", "one"],
  ] as const) {
    const lines = lives[mine].flatMap((conductor) => conductor.lines);
    const claimed = lines.filter(({ kind }) => kind === "claimed").map(({ job }) => job);
    const foreign = claimed.filter((id) => jobs[other].some((it) => it === id));
    t.strictSame(
      [...new Set(foreign)],
      [`${other}-unsaid`],
      "of the other's, only what said nothing",
    );
    // Once, to find out whose it is; and again, should its end come before it has said so.
    t.ok(foreign.length <= 2, `${foreign.length} times`);
  }
});

const by =
  (conductors: readonly Process[]) =>
  ({ pid }: Called): boolean =>
    conductors.some(({ child }) => child.pid === pid);

const callsOf = (storm: Storm, id: string): Called[] =>
  storm.calls().filter(({ key }) => key.startsWith(`${id}/`));

/** What is wrong with a flow that these conductors alone should have run, in this version. */
async function faultsIn(
  journal: Journal,
  id: string,
  version: Version,
  conductors: readonly Process[],
  calls: readonly Called[],
): Promise<string[]> {
  const faults = await faultsOf(journal, id, calls);
  const owners = new Set(conductors.map(({ owner }) => owner()));
  const batches = await journal.read(id);
  for (const { writer } of batches)
    if (!owners.has(writer)) faults.push(`${writer} wrote to ${id}`);
  for (const { key, pid } of calls.filter((call) => !by(conductors)(call))) {
    faults.push(`${pid} of another version ran ${key}`);
  }
  const records = batches.flatMap((batch) => batch.records);
  const [created] = records;
  if (created?.kind !== "created") return [...faults, `${id} begins otherwise`];
  const { hash, atoms } = { hash: hashOf(created.blueprint), atoms: created.blueprint.atoms };
  if (hash !== hashOf(blueprints[version])) faults.push(`${id} has another blueprint`);
  const count = (kind: string): number => records.filter((record) => record.kind === kind).length;
  for (const kind of ["migrated", "parked"]) if (count(kind) > 0) faults.push(`${id} is ${kind}`);
  atoms.forEach(({ name }, atom) => {
    // An attempt that its owner took down with it is made again.
    const lost = records.filter((record) => record.kind === "lost" && record.atom === atom).length;
    const ran = calls.filter(({ key }) => key.startsWith(`${id}/${name}/`)).length;
    if (ran < 1 || ran > 1 + lost) faults.push(`${name} of ${id} ran ${ran} times, lost ${lost}`);
  });
  if (new Set(calls.map(({ key }) => key.split("/")[1])).size !== atoms.length) {
    faults.push(`${id} ran other atoms than its own`);
  }
  return faults;
}
