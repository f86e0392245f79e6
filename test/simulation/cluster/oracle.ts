/**
 * Sees everything in a simulated cluster, and knows what must not be: G1 to G7 of each flow, by a witness of its own;
 * who may write and call by now; and that in the end every job came to something.
 */
import assert from "node:assert/strict";
import type { Call } from "../../../lib/executor/call.ts";
import type { ToWorker } from "../../../lib/executor/protocol.ts";
import { unpackCalls } from "../../../lib/executor/wire.ts";
import type { Job } from "../../../lib/jobboard/jobboard.ts";
import { inputsOf } from "../../../lib/plan/inputs.ts";
import type { Batch, Outcome } from "../../../lib/plan/records.ts";
import type { Process } from "./process.ts";
import type { Trace } from "./trace.ts";
import type { Spy } from "./transport.ts";
import { Witness } from "../witness.ts";

interface Watched {
  readonly witness: Witness;
  writer: string;
  claim: number;
  /** Its last record says that it is over for good. */
  hasEnded: boolean;
}

/** A call of an attempt, as it was sent to a worker. */
interface Sent {
  readonly key: string;
  readonly epoch: number;
  /** Why it should not have been sent any more. */
  readonly isLate: string | undefined;
}

const final: ReadonlySet<string> = new Set(["SUCCESS", "REVERTED", "FAILURE"]);

/** What may be recorded of a flow that has ended: who took it over to say so, and what a kill left running. */
const late: ReadonlySet<string> = new Set(["adopted", "executed", "reverted", "lost"]);

export class Oracle implements Spy {
  readonly #trace: Trace;
  readonly #flows = new Map<string, Watched>();
  /** Attempts whose outcome is recorded. */
  readonly #recorded = new Set<string>();
  /** Attempts of which a call has come to an end. */
  readonly #returned = new Set<string>();
  /** What each worker was sent last of each attempt: `worker key`. */
  readonly #arrived = new Map<string, Sent>();
  /** Highest epoch that each process has begun a call for: `process flow`. */
  readonly #epochs = new Map<string, number>();
  /** Who renewed each lease last, and when. */
  readonly #leases = new Map<string, { readonly by: string; readonly at: number }>();
  readonly #leaseMs: number;
  #violation: Error | undefined;
  calls = 0;
  records = 0;

  readonly #wellForMs: (process: string) => number;

  /** @param wellForMs - for how long nothing has kept a process from being heard */
  constructor(trace: Trace, leaseMs: number, wellForMs: (process: string) => number) {
    this.#wellForMs = wellForMs;
    this.#trace = trace;
    this.#leaseMs = leaseMs;
  }

  get violation(): Error | undefined {
    return this.#violation;
  }

  /** The first one counts: others may follow from it. */
  fail(error: unknown): void {
    this.#violation ??= error instanceof Error ? error : new Error(String(error));
  }

