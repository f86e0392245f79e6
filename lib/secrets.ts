/**
 * What of a flow may be shown to anybody: journals, states and views with the values of its secret symbols hidden.
 *
 * Not the journal itself, nor what tasks get: whoever may read those knows the secrets. Nothing is done for a flow that
 * declares none.
 */
import type { Blueprint } from "./compile/blueprint.ts";
import type { Failure } from "./failure.ts";
import type { Batch, FlowRecord } from "./plan/records.ts";
import type { FlowState } from "./plan/state.ts";
import type { AtomSnapshot } from "./plan/states.ts";
import { type AtomView, FlowView } from "./plan/view.ts";
import { Redactor } from "./redactor.ts";
import type { Provides, RetryAttempt } from "./types.ts";

/** Hides what a flow declares secret, knowing its constants; undefined when it declares nothing. */
export function redactorOf(blueprint: Blueprint): Redactor | undefined {
  if (blueprint.secrets === undefined) return undefined;
  const redactor = new Redactor(blueprint.secrets);
  for (const { inject } of blueprint.atoms) redactor.learnEach(inject);
  return redactor;
}

/** Learns the secrets that a flow has by now. */
export function learnState(redactor: Redactor, state: FlowState): void {
  redactor.learnEach(state.store);
  for (const { inject } of state.blueprint.atoms) redactor.learnEach(inject);
  for (const [atom, { context }] of state.snapshots.entries()) {
    const provides = state.blueprint.atoms[atom]?.provides ?? null;
    if (!redactor.hidesAnyOf(provides)) continue;
    redactor.learnResult(provides, context.result);
    for (const { value } of context.history ?? []) redactor.learnResult(provides, value);
  }
}

/** Learns the secrets in a record; the blueprint is the one it was written under. */
export function learnRecord(
  redactor: Redactor,
  record: FlowRecord,
  blueprint: Blueprint | undefined,
): void {
  if (record.kind === "created") redactor.learnEach(record.store);
  if ("blueprint" in record) {
    for (const { inject } of record.blueprint.atoms) redactor.learnEach(inject);
  }
  if ("value" in record) redactor.learnResult(providesIn(record, blueprint), record.value);
}

/** The symbols that the value in a record becomes: a result, whether it was made or given by hand. */
function providesIn(record: FlowRecord, blueprint: Blueprint | undefined): Provides {
  if (record.kind === "reverted") return null;
  const atom = "atom" in record ? record.atom : "atoms" in record ? record.atoms[0] : undefined;
  return blueprint?.atoms[atom ?? -1]?.provides ?? null;
}

/**
 * A journal as it may be shown: it folds to the same states, with a mark in place of each secret. A symbol that any of
 * its blueprints declares secret is secret from the first record on. The same list when none is declared.
 */
export function redact(batches: readonly Batch[]): readonly Batch[] {
  const learnt = learnBatches(batches);
  if (learnt === undefined) return batches;
  const { redactor } = learnt;
  return under(batches, (record, blueprint) => redactRecord(redactor, record, blueprint));
}

/** What a journal tells of its secrets. */
export interface Learnt {
  /** Knows all of them. */
  readonly redactor: Redactor;
  /** The symbols that an atom's result becomes, by its name in the last blueprint. */
  readonly providesOf: (atom: string) => Provides;
}

/** Undefined: none of the journal's blueprints declares a secret. */
export function learnBatches(batches: readonly Batch[]): Learnt | undefined {
  const secrets = new Set<string>();
  let last: Blueprint | undefined;
  for (const { blueprint } of blueprintsIn(batches)) {
    for (const symbol of blueprint.secrets ?? []) secrets.add(symbol);
    last = blueprint;
  }
  if (secrets.size === 0) return undefined;
  const redactor = new Redactor(secrets);
  // First what is secret, wherever it comes: a record may speak of what only a later one says.
  under(batches, (record, blueprint) => {
    learnRecord(redactor, record, blueprint);
    return record;
  });
  const provides = new Map(last?.atoms.map((atom) => [atom.name, atom.provides]));
  // Which part of the result of an atom is secret that is not known, nobody can tell: all of it.
  const [any = null] = secrets;
  return {
    redactor,
    providesOf: (atom) => (provides.has(atom) ? provides.get(atom) : any) ?? null,
  };
}

type Declaring = Extract<FlowRecord, { readonly blueprint: Blueprint }>;

function* blueprintsIn(batches: readonly Batch[]): Iterable<Declaring> {
  for (const { records } of batches) {
    for (const record of records) if ("blueprint" in record) yield record;
  }
}

function under(
  batches: readonly Batch[],
  change: (record: FlowRecord, blueprint: Blueprint | undefined) => FlowRecord,
): readonly Batch[] {
  let blueprint: Blueprint | undefined;
  return batches.map((batch) => ({
    ...batch,
    records: batch.records.map((record) => {
      if ("blueprint" in record) ({ blueprint } = record);
      return change(record, blueprint);
    }),
  }));
}

