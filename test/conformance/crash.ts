/**
 * The one rule of comparison that is not plain, for crashes only.
 *
 * TaskFlow, which the cases were made with, writes each state by itself; here an outcome and the
 * starts that follow from it are one batch. So after a crash, until the next run, an atom may be
 * exactly one start *ahead* of the case, never behind. Such an atom must be ahead in the crash step
 * already, stay there, and be about to take that very start in the case's next run; that run must
 * then not tell of the start again. Nothing else is eased.
 */
import {
  type AtomFacts,
  type Case,
  type Expected,
  type FlowSpec,
  isFlow,
  isTask,
  type Observed,
  retryName,
  type RootSpec,
  type Trigger,
} from "./scenario.ts";

/** How an atom is ahead. */
interface Lead {
  /** Started; started again, as a controller; set back by its controller's start; ruled out. */
  readonly kind: "start" | "again" | "setBack" | "ignore";
  /** Its state in the case, and the one it was seen in. */
  readonly from: string;
  readonly to: string;
  /** What the case's next run still tells of the start, in this order. */
  readonly told: readonly string[];
}

type Leads = ReadonlyMap<string, Lead>;

interface Adjusted {
  readonly expected: readonly Expected[];
  readonly observed: readonly Observed[];
}

/** The case with what is eased after its crashes, for exactly these observations. */
export function withLead(test: Case, observed: readonly Observed[]): Adjusted {
  const { steps } = test.scenario;
  const expected = [...test.expected.steps];
  const first = expected.findIndex((facts, step) => isCrash(facts, observed[step]));
  if (first < 0) return { expected, observed };
  let leads: Leads = new Map();
  let flow = test.scenario.flow;
  // Whether the process is dead, or a new one has not run yet.
  let isDown = false;
  for (const [step, { op, crashAt, flow: changed }] of steps.entries()) {
    const [facts, seen] = [expected[step], observed[step]];
    if (facts === undefined || seen === undefined) break;
    flow = changed ?? flow;
    let adjusted = facts;
    if (op === "run") {
      adjusted = withoutTold(adjusted, leads);
      isDown = isCrash(facts, seen);
      leads = isDown ? leadsAt(test, step, seen, scopesOf(flow), crashAt) : new Map();
    }
    // A reset sets back what was ahead, too.
    if (op === "reset" && seen.outcome.kind === "ok") {
      isDown = false;
      leads = new Map();
    }
    if (isDown) adjusted = eased(adjusted, seen, leads);
    expected[step] = adjusted;
  }
  return {
    expected: expected.map((facts, step) => (step < first ? facts : withoutZeros(facts))),
    observed: observed.map((facts, step) => (step < first ? facts : withoutZeros(facts))),
  };
}

const isCrash = (facts: Expected, seen: Observed | undefined): boolean =>
  facts.outcome?.kind === "crashed" && seen?.outcome.kind === "crashed";

/** Each controller's scope: the atoms of its flow, nested ones included, without itself. */
function scopesOf(root: RootSpec): ReadonlyMap<string, readonly string[]> {
  const scopes = new Map<string, readonly string[]>();
  const visit = (flow: FlowSpec): string[] => {
    const inside = flow.items.flatMap((item) =>
      isTask(item) ? [item.task] : isFlow(item) ? visit(item) : [],
    );
    const retry = retryName(flow);
    if (retry === undefined) return inside;
    scopes.set(retry, inside);
    return [retry, ...inside];
  };
  if (!isTask(root)) visit(root);
  return scopes;
}

