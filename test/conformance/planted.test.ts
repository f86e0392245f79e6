/**
 * Plants wrong observations into real runs. A comparison that lets one of them pass is a defect, so
 * that each planting must be found in every case that it touches.
 */
import assert from "node:assert/strict";
import t from "tap";
import { differences, isTraced } from "./compare.ts";
import { Rig } from "./rig.ts";
import { casesFolder, foundFolder } from "./folder.ts";
import type { AtomEvent, AtomFacts, Case, Expected, Observed } from "./scenario.ts";
import { listCases, readCase } from "./cases.ts";
import { caseLimitMs, observeCase, skipReason } from "./suite.ts";
import { isDictionary, isList } from "./values.ts";

interface Run {
  readonly name: string;
  readonly test: Case;
  readonly observed: readonly Observed[];
}

/** Cases that the engine passes, with what was seen. */
const runs: Run[] = [];
{
  const files = [...listCases(casesFolder), ...listCases(foundFolder)];
  await using rig = new Rig({ engine: "parallel", journal: "memory", files });
  for (const file of files) {
    const { name, path } = file;
    const test = readCase(path);
    if (skipReason(test, "parallel") !== undefined) continue;
    const { observed } = await rig.use(file, (setup) => observeCase(test, setup, caseLimitMs));
    if (differences(test, observed).length === 0) runs.push({ name, test, observed });
  }
}
const crashed = runs.filter(({ test }) => crashStep(test) >= 0);

function crashStep(test: Case): number {
  return test.expected.steps.findIndex(({ outcome }) => outcome?.kind === "crashed");
}

/** The steps from the crash up to the next run, which is the last. */
function afterCrash({ test }: Run): { readonly down: readonly number[]; readonly run: number } {
  const crash = crashStep(test);
  const run = test.scenario.steps.findIndex(({ op }, step) => step > crash && op === "run");
  return { down: [...test.scenario.steps.keys()].slice(crash, run), run };
}

function replace(
  observed: readonly Observed[],
  step: number,
  facts: Partial<Observed>,
): Observed[] {
  return observed.map((seen, index) => (index === step ? { ...seen, ...facts } : seen));
}

function replaceAtom(
  observed: readonly Observed[],
  step: number,
  atom: string,
  facts: AtomFacts,
): Observed[] {
  const atoms = observed[step]?.atoms ?? {};
  return replace(observed, step, { atoms: { ...atoms, [atom]: { ...atoms[atom], ...facts } } });
}

const isFound = ({ test }: Run, planted: readonly Observed[]): boolean =>
  differences(test, planted).length > 0;

/** Another value, of which no rule can make the right one. */
function spoil(value: unknown): unknown {
  if (typeof value === "number") return value + 1000;
  if (typeof value === "boolean") return !value;
  if (isList(value)) return [...value, "planted"];
  return "planted";
}

/** Every way to what is claimed in there. */
function* claims(expected: unknown, path: readonly string[]): Generator<readonly string[]> {
  if (isDictionary(expected) && Object.keys(expected).length > 0) {
    for (const [key, value] of Object.entries(expected)) yield* claims(value, [...path, key]);
  } else {
    yield path;
  }
}

function spoilAt(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return spoil(value);
  assert(isDictionary(value));
  return { ...value, [key]: spoilAt(value[key], rest) };
}

t.test("most cases pass, and those with a crash are among them", async (t) => {
  t.ok(runs.length > 250, `${runs.length} cases`);
  t.ok(crashed.length > 20, `${crashed.length} crashes`);
});

/** Claims that are tried of one case: evenly spread, and all of those with a crash. */
const triedClaims = 40;

t.test("every kind of claim is compared", async (t) => {
  const missed: string[] = [];
  let planted = 0;
  for (const run of runs) {
    const down = crashStep(run.test) < 0 ? [] : afterCrash(run).down;
    const all = run.test.expected.steps.flatMap((facts, step) =>
      [...claims(plainOf(facts), [])].map((path) => ({ step, path })),
    );
    const stride = down.length > 0 ? 1 : Math.ceil(all.length / triedClaims);
    for (const { step, path } of all.filter((_, index) => index % stride === 0)) {
      if (down.includes(step) && isEased(run, step, path)) continue;
      planted++;
      const spoilt = spoilAt(run.observed[step], path) as Observed;
      if (isFound(run, replace(run.observed, step, spoilt))) continue;
      missed.push(`${run.name}/${step}/${path.join("/")}`);
    }
  }
  t.strictSame(missed, []);
  t.ok(planted > 5_000, `${planted} planted`);
});

/** Whether an atom that is ahead has begun anew what is claimed of it there. */
function isEased({ test, observed }: Run, step: number, path: readonly string[]): boolean {
  const [, atom = "", fact = ""] = path;
  const claimed = test.expected.steps[step]?.atoms?.[atom]?.state;
  if (claimed === observed[step]?.atoms?.[atom]?.state) return false;
  const past = claimed === "REVERTED" ? ["failure", "revertResult"] : [];
  return ["progress", ...past].includes(fact);
}

/** What is claimed beside the order of events, which the tests below are about. */
function plainOf(facts: Expected): Expected {
  const ordered = new Set(["trace", "happensBefore", "atomTransitions"]);
  return Object.fromEntries(Object.entries(facts).filter(([fact]) => !ordered.has(fact)));
}

/** Events that are tried of one step, evenly spread. */
const triedEvents = 10;

