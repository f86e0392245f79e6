/** What is eased after a crash, and what is not: each row says why. */
import t from "tap";
import { differences } from "./compare.ts";
import type { AtomEvent, AtomFacts, Case, Expected, FlowSpec, Observed } from "./scenario.ts";

type States = Readonly<Record<string, string>>;

/** The three steps of a case with a crash: what is claimed, or seen, of each. */
interface Steps {
  /** Atoms when the process has died. */
  readonly dead: States;
  /** More of them in the new engine, where everything is claimed. */
  readonly facts?: Readonly<Record<string, AtomFacts>> | undefined;
  /** The next run. */
  readonly events: readonly AtomEvent[];
  readonly happensBefore?: Expected["happensBefore"];
}

const flow: FlowSpec = {
  flow: "linear",
  name: "f",
  retry: { retry: "Times", attempts: 3 },
  items: [{ task: "A" }, { task: "B" }, { task: "C" }],
};

const atomsOf = ({ dead, facts = {} }: Steps): Record<string, AtomFacts> =>
  Object.fromEntries(
    Object.entries(dead).map(([atom, state]) => [atom, { ...facts[atom], state }]),
  );

const statesOf = ({ dead }: Steps): Record<string, AtomFacts> =>
  Object.fromEntries(Object.entries(dead).map(([atom, state]) => [atom, { state }]));

/** The states that each atom of the case entered, in order. */
function transitionsOf({ dead, events }: Steps): NonNullable<Expected["atomTransitions"]> {
  const statesOf = (atom: string): string[] =>
    events.filter(([entered]) => entered === atom).map(([, state]) => state);
  const atoms = Object.keys(dead).filter((atom) => statesOf(atom).length > 0);
  return Object.fromEntries(atoms.map((atom) => [atom, statesOf(atom)]));
}

function caseOf(steps: Steps, state = "SUCCESS"): Case {
  return {
    format: 1,
    scenario: {
      id: "c",
      title: "c",
      flow,
      steps: [{ op: "run", crashAt: { atom: "A", state } }, { op: "newEngine" }, { op: "run" }],
    },
    expected: {
      steps: [
        { outcome: { kind: "crashed" }, atoms: statesOf(steps) },
        { outcome: { kind: "ok" }, atoms: atomsOf(steps) },
        {
          outcome: { kind: "ok" },
          atomTransitions: transitionsOf(steps),
          trace: steps.events.filter(([, state]) => state !== "PENDING"),
          happensBefore: steps.happensBefore ?? [],
        },
      ],
    },
  };
}

function seenOf(steps: Steps, resumed: Steps = steps): Observed[] {
  const nothing = { flowTransitions: [], events: [] };
  return [
    { ...nothing, outcome: { kind: "crashed" }, atoms: atomsOf(steps) },
    { ...nothing, outcome: { kind: "ok" }, atoms: atomsOf(resumed) },
    { ...nothing, outcome: { kind: "ok" }, events: steps.events },
  ];
}

const pathsOf = (test: Case, seen: readonly Observed[]): string[] =>
  differences(test, seen).map(({ path }) => path);

const running: Steps = {
  dead: { f_retry: "SUCCESS", A: "SUCCESS", B: "PENDING", C: "PENDING" },
  events: [
    ["B", "RUNNING"],
    ["B", "SUCCESS"],
    ["C", "RUNNING"],
    ["C", "SUCCESS"],
  ],
};
const runningAhead: Steps = {
  dead: { ...running.dead, B: "RUNNING" },
  events: running.events.slice(1),
};

const failing: Steps = {
  dead: { f_retry: "SUCCESS", A: "SUCCESS", B: "FAILURE", C: "PENDING" },
  events: [
    ["B", "REVERTING"],
    ["B", "REVERTED"],
    ["A", "REVERTING"],
    ["A", "REVERTED"],
  ],
};
const failingAhead: Steps = {
  dead: { ...failing.dead, B: "REVERTING" },
  events: failing.events.slice(1),
};

const reverting: Steps = {
  dead: { f_retry: "SUCCESS", A: "SUCCESS", B: "REVERTED", C: "PENDING" },
  events: failing.events.slice(2),
};
const revertingAhead: Steps = {
  dead: { ...reverting.dead, A: "REVERTING" },
  events: reverting.events.slice(1),
};

