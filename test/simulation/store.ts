/** The journal of a simulated world: it answers at once or in its own time, refuses, and sees hosts die. */
import assert from "node:assert/strict";
import { FlowError } from "../../lib/errors.ts";
import type { Journal, Recent } from "../../lib/journal/journal.ts";
import { memoryJournal } from "../../lib/journal/memory.ts";
import { type EncodedSnapshot, encodeSnapshot, openSnapshot } from "../../lib/journal/snapshot.ts";
import type { Batch } from "../../lib/plan/records.ts";
import type { StateSnapshot } from "../../lib/plan/snapshot.ts";
import type { Time } from "./time.ts";
import { Witness } from "./witness.ts";

/** A process whose appends the store sees. */
export interface Host {
  readonly isAlive: boolean;
  readonly concurrency: number;
  /** Epoch of the last adoption that this host made durable. */
  epoch: number;
  /** What is to happen at the append that is beginning. */
  nextFault(): Fault | undefined;
  die(): void;
  deliver(fn: () => void): void;
  fail(error: unknown): void;
  digest(): string | undefined;
}

export type Refusal = "JOURNAL_FULL" | "JOURNAL_UNAVAILABLE";

/** What happens to a host at one of its appends, counted from 1. */
export type Fault =
  | { readonly at: number; readonly crash: "before" | "after" }
  | { readonly at: number; readonly refuse: Refusal };

const never = new Promise<never>(() => undefined);

export class Store {
  readonly inner = memoryJournal();
  readonly witnesses = new Map<string, Witness>();
  readonly #kept = new Map<string, EncodedSnapshot & { readonly sequence: number }>();
  /** How often a flow was taken up from a snapshot. */
  restored = 0;
  readonly #time: Time;
  /** How long an append takes; undefined: none at all, it is durable when it returns. */
  readonly #delayMs: (() => number) | undefined;

  constructor(time: Time, delayMs?: () => number) {
    this.#time = time;
    this.#delayMs = delayMs;
  }

  witness(flow: string): Witness {
    let witness = this.witnesses.get(flow);
    if (witness === undefined) this.witnesses.set(flow, (witness = new Witness()));
    return witness;
  }

  /** The journal as one host sees it. */
  journal(host: Host): Journal {
    const { inner } = this;
    return {
      durability: "none",
      snapshots: {
        keep: (flow, snapshot) => this.#keep(host, flow, snapshot),
        read: (flow) => (host.isAlive ? this.#recent(flow) : never),
      },
      append: (flow, batch, state) => this.#append(host, flow, batch, state),
      read: (flow) => (host.isAlive ? inner.read(flow) : never),
      list: (query) => inner.list(query),
      remove: (flow) => inner.remove(flow),
      close: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  /** As in a journal that stores them: in bytes, and in its own time. */
  async #keep(host: Host, flow: string, snapshot: StateSnapshot): Promise<void> {
    if (!host.isAlive) return never;
    const encoded = encodeSnapshot(snapshot, 0);
    if (this.#delayMs !== undefined) {
      const delayMs = this.#delayMs() * 2;
      await new Promise<void>((resolve) => {
        this.#time.after(delayMs, resolve);
      });
    }
    if (snapshot.sequence > (this.#kept.get(flow)?.sequence ?? 0)) {
      this.#kept.set(flow, { sequence: snapshot.sequence, ...encoded });
    }
  }

  async #recent(flow: string): Promise<Recent | undefined> {
    const kept = this.#kept.get(flow);
    const parts = new Map(kept?.parts.map(({ hash, bytes }) => [hash, bytes]));
    const snapshot = kept && openSnapshot(kept.bytes)?.read((hash) => parts.get(hash));
    const batches = await this.inner.read(flow);
    if (snapshot === undefined) return undefined;
    this.restored++;
    return { snapshot, batches: batches.filter(({ first }) => first > snapshot.sequence) };
  }

  #append(host: Host, flow: string, batch: Batch, state: string): undefined | Promise<void> {
    if (!host.isAlive) return never;
    const fault = host.nextFault();
    if (fault !== undefined && "crash" in fault && fault.crash === "before") {
      host.die();
      return never;
    }
    const refused =
      fault !== undefined && "refuse" in fault ? refusal(fault.refuse, flow) : undefined;
    const dies = fault !== undefined && "crash" in fault;
    if (this.#delayMs === undefined) {
      if (refused !== undefined) throw refused;
      this.#commit(host, flow, batch, state);
      if (dies) host.die();
      return dies ? never : undefined;
    }
    return new Promise((resolve, reject) => {
      this.#time.after(this.#delayMs?.() ?? 0, () => {
        try {
          if (refused !== undefined) throw refused;
          this.#commit(host, flow, batch, state);
        } catch (error) {
          if (!(error instanceof FlowError)) host.fail(error);
          host.deliver(() => {
            reject(error);
          });
          return;
        }
        if (dies) host.die();
        host.deliver(resolve);
      });
    });
  }

  #commit(host: Host, flow: string, batch: Batch, state: string): void {
    void this.inner.append(flow, batch, state);
    const witness = this.witness(flow);
    if (batch.records.some(({ kind }) => kind === "adopted")) {
      host.epoch = batch.epoch;
      witness.limit(host.concurrency);
    }
    try {
      witness.stored(batch);
      assert.equal(witness.state.flow.value, state, "the state that listings show");
      // G7: what the owner has in memory is what its journal folds to. What differs once goes on to differ, so not
      // every batch is compared.
      const live = isCompared(batch) ? host.digest() : undefined;
      if (live !== undefined) assert.equal(live, witness.digest(), "the live state");
    } catch (error) {
      host.fail(error);
    }
  }
}

const turning: ReadonlySet<string> = new Set([
  "adopted",
  "ended",
  "suspend",
  "cancel",
  "kill",
  "reset",
]);

const isCompared = ({ first, records }: Batch): boolean =>
  first % 4 === 0 || records.some(({ kind }) => turning.has(kind));

function refusal(code: Refusal, flow: string): FlowError {
  const problem = "as the simulation wants it";
  return code === "JOURNAL_FULL"
    ? new FlowError(code, { flow, problem })
    : new FlowError(code, { problem });
}
