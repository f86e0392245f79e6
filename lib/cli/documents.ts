/**
 * What `--json` prints: one document for each verb. Keys are stable; new ones may come.
 *
 * JSON has fewer kinds of values than flows have: a Date is its ISO text, a bigint its digits as text, a Map a list
 * of pairs, a Set a list, bytes are base64, other typed arrays lists; undefined, NaN and the infinities are null.
 */
import type { Failure } from "../failure.ts";
import type { FlowSummary } from "../journal/journal.ts";
import type { AtomState, FlowStateName, Intention } from "../plan/states.ts";
import { jsonable, jsonableEach } from "../jsonable.ts";
import type { AtomView, FlowView } from "../plan/view.ts";
import type { RetryAttempt } from "../types.ts";
import { CliError, hintOf, isFlowError } from "./exit.ts";
import type { Kept } from "./store.ts";
import { type Times, timesOf } from "./times.ts";

/** What `run` and `resume` print. */
export interface OutcomeDocument {
  readonly id: string;
  /** The root flow's name. */
  readonly name: string;
  readonly state: FlowStateName;
  /** Why it stopped, where that is no atom's failure. */
  readonly reason: string | null;
  /** Every symbol that has a value, the store's included. */
  readonly results: Readonly<Record<string, unknown>>;
  /** What failed, by atom; of an atom that could not be undone, why not. */
  readonly failures: Readonly<Record<string, Failure>>;
}

/** What `ls` prints: the newest first, times in epoch milliseconds. */
export interface ListDocument {
  readonly flows: readonly FlowSummary[];
}

/** What `show` prints. */
export interface FlowDocument extends OutcomeDocument {
  /** Of a flow that the command line began: `file`, `export`, `cwd`, and what of `engine`, `concurrency`, `nats`, `prefix` and `leaseMs` was given. */
  readonly meta: Readonly<Record<string, string>>;
  readonly owner: string;
  /** Epoch milliseconds of the first and of the last record. */
  readonly createdAt: number | null;
  readonly updatedAt: number | null;
  /** Number of the last record. */
  readonly sequence: number;
  /** How many owners it has had. */
  readonly epoch: number;
  readonly atoms: readonly AtomDocument[];
}

/** What `show` prints of an atom; null where there is nothing. */
export interface AtomDocument {
  readonly name: string;
  readonly kind: "task" | "retry";
  readonly state: AtomState;
  readonly intention: Intention;
  /** Attempts to execute it, and to revert it. */
  readonly attempt: number;
  readonly reverts: number;
  /** From 0 to 1. */
  readonly progress: number;
  readonly result: unknown;
  readonly failure: Failure | null;
  readonly revertResult: unknown;
  readonly revertFailure: Failure | null;
  /** Of a retry controller: its attempts, oldest first. */
  readonly history: readonly RetryAttempt[] | null;
  /** Epoch milliseconds of the last attempt, in either direction. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly durationMs: number | null;
}

/** What any verb prints that can't do what it was asked for. */
export interface ErrorDocument {
  readonly error: {
    /** A `FlowError`'s code; USAGE, FLOW_NOT_LOADED, STALLED, INTERRUPTED, TERMINATED; INTERNAL for all else. */
    readonly code: string;
    readonly message: string;
    /** What to do now. */
    readonly hint: string | null;
    /** The error as data. */
    readonly about: unknown;
  };
}

/** What `resume --all` prints. */
export interface AllDocument {
  readonly flows: readonly (
    | OutcomeDocument
    | (ErrorDocument & { readonly id: string; readonly name: string })
  )[];
}

export function outcomeDocument(view: FlowView): OutcomeDocument {
  return {
    id: view.id,
    name: view.name,
    state: view.state,
    reason: view.reason ?? null,
    results: jsonableEach(view.fetchAll()),
    failures: failuresOf(view),
  };
}

export function listDocument(flows: readonly FlowSummary[]): ListDocument {
  return {
    flows: flows.map(({ id, name, state, createdAt, updatedAt, sequence, epoch }) => {
      return { id, name, state, createdAt, updatedAt, sequence, epoch };
    }),
  };
}

export function flowDocument({ view, state, batches }: Kept): FlowDocument {
  const times = timesOf(batches);
  return {
    ...outcomeDocument(view),
    meta: view.meta,
    owner: state.owner,
    createdAt: batches[0]?.at ?? null,
    updatedAt: batches.at(-1)?.at ?? null,
    sequence: view.sequence,
    epoch: view.epoch,
    atoms: view.atoms().map((atom) => atomDocument(atom, times.get(atom.name))),
  };
}

function atomDocument(atom: AtomView, times: Times | undefined): AtomDocument {
  const { name, kind, state, intention, attempt, reverts, progress } = atom;
  const { startedAt = null, endedAt = null } = times ?? {};
  return {
    name,
    kind,
    state,
    intention,
    attempt,
    reverts,
    progress,
    result: jsonable(atom.result),
    failure: atom.failure ?? null,
    revertResult: jsonable(atom.revertResult),
    revertFailure: atom.revertFailure ?? null,
    history:
      atom.history?.map(({ value, failures }) => ({ value: jsonable(value), failures })) ?? null,
    startedAt,
    endedAt,
    durationMs: startedAt === null || endedAt === null ? null : endedAt - startedAt,
  };
}

/** What failed, by atom; of an atom that could not be undone, why not. */
export function failuresOf(view: FlowView): Record<string, Failure> {
  const failures: Record<string, Failure> = { ...view.failures() };
  for (const { name, revertFailure } of view.atoms()) {
    if (revertFailure !== undefined) failures[name] = revertFailure;
  }
  return failures;
}

export function errorDocument(error: unknown): ErrorDocument {
  const known = isFlowError(error) || error instanceof CliError ? error : undefined;
  return {
    error: {
      code: known?.code ?? "INTERNAL",
      message: error instanceof Error ? error.message : String(error),
      hint: hintOf(error) ?? null,
      about: jsonable(known?.about ?? {}),
    },
  };
}
