/**
 * Watches one flow: every batch that is stored and every call of users' code. Whatever breaks one of the guarantees
 * G1-G7 throws at once.
 *
 * It holds a fold of its own, one record behind whoever writes, and asks of each record whether it may come now. What
 * it knows of order it works out from the blueprint by searching, not by counting.
 */
import assert from "node:assert/strict";
import { machines } from "../../actors/machines.ts";
import type { Blueprint } from "../../lib/compile/blueprint.ts";
import type { Failure } from "../../lib/failure.ts";
import { digestOf } from "../../lib/plan/digest.ts";
import { created, fold, foldAll } from "../../lib/plan/fold.ts";
import type { AttemptName, Batch, Direction, FlowRecord, Outcome } from "../../lib/plan/records.ts";
import type { FlowState } from "../../lib/plan/state.ts";
import type { AtomState } from "../../lib/plan/states.ts";

export interface Call {
  readonly host: string;
  readonly atom: string;
  readonly direction: Direction;
  readonly attempt: number;
  readonly inputs: unknown;
}

type Of<Kind extends FlowRecord["kind"]> = Extract<FlowRecord, { kind: Kind }>;

const keyOf = (atom: string, { direction, attempt }: Omit<AttemptName, "atom">): string =>
  `${atom}/${direction}/${String(attempt)}`;

const undone: readonly AtomState[] = ["PENDING", "REVERTED", "IGNORE"];

export class Witness {
  readonly batches: Batch[] = [];
  /** Calls of users' code, in order. */
  readonly calls: Call[] = [];
  /** Questions that were put to controllers: `retry/about`. */
  readonly questions: string[] = [];
  #state: FlowState | undefined;
  #reached: { readonly of: Blueprint; readonly after: ReadonlySet<number>[] } | undefined;
  readonly #returned = new Map<string, Outcome[]>();
  readonly #recorded = new Map<string, Outcome>();
  readonly #lastAttempt = new Map<string, number>();
  /** Attempts that must get an outcome, or be taken back, before another one starts. */
  readonly #open = new Set<string>();
  readonly #verdicts = new Set<string>();
  #concurrency = Infinity;

  /** Attempts at once that the owner may have under way from now on. */
  limit(concurrency: number): void {
    this.#concurrency = concurrency;
  }

