/** What all journals have in common: which batch may follow, and how long a page is. */
import { FlowError } from "../errors.ts";
import type { Batch } from "../plan/records.ts";
import type { FlowQuery } from "./journal.ts";

const pages = { default: 100, most: 10_000 } as const;

/**
 * The size of the page that is asked for.
 *
 * @throws FlowError `INVALID_OPTION` when `limit` is not a whole number from 1 to 10,000
 */
export function pageSize(query: FlowQuery | undefined): number {
  const limit = query?.limit ?? pages.default;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > pages.most) {
    const problem = `${String(limit)} is not a whole number from 1 to ${String(pages.most)}`;
    throw new FlowError("INVALID_OPTION", { option: "limit", problem });
  }
  return limit;
}

/** The root flow's name, if this is the batch that begins its journal. */
export function nameIn(batch: Batch): string {
  const record = batch.records[0];
  return record?.kind === "created" ? record.blueprint.flow : "";
}

/** Whether a batch begins an epoch. */
export const adopts = (batch: Batch): boolean =>
  batch.records.some((record) => record.kind === "adopted");

/** Whether a batch of this epoch may follow one of epoch `last` (I5). */
export function epochFollows(batch: Batch, last: number): boolean {
  return batch.epoch === last || (batch.epoch === last + 1 && adopts(batch));
}

/** The owner that wrote this batch isn't the owner any more. */
export function fenced(flow: string, batch: Batch): FlowError<"FENCED"> {
  return new FlowError("FENCED", { flow, epoch: batch.epoch, sequence: batch.first - 1 });
}

/** @throws RangeError for a batch without records: it would have no sequence of its own */
export function assertRecords(batch: Batch): void {
  if (batch.records.length === 0) throw new RangeError("a batch without records");
}
