/**
 * A journal that lives as long as its object: for tests and for flows that may be lost with their
 * process.
 *
 * Batches are kept as they are, not copied and not encoded; the gate has isolated their values
 * already. Nothing is ever dropped by itself: a program that runs flows for ever removes the ended
 * ones, or uses one journal per flow.
 */
import { FlowError } from "../errors.ts";
import type { Batch } from "../plan/records.ts";
import type { FlowQuery, FlowSummary, Journal } from "./journal.ts";
import { assertRecords, epochFollows, fenced, nameIn, pageSize } from "./rules.ts";

/** One flow's batches and the row that a listing shows of it. */
interface Kept {
  readonly batches: Batch[];
  readonly name: string;
  readonly createdAt: number;
  state: string;
  sequence: number;
  epoch: number;
  updatedAt: number;
}

class MemoryJournal implements Journal {
  readonly durability = "none";
  // In the order the flows were begun: that order is the listing's.
  private readonly flows = new Map<string, Kept>();
  private closed = false;

  append(flow: string, batch: Batch, state: string): undefined {
    this.assertOpen();
    assertRecords(batch);
    const kept = this.flows.get(flow);
    if (kept === undefined) {
      this.begin(flow, batch, state);
      return;
    }
    if (batch.first !== kept.sequence + 1 || !epochFollows(batch, kept.epoch)) {
      throw fenced(flow, batch);
    }
    kept.batches.push(batch);
    kept.sequence += batch.records.length;
    kept.epoch = batch.epoch;
    kept.state = state;
    kept.updatedAt = batch.at;
  }

  private begin(flow: string, batch: Batch, state: string): void {
    if (batch.first !== 1 || !epochFollows(batch, 0)) throw fenced(flow, batch);
    this.flows.set(flow, {
      batches: [batch],
      name: nameIn(batch),
      createdAt: batch.at,
      state,
      sequence: batch.records.length,
      epoch: batch.epoch,
      updatedAt: batch.at,
    });
  }

  read(flow: string): Promise<readonly Batch[]> {
    return this.answer(() => [...(this.flows.get(flow)?.batches ?? [])]);
  }

  list(query?: FlowQuery): Promise<readonly FlowSummary[]> {
    return this.answer(() => this.page(query));
  }

  remove(flow: string): Promise<void> {
    return this.answer(() => {
      this.flows.delete(flow);
    });
  }

  close(): Promise<void> {
    this.closed = true;
    this.flows.clear();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private page(query: FlowQuery | undefined): readonly FlowSummary[] {
    const limit = pageSize(query);
    const ids = [...this.flows.keys()].reverse();
    const page: FlowSummary[] = [];
    for (const id of ids.slice(startOf(ids, query?.before))) {
      const kept = this.flows.get(id);
      if (kept === undefined || !matches(kept, query)) continue;
      const { name, state, createdAt, updatedAt, sequence, epoch } = kept;
      page.push({ id, name, state, createdAt, updatedAt, sequence, epoch });
      if (page.length === limit) break;
    }
    return page;
  }

  /** What goes wrong is a rejection here, as in a journal that has to wait. */
  private answer<Answer>(give: () => Answer): Promise<Answer> {
    return new Promise((resolve) => {
      this.assertOpen();
      resolve(give());
    });
  }

  private assertOpen(): void {
    if (this.closed) throw new FlowError("JOURNAL_UNAVAILABLE", { problem: "it is closed" });
  }
}

function startOf(ids: readonly string[], before: string | undefined): number {
  if (before === undefined) return 0;
  const at = ids.indexOf(before);
  if (at < 0) throw new FlowError("NOT_FOUND", { what: "flow", name: before });
  return at + 1;
}

function matches(kept: Kept, query: FlowQuery | undefined): boolean {
  if (query?.name !== undefined && kept.name !== query.name) return false;
  return query?.states === undefined || query.states.includes(kept.state);
}

/** Survives nothing; an append is as durable as it will be when it returns. */
export function memoryJournal(): Journal {
  return new MemoryJournal();
}
