/** Reads flows for the page. What was read last is kept: a page asks for one flow several times in a row. */
import { machines } from "../../actors/machines.ts";
import type { FlowSummary, Journal } from "../journal/journal.ts";
import { foldAll } from "../plan/fold.ts";
import type { Batch, FlowRecord } from "../plan/records.ts";
import type { FlowState } from "../plan/state.ts";
import { standings } from "../plan/standing.ts";
import { redact } from "../secrets.ts";
import type { FlowProgress, FlowsDocument } from "./documents.ts";
import { Omitted, toJson } from "./wire.ts";

export interface FlowsQuery {
  readonly states: readonly string[];
  /** A part of the id or of the name. */
  readonly text: string;
  readonly limit: number;
  readonly before: string | undefined;
}

/** Flows whose batches are kept, flows whose progress is. */
const kept = { batches: 4, progress: 20_000 } as const;

/** A larger value is not sent to a page; so many characters of batches go into one answer. */
const most = { value: 32 * 1024, answer: 2 * 1024 * 1024 } as const;

/** Flows that are looked through at once when a text is searched for. */
const searchPage = 10_000;

interface Read {
  readonly sequence: number;
  readonly batches: readonly Batch[];
  /** What they come to, once that was asked for. */
  state?: FlowState | undefined;
}

export class Reader {
  readonly #journal: Journal;
  readonly #read = new Map<string, Read>();
  readonly #progress = new Map<string, { readonly sequence: number; readonly is: FlowProgress }>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  async flows({ states, text, limit, before }: FlowsQuery): Promise<FlowsDocument> {
    const found: FlowSummary[] = [];
    const wanted = text.toLowerCase();
    let after = before;
    for (;;) {
      const size = wanted === "" ? limit : searchPage;
      const page = await this.#journal.list({
        limit: size,
        ...(states.length === 0 ? {} : { states }),
        ...(after === undefined ? {} : { before: after }),
      });
      for (const flow of page) {
        after = flow.id;
        if (wanted !== "" && !fits(flow, wanted)) continue;
        found.push(flow);
        if (found.length === limit) return { flows: found, next: after };
      }
      if (page.length < size) return { flows: found, next: null };
    }
  }

  /** @returns undefined for a flow that is not there; throws what the journal does */
  async progress(id: string, sequence: number): Promise<FlowProgress | undefined> {
    const known = this.#progress.get(id);
    if (known?.sequence === sequence) return known.is;
    const state = foldAll(machines, await this.#journal.read(id));
    if (state === undefined) return undefined;
    const is = progressOf(state);
    this.#progress.delete(id);
    this.#progress.set(id, { sequence: state.sequence, is });
    trim(this.#progress, kept.progress);
    return is;
  }

  /**
   * The batches after a sequence, as JSON, and whether there are more than one answer takes.
   *
   * @param known - the last sequence that the journal is known to have; what was read before is good up to there
   */
  async records(
    id: string,
    after: number,
    known: number | undefined,
  ): Promise<{
    readonly batches: readonly unknown[];
    readonly more: boolean;
  }> {
    const { batches } = await this.#batches(id, known);
    const found: unknown[] = [];
    let room: number = most.answer;
    let more = false;
    for (const batch of batches) {
      if (batch.first + batch.records.length - 1 <= after) continue;
      if (room <= 0) {
        more = true;
        break;
      }
      const json = batchJson(batch);
      room -= JSON.stringify(json).length;
      found.push(json);
    }
    return { batches: found, more };
  }

  /** A flow as it may be shown. Not to be changed. @param known - as for `records` */
  async state(id: string, known: number | undefined): Promise<FlowState | undefined> {
    const read = await this.#batches(id, known);
    return (read.state ??= foldAll(machines, read.batches));
  }

  async #batches(id: string, known: number | undefined): Promise<Read> {
    const before = this.#read.get(id);
    if (before !== undefined && known !== undefined && before.sequence >= known) return before;
    // What is declared secret doesn't leave this process.
    const batches = redact(await this.#journal.read(id));
    const last = batches.at(-1);
    const read: Read = {
      sequence: last === undefined ? 0 : last.first + last.records.length - 1,
      batches,
    };
    this.#read.delete(id);
    this.#read.set(id, read);
    trim(this.#read, kept.batches);
    return read;
  }
}

const fits = ({ id, name }: FlowSummary, text: string): boolean =>
  id.toLowerCase().includes(text) || name.toLowerCase().includes(text);

/** Takes the oldest entries out. */
function trim(map: Map<string, unknown>, size: number): void {
  for (const key of map.keys()) {
    if (map.size <= size) return;
    map.delete(key);
  }
}

function progressOf(state: FlowState): FlowProgress {
  const progress = { total: state.shape.atoms, done: 0, active: 0, failed: 0, undone: 0 };
  for (const { value } of state.snapshots) {
    const stands = standings[value];
    if (stands !== undefined) progress[stands]++;
  }
  return progress;
}

function batchJson({ writer, epoch, first, at, records }: Batch): object {
  return { writer, epoch, first, at, records: records.map(recordJson) };
}

/** Blueprints and failures are bounded by what made them; users' values are not. */
function recordJson(record: FlowRecord): unknown {
  if (record.kind === "created") {
    const store = Object.fromEntries(
      Object.entries(record.store).map(([symbol, value]) => [symbol, bounded(value)]),
    );
    return { ...(toJson({ ...record, store: {} }) as object), store };
  }
  if ("value" in record && record.value !== undefined) {
    return { ...(toJson({ ...record, value: null }) as object), value: bounded(record.value) };
  }
  if ("details" in record) {
    return {
      ...(toJson({ ...record, details: null }) as object),
      details: bounded(record.details),
    };
  }
  return toJson(record);
}

function bounded(value: unknown): unknown {
  const json = toJson(value);
  const size = JSON.stringify(json).length;
  return size > most.value ? toJson(new Omitted(size)) : json;
}