/** By their names, since what a field is called says what is in there, whatever kind of record it is in. */
function redactRecord(
  redactor: Redactor,
  record: FlowRecord,
  blueprint: Blueprint | undefined,
): FlowRecord {
  const shown: Record<string, unknown> = { ...record };
  const provides = providesIn(record, blueprint);
  for (const [field, value] of Object.entries(record) as [string, unknown][]) {
    if (value === undefined) continue;
    if (field === "store") shown[field] = redactor.each(value as Record<string, unknown>);
    else if (field === "blueprint") shown[field] = redactBlueprint(redactor, value as Blueprint);
    else if (field === "value") shown[field] = redactor.result(provides, value);
    else if (field === "failure") shown[field] = redactor.failure(value as Failure);
    else if (payloads.has(field)) shown[field] = redactor.payload(value);
    // Why an attempt was lost is one of a few words.
    else if (field === "reason" && record.kind !== "lost") shown[field] = redactor.payload(value);
  }
  return shown as unknown as FlowRecord;
}

/** Fields with texts and values of users, of any kind of record. */
const payloads: ReadonlySet<string> = new Set(["details", "message", "fields"]);

/** Only constants are values. One without any is itself, as most are. */
function redactBlueprint(redactor: Redactor, blueprint: Blueprint): Blueprint {
  if (blueprint.atoms.every(({ inject }) => Object.keys(inject).length === 0)) return blueprint;
  return {
    ...blueprint,
    atoms: blueprint.atoms.map((atom) => ({ ...atom, inject: redactor.each(atom.inject) })),
  };
}

/** An atom's machine as it may be shown. The same object where it holds nothing of users. */
export function redactSnapshot(
  redactor: Redactor,
  snapshot: AtomSnapshot,
  provides: Provides,
): AtomSnapshot {
  const { context } = snapshot;
  const { result, failure, revertResult, revertFailure, history = [] } = context;
  const holds = [result, failure, revertResult, revertFailure];
  if (history.length === 0 && holds.every((part) => part === undefined)) return snapshot;
  return {
    ...snapshot,
    context: {
      ...context,
      result: redactor.result(provides, result),
      failure: failure && redactor.failure(failure),
      revertResult: redactor.payload(revertResult),
      revertFailure: revertFailure && redactor.failure(revertFailure),
      ...(context.history === undefined
        ? {}
        : { history: redactHistory(redactor, history, provides) }),
    },
  };
}

const redactHistory = (
  redactor: Redactor,
  history: readonly RetryAttempt[],
  provides: Provides,
): readonly RetryAttempt[] =>
  history.map(({ value, failures }) => ({
    value: redactor.result(provides, value),
    failures: redactor.failures(failures),
  }));

/** A flow as it may be shown: as a `FlowView`, with a mark in place of each secret. */
export class RedactedView extends FlowView {
  readonly #state: () => FlowState;
  readonly #redactor: () => Redactor | undefined;

  /**
   * @param state - gives the state at the time of each reading
   * @param redactor - gives what has learnt what is secret in there by then; undefined: nothing is
   */
  constructor(state: () => FlowState, redactor: () => Redactor | undefined) {
    super(state);
    this.#state = state;
    this.#redactor = redactor;
  }

  override get reason(): string | undefined {
    const reason = super.reason;
    return reason === undefined ? undefined : (this.#redactor()?.text(reason) ?? reason);
  }

  override atoms(): AtomView[] {
    const redactor = this.#redactor();
    const atoms = super.atoms();
    return redactor === undefined ? atoms : atoms.map((atom) => this.#atom(atom, redactor));
  }

  override atom(name: string): AtomView {
    const redactor = this.#redactor();
    const atom = super.atom(name);
    return redactor === undefined ? atom : this.#atom(atom, redactor);
  }

  override fetch(symbol: string): unknown {
    const value = super.fetch(symbol);
    const redactor = this.#redactor();
    return redactor === undefined ? value : redactor.value(symbol, value);
  }

  override fetchAll(): Record<string, unknown> {
    const values = super.fetchAll();
    return this.#redactor()?.each(values) ?? values;
  }

  override failures(): Readonly<Record<string, Failure>> {
    const failures = super.failures();
    return this.#redactor()?.failures(failures) ?? failures;
  }

  #atom(atom: AtomView, redactor: Redactor): AtomView {
    const { blueprint, shape } = this.#state();
    const isLost = !shape.numbers.has(atom.name);
    // Which part of its result was secret is not known any more.
    const provides = isLost ? (blueprint.secrets?.[0] ?? null) : atom.provides;
    const snapshot = redactSnapshot(redactor, atom.snapshot, provides);
    const { result, failure, revertResult, revertFailure, history } = snapshot.context;
    return { ...atom, result, failure, revertResult, revertFailure, history, snapshot };
  }
}
