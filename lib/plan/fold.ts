/**
 * `fold`: what a record changes (I2). Pure: no clock, no chance, no users' code, nothing awaited (I6).
 *
 * Whoever writes a record has checked that it fits the state (`lib/plan/due.ts` and the flow actor do). A record
 * that doesn't fit changes nothing, so that folding never fails half-way.
 */
import { foldEdit } from "./edit-fold.ts";
import { migrate } from "./migrate.ts";
import type { Batch, FlowRecord } from "./records.ts";
import { decide, fail, finish, ignore, revertAll, undoOf } from "./resolve.ts";
import { Slots } from "./sparse.ts";
import { FlowState } from "./state.ts";
import type { Machines } from "./states.ts";

type Of<Kind extends FlowRecord["kind"]> = Extract<FlowRecord, { kind: Kind }>;

/**
 * Folds a journal from its first batch. Undefined for an empty one.
 *
 * @param from - folds on from this state instead, which is changed; the first batch is the one after it
 */
export function foldAll(
  machines: Machines,
  batches: Iterable<Batch>,
  from?: FlowState,
): FlowState | undefined {
  let state = from;
  for (const { at, records } of batches) {
    for (const record of records) {
      if (state === undefined) {
        if (record.kind === "created") state = created(machines, record);
      } else {
        state.at = at;
        fold(state, record);
      }
    }
  }
  return state;
}

/** The state after a journal's first record. */
export function created(machines: Machines, record: Of<"created">): FlowState {
  const { flow, blueprint, store, meta } = record;
  const state = new FlowState(machines, flow, blueprint, store, meta);
  state.sequence = 1;
  return state;
}

export function fold(state: FlowState, record: FlowRecord): void {
  state.sequence++;
  switch (record.kind) {
    case "executed":
      return executed(state, record);
    case "started":
      return started(state, record);
    case "reverted":
      return reverted(state, record);
    case "retryDecided":
      return retryDecided(state, record);
    case "decided":
      return decided(state, record);
    case "progress":
      return state.move(record.atom, { type: "progress", fraction: record.fraction });
    case "run":
      return run(state, record);
    case "ended":
      return state.moveFlow({ type: "end", state: record.state });
    case "suspend":
      for (const { atom } of record.withdraws) state.withdraw(atom);
      return state.moveFlow({ type: "suspend" });
    case "cancel":
      for (const { atom } of record.withdraws) state.withdraw(atom);
      return cancel(state, record.reason);
    case "kill":
      state.halted = true;
      state.trouble = trouble("kill", "KILLED", record.reason);
      return;
    case "timerFired":
      state.waits.delete(record.retry);
      return state.offer(record.retry);
    case "adopted":
      return adopted(state, record);
    case "lost":
      state.losses.set(record.atom, (state.losses.get(record.atom) ?? 0) + 1);
      return;
    case "parked":
      state.trouble = trouble("park", "PARKED", record.reason);
      return state.moveFlow({ type: "park" });
    case "reset":
      return reset(state);
    case "migrated":
      return migrate(state, record.blueprint);
    case "edited":
      return foldEdit(state, record);
    case "created":
    case "logged":
      return;
  }
}

const trouble = (kind: "cancel" | "kill" | "park", code: string, message: string) => ({
  kind,
  failure: { name: "FlowError", code, message },
});

function started(state: FlowState, { atom, direction }: Of<"started">): void {
  const next = direction === "execute" && state.intentionOf(atom) === "RETRY";
  state.begin(atom, direction, next ? undoOf(state, atom) : undefined);
}

function executed(state: FlowState, record: Of<"executed">): void {
  const { atom, failure } = record;
  finish(state, atom);
  if (failure === undefined) return state.move(atom, { type: "succeeded", value: record.value });
  state.move(atom, { type: "failed", failure });
  fail(state, atom, failure);
}

function reverted(state: FlowState, record: Of<"reverted">): void {
  const { atom, failure } = record;
  finish(state, atom);
  if (failure === undefined) return state.move(atom, { type: "reverted", value: record.value });
  state.move(atom, { type: "revertFailed", failure });
  state.halted = true;
}

function retryDecided(state: FlowState, record: Of<"retryDecided">): void {
  const { retry, verdict, dueAt, delayMs } = record;
  if (verdict === "RETRY" && dueAt !== undefined) {
    state.waits.set(retry, { dueAt, delayMs: delayMs ?? 0 });
  }
  decide(state, verdict);
}

function decided(state: FlowState, { atom, runs, depth, failure }: Of<"decided">): void {
  if (failure !== undefined) {
    state.halted = true;
    state.trouble = { kind: "decider", failure };
  } else if (runs) {
    state.decided.add(atom);
    state.offer(atom);
  } else {
    ignore(state, atom, depth ?? "ALL");
  }
}

function cancel(state: FlowState, reason: string): void {
  state.trouble = trouble("cancel", "CANCELLED", reason);
  state.questions.length = 0;
  revertAll(state);
}

function run(state: FlowState, { options }: Of<"run">): void {
  if (state.flow.value === "REVERTED") reset(state);
  const { value } = state.flow;
  state.moveFlow({ type: "run" });
  if (state.flow.value !== "RUNNING") return;
  state.options = options;
  if (value === "PARKED") state.losses.clear();
  // Halted, it does not rest SUSPENDED: its owner died before it could record the end, which is still to come.
  if (value !== "SUSPENDED" || !state.halted) {
    state.halted = false;
    if (state.trouble?.kind !== "cancel") state.trouble = undefined;
  }
  if (!options.neverResolve) resolveLate(state);
  state.offerAll();
}

/** Failures that an earlier run was told to leave as they are. */
function resolveLate(state: FlowState): void {
  for (let atom = 0; atom < state.shape.atoms; atom++) {
    const { value, context } = state.snapshotOf(atom);
    if (value !== "FAILURE" || context.failure === undefined) continue;
    if (state.intentionOf(atom) !== "EXECUTE") continue;
    if (state.questions.some((open) => open.failed === atom)) continue;
    fail(state, atom, context.failure);
  }
}

function adopted(state: FlowState, record: Of<"adopted">): void {
  const { owner, epoch, claim = state.claim, elsewhere = false } = record;
  state.owner = owner;
  state.epoch = epoch;
  state.claim = claim;
  const wasActive = state.flow.value === "RUNNING" || state.flow.value === "SUSPENDING";
  // Several ran together: which of them took the owner down isn't known, so they go on one at a time.
  if (elsewhere) state.suspects = [];
  else if (wasActive && (state.running.size > 1 || state.suspects.length > 0)) {
    const rank = state.shape.rank;
    const left = [...state.running.keys()];
    state.suspects = left.sort((a, b) => (rank[a] as number) - (rank[b] as number));
  }
  state.moveFlow({ type: "adopt" });
  state.moveFlow({ type: "adopted" });
}

function reset(state: FlowState): void {
  state.moveFlow({ type: "reset" });
  if (state.flow.value !== "PENDING") return;
  state.revertingAll = false;
  state.halted = false;
  state.trouble = undefined;
  state.questions.length = 0;
  state.losses.clear();
  state.suspects = [];
  // What a killed run left running: its outcome, if there ever is one, is of an attempt that was given up.
  state.running = new Slots(state.shape.atoms);
  for (let atom = 0; atom < state.shape.atoms; atom++) state.restart(atom);
}