const undone: Steps = {
  dead: { f_retry: "SUCCESS", A: "REVERTED", B: "REVERTED", C: "PENDING" },
  facts: {
    f_retry: { intention: "RETRY" },
    A: { intention: "REVERT", progress: 1, revertResult: 3, executeCalls: 1 },
    B: { intention: "REVERT", progress: 1, failure: { error: "Boom" }, executeCalls: 1 },
    C: { intention: "REVERT", progress: 0 },
  },
  events: [
    ["f_retry", "RETRYING"],
    ["A", "PENDING"],
    ["B", "PENDING"],
    ["f_retry", "RUNNING"],
    ["f_retry", "SUCCESS"],
    ["A", "RUNNING"],
    ["A", "SUCCESS"],
  ],
};
const undoneAhead: Steps = {
  dead: { f_retry: "RUNNING", A: "PENDING", B: "PENDING", C: "PENDING" },
  facts: {
    f_retry: { intention: "EXECUTE" },
    A: { intention: "EXECUTE", progress: 0, executeCalls: 1 },
    B: { intention: "EXECUTE", progress: 0, executeCalls: 1 },
    C: { intention: "EXECUTE", progress: 0 },
  },
  events: undone.events.slice(4),
};

const retrying: Steps = {
  ...undone,
  dead: { ...undone.dead, f_retry: "RETRYING" },
  events: undone.events.slice(1),
};

for (const [name, claimed, ahead] of [
  ["RUNNING for PENDING", running, runningAhead],
  ["REVERTING for FAILURE", failing, failingAhead],
  ["REVERTING for SUCCESS", reverting, revertingAhead],
  ["a retry RUNNING for SUCCESS, its scope undone", undone, undoneAhead],
  ["a retry RUNNING for RETRYING", retrying, undoneAhead],
] as const) {
  const test = caseOf(claimed);

  t.test(`${name}: not ahead`, async (t) => {
    t.strictSame(pathsOf(test, seenOf(claimed)), []);
  });

  t.test(`${name}: one start ahead, and not told of again`, async (t) => {
    t.strictSame(pathsOf(test, seenOf(ahead)), []);
  });

  t.test(`${name}: one start ahead, but forgotten on resume`, async (t) => {
    t.not(pathsOf(test, seenOf({ ...ahead, events: claimed.events })).length, 0);
    t.not(pathsOf(test, seenOf(ahead, claimed)).length, 0);
  });

  t.test(`${name}: not ahead, but the start is not told`, async (t) => {
    t.not(pathsOf(test, seenOf({ ...claimed, events: ahead.events })).length, 0);
  });

  t.test(`${name}: ahead only in the new engine`, async (t) => {
    t.not(pathsOf(test, seenOf(claimed, ahead)).length, 0);
  });

  t.test(`${name}: the case is ahead, the engine is behind`, async (t) => {
    t.not(pathsOf(caseOf(ahead), seenOf(claimed)).length, 0);
  });

  t.test(`${name}: only a crash is a reason to be ahead`, async (t) => {
    const [dead, ...others] = test.expected.steps;
    const steps = [{ ...dead, outcome: { kind: "ok" } as const }, ...others];
    const [first, ...more] = seenOf(ahead);
    const seen = [{ ...first!, outcome: { kind: "ok" } as const }, ...more];
    t.not(pathsOf({ ...test, expected: { steps } }, seen).length, 0);
  });
}

const never: readonly (readonly [Steps, States, string])[] = [
  [running, { B: "SUCCESS" }, "two starts ahead"],
  [running, { A: "PENDING" }, "behind"],
  [running, { A: "RUNNING" }, "behind"],
  [running, { A: "REVERTING" }, "the case's next run doesn't revert it"],
  [running, { B: "IGNORE" }, "nothing was ruled out at the crash"],
  [running, { f_retry: "RUNNING" }, "its scope isn't undone"],
  [running, { f_retry: "RETRYING" }, "no atom is ahead as RETRYING"],
  [failing, { B: "REVERTED" }, "two starts ahead"],
  [failing, { B: "SUCCESS" }, "another outcome"],
  [failing, { C: "RUNNING" }, "the case's next run doesn't start it"],
  [reverting, { B: "PENDING" }, "its controller isn't ahead"],
  [undone, { A: "PENDING" }, "its controller isn't ahead"],
  [undone, { f_retry: "RUNNING", A: "RUNNING" }, "two starts ahead"],
  [undone, { f_retry: "RUNNING", C: "RUNNING" }, "two starts ahead"],
  [undone, { f_retry: "REVERTING" }, "the case's next run goes on"],
];

