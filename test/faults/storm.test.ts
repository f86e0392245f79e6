// Three conductors and four workers on three servers; processes are killed all the time, and nothing is lost.
// FOURSTROKE_STORM=SECONDS and FOURSTROKE_STORM_FLOWS=N for more of it.
import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import { noServer } from "../nats/server.ts";
import { startStreamCluster } from "../nats/streams.ts";
import { Outages } from "./outages.ts";
import { end, faultsOf, type Process, Storm } from "./storm.ts";

const seconds = Number(process.env["FOURSTROKE_STORM"] ?? 8);
const flows = Number(process.env["FOURSTROKE_STORM_FLOWS"] ?? 60);
/** Milliseconds between two kills of a conductor. */
const everyMs = 2_000;
t.setTimeout((seconds + 180) * 1_000);

t.test("a storm", { skip: noServer }, async (t) => {
  const servers = await startStreamCluster(t);
  // So that most of them are under way all the time.
  const storm = new Storm(t, servers, { taskMs: seconds * 150 });
  const { board, journal } = await storm.open();
  const workers = await Promise.all([0, 1, 2, 3].map(async (n) => storm.worker(`w${n}`)));
  const conductors = await Promise.all([0, 1, 2].map(async (n) => storm.conductor(`c${n}`)));
  const ended: Process[] = [];
  const ownedBy = new Map<string, Set<string>>();
  await board.watch((job) => {
    if (!("owner" in job) || job.owner === undefined) return;
    const jobs = ownedBy.get(job.owner) ?? new Set<string>();
    ownedBy.set(job.owner, jobs.add(job.id));
  });
  const ids = Array.from({ length: flows }, (_, n) => `flow-${n}`);
  const posted = Promise.all(ids.map(async (id) => board.post({ id, flow: "ten" })));

  const outages = new Outages(board, journal);
  const kills: { readonly at: number; readonly owner: string }[] = [];
  const endsAt = performance.now() + seconds * 1_000;
  for (let round = 0; performance.now() < endsAt; round++) {
    await delay(everyMs);
    const at = round % conductors.length;
    const victim = conductors[at]!;
    kills.push({ at: Date.now(), owner: victim.owner() ?? "" });
    await end(victim);
    ended.push(victim);
    conductors[at] = await storm.conductor(`c${at}.${round}`);
    if (round % 3 === 1) {
      const slot = round % workers.length;
      await end(workers[slot]!);
      workers[slot] = await storm.worker(`w${slot}`);
    }
    if (round % 10 === 2) {
      const server = servers[round % servers.length]!;
      await server.stop();
      await delay(500);
      await server.start();
    }
  }
  await posted;
  const jobs = await Promise.all(ids.map(async (id) => board.wait(id, { timeoutMs: 120_000 })));
  t.strictSame(
    jobs
      .filter(({ end }) => end?.state !== "SUCCESS")
      .map(({ id, end, reason }) => [id, end, reason]),
    [],
    "every flow ends right",
  );
  const calls = storm.calls();
  const faults = (
    await Promise.all(
      ids.map(async (id) =>
        faultsOf(
          journal,
          id,
          calls.filter(({ key }) => key.startsWith(`${id}/`)),
        ),
      ),
    )
  ).flat();
  t.strictSame(faults, [], "nothing recorded twice, nothing run after it was recorded");

  await outages.stop();
  const taken = [...ended, ...conductors]
    .flatMap(({ lines }) => lines)
    .filter(({ kind, from }) => kind === "claimed" && from !== "-")
    .map(({ at, from }) => ({ from: kills.find(({ owner }) => owner === from)?.at ?? at, to: at }));
  const hit = taken.filter((span) => outages.during(span).length > 0);
  t.comment(
    `${kills.length} conductors killed, ${taken.length} jobs taken over; from kill to claim ` +
      `${shares(taken.map(({ from, to }) => to - from))}; from when JetStream took writes ` +
      `${shares(taken.map((span) => outages.after(span)))}; ${hit.length} of them with an outage, from the kill ` +
      `${shares(hit.map(({ from, to }) => to - from))}; ${calls.length} calls for ${flows * 10} attempts; outages ` +
      JSON.stringify(outages.seen.map(({ from, to }) => to - from)),
  );
});

function shares(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const share = (part: number): number => sorted[Math.floor((sorted.length - 1) * part)] ?? 0;
  return `p50 ${share(0.5)} p99 ${share(0.99)} most ${share(1)} ms`;
}
