// Random flows of all patterns, with deciders, controllers and failures, on serial and parallel engines. Each ends, and
// keeps all that the witness knows of; where the end can't depend on chance, it is the same on all of them.
import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { build, flows, type FlowSpec } from "./random.ts";
import { assertSame, effort, isLike } from "./scenario.ts";
import { type End, type Setup, World } from "./world.ts";

const runs = (usual: number): fc.Parameters<unknown> => ({
  numRuns: Math.ceil(usual * effort),
  // What goes wrong is to be seen as it was, not only as it was shrunk to.
  verbose: fc.VerbosityLevel.None,
});

const ends = /SUCCESS|REVERTED|FAILURE/;

async function play(
  spec: FlowSpec,
  seed: number,
  setup: Setup,
): Promise<{ end: End; troubles: number }> {
  const { flow, behaviour, troubles } = build(spec, seed);
  const { fails } = behaviour;
  const own = setup.async === true ? behaviour : { ...(fails === undefined ? {} : { fails }) };
  const world = new World(flow, { seed, behaviour: own, ...setup });
  const end = await world.run();
  assert.match(end.state, ends);
  if (end.state !== "SUCCESS") assert(end.reasons.length > 0, "G5: a reason");
  return { end, troubles };
}

t.test("serial and parallel engines end alike", async (t) => {
  await fc.assert(
    fc.asyncProperty(flows(10), fc.nat(), async (spec, seed) => {
      const { end: expected, troubles } = await play(spec, seed, {});
      for (const concurrency of [2, 100]) {
        const { end } = await play(spec, seed, { concurrency, async: true });
        // What is met of several failures is a matter of chance.
        if (troubles > 1) continue;
        assert(isLike(end, expected), JSON.stringify([end, expected]));
      }
    }),
    runs(400),
  );
  t.pass();
});

t.test("options that steer the fold keep what must hold", async (t) => {
  const options = fc.record({ deferReverts: fc.boolean(), neverResolve: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(flows(8), fc.nat(), options, async (spec, seed, steer) => {
      await play(spec, seed, { options: steer });
      await play(spec, seed, { concurrency: 3, async: true, options: steer });
    }),
    runs(100),
  );
  t.pass();
});

const faults = fc.array(
  fc.array(
    fc.record({
      at: fc.integer({ min: 1, max: 30 }),
      crash: fc.constantFrom("before" as const, "after" as const),
    }),
    { minLength: 1, maxLength: 1 },
  ),
  { minLength: 1, maxLength: 2 },
);

t.test("after crashes a serial engine comes to the same end", async (t) => {
  await fc.assert(
    fc.asyncProperty(flows(10), fc.nat(), faults, async (spec, seed, crashes) => {
      const { end: expected } = await play(spec, seed, {});
      const { end } = await play(spec, seed, { faults: crashes });
      assertSame(end, expected, "after the crashes");
    }),
    runs(400),
  );
  t.pass();
});

t.test("after crashes a parallel engine comes to a like end", async (t) => {
  await fc.assert(
    fc.asyncProperty(flows(10), fc.nat(), faults, async (spec, seed, crashes) => {
      const parallel = { concurrency: 5, async: true };
      const { end: expected, troubles } = await play(spec, seed, parallel);
      const { end } = await play(spec, seed, { ...parallel, faults: crashes });
      if (troubles <= 1) assert(isLike(end, expected), JSON.stringify([end, expected]));
    }),
    runs(400),
  );
  t.pass();
});