/** The atoms that are ahead when the process has died in a step. */
function leadsAt(
  test: Case,
  step: number,
  seen: Observed,
  scopes: ReadonlyMap<string, readonly string[]>,
  crashAt: Trigger | undefined,
): Leads {
  const atoms = test.expected.steps[step]?.atoms ?? {};
  const stateOf = (atom: string): string | undefined => atoms[atom]?.state;
  const seenOf = (atom: string): string | undefined => seen.atoms?.[atom]?.state;
  const leads = new Map<string, Lead>();
  const lead = (kind: Lead["kind"], atom: string, told: readonly string[]): void => {
    const [from, to] = [stateOf(atom), seenOf(atom)];
    if (from === undefined || to === undefined) return;
    if (isToldNext(test, step, atom, told)) leads.set(atom, { kind, from, to, told });
  };
  for (const [retry, scope] of scopes) {
    const from = stateOf(retry);
    if (seenOf(retry) !== "RUNNING") continue;
    if (from === "RETRYING") lead("again", retry, ["RUNNING"]);
    if (from === "SUCCESS" && scope.every((atom) => isUndone(stateOf(atom)))) {
      lead("again", retry, ["RETRYING", "RUNNING"]);
    }
    if (!leads.has(retry)) continue;
    for (const atom of scope) {
      if (stateOf(atom) !== "REVERTED" || seenOf(atom) !== "PENDING") continue;
      lead("setBack", atom, ["PENDING"]);
    }
  }
  for (const atom of Object.keys(atoms)) {
    const change = `${seenOf(atom) ?? ""} for ${stateOf(atom) ?? ""}`;
    if (change === "RUNNING for PENDING") lead("start", atom, ["RUNNING"]);
    if (change === "REVERTING for SUCCESS") lead("start", atom, ["REVERTING"]);
    if (change === "REVERTING for FAILURE") lead("start", atom, ["REVERTING"]);
    // One record rules out all that a decider's no reaches.
    if (change === "IGNORE for PENDING" && crashAt?.state === "IGNORE") lead("ignore", atom, []);
  }
  return leads;
}

/** PENDING: not reached before the failure. A state that the case doesn't claim says nothing. */
const isUndone = (state: string | undefined): boolean =>
  state === undefined || state === "REVERTED" || state === "PENDING" || state === "IGNORE";

/** Whether the case's next run begins with `told` for the atom, or may: it claims nothing of it. */
function isToldNext(test: Case, crash: number, atom: string, told: readonly string[]): boolean {
  const run = test.scenario.steps.findIndex(({ op }, step) => step > crash && op === "run");
  const facts = test.expected.steps[run];
  if (facts?.atomTransitions === undefined || facts.outcome?.kind === "crashed") return true;
  const transitions = facts.atomTransitions[atom];
  if (transitions !== undefined) return told.every((state, index) => transitions[index] === state);
  const path = `/${run}/atomTransitions`;
  const omitted = test.expected.omitted ?? [];
  return told.length === 0 || omitted.includes(path) || omitted.includes(`${path}/${atom}`);
}

/** What a step claims while the process is down and atoms are ahead. */
function eased(facts: Expected, seen: Observed, leads: Leads): Expected {
  if (facts.atoms === undefined) return facts;
  const atoms = Object.entries(facts.atoms).map(([atom, claimed]): [string, AtomFacts] => {
    const lead = leads.get(atom);
    const observed = seen.atoms?.[atom];
    const { intention, history, ...others } = lead === undefined ? claimed : ahead(claimed, lead);
    return [
      atom,
      {
        ...others,
        ...(intention === undefined
          ? {}
          : { intention: intentionAfter(intention, observed, lead, leads) }),
        ...(history === undefined ? {} : { history: recorded(history, observed, seen) }),
      },
    ];
  });
  return { ...facts, atoms: Object.fromEntries(atoms) };
}

function ahead(claimed: AtomFacts, { kind, to }: Lead): AtomFacts {
  // What is PENDING again has neither failed nor been undone.
  const past = kind === "setBack" ? ["failure", "revertResult"] : [];
  const dropped = new Set(["progress", ...past]);
  const kept = Object.entries(claimed).filter(([fact]) => !dropped.has(fact));
  return { ...Object.fromEntries(kept), state: to };
}

