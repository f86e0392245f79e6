/** A flow's row: what is known of it without its batches. Sealed, because damage is silent. */
import { crc32 } from "node:zlib";
import type { FlowSummary } from "../journal.ts";
import type { Connection } from "./connection.ts";
import type { Row } from "./driver.ts";
import { damaged } from "./faults.ts";

/** Changes in place with each append: there is one per append otherwise. */
export interface Head {
  /** The row of its first batch. */
  readonly number: number;
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  state: string;
  updatedAt: number;
  sequence: number;
  epoch: number;
  /** Checksum and row of the last batch. */
  checksum: number;
  last: number;
  /** Checksum of the texts that never change. */
  readonly seed: number;
}

/** Everything that `headOf` reads; cast, so that damage can't make another type of it. */
export const headColumns =
  "CAST(id AS BLOB) AS id, CAST(name AS BLOB) AS name, CAST(state AS BLOB) AS state, " +
  ["number", "created_at", "updated_at", "sequence", "epoch", "checksum", "last", "seal"]
    .map((column) => `CAST(${column} AS REAL) AS ${column}`)
    .join(", ");

export const seedOf = (id: string, name: string): number => crc32(`${id}\0${name}`);

const sealed = new Uint8Array(64);
const numbers = new DataView(sealed.buffer);

/** The checksum of a row as it should be. */
export function sealOf(head: Head): number {
  numbers.setFloat64(0, head.number);
  numbers.setFloat64(8, head.createdAt);
  numbers.setFloat64(16, head.updatedAt);
  numbers.setFloat64(24, head.sequence);
  numbers.setFloat64(32, head.epoch);
  numbers.setFloat64(40, head.checksum);
  numbers.setFloat64(48, head.last);
  numbers.setFloat64(56, crc32(head.state));
  return crc32(sealed, head.seed);
}

/** The head in a row, and whether its seal is whole; if it isn't, nothing in it can be trusted. */
export function headOf(row: Row): { readonly head: Head; readonly whole: boolean } {
  const id = textIn(row["id"]);
  const name = textIn(row["name"]);
  const head = {
    number: Number(row["number"]),
    id,
    name,
    createdAt: Number(row["created_at"]),
    state: textIn(row["state"]),
    updatedAt: Number(row["updated_at"]),
    sequence: Number(row["sequence"]),
    epoch: Number(row["epoch"]),
    checksum: Number(row["checksum"]),
    last: Number(row["last"]),
    seed: seedOf(id, name),
  };
  return { head, whole: sealOf(head) === row["seal"] };
}

/** A text column that was read as a blob. */
function textIn(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString() : "";
}

const findFlow = `SELECT ${headColumns} FROM flows WHERE id = ?`;
const findUse = "SELECT 1 AS used FROM uses WHERE flow = ? LIMIT 1";

/**
 * A flow's head; undefined for an unknown flow.
 *
 * @throws FlowError `JOURNAL_DAMAGED` when its row can't be trusted, or is lost
 */
export function findHead(connection: Connection, flow: string): Head | undefined {
  const row = connection.statement(findFlow).get(flow);
  if (row === undefined) {
    if (connection.statement(findUse).get(flow) === undefined) return undefined;
    throw damaged(flow, 1, "its row is lost");
  }
  const { head, whole } = headOf(row);
  if (!whole || head.id !== flow) throw damaged(flow, 1, "its row is damaged");
  return head;
}

/** As a listing shows it; what can't be trusted is in state `DAMAGED`. */
export function summaryOf(row: Row): FlowSummary {
  const { head, whole } = headOf(row);
  const { id, name, createdAt, updatedAt, sequence, epoch } = head;
  const state = whole ? head.state : "DAMAGED";
  return { id, name, state, createdAt, updatedAt, sequence, epoch };
}