t.test("an event more, or one less, is found where transitions are claimed", async (t) => {
  const missed: string[] = [];
  for (const run of runs) {
    for (const [step, { atomTransitions = {} }] of run.test.expected.steps.entries()) {
      const events = run.observed[step]?.events ?? [];
      const stride = Math.ceil(events.length / triedEvents);
      for (const [at, [atom]] of events.entries()) {
        if (at % stride !== 0 || atomTransitions[atom] === undefined) continue;
        const fewer = replace(run.observed, step, { events: events.toSpliced(at, 1) });
        const twice = events.toSpliced(at, 0, [atom, "RUNNING"]);
        const more = replace(run.observed, step, { events: twice });
        if (!isFound(run, fewer) || !isFound(run, more)) missed.push(`${run.name}/${step}/${at}`);
      }
    }
  }
  t.strictSame(missed, []);
});

t.test("two events in the wrong order are found where a trace is claimed", async (t) => {
  const missed: string[] = [];
  for (const run of runs) {
    for (const [step, { trace }] of run.test.expected.steps.entries()) {
      const events = run.observed[step]?.events ?? [];
      const [first, second] = events.filter(isTraced);
      if (trace === undefined || second === undefined) continue;
      const order = new Map([
        [key(first), second],
        [key(second), first],
      ]);
      const planted = events.map((event) => order.get(key(event)) ?? event);
      if (!isFound(run, replace(run.observed, step, { events: planted }))) missed.push(run.name);
    }
  }
  t.strictSame(missed, []);
});

const key = (event: AtomEvent | undefined): string => (event ?? []).join(":");

const underWay = new Map([
  ["RUNNING", "PENDING"],
  ["REVERTING", "SUCCESS"],
]);

/** Atoms that were under way when the process died, with the state they were seen in. */
function startedBefore(run: Run): [atom: string, state: string][] {
  const { down } = afterCrash(run);
  const atoms = run.observed[down[0] ?? -1]?.atoms ?? {};
  return Object.entries(atoms).flatMap(([atom, { state = "" }]) =>
    underWay.has(state) ? [[atom, state]] : [],
  );
}

t.test("an engine that forgets its starts on resume fails every crash that has some", async (t) => {
  let planted = 0;
  for (const run of crashed) {
    const step = afterCrash(run).run;
    for (const start of startedBefore(run)) {
      if (run.test.expected.steps[step]?.atomTransitions?.[start[0]] === undefined) continue;
      planted++;
      const events = [start, ...(run.observed[step]?.events ?? [])];
      t.ok(isFound(run, replace(run.observed, step, { events })), `${run.name}: ${start.join()}`);
    }
  }
  t.ok(planted > 20, `${planted} starts forgotten`);
});

t.test("an engine that swallows the first RUNNING after a new engine fails", async (t) => {
  let planted = 0;
  for (const run of runs) {
    const made = run.test.scenario.steps.findIndex(({ op }) => op === "newEngine");
    const { events = [], ...seen } = run.observed[made + 1] ?? {};
    const first = events.findIndex(([, state]) => state === "RUNNING");
    const atom = events[first]?.[0] ?? "";
    const claimed = run.test.expected.steps[made + 1]?.atomTransitions?.[atom];
    if (made < 0 || first < 0 || claimed === undefined) continue;
    planted++;
    const swallowed = { ...seen, events: events.toSpliced(first, 1) };
    t.ok(isFound(run, replace(run.observed, made + 1, swallowed)), run.name);
  }
  t.ok(planted > 20, `${planted} swallowed`);
});

t.test("an engine that is one start behind fails", async (t) => {
  let planted = 0;
  for (const run of crashed) {
    const { down } = afterCrash(run);
    for (const [atom, state] of startedBefore(run)) {
      const behind = { state: underWay.get(state) ?? "" };
      planted++;
      const all = down.reduce(
        (seen, step) => replaceAtom(seen, step, atom, behind),
        [...run.observed],
      );
      t.ok(isFound(run, all), `${run.name}: ${atom} from the crash on`);
      const last = replaceAtom(run.observed, down.at(-1) ?? -1, atom, behind);
      t.ok(isFound(run, last), `${run.name}: ${atom} in the new engine only`);
      const first = replaceAtom(run.observed, down[0] ?? -1, atom, behind);
      t.ok(isFound(run, first), `${run.name}: ${atom} in the crash only`);
    }
  }
  t.ok(planted > 20, `${planted} behind`);
});

t.test("an engine that is two starts ahead fails", async (t) => {
  let planted = 0;
  for (const run of crashed) {
    const { down } = afterCrash(run);
    for (const [atom, { state }] of Object.entries(run.observed[down[0] ?? -1]?.atoms ?? {})) {
      const ahead =
        state === "RUNNING" ? "SUCCESS" : state === "REVERTING" ? "REVERTED" : undefined;
      if (ahead === undefined) continue;
      planted++;
      const all = down.reduce(
        (seen, step) => replaceAtom(seen, step, atom, { state: ahead }),
        [...run.observed],
      );
      t.ok(isFound(run, all), `${run.name}: ${atom}`);
    }
  }
  t.ok(planted > 20, `${planted} ahead`);
});

t.test("an engine that calls again what it knows the outcome of fails", async (t) => {
  for (const run of crashed) {
    const { run: step } = afterCrash(run);
    for (const [atom, { executeCalls }] of Object.entries(run.observed[step]?.atoms ?? {})) {
      if (executeCalls === undefined) continue;
      const more = replaceAtom(run.observed, step, atom, { executeCalls: executeCalls + 1 });
      t.ok(isFound(run, more), `${run.name}: ${atom}`);
    }
  }
});
