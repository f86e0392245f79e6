// Whole clusters in one thread, each from a seed: conductors, workers, their board and their journal, while processes
// are killed, frozen and cut off, leaders are lost and clocks jump. `npm run simulate -- --seeds 20000` tries more.
import t from "tap";
import { storyOf } from "./cluster/story.ts";
import { ClusterWorld } from "./cluster/world.ts";

// As long as it takes, where others use the processor too.
t.setTimeout(900_000);

const seeds = Number(process.env["FOURSTROKE_SEEDS"] ?? 2_000);

t.test(`no promise is broken in ${seeds} clusters`, { timeout: 0 }, async (t) => {
  const done = { records: 0, calls: 0 };
  for (let seed = 1; seed <= seeds; seed++) {
    const { run, oracle } = world(seed);
    const violation = await run();
    done.records += oracle.records;
    done.calls += oracle.calls;
    if (violation === undefined) continue;
    t.fail(await storyOf({ seed }, violation));
    return;
  }
  // A simulation in which little happens finds little.
  t.ok(done.records > 20 * seeds && done.calls > 5 * seeds, JSON.stringify(done));
});

/** What each of them found: records of a controller's timer after the end of its flow. */
const foundOnce = [65_468];

t.test("what was found once is found no more", async (t) => {
  for (const seed of foundOnce) t.equal(await world(seed).run(), undefined, `seed ${seed}`);
});

t.test("the same seed gives the same trace", async (t) => {
  const hashes = new Set<string>();
  for (let seed = 1; seed <= 20; seed++) {
    const [one, other] = [world(seed), world(seed)];
    await one.run();
    await other.run();
    t.equal(one.hash(), other.hash(), `seed ${seed}`);
    hashes.add(one.hash());
  }
  t.equal(hashes.size, 20, "and another one another");
});

function world(seed: number) {
  const made = new ClusterWorld({ seed });
  return { oracle: made.oracle, run: () => made.run(), hash: () => made.trace.digest() };
}