  get state(): FlowState {
    assert(this.#state, "nothing is stored yet");
    return this.#state;
  }

  get isBegun(): boolean {
    return this.#state !== undefined;
  }

  /** Attempts that were started and have no outcome yet. */
  get openAttempts(): number {
    return this.#open.size;
  }

  digest(): string {
    return digestOf(this.state);
  }

  /** A batch is durable. */
  stored(batch: Batch): void {
    this.batches.push(batch);
    for (const record of batch.records) {
      if (this.#state === undefined) {
        assert(record.kind === "created", "a journal begins with created");
        this.#state = created(machines, record);
      } else {
        this.#state.at = batch.at;
        this.#mayCome(this.#state, record);
        fold(this.#state, record);
      }
      this.#isCounted(this.#state);
    }
    const { sequence } = this.state;
    assert.equal(sequence, batch.first + batch.records.length - 1, "sequence");
  }

  /** An attempt's code is called by the owner of the flow. */
  called(call: Call): void {
    this.calls.push(call);
    const { state } = this;
    const atom = state.shape.numbers.get(call.atom);
    assert(atom !== undefined, call.atom);
    const running = state.running.get(atom);
    const key = keyOf(call.atom, call);
    // I3: its start is stored. G1: its outcome is not. G2: it is the very attempt that was started.
    assert(running, `${key} was called while no attempt of it is open`);
    assert.equal(running.direction, call.direction, key);
    assert.equal(running.attempt, call.attempt, `${key}: another attempt is open`);
  }

  /** What a call came to. */
  ended(call: Call, outcome: Outcome): void {
    const key = keyOf(call.atom, call);
    const outcomes = this.#returned.get(key) ?? [];
    outcomes.push(outcome);
    this.#returned.set(key, outcomes);
  }

  /** All that must hold when nothing more is going to happen. */
  finish(): void {
    const { state } = this;
    const once = foldAll(machines, this.batches);
    const twice = foldAll(machines, this.batches);
    assert(once && twice);
    assert.equal(digestOf(once), digestOf(twice), "G7: folded twice");
    assert.equal(digestOf(once), digestOf(state), "G7: folded at once and record by record");
    for (const [key, outcome] of this.#recorded) this.#wasReturned(key, outcome);
  }

  /** G1: what is recorded is what a call came to, not something else. */
  #wasReturned(key: string, { failure, value }: Outcome): void {
    const calls = this.#returned.get(key) ?? [];
    const messages = calls.map((call) => call.failure?.message);
    if (failure !== undefined) {
      if (engineMade(failure)) return;
      assert(messages.includes(failure.message), `${key} recorded as "${failure.message}"`);
      return;
    }
    // Without code to undo it, it is only marked.
    if (calls.length === 0 && value === undefined && key.includes("/revert/")) return;
    const same = calls.some((call) => call.failure === undefined && isSame(call.value, value));
    assert(same, `${key} is recorded with a value that no call returned`);
  }

  #mayCome(state: FlowState, record: FlowRecord): void {
    const flow = state.flow.value;
    const at = `${record.kind} as record ${String(state.sequence + 1)}`;
    switch (record.kind) {
      case "started":
        assert.equal(flow, "RUNNING", at);
        return this.#mayStart(state, record, at);
      case "executed":
      case "reverted":
        return this.#mayEnd(state, record, at);
      case "retryDecided":
        return this.#mayDecide(state, record, at);
      case "decided":
        assert(state.isExecutable(record.atom), at);
        assert(!state.decided.has(record.atom), at);
        return;
      case "ended":
        return this.#mayRest(state, record, at);
      case "suspend":
        assert.equal(flow, "RUNNING", at);
        return this.#withdrawn(state, record.withdraws, at);
      case "cancel":
        assert(flow === "RUNNING" || flow === "SUSPENDING", `${at} in ${flow}`);
        return this.#withdrawn(state, record.withdraws, at);
      case "kill":
        assert(flow === "RUNNING" || flow === "SUSPENDING", `${at} in ${flow}`);
        return;
      case "adopted":
        assert.equal(record.epoch, state.epoch + 1, `${at}: G3`);
        return;
      case "progress":
      case "logged":
        assert(state.running.has(record.atom), at);
        return;
      case "lost":
        assert(state.running.has(record.atom), at);
        return;
      case "run":
        assert(flow !== "RUNNING" && flow !== "SUSPENDING", `${at} in ${flow}`);
        return;
      case "reset":
        assert(
          flow !== "RUNNING" && flow !== "SUSPENDING" && flow !== "SUSPENDED",
          `${at} in ${flow}`,
        );
        this.#open.clear();
        return;
      case "timerFired": {
        const wait = state.waits.get(record.retry);
        assert(wait, `${at}: nobody waits`);
        return;
      }
      case "created":
        assert.fail(at);
        break;
      case "edited":
      case "parked":
      case "migrated":
        return;
    }
  }

  #mayStart(state: FlowState, record: Of<"started">, at: string): void {
    const { atom, direction, attempt } = record;
    const name = `${at}: ${state.nameOf(atom)} ${direction} ${String(attempt)}`;
    assert(!state.running.has(atom), `${name} runs already`);
    assert(!state.halted, `${name} after the flow stopped`);
    assert.equal(state.questions.length, 0, `${name} while a controller is asked`);
    assert(state.running.size < this.#concurrency, `${name}: too many at once`);
    const line = `${String(atom)}/${direction}`;
    assert(attempt > (this.#lastAttempt.get(line) ?? 0), `${name}: attempt numbers only grow`);
    assert(!this.#open.has(line), `${name}: G2, the attempt before has no outcome yet`);
    this.#lastAttempt.set(line, attempt);
    this.#open.add(line);
    const value = state.stateOf(atom);
    if (direction === "revert") {
      assert(["SUCCESS", "FAILURE", "REVERT_FAILURE"].includes(value), `${name} from ${value}: G4`);
      assert(
        (this.#lastAttempt.get(`${String(atom)}/execute`) ?? 0) > 0,
        `${name}: never started, G4`,
      );
      this.#clearAfter(state, atom, name);
    } else if (state.intentionOf(atom) === "RETRY") {
      assert.equal(value, "SUCCESS", name);
      assert(!state.waits.has(atom), `${name}: it is to wait`);
      this.#clearAfter(state, atom, name);
      this.#settledBefore(state, atom, name);
    } else {
      assert.equal(value, "PENDING", name);
      const deciders = state.blueprint.atoms[atom]?.deciders ?? [];
      assert(
        deciders.length === 0 || state.decided.has(atom),
        `${name}: its deciders were not asked`,
      );
      this.#settledBefore(state, atom, name);
    }
  }

  /** G4 backwards: everything that comes after it is undone, or never was. */
  #clearAfter(state: FlowState, atom: number, name: string): void {
    for (const other of this.#after(state, atom)) {
      const value = state.stateOf(other);
      assert(undone.includes(value), `${name} while ${state.nameOf(other)} is ${value}: G4`);
    }
  }

  /** G4 forwards: everything that comes before it is done. */
  #settledBefore(state: FlowState, atom: number, name: string): void {
    for (let other = 0; other < state.shape.atoms; other++) {
      if (!this.#after(state, other).has(atom)) continue;
      const value = state.stateOf(other);
      assert(
        value === "SUCCESS" || value === "IGNORE",
        `${name} while ${state.nameOf(other)} is ${value}: G4`,
      );
    }
  }

  #mayEnd(state: FlowState, record: Of<"executed"> | Of<"reverted">, at: string): void {
    const direction = record.kind === "executed" ? "execute" : "revert";
    const name = `${at}: ${state.nameOf(record.atom)} ${direction} ${String(record.attempt)}`;
    const running = state.running.get(record.atom);
    assert(running, `${name} has an outcome without a start`);
    assert.equal(running.direction, direction, name);
    assert.equal(running.attempt, record.attempt, name);
    const key = keyOf(state.nameOf(record.atom), { direction, attempt: record.attempt });
    assert(!this.#recorded.has(key), `${name} has two outcomes: G1`);
    this.#recorded.set(key, record);
    this.#open.delete(`${String(record.atom)}/${direction}`);
  }

  #mayDecide(state: FlowState, { retry, atom }: Of<"retryDecided">, at: string): void {
    const open = state.questions[0];
    assert(open, `${at}: nothing was asked`);
    assert.equal(open.retry, retry, at);
    assert.equal(open.atom, atom, at);
    if (state.blueprint.atoms[atom]?.kind !== "task") return;
    const { attempt } = state.snapshotOf(atom).context;
    const length = state.snapshotOf(retry).context.history?.length ?? 0;
    const key = [retry, length, atom, attempt].join("/");
    assert(!this.#verdicts.has(key), `${at}: decided twice about ${state.nameOf(atom)}`);
    this.#verdicts.add(key);
  }

  #mayRest(state: FlowState, { state: end }: Of<"ended">, at: string): void {
    const flow = state.flow.value;
    assert(flow === "RUNNING" || flow === "SUSPENDING", `${at} in ${flow}`);
    const values = state.snapshots.map(({ value }) => value);
    const isDone = values.every((value) => value === "SUCCESS" || value === "IGNORE");
    if (end === "SUCCESS") assert(isDone, `${at}: SUCCESS with ${values.join()}`);
    if (end === "REVERTED") assert(!isDone, `${at}: REVERTED with all done`);
    if (end === "SUSPENDED") assert.equal(flow, "SUSPENDING", at);
    if (end === "FAILURE") return;
    assert.equal(state.questions.length, 0, `${at} with open questions`);
    if (end !== "SUSPENDED") assert.equal(state.running.size, 0, `${at} while attempts run`);
    if (end !== "REVERTED") return;
    for (let atom = 0; atom < state.shape.atoms; atom++) {
      if (state.intentionOf(atom) !== "REVERT") continue;
      assert(undone.includes(state.stateOf(atom)), `${at} with ${state.nameOf(atom)} not undone`);
    }
  }

  #withdrawn(state: FlowState, names: readonly AttemptName[], at: string): void {
    for (const name of names) {
      const running = state.running.get(name.atom);
      // Already taken back by a command in the same batch.
      if (running === undefined) continue;
      assert.equal(running.attempt, name.attempt, at);
      const key = keyOf(state.nameOf(name.atom), name);
      const wasCalled = this.calls.some((call) => keyOf(call.atom, call) === key);
      assert(!wasCalled, `${at} takes back ${key}, which was launched`);
      this.#open.delete(`${String(name.atom)}/${name.direction}`);
    }
  }

  /** Incremental counting is right, and everything that is ready is on offer. */
  #isCounted(state: FlowState): void {
    const { kept, counted } = state.counts();
    assert.deepEqual(kept, counted, `counts after record ${String(state.sequence)}`);
    const notDone = state.snapshots.filter(
      ({ value }) => value !== "SUCCESS" && value !== "IGNORE",
    );
    assert.equal(state.notDone, notDone.length, "notDone");
    if (state.flow.value !== "RUNNING") return;
    const executable = drain(state.executable);
    const undecided = drain(state.undecided);
    const revertible = drain(state.revertible);
    for (let atom = 0; atom < state.shape.atoms; atom++) {
      const ready = state.isDecided(atom) ? executable : undecided;
      if (state.isExecutable(atom))
        assert(ready.has(atom), `${state.nameOf(atom)} is not on offer`);
      if (state.isRevertible(atom))
        assert(revertible.has(atom), `${state.nameOf(atom)} can't be undone`);
    }
  }

  #after(state: FlowState, atom: number): ReadonlySet<number> {
    if (this.#reached?.of !== state.blueprint) this.#reached = reach(state.blueprint);
    return this.#reached.after[atom] ?? new Set();
  }
}

function drain(heap: FlowState["executable"]): Set<number> {
  const items: number[] = [];
  for (let item = heap.pop(); item !== undefined; item = heap.pop()) items.push(item);
  for (const item of items) heap.push(item);
  return new Set(items);
}

/** For each atom the atoms that come after it, any way. */
function reach(of: Blueprint): { of: Blueprint; after: ReadonlySet<number>[] } {
  const after = of.atoms.map((_, atom) => {
    const seen = new Set<number>();
    const work = [atom];
    for (let node = work.pop(); node !== undefined; node = work.pop()) {
      for (const next of of.successors[node] ?? []) {
        if (seen.has(next)) continue;
        seen.add(next);
        work.push(next);
      }
    }
    return new Set([...seen].filter((node) => node < of.atoms.length));
  });
  return { of, after };
}

/** Failures that no users' code raised. */
const engineCodes: ReadonlySet<string> = new Set([
  ...["INPUT_NOT_FOUND", "TASK_TIMED_OUT", "INPUT_REFUSED", "PAYLOAD_REFUSED"],
  // Of attempts that were taken back before a worker had them.
  ...["CANCELLED", "KILLED"],
]);

const engineMade = ({ code }: Failure): boolean => code !== undefined && engineCodes.has(code);

function isSame(one: unknown, other: unknown): boolean {
  try {
    assert.deepEqual(one, other);
    return true;
  } catch {
    return false;
  }
}
