/** The shape of a conformance case, format 1: what to build and do, and what must be seen. */

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

export type Rebind = readonly string[] | Readonly<Record<string, string>>;

export type ProvidesSpec = null | string | readonly string[] | { readonly keys: readonly string[] };

/** When a call fails, and with which error. */
export interface FailSpec {
  readonly always?: true;
  readonly firstCalls?: number;
  readonly onCalls?: readonly number[];
  readonly inputEquals?: { readonly name: string; readonly value: Json };
  readonly error?: string;
  readonly message?: string;
}

/** What a call returns. Exactly one key. */
export interface Expression {
  readonly const?: Json;
  readonly input?: string;
  readonly inputs?: true;
  readonly sum?: readonly string[];
  readonly concat?: readonly (string | { readonly lit: string })[];
  readonly list?: readonly Expression[];
  readonly object?: Readonly<Record<string, Expression>>;
  readonly calls?: true;
  readonly historyLength?: true;
  readonly revertView?: true;
}

export interface BehaviourSpec {
  readonly progress?: readonly number[];
  readonly fail?: FailSpec;
  readonly result?: Expression;
}

export interface TaskSpec {
  readonly task: string;
  readonly kind?: "task" | "map" | "reduce";
  readonly fn?: string;
  readonly requires?: readonly string[];
  readonly optional?: readonly string[];
  readonly revertRequires?: readonly string[];
  readonly revertOptional?: readonly string[];
  readonly rebind?: Rebind;
  readonly revertRebind?: Rebind;
  readonly provides?: ProvidesSpec;
  readonly inject?: Readonly<Record<string, Json>>;
  readonly priority?: number;
  readonly do?: BehaviourSpec;
  readonly undo?: BehaviourSpec;
}

export interface RetrySpec {
  readonly retry:
    | "Times"
    | "AlwaysRevert"
    | "AlwaysRevertAll"
    | "ForEach"
    | "ParameterizedForEach"
    | "Scripted";
  readonly name?: string;
  readonly attempts?: number;
  readonly values?: readonly Json[];
  readonly revertAll?: boolean;
  readonly provides?: ProvidesSpec;
  readonly rebind?: Rebind;
  readonly decisions?: readonly ("RETRY" | "REVERT" | "REVERT_ALL")[];
  readonly result?: Expression;
  readonly failExecute?: FailSpec;
  readonly failRevert?: FailSpec;
}

/** Exactly one of `has`, `always`, `eq`, `ne`, `gt`, `lt`, `in` and `truthy`. */
export interface Predicate {
  readonly of?: string;
  readonly path?: Json;
  readonly has?: string;
  readonly always?: boolean;
  readonly eq?: Json;
  readonly ne?: Json;
  readonly gt?: number;
  readonly lt?: number;
  readonly in?: readonly Json[];
  readonly truthy?: boolean;
}

export interface LinkSpec {
  readonly from: string;
  readonly to: string;
  readonly decider?: Predicate;
  readonly depth?: string;
}

export type ItemSpec = TaskSpec | FlowSpec | { readonly again: string };

export interface FlowSpec {
  readonly flow: "linear" | "unordered" | "graph" | "targeted";
  readonly name: string;
  readonly retry?: RetrySpec | null;
  readonly items: readonly ItemSpec[];
  readonly links?: readonly LinkSpec[];
  readonly autoLink?: boolean;
  readonly target?: string;
}

export type RootSpec = FlowSpec | TaskSpec;

/** The `nth` time (default 1) within a step that the atom is notified to enter the state. */
export interface Trigger {
  readonly atom: string;
  readonly state: string;
  readonly nth?: number;
}

export interface OptionsSpec {
  readonly deferReverts?: boolean;
  readonly neverResolve?: boolean;
  /** Whether the store lives only as long as the engine. It always outlives it here. */
  readonly injectTransient?: boolean;
}

export interface Step {
  readonly op: "run" | "reset" | "suspend" | "newEngine";
  readonly suspendAt?: Trigger;
  readonly crashAt?: Trigger;
  readonly flow?: RootSpec;
  readonly options?: OptionsSpec;
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** `parallel` stands for every engine that runs more than one attempt at once. */
  readonly engines?: readonly ("serial" | "parallel")[];
  readonly engine?: { readonly options?: OptionsSpec };
  readonly store?: Readonly<Record<string, Json>>;
  readonly flow: RootSpec;
  readonly steps: readonly Step[];
}

/** A failure as cases write it: without a message, any message will do. */
export interface FailureFact {
  readonly error: string;
  readonly message?: string;
}

export interface Outcome {
  readonly kind: "ok" | "crashed" | "failures" | "error";
  readonly failures?: readonly FailureFact[];
  readonly phase?: "build" | "compile" | "prepare" | "validate" | "run" | "reset" | "suspend";
  readonly error?: string;
  readonly names?: readonly string[];
  readonly missing?: readonly string[];
  readonly missingByAtom?: Readonly<Record<string, readonly string[]>>;
}

export interface AttemptFact {
  readonly value?: Json;
  readonly failures?: Readonly<Record<string, FailureFact>>;
}

export interface AtomFacts {
  readonly state?: string;
  readonly intention?: string;
  readonly result?: Json;
  readonly revertResult?: Json;
  readonly failure?: FailureFact;
  readonly revertFailure?: FailureFact;
  readonly progress?: number;
  readonly progressEvents?: readonly number[];
  readonly executeCalls?: number;
  readonly revertCalls?: number;
  readonly history?: readonly AttemptFact[];
}

/** An atom entered a state. */
export type AtomEvent = readonly [atom: string, state: string];

interface StepFacts {
  readonly outcome?: Outcome;
  readonly flowState?: string;
  readonly flowTransitions?: readonly string[];
  readonly atoms?: Readonly<Record<string, AtomFacts>>;
  readonly results?: Readonly<Record<string, Json>>;
}

/** What a case claims of a step; what is missing is not claimed. */
export interface Expected extends StepFacts {
  readonly atomTransitions?: Readonly<Record<string, readonly string[]>>;
  /** All events of the step but PENDING and IGNORE, where their order is forced. */
  readonly trace?: readonly AtomEvent[];
  /** Pairs of `ATOM:STATE#NTH`. */
  readonly happensBefore?: readonly (readonly [before: string, after: string])[];
}

/** What was seen of a step. */
export interface Observed extends StepFacts {
  readonly outcome: Outcome;
  readonly flowTransitions: readonly string[];
  /** All events of the step, in order. */
  readonly events: readonly AtomEvent[];
  /** What the step threw, for people. */
  readonly thrown?: unknown;
}

export interface Case {
  readonly format: 1;
  readonly scenario: Scenario;
  readonly expected: {
    readonly steps: readonly Expected[];
    readonly tags?: readonly string[];
    /** Paths of facts that varied between the runs that the case was made of. */
    readonly omitted?: readonly string[];
  };
}

/** The flow in force at first, and those that take its place. */
export const flowsOf = ({ flow, steps }: Scenario): readonly RootSpec[] => [
  flow,
  ...steps.flatMap((step) => step.flow ?? []),
];

export const isFlow = (item: ItemSpec): item is FlowSpec => "flow" in item;
export const isTask = (item: ItemSpec): item is TaskSpec => "task" in item;

/** The name of a flow's controller. */
export const retryName = ({ name, retry }: FlowSpec): string | undefined =>
  retry === undefined || retry === null ? undefined : (retry.name ?? `${name}_retry`);
