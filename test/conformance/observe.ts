/** Reads the facts of a step off a flow, as the cases write them. */
import { FlowError, type Mistake } from "../../lib/errors.ts";
import { type Failure, failureOf } from "../../lib/failure.ts";
import type { AtomView, FlowView } from "../../lib/plan/view.ts";
import type { World } from "./behave.ts";
import {
  type AtomFacts,
  type FailureFact,
  isTask,
  type Json,
  type Observed,
  type Outcome,
  type ProvidesSpec,
  type RootSpec,
} from "./scenario.ts";

type FlowFacts = Pick<Observed, "flowState" | "atoms" | "results">;

/** What cases call the errors that are not thrown by a behaviour, by the code of the error here. */
const classes: Readonly<Record<string, string>> = {
  NOT_FOUND: "NotFound",
  INPUT_NOT_FOUND: "NotFound",
};

const buildErrors = {
  AMBIGUOUS_DEPENDENCY: "AmbiguousDependency",
  CYCLE: "Cycle",
  UNKNOWN_NODE: "UnknownNode",
  INVALID_DECIDER: "InvalidDecider",
  INVALID_ATOM: "InvalidAtom",
} as const;

type BuildMistake = Extract<Mistake, { readonly code: keyof typeof buildErrors }>;

const isBuildMistake = (mistake: Mistake): mistake is BuildMistake => mistake.code in buildErrors;

export function factsOf(view: FlowView, world: World, symbols: Iterable<string>): FlowFacts {
  const atoms = view.atoms().map((atom) => [atom.name, atomFacts(atom, world)] as const);
  return {
    flowState: view.state,
    atoms: Object.fromEntries(atoms),
    results: results(view, symbols),
  };
}

/** All symbols that the store and the atoms of a flow may give a value to. */
export function symbolsOf(root: RootSpec, store: Readonly<Record<string, Json>>): Set<string> {
  const symbols = new Set(Object.keys(store));
  const add = (provides: ProvidesSpec = null): void => {
    if (provides === null) return;
    if (typeof provides === "string") symbols.add(provides);
    // A list has `keys`, too.
    else for (const one of "length" in provides ? provides : provides.keys) symbols.add(one);
  };
  const visit = (item: RootSpec): void => {
    if (isTask(item)) return add(item.provides);
    add(item.retry?.provides);
    for (const one of item.items) if (!("again" in one)) visit(one);
  };
  visit(root);
  return symbols;
}

function results(view: FlowView, symbols: Iterable<string>): Record<string, Json> {
  const found: Record<string, Json> = {};
  for (const symbol of symbols) {
    try {
      found[symbol] = view.fetch(symbol) as Json;
    } catch (error) {
      if (!FlowError.is(error, "NOT_FOUND")) throw error;
    }
  }
  return found;
}

function atomFacts(atom: AtomView, world: World): AtomFacts {
  const { name, state, failure, revertFailure } = atom;
  const both = {
    state,
    intention: atom.intention,
    ...(failure === undefined ? {} : { failure: failureFact(failure, world) }),
    ...(revertFailure === undefined ? {} : { revertFailure: failureFact(revertFailure, world) }),
    progressEvents: [...(world.progress.get(name) ?? [])],
  };
  if (atom.kind === "retry") return { ...both, history: history(atom, world) };
  const hasResult = failure === undefined && (state === "SUCCESS" || state === "REVERTING");
  return {
    ...both,
    progress: atom.progress,
    executeCalls: world.calls("execute", name),
    revertCalls: world.calls("revert", name),
    ...(hasResult ? { result: atom.result as Json } : {}),
    ...(state === "REVERTED" ? { revertResult: atom.revertResult as Json } : {}),
  };
}

function history(atom: AtomView, world: World): NonNullable<AtomFacts["history"]> {
  return (atom.history ?? []).map(({ value, failures }) => {
    const facts = Object.entries(failures).map(
      ([name, failure]) => [name, failureFact(failure, world)] as const,
    );
    return { value: value as Json, failures: Object.fromEntries(facts) };
  });
}

/** Of errors that no behaviour threw, only the class is compared. */
function failureFact({ name, message, code }: Failure, world: World): FailureFact {
  if (world.hasThrown(name)) return { error: name, message };
  return { error: (code === undefined ? undefined : classes[code]) ?? name };
}

/** The outcome of building or compiling a flow that can't be built or compiled. */
function mistakesOutcome(mistakes: readonly Mistake[]): Outcome {
  const first = mistakes.find(isBuildMistake);
  if (first !== undefined) return failed("build", buildErrors[first.code]);
  const names = mistakes.flatMap((mistake) => (mistake.code === "DUPLICATE" ? mistake.names : []));
  if (names.length === 0) return failed("compile", "AlreadyCompiled");
  return { ...failed("compile", "Duplicate"), names: unique(names) };
}

/** The outcome of a phase that threw an error. */
export function thrownOutcome(
  phase: NonNullable<Outcome["phase"]>,
  error: unknown,
  world: World,
): Outcome {
  if (FlowError.is(error, "COMPILE_FAILED")) return mistakesOutcome(error.about.mistakes);
  if (FlowError.is(error, "INVALID_STATE")) return failed(phase, "InvalidState");
  if (FlowError.is(error, "MISSING_DEPENDENCIES")) {
    const { missing } = error.about;
    const paramsOf = (atom: string): string[] =>
      unique(missing.filter((one) => one.atom === atom).map(({ param }) => param));
    return {
      ...failed(phase, "MissingDependencies"),
      missing: unique(missing.map(({ param }) => param)),
      missingByAtom: Object.fromEntries(missing.map(({ atom }) => [atom, paramsOf(atom)])),
    };
  }
  if (phase !== "run") throw error;
  const several = FlowError.is(error, "SEVERAL_FAILURES") ? error.errors : [error];
  const failures = several.map((one) => failureFact(failureOf(one), world));
  return { kind: "failures", failures: failures.sort(byText) };
}

const failed = (phase: NonNullable<Outcome["phase"]>, error: string): Outcome => ({
  kind: "error",
  phase,
  error,
});

const unique = (names: Iterable<string>): string[] => [...new Set(names)].sort();

/** The order in which cases list failures. */
function byText(left: FailureFact, right: FailureFact): number {
  const [a, b] = [JSON.stringify(left), JSON.stringify(right)];
  return a === b ? 0 : a < b ? -1 : 1;
}