for (const [claimed, states, because] of never) {
  t.test(`never ahead as ${JSON.stringify(states)}: ${because}`, async (t) => {
    const dead = { ...claimed.dead, ...states };
    t.ok(
      pathsOf(caseOf(claimed), seenOf({ ...claimed, dead })).includes(
        "/0/atoms/" + firstOf(states),
      ),
    );
  });
}

const firstOf = (states: States): string => `${Object.keys(states).at(-1) ?? ""}/state`;

t.test(
  "what one decider rules out may be ruled out together, if that is where it died",
  async (t) => {
    const claimed: Steps = { dead: { A: "IGNORE", B: "PENDING" }, events: [] };
    const ahead: Steps = { dead: { A: "IGNORE", B: "IGNORE" }, events: [] };
    t.strictSame(pathsOf(caseOf(claimed, "IGNORE"), seenOf(ahead)), []);
    t.strictSame(pathsOf(caseOf(claimed, "SUCCESS"), seenOf(ahead)), [
      "/0/atoms/B/state",
      "/1/atoms/B/state",
    ]);
  },
);

t.test("a start is dropped once, and later ones count one less", async (t) => {
  const again: readonly AtomEvent[] = [
    ["B", "FAILURE"],
    ["A", "REVERTING"],
    ["B", "RUNNING"],
  ];
  const test = caseOf({
    dead: running.dead,
    events: [["B", "RUNNING"], ...again],
    happensBefore: [
      ["B:RUNNING#1", "A:REVERTING#1"],
      ["A:REVERTING#1", "B:RUNNING#2"],
    ],
  });
  const ahead = { dead: runningAhead.dead, events: again };
  t.strictSame(pathsOf(test, seenOf(ahead)), []);
  const swallowed = { ...ahead, events: again.slice(0, 2) };
  t.ok(pathsOf(test, seenOf(swallowed)).includes("/2/happensBefore"));
  const early = { ...ahead, events: [again[0]!, again[2]!, again[1]!] };
  t.ok(pathsOf(test, seenOf(early)).includes("/2/happensBefore"));
});

t.test("progress isn't compared for an atom that is ahead, but for every other", async (t) => {
  const facts = { A: { progress: 1 }, B: { progress: 0.5 } };
  const test = caseOf({ ...running, facts });
  const seen = (A: number, B: number, steps: Steps): Observed[] =>
    seenOf({ ...steps, facts: { A: { progress: A }, B: { progress: B } } });
  t.strictSame(pathsOf(test, seen(1, 0, runningAhead)), []);
  t.strictSame(pathsOf(test, seen(0, 0, runningAhead)), ["/1/atoms/A/progress"]);
  t.strictSame(pathsOf(test, seen(1, 0, running)), ["/1/atoms/B/progress"]);
});

t.test("REVERT is wanted for EXECUTE only where a FAILURE is ahead", async (t) => {
  const wanted = (intention: string): Steps["facts"] => ({ A: { intention }, C: { intention } });
  const test = caseOf({ ...failing, facts: wanted("EXECUTE") });
  t.strictSame(pathsOf(test, seenOf({ ...failingAhead, facts: wanted("REVERT") })), []);
  t.strictSame(pathsOf(test, seenOf({ ...failingAhead, facts: wanted("EXECUTE") })), []);
  const both = ["/1/atoms/A/intention", "/1/atoms/C/intention"];
  t.strictSame(pathsOf(test, seenOf({ ...failingAhead, facts: wanted("RETRY") })), both);
  t.strictSame(pathsOf(test, seenOf({ ...failing, facts: wanted("REVERT") })), both);
  const other = caseOf({ ...running, facts: wanted("EXECUTE") });
  t.strictSame(pathsOf(other, seenOf({ ...runningAhead, facts: wanted("REVERT") })), both);
  const back = caseOf({ ...failing, facts: wanted("REVERT") });
  t.strictSame(pathsOf(back, seenOf({ ...failingAhead, facts: wanted("EXECUTE") })), both);
});

