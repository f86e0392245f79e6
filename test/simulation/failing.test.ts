// Every reference flow and every example is failed at each atom and at each revert, and crashed on the way. A serial engine comes to the
// same end as without the crash, a parallel one to an end like it.
import assert from "node:assert/strict";
import t from "tap";
import { exampleReferences } from "./examples.ts";
import { type Reference, references } from "./flows.ts";
import {
  appendsOf,
  assertSame,
  crashes,
  type Failing,
  isLike,
  parallel,
  play,
  type Scenario,
  serial,
  some,
} from "./scenario.ts";

for (const reference of [...references, ...(await exampleReferences())]) {
  const { name } = reference.flow;
  t.test(`${name}: failed at each atom, and crashed`, async (t) => {
    for (const failing of await failuresOf(reference)) {
      const expected = await sameAfterCrashes(reference, { ...serial, failing: [failing] });
      t.match(expected.state, /SUCCESS|REVERTED/, JSON.stringify(failing));
      await endsAfterCrashes(reference, { ...parallel, failing: [failing] });
    }
  });

  t.test(`${name}: failed at each revert, and crashed`, async (t) => {
    const failures = await failuresOf(reference);
    const pairs = failures.flatMap((execute) =>
      failures.map(({ atom }): Failing[] => [
        { ...execute, always: true },
        { atom, direction: "revert", always: true },
      ]),
    );
    for (const failing of some(pairs, 8, name)) {
      const expected = await sameAfterCrashes(reference, { ...serial, failing });
      // SUCCESS: a decider rules out the atom that would have failed.
      t.match(expected.state, /SUCCESS|REVERTED|FAILURE/, JSON.stringify(failing));
      await endsAfterCrashes(reference, { ...parallel, failing });
    }
  });
}

t.test("reverts do fail in these scenarios, and healed failures do not count", async (t) => {
  const [diamond] = references.filter(({ flow }) => flow.name === "diamond");
  assert(diamond);
  const failing: Failing[] = [
    { atom: "d", direction: "execute", always: true },
    { atom: "b", direction: "revert", always: true },
  ];
  const [{ state, atoms, thrown }] = await play(diamond, { ...serial, failing });
  t.equal(state, "FAILURE");
  t.equal(thrown, "b fails to revert, attempt 1");
  t.match(atoms, { a: "SUCCESS", b: "REVERT_FAILURE", c: "REVERTED", d: "REVERTED" });
});

/** Serial engines have one way only. */
async function sameAfterCrashes(reference: Reference, scenario: Scenario) {
  const [expected, world] = await play(reference, scenario);
  const text = JSON.stringify(scenario);
  for (const fault of some(crashes(appendsOf(world)), 3, `${reference.flow.name} ${text}`)) {
    const [end] = await play(reference, { ...scenario, faults: [[fault]] });
    assertSame(end, expected, `${reference.flow.name} after ${JSON.stringify(fault)}, ${text}`);
  }
  return expected;
}

/** In parallel it depends on chance what has started when something fails, and with it which failures are met. */
async function endsAfterCrashes(reference: Reference, scenario: Scenario): Promise<void> {
  const [expected, world] = await play(reference, scenario);
  const text = JSON.stringify(scenario);
  for (const fault of some(crashes(appendsOf(world)), 2, `${reference.flow.name} ${text}`)) {
    const [end] = await play(reference, { ...scenario, faults: [[fault]] });
    assert.match(end.state, /SUCCESS|REVERTED|FAILURE/);
    if (reference.isSteady) {
      const isUndone = end.state === "REVERTED" && expected.state === "FAILURE";
      assert(isUndone || isLike(end, expected), `${text}: ${JSON.stringify([expected, end])}`);
    }
  }
}

/** One failure for each atom, in its first attempt or in all of them by turns. */
async function failuresOf(reference: Reference): Promise<Failing[]> {
  const [{ atoms }] = await play(reference, serial);
  return Object.keys(atoms).map((atom, place) => ({
    atom,
    direction: "execute",
    always: place % 2 === 0,
  }));
}
