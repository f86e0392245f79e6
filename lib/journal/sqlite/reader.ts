/** Reads flows: exactly as they were written, or not at all. */
import { FlowError } from "../../errors.ts";
import type { Batch } from "../../plan/records.ts";
import type { FlowQuery, FlowSummary } from "../journal.ts";
import { decodeBatch, nextAfter, rootChecksum } from "../record.ts";
import { pageSize } from "../rules.ts";
import type { Connection } from "./connection.ts";
import type { Row } from "./driver.ts";
import { damaged, errorOf, refusalOf } from "./faults.ts";
import { findHead, type Head, headColumns, summaryOf } from "./head.ts";

const findBatch = `SELECT CAST(previous AS REAL) AS previous, CAST(body AS BLOB) AS body
  FROM batches WHERE row = ?`;
/** The flow's nearest batch before a row, found without the way that leads there. */
const findEarlier = `SELECT CAST(body AS BLOB) AS body FROM batches
  WHERE row < ? AND (flow = ? OR row = ?) ORDER BY row DESC LIMIT 1`;
const findBlob = "SELECT CAST(body AS BLOB) AS body FROM blobs WHERE hash = ?";
const findNumber = "SELECT number FROM flows WHERE id = ?";
const listFlows = `SELECT ${headColumns} FROM flows WHERE number < ?
  AND (? IS NULL OR name = ?)
  AND (? IS NULL OR state IN (SELECT value FROM json_each(?)))
  ORDER BY number DESC LIMIT ?`;

export class Reader {
  private readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** @throws FlowError as `Journal.read` does */
  read(flow: string): readonly Batch[] {
    return this.translated(flow, () =>
      this.connection.reading(() => {
        const head = findHead(this.connection, flow);
        return head === undefined ? [] : this.batches(head);
      }),
    );
  }

  /** @throws FlowError as `Journal.list` does */
  list(query: FlowQuery | undefined): readonly FlowSummary[] {
    const limit = pageSize(query);
    const name = query?.name ?? null;
    const states = query?.states === undefined ? null : JSON.stringify(query.states);
    return this.translated("", () => {
      const before = this.numberOf(query?.before);
      const rows = this.connection
        .statement(listFlows)
        .all(before, name, name, states, states, limit);
      return rows.map(summaryOf);
    });
  }

  private numberOf(flow: string | undefined): number {
    if (flow === undefined) return Number.MAX_SAFE_INTEGER;
    const number = this.connection.statement(findNumber).get(flow)?.["number"];
    if (typeof number === "number") return number;
    throw new FlowError("NOT_FOUND", { what: "flow", name: flow });
  }

  private batches(head: Head): readonly Batch[] {
    const { id: flow } = head;
    const batches: Batch[] = [];
    let first = 1;
    let before = rootChecksum(flow);
    for (const body of this.bodies(head)) {
      const { batch, checksum } = decodeBatch(body, { flow, first, before }, (hash) =>
        blobIn(this.connection.statement(findBlob).get(hash)),
      );
      batches.push(batch);
      first += batch.records.length;
      before = checksum;
    }
    if (before !== head.checksum || first !== head.sequence + 1) {
      throw damaged(flow, first, `its row says that there are records up to ${head.sequence}`);
    }
    return batches;
  }

  /** The flow's batches as they are stored, oldest first: found from the last one backwards. */
  private bodies(head: Head): readonly Uint8Array[] {
    const bodies: Uint8Array[] = [];
    // A row's number only falls on this way, so it ends whatever is stored.
    for (let row = head.last, above = Number.POSITIVE_INFINITY; row !== 0; ) {
      const found = row < above ? this.batchAt(row) : undefined;
      const body = blobIn(found);
      const previous = found?.["previous"];
      if (body === undefined || typeof previous !== "number") {
        throw this.gap(head, Math.min(row, above));
      }
      bodies.push(body);
      above = row;
      row = previous;
    }
    return bodies.reverse();
  }

  private batchAt(row: number): Row | undefined {
    try {
      return this.connection.statement(findBatch).get(row);
    } catch (error) {
      // Other problems are no damage, and for the caller.
      if (refusalOf(error, 0).code !== "JOURNAL_DAMAGED") throw error;
      return undefined;
    }
  }

  /** The way back ends above a row: says which is the first sequence that is lost with it. */
  private gap(head: Head, row: number): FlowError {
    let sequence = 1;
    try {
      const earlier = this.connection.statement(findEarlier).get(row, head.number, head.number);
      sequence = nextAfter(blobIn(earlier) ?? new Uint8Array()) ?? 1;
    } catch {
      // The damage goes further: from the beginning, then.
    }
    return damaged(head.id, sequence, "a batch is lost");
  }

  private translated<Result>(flow: string, work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      if (error instanceof FlowError) throw error;
      throw errorOf(refusalOf(error, flow === "" ? 0 : 1), flow, 0, 0);
    }
  }
}

function blobIn(row: Row | undefined): Uint8Array | undefined {
  const body = row?.["body"];
  return body instanceof Uint8Array ? body : undefined;
}
