// Every reference flow and every example is crashed before and after each of its appends, and again while it recovers. It always comes to
// the same end, and the witness sees every record and every call on the way.
import assert from "node:assert/strict";
import t from "tap";
import { exampleReferences } from "./examples.ts";
import { references } from "./flows.ts";
import { appendsOf, assertSame, crashes, parallel, play, serial, some } from "./scenario.ts";

const kinds = { serial, parallel };

for (const reference of [...references, ...(await exampleReferences())]) {
  const { name } = reference.flow;
  for (const [kind, plain] of Object.entries(kinds)) {
    t.test(
      `${name}, ${kind}: ends as it should, and the same after a crash anywhere`,
      async (t) => {
        const [expected, world] = await play(reference, plain);
        t.equal(expected.state, reference.ends);
        for (const fault of crashes(appendsOf(world))) {
          const [end, after] = await play(reference, { ...plain, faults: [[fault]] });
          assertSame(end, expected, `${name} after ${JSON.stringify(fault)}`);
          assert.equal(after.hosts.length, 2);
        }
      },
    );

    t.test(`${name}, ${kind}: the same after a crash while it recovers from one`, async (t) => {
      const [expected, world] = await play(reference, plain);
      const appends = appendsOf(world);
      const pairs = crashes(appends).flatMap((first) =>
        crashes(appends - first.at + 3).map((second) => [[first], [second]]),
      );
      for (const faults of some(pairs, 12, `${name} ${kind} twice`)) {
        const [end] = await play(reference, { ...plain, faults });
        assertSame(end, expected, `${name} after ${JSON.stringify(faults)}`);
      }
      t.pass();
    });
  }
}
