/** A flow's row: what is known of it without its batches. Sealed, because damage is silent. */
import { crc32 } from "node:zlib";
import type { FlowSummary } from "../journal.ts";
import type { Connection } from "./connection.ts";
import type { Row } from "./driver.ts";
import { damaged } from "./faults.ts";

/** Changes in place with each append: there would be one per append otherwise. */
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
  /** Row and checksum of the last batch. */
  last: number;
  checksum: number;
  /** Checksum of the texts that never change. */
  readonly seed: number;
  /** The column `head`, which compare-and-set compares: see `sealed`. */
  bytes: Uint8Array;
  /** The one before: its room is used again, instead of as many new ones as there are appends. */
  spare: Uint8Array | undefined;
}

const seedOf = (id: string, name: string): number => crc32(`${id}\0${name}`);

const noBytes = new Uint8Array(0);

/** One way to make all of them: reading objects of many makes costs Node 20 six times as much. Not sealed yet. */
export function makeHead(facts: Omit<Head, "seed" | "bytes" | "spare">): Head {
  const { number, id, name, createdAt, state, updatedAt, sequence, epoch, last, checksum } = facts;
  const seed = seedOf(id, name);
  return {
    number,
    id,
    name,
    createdAt,
    state,
    updatedAt,
    sequence,
    epoch,
    last,
    checksum,
    seed,
    bytes: noBytes,
    spare: undefined,
  };
}

const scratch = new Uint8Array(56);
const column = scratch.subarray(0, 28);
const numbers = new DataView(scratch.buffer);
/** How many bytes the column `head` has. */
export const headBytes = 28;

/**
 * A head as its column holds it: sequence, last, epoch and checksum, and then the seal, a checksum
 * of the whole row. Little-endian.
 */
export function sealed(head: Head, into: Uint8Array = new Uint8Array(headBytes)): Uint8Array {
  numbers.setFloat64(0, head.sequence, true);
  numbers.setFloat64(8, head.last, true);
  numbers.setUint32(16, head.epoch, true);
  numbers.setUint32(20, head.checksum, true);
  numbers.setFloat64(24, head.number, true);
  numbers.setFloat64(32, head.createdAt, true);
  numbers.setFloat64(40, head.updatedAt, true);
  numbers.setUint32(48, checksumOf(head.state), true);
  const seal = crc32(scratch, head.seed);
  numbers.setUint32(24, seal, true);
  into.set(column);
  return into;
}

// There are few states; an entry for each saves most of a seal's time.
const checksums = new Map<string, number>();

function checksumOf(state: string): number {
  let checksum = checksums.get(state);
  if (checksum === undefined) {
    checksum = crc32(state);
    if (checksums.size < 100) checksums.set(state, checksum);
  }
  return checksum;
}

/** Everything that `headOf` reads; cast, so that damage can't make another type of it. */
export const headColumns =
  ["id", "name", "state", "head"]
    .map((column) => `CAST(${column} AS BLOB) AS ${column}, `)
    .join("") +
  ["number", "created_at", "updated_at"]
    .map((column) => `CAST(${column} AS REAL) AS ${column}`)
    .join(", ");

/** The head in a row, and whether its seal is whole; if it isn't, nothing in it can be trusted. */
export function headOf(row: Row): { readonly head: Head; readonly isWhole: boolean } {
  const id = bytesIn(row["id"]).toString();
  const name = bytesIn(row["name"]).toString();
  const stored = bytesIn(row["head"]);
  const bytes = Buffer.alloc(headBytes);
  stored.copy(bytes);
  const head = makeHead({
    number: Number(row["number"]),
    id,
    name,
    createdAt: Number(row["created_at"]),
    state: bytesIn(row["state"]).toString(),
    updatedAt: Number(row["updated_at"]),
    sequence: bytes.readDoubleLE(0),
    last: bytes.readDoubleLE(8),
    epoch: bytes.readUInt32LE(16),
    checksum: bytes.readUInt32LE(20),
  });
  head.bytes = bytes;
  return { head, isWhole: stored.equals(sealed(head)) };
}

/** A column that was cast to a blob. */
const bytesIn = (value: unknown): Buffer =>
  value instanceof Uint8Array ? Buffer.from(value) : Buffer.alloc(0);

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
  const { head, isWhole } = headOf(row);
  if (!isWhole || head.id !== flow) throw damaged(flow, 1, "its row is damaged");
  return head;
}

/** As a listing shows it; what can't be trusted is in state `DAMAGED`. */
export function summaryOf(row: Row): FlowSummary {
  const { head, isWhole } = headOf(row);
  const { id, name, createdAt, updatedAt, sequence, epoch } = head;
  const state = isWhole ? head.state : "DAMAGED";
  return { id, name, state, createdAt, updatedAt, sequence, epoch };
}