  check(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.fail(error);
    }
  }

  /** A batch is durable. */
  stored(by: string, flow: string, batch: Batch, state: string): void {
    this.records += batch.records.length;
    this.check(() => {
      const known = this.#flows.get(flow);
      const at = `${flow}: batch ${batch.first} of ${by}`;
      const watched = known ?? { witness: new Witness(), writer: "", claim: 0, hasEnded: false };
      if (known === undefined) this.#flows.set(flow, watched);
      const before = known === undefined ? 0 : watched.witness.state.epoch;
      this.#mayWrite(watched, batch, before, at);
      watched.witness.stored(batch);
      assert.equal(watched.witness.state.flow.value, state, `${at}: the state that listings show`);
      for (const record of batch.records) {
        if (record.kind !== "executed" && record.kind !== "reverted") continue;
        const direction = record.kind === "executed" ? "execute" : "revert";
        const { state } = watched.witness;
        const key = `${flow}/${state.nameOf(record.atom)}/${direction}/${String(record.attempt)}`;
        this.#recorded.add(key);
        // All tasks of these flows can be undone.
        const isUndone = record.kind === "reverted" && record.failure === undefined;
        if (isUndone && state.blueprint.atoms[record.atom]?.kind === "task") {
          assert(this.#returned.has(key), `${at}: ${key} is recorded, and was never done: G1`);
        }
      }
    });
  }

  /** G3: only the owner writes, and only who claimed the job later becomes one. What has ended stays so. */
  #mayWrite(watched: Watched, { writer, epoch, records }: Batch, before: number, at: string): void {
    const adopted = records.find((record) => record.kind === "adopted");
    if (adopted === undefined) {
      assert.equal(epoch, before, `${at}: G3, its epoch is over`);
      assert.equal(writer, watched.writer, `${at}: G3, it is not the owner's`);
    } else {
      assert.equal(epoch, before + 1, `${at}: G3, epochs go up by one`);
      const { claim = 0 } = adopted;
      assert(claim > watched.claim, `${at}: G3, adopted by an earlier claim`);
      watched.writer = writer;
      watched.claim = claim;
    }
    for (const record of records) {
      assert(!watched.hasEnded || late.has(record.kind), `${at}: ${record.kind} after the end`);
      if (record.kind === "ended" && final.has(record.state)) watched.hasEnded = true;
    }
  }

  renewed(lease: string, by: string): void {
    this.#leases.set(lease, { by, at: this.#trace.now });
  }

  /** A lease is taken from nobody who has renewed it in time, or could have if the board had been there. */
  dropped(lease: string, by: string): void {
    this.check(() => {
      const last = this.#leases.get(lease);
      if (last === undefined || last.by === by) return;
      const agoMs = this.#trace.now - last.at;
      assert(
        agoMs >= this.#leaseMs,
        `${by} took ${last.by} for dead ${agoMs.toFixed()} ms after it renewed`,
      );
      assert(
        this.#wellForMs(last.by) < 3 * this.#leaseMs,
        `${by} took ${last.by} for dead, which is well`,
      );
    });
  }

  sent(from: string, _to: string, body: unknown): readonly Sent[] {
    const message = body as ToWorker | null;
    if (message?.kind !== "calls") return [];
    return unpackCalls(message.flows).map(({ key, epoch, flow }) => {
      const now = this.#flows.get(flow)?.witness.state.epoch ?? 0;
      const superseded = epoch < now ? `${from} sent it after epoch ${now} was adopted` : undefined;
      const done = this.#recorded.has(key)
        ? `${from} sent it after its outcome was recorded`
        : undefined;
      return { key, epoch, isLate: done ?? superseded };
    });
  }

  taken(by: string, sent: unknown): void {
    for (const one of sent as readonly Sent[]) this.#arrived.set(`${by} ${one.key}`, one);
  }

  /** Users' code is called. */
  called(by: Process, { of, key }: Call, inputs: unknown, isTask: boolean): void {
    this.calls++;
    this.#trace.add(by.name, "calls", key, of.epoch);
    this.check(() => {
      const watched = this.#flows.get(of.flow);
      assert(watched, `${key} is called before anything is stored: I3`);
      const { state } = watched.witness;
      const at = `${key} is called on ${by.name} by epoch ${of.epoch}`;
      const line = `${by.name} ${of.flow}`;
      assert(of.epoch >= (this.#epochs.get(line) ?? 0), `${at}, after a later one: G3`);
      this.#epochs.set(line, of.epoch);
      if (by.role === "worker") {
        const arrived = this.#arrived.get(`${by.name} ${key}`);
        assert(arrived?.epoch === of.epoch, `${at}, which nobody sent`);
        assert.equal(arrived.isLate, undefined, `${at}: G1, G3`);
      } else {
        assert(!this.#recorded.has(key), `${at}, though its outcome is recorded: G1`);
        assert.equal(of.epoch, state.epoch, `${at}: G3, it is the owner's no more`);
      }
      if (of.epoch !== state.epoch || this.#recorded.has(key)) return;
      const { name: atom, direction, attempt } = of;
      watched.witness.called({ host: by.name, atom, direction, attempt, inputs });
      if (!isTask) return;
      // G7: what the owner has in memory is what its journal folds to.
      const number = state.shape.numbers.get(atom) as number;
      assert.deepEqual(inputs, inputsOf(state, number, direction, false), `${at}: its inputs, G7`);
    });
  }

  ended({ of, key }: Call, outcome: Outcome): void {
    const { name: atom, direction, attempt } = of;
    this.#returned.add(key);
    const call = { host: "", atom, direction, attempt, inputs: undefined };
    this.#flows.get(of.flow)?.witness.ended(call, outcome);
  }

  /** What must hold when everything has come to rest. */
  finish(jobs: readonly Job[]): void {
    this.check(() => {
      for (const job of jobs) this.#came(job);
    });
  }

  /** G5, G7. */
  #came({ id, state, end, isHeld, reason }: Job): void {
    const watched = this.#flows.get(id);
    const now = watched?.witness.state.flow.value;
    if (state === "COMPLETE") {
      assert(
        end && now === end.state,
        `job ${id} is COMPLETE as ${end?.state}, its flow is ${now}: G5`,
      );
      assert(final.has(end.state), `job ${id} ended as ${end.state}: G5`);
    } else {
      assert(isHeld, `job ${id} is ${state}, its flow ${now}, ${reason ?? "without a reason"}: G5`);
      assert(reason, `job ${id} is held without a reason: G5`);
    }
    watched?.witness.finish();
  }
}
