// Random flows under random interventions: hosts crash, are frozen and come back, let go, and are told to suspend,
// cancel, kill and reset; the journal refuses. Each flow ends, and keeps all that the witness knows of.
import fc from "fast-check";
import t from "tap";
import { flows } from "./random.ts";
import { effort } from "./scenario.ts";
import { plans, Swarm } from "./swarm.ts";

t.test("whatever happens to its hosts, a flow ends, and rightly", async (t) => {
  let restored = 0;
  await fc.assert(
    fc.asyncProperty(flows(8), fc.nat(), plans, async (spec, seed, plan) => {
      const swarm = new Swarm(spec, seed, plan);
      await swarm.live();
      restored += swarm.world.store.restored;
    }),
    { numRuns: Math.ceil(400 * effort) },
  );
  t.ok(restored > 0 || effort === 0, `${restored} times from a snapshot`);
});