/** The intention that is claimed, or the one that goes with what is ahead, if it was seen. */
function intentionAfter(
  claimed: string,
  observed: AtomFacts | undefined,
  lead: Lead | undefined,
  leads: Leads,
): string {
  const all = [...leads.values()];
  // The failure was resolved in the same batch: what is to be undone is known already.
  const isResolved = all.some(({ from }) => from === "FAILURE");
  if (isResolved && claimed === "EXECUTE" && observed?.intention === "REVERT") return "REVERT";
  // The next attempt has begun: nothing is to be undone of what it is about to execute.
  const goesOn = all.some(({ kind }) => kind === "again");
  const isPartOfIt = lead?.kind === "again" || observed?.state === "PENDING";
  return goesOn && isPartOfIt && observed?.intention === "EXECUTE" ? "EXECUTE" : claimed;
}

/**
 * The history that is claimed without the failures of the last attempt that no verdict was recorded
 * on yet: an atom still in FAILURE, or a controller whose scope has one.
 */
function recorded(
  claimed: NonNullable<AtomFacts["history"]>,
  observed: AtomFacts | undefined,
  seen: Observed,
): NonNullable<AtomFacts["history"]> {
  const last = claimed.at(-1);
  const known = observed?.history?.at(-1)?.failures ?? {};
  if (last?.failures === undefined) return claimed;
  const states = Object.values(seen.atoms ?? {}).map(({ state }) => state);
  const isOpen = (atom: string): boolean => {
    const facts = seen.atoms?.[atom];
    return facts?.history === undefined ? facts?.state === "FAILURE" : states.includes("FAILURE");
  };
  const failures = Object.entries(last.failures).filter(
    ([atom]) => Object.hasOwn(known, atom) || !isOpen(atom),
  );
  return [...claimed.slice(0, -1), { ...last, failures: Object.fromEntries(failures) }];
}

/** What the run after a crash claims, without the starts that were taken before it. */
function withoutTold(facts: Expected, leads: Leads): Expected {
  let { atomTransitions, trace, happensBefore } = facts;
  for (const [atom, { told }] of leads) {
    const transitions = atomTransitions?.[atom];
    if (transitions !== undefined) {
      // A run that ended in another crash may not have come to it.
      if (!told.every((state, index) => transitions[index] === state)) continue;
      atomTransitions = { ...atomTransitions, [atom]: transitions.slice(told.length) };
    }
    for (const state of told) {
      const at = trace?.findIndex((event) => event[0] === atom && event[1] === state) ?? -1;
      if (at >= 0) trace = trace?.toSpliced(at, 1);
      const earlier = (event: string): string => oneEarlier(event, `${atom}:${state}#`);
      happensBefore = happensBefore
        ?.filter((pair) => !pair.includes(`${atom}:${state}#1`))
        .map(([before, after]) => [earlier(before), earlier(after)] as const);
    }
  }
  return {
    ...facts,
    ...(atomTransitions === undefined ? {} : { atomTransitions }),
    ...(trace === undefined ? {} : { trace }),
    ...(happensBefore === undefined ? {} : { happensBefore }),
  };
}

const oneEarlier = (event: string, prefix: string): string =>
  event.startsWith(prefix) ? prefix + String(Number(event.slice(prefix.length)) - 1) : event;

/** From a crash on, how often a progress begins anew isn't compared. */
function withoutZeros<Facts extends Expected | Observed>(facts: Facts): Facts {
  if (facts.atoms === undefined) return facts;
  const atoms = Object.entries(facts.atoms).map(([atom, { progressEvents, ...others }]) => [
    atom,
    progressEvents === undefined
      ? others
      : { ...others, progressEvents: progressEvents.filter((fraction) => fraction !== 0) },
  ]);
  return { ...facts, atoms: Object.fromEntries(atoms) as Facts["atoms"] };
}