t.test("when a retry has gone on, what it set back is wanted again, and fresh", async (t) => {
  const test = caseOf(undone);
  const { facts = {} } = undoneAhead;
  const withFact = (atom: string, fact: AtomFacts): Observed[] =>
    seenOf({ ...undoneAhead, facts: { ...facts, [atom]: { ...facts[atom], ...fact } } });
  t.strictSame(pathsOf(test, withFact("f_retry", { intention: "IGNORE" })), [
    "/1/atoms/f_retry/intention",
  ]);
  t.strictSame(pathsOf(test, withFact("A", { intention: "IGNORE" })), ["/1/atoms/A/intention"]);
  t.strictSame(pathsOf(test, withFact("A", { executeCalls: 2 })), ["/1/atoms/A/executeCalls"]);
  t.not(pathsOf(test, seenOf({ ...undone, facts })).length, 0, "not where none has");
});

t.test("a history may lack a failure that no verdict was recorded on, and no other", async (t) => {
  const entry = (...atoms: string[]): AtomFacts => ({
    history: [
      { value: 1, failures: { A: { error: "Boom" } } },
      { value: 2, failures: Object.fromEntries(atoms.map((atom) => [atom, { error: "Boom" }])) },
    ],
  });
  const claimed = { ...failing, facts: { f_retry: entry("A", "B") } };
  const test = caseOf(claimed);
  const seen = (facts: AtomFacts, steps: Steps = failing): string[] =>
    pathsOf(test, seenOf({ ...steps, facts: { f_retry: facts } }));
  t.strictSame(seen(entry("A", "B")), []);
  t.strictSame(seen(entry("A")), [], "B is in FAILURE: its controller may not have been asked");
  t.strictSame(seen(entry("B")), ["/1/atoms/f_retry/history/1/failures/A"]);
  t.not(seen(entry("A"), failingAhead).length, 0, "B is reverted: its controller has been asked");
  t.not(seen({ history: entry("A").history!.slice(1) }).length, 0, "attempts count");
  const emptied = [{ value: 1, failures: {} }, ...entry("A").history!.slice(1)];
  t.not(seen({ history: emptied }).length, 0, "earlier attempts are settled");
});

t.test("zeros of progress events aren't compared from the crash on, others are", async (t) => {
  const events = (...progressEvents: number[]): Steps["facts"] => ({ A: { progressEvents } });
  const test = caseOf({ ...running, facts: events(0, 0.5, 1) });
  t.strictSame(pathsOf(test, seenOf({ ...running, facts: events(0, 0.5, 0, 1) })), []);
  t.not(pathsOf(test, seenOf({ ...running, facts: events(0, 1) })).length, 0);
  const { expected } = test;
  const [, before] = expected.steps;
  const plain = { ...test, expected: { steps: [before!] } };
  const seen = seenOf({ ...running, facts: events(0.5, 1) }).slice(1, 2);
  t.not(pathsOf(plain, seen).length, 0, "without a crash they are");
});

t.test("a reset before the next run leaves nothing ahead", async (t) => {
  const claimed = caseOf(running);
  const [dead, made, run] = claimed.expected.steps;
  const fresh: Expected = { outcome: { kind: "ok" }, atoms: { B: { state: "PENDING" } } };
  const test: Case = {
    ...claimed,
    scenario: {
      ...claimed.scenario,
      steps: [...claimed.scenario.steps.slice(0, 2), { op: "reset" }, { op: "run" }],
    },
    expected: { steps: [dead!, made!, fresh, run!] },
  };
  const [first, second, third] = seenOf(runningAhead);
  const reset = (state: string): Observed => ({ ...second!, atoms: { B: { state } } });
  const told = { ...third!, events: running.events };
  t.strictSame(pathsOf(test, [first!, second!, reset("PENDING"), told]), []);
  t.not(pathsOf(test, [first!, second!, reset("RUNNING"), told]).length, 0);
  t.not(pathsOf(test, [first!, second!, reset("PENDING"), third!]).length, 0);
});
