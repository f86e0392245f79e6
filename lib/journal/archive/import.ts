/** Puts archived flows into a journal. */
import { FlowError } from "../../errors.ts";
import { foldAll, fold } from "../../plan/fold.ts";
import type { Batch, FlowRecord } from "../../plan/records.ts";
import type { FlowState } from "../../plan/state.ts";
import type { Machines } from "../../plan/states.ts";
import type { Journal } from "../journal.ts";
import type { Archived } from "./read.ts";

/** What listings say of a flow while only a part of it is there. */
export const importing = "IMPORTING";

/** Appends under way at once, and the bytes that they may come to. */
const most = { appends: 256, bytes: 8 * 1024 * 1024 } as const;

export interface Imported {
  readonly id: string;
  /** Name of the root flow. */
  readonly name: string;
  readonly state: string;
  readonly records: number;
}

/**
 * Appends each flow of an archive, under its own id or, a single one, under another. A flow of which not all could be
 * appended is removed again.
 *
 * @throws FlowError `FENCED` when somebody else writes a flow of that id; what `Journal.append` throws, and `readFlows`
 */
export async function* importFlows(
  journal: Journal,
  machines: Machines,
  archived: AsyncIterable<Archived>,
  newId?: string,
): AsyncGenerator<Imported> {
  let flow: Appending | undefined;
  try {
    for await (const one of archived) {
      if (one.kind === "flow") flow = new Appending(journal, machines, newId ?? one.flow.id);
      else if (one.kind === "batch") await flow?.take(one.batch, one.bytes);
      else if (flow !== undefined) {
        const imported = await flow.end();
        flow = undefined;
        yield imported;
      }
    }
  } catch (error) {
    await flow?.undo();
    throw error;
  }
}

class Appending {
  readonly #journal: Journal;
  readonly #machines: Machines;
  readonly #id: string;
  #state: FlowState | undefined;
  /** Kept back until it is known whether another one follows. */
  #last: Batch | undefined;
  #underWay: Promise<void>[] = [];
  #bytes = 0;
  #isOurs = false;

  constructor(journal: Journal, machines: Machines, id: string) {
    this.#journal = journal;
    this.#machines = machines;
    this.#id = id;
  }

  async take(given: Batch, bytes: number): Promise<void> {
    const batch = { ...given, records: given.records.map((record) => this.#own(record)) };
    if (this.#state === undefined) this.#state = foldAll(this.#machines, [batch]);
    else for (const record of batch.records) fold(this.#state, record);
    if (this.#last !== undefined) await this.#append(this.#last, importing);
    this.#last = batch;
    this.#bytes += bytes;
    if (this.#underWay.length >= most.appends || this.#bytes >= most.bytes) await this.#settle();
  }

  async end(): Promise<Imported> {
    const state = this.#state;
    if (state === undefined || this.#last === undefined) {
      throw new FlowError("ARCHIVE_REFUSED", { offset: 0, problem: "a flow has no beginning" });
    }
    await this.#append(this.#last, state.flow.value);
    await this.#settle();
    const { id, blueprint, sequence, flow } = state;
    return { id, name: blueprint.flow, state: flow.value, records: sequence };
  }

  async undo(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    if (this.#isOurs) await this.#journal.remove(this.#id);
  }

  /** Its id is in its first record; what its owners had claimed was on another jobboard. */
  #own(record: FlowRecord): FlowRecord {
    if (record.kind === "created") return { ...record, flow: this.#id };
    if (record.kind !== "adopted") return record;
    const { claim: _, ...adopted } = record;
    return adopted;
  }

  async #append(batch: Batch, state: string): Promise<void> {
    const appended = Promise.resolve(this.#journal.append(this.#id, batch, state));
    appended.catch(() => undefined); // heard of by #settle
    this.#underWay.push(appended);
    // The first one tells whether the id is free.
    if (this.#isOurs) return;
    await appended;
    this.#isOurs = true;
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#underWay = [];
    this.#bytes = 0;
  }
}
