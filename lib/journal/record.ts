/**
 * A batch of records as bytes, for a disk or the wire.
 *
 * ```text
 * 0  checksum    crc32 of the whole, with zeros here
 * 4  version     of this format
 * 8  length      of the whole
 * 12 before      checksum of the flow's batch before; of the flow's name for its first
 * 16 epoch
 * 20 first       sequence of the first record
 * 28 at          epoch milliseconds
 * 36 count       of records
 * 40 body        MessagePack: the writer, then the records
 * ```
 *
 * Numbers are little-endian. Checksum and version stay where they are in every version to come. A
 * batch that was changed, cut, moved to another flow or follows another one than it did is found
 * out, and never read as a value.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { Packr, Unpackr } from "msgpackr";
import { decode, encode, fromWire, pack, toWire, unpack } from "../bytes.ts";
import type { AtomPlan, Blueprint } from "../compile/blueprint.ts";
import { FlowError } from "../errors.ts";
import type { Batch } from "../plan/records.ts";
import { readRecord, writeRecord } from "./fields.ts";
import { type Put, type Take, Unreadable } from "./layout.ts";

const batchVersion = 1;

const headerBytes = 40;

// The checksum is made with zeros in its own place.
const crcOfZeros = crc32(Buffer.alloc(4));

/** A value that takes more than this goes beside the batch. */
export const largeBytes = 64 * 1024;

/** What is stored once, however many batches need it, and is found by the hash of its bytes. */
export interface Part {
  /** sha256, in hex. */
  readonly hash: string;
  readonly bytes: Uint8Array;
}

export interface EncodedBatch {
  /** Complete but for the two checksums: see `seal`. */
  readonly bytes: Uint8Array;
  /** Must be stored before the batch is, or together with it. */
  readonly parts: readonly Part[];
}

/** The checksum that a flow's first batch gives as the one before. */
export const rootChecksum = (flow: string): number => crc32(flow);

/**
 * Encodes a batch; its checksums are still to come, because only whoever commits it knows what the
 * batch before it is.
 *
 * @throws RangeError when the batch holds no records or its epoch is not a number of 32 bits
 */
export function encodeBatch(batch: Batch): EncodedBatch {
  if (batch.records.length === 0) throw new RangeError("a batch without records");
  let put = new Putting(Number.POSITIVE_INFINITY);
  let bytes = packBatch(batch, put);
  if (bytes.length > largeBytes) {
    put = new Putting(largeBytes);
    bytes = packBatch(batch, put);
  }
  bytes.writeUInt32LE(batchVersion, 4);
  bytes.writeUInt32LE(bytes.length, 8);
  bytes.writeUInt32LE(batch.epoch, 16);
  bytes.writeDoubleLE(batch.first, 20);
  bytes.writeDoubleLE(batch.at, 28);
  bytes.writeUInt32LE(batch.records.length, 36);
  return { bytes, parts: put.parts };
}

function packBatch(batch: Batch, put: Put): Buffer {
  const list: unknown[] = [toWire(batch.writer)];
  for (const record of batch.records) list.push(writeRecord(record, put));
  return pack(list, headerBytes);
}

/**
 * Fills in both checksums of an encoded batch.
 *
 * @param before - the checksum of the flow's batch before, or `rootChecksum`
 * @returns the batch's own checksum
 */
export function seal(bytes: Uint8Array, before: number): number {
  const buffer = bufferOf(bytes);
  buffer.writeUInt32LE(before, 12);
  buffer.writeUInt32LE(0, 0);
  const checksum = crc32(buffer);
  buffer.writeUInt32LE(checksum, 0);
  return checksum;
}

/** What a batch has to be in the place it is read from. */
export interface Expected {
  readonly flow: string;
  readonly first: number;
  readonly before: number;
}

/** Gives the bytes that are stored under a hash, if there are any. */
export type FindPart = (hash: string) => Uint8Array | undefined;

export interface DecodedBatch {
  readonly batch: Batch;
  readonly checksum: number;
}

/**
 * Checks a batch and decodes it.
 *
 * @throws FlowError `JOURNAL_DAMAGED` with the flow and the batch's first sequence, and nothing
 *   else, whatever the bytes are
 */
export function decodeBatch(bytes: Uint8Array, expected: Expected, find: FindPart): DecodedBatch {
  try {
    return readBatch(bufferOf(bytes), expected, new Taking(find));
  } catch (error) {
    if (FlowError.is(error, "JOURNAL_DAMAGED")) throw error;
    const text = error instanceof Error ? error.message : "it can't be read";
    const problem = error instanceof Unreadable ? text : `its bytes can't be decoded: ${text}`;
    const { flow, first: sequence } = expected;
    throw new FlowError("JOURNAL_DAMAGED", { flow, sequence, problem }, { cause: error });
  }
}

function readBatch(bytes: Buffer, expected: Expected, take: Taking): DecodedBatch {
  const problem = brokenBytes(bytes);
  if (problem !== undefined) throw new Unreadable(problem);
  const first = bytes.readDoubleLE(20);
  if (first !== expected.first) throw new Unreadable(`what stands there begins with ${first}`);
  if (bytes.readUInt32LE(12) !== expected.before) {
    throw new Unreadable("it does not follow the batch before it");
  }
  const list = unpack(bytes.subarray(headerBytes));
  const [wire, ...records] = Array.isArray(list) ? (list as unknown[]) : [];
  const writer = fromWire(wire);
  if (typeof writer !== "string") throw new Unreadable("its writer is not a text");
  if (records.length === 0 || records.length !== bytes.readUInt32LE(36)) {
    throw new Unreadable("it does not hold as many records as it says");
  }
  const batch = {
    writer,
    epoch: bytes.readUInt32LE(16),
    first,
    at: bytes.readDoubleLE(28),
    records: records.map((record) => readRecord(record, take)),
  };
  return { batch, checksum: bytes.readUInt32LE(0) };
}

/** What is wrong with the bytes themselves, wherever they stand. */
function brokenBytes(bytes: Buffer): string | undefined {
  if (bytes.length < headerBytes) return "it is cut";
  if (crc32(bytes.subarray(4), crcOfZeros) !== bytes.readUInt32LE(0))
    return "its checksum is wrong";
  if (bytes.readUInt32LE(8) !== bytes.length) return "its length is wrong";
  return wrongVersion(bytes.readUInt32LE(4));
}

/** What the first bytes of a batch say. */
export interface BatchHeader {
  readonly checksum: number;
  readonly epoch: number;
  /** Sequence of the last record. */
  readonly last: number;
}

/** How many bytes `headerOf` looks at. */
export const batchHeaderBytes = headerBytes;

/** What a batch's first bytes say; the rest isn't looked at. undefined when they are none of a batch. */
export function headerOf(bytes: Uint8Array): BatchHeader | undefined {
  const buffer = bufferOf(bytes);
  if (buffer.length < headerBytes || wrongVersion(buffer.readUInt32LE(4)) !== undefined) {
    return undefined;
  }
  const last = buffer.readDoubleLE(20) + buffer.readUInt32LE(36) - 1;
  return { checksum: buffer.readUInt32LE(0), epoch: buffer.readUInt32LE(16), last };
}

/** The sequence after the last one of a batch; undefined when its bytes are damaged. */
export function nextAfter(bytes: Uint8Array): number | undefined {
  const buffer = bufferOf(bytes);
  if (brokenBytes(buffer) !== undefined) return undefined;
  return buffer.readDoubleLE(20) + buffer.readUInt32LE(36);
}

const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function wrongVersion(version: unknown): string | undefined {
  if (version === batchVersion) return undefined;
  return typeof version === "number" && version > batchVersion
    ? `it was written by a newer fourstroke: format ${version}; this one reads ${batchVersion}`
    : "it is of no known format";
}

const none: readonly Part[] = [];

/** Collects what goes beside one batch. */
class Putting implements Put {
  parts: readonly Part[] = none;
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  value(value: unknown): string | undefined {
    if (this.limit === Number.POSITIVE_INFINITY) return undefined;
    const bytes = encode(value);
    return bytes.length > this.limit ? this.add(partOf(bytes)) : undefined;
  }

  blueprint(blueprint: object): string {
    return this.add(blueprintPart(blueprint as Blueprint));
  }

  private add(part: Part): string {
    if (!this.parts.some(({ hash }) => hash === part.hash)) this.parts = [...this.parts, part];
    return part.hash;
  }
}

/** Reads what went beside. */
export class Taking implements Take {
  private readonly find: FindPart;

  constructor(find: FindPart) {
    this.find = find;
  }

  value(hash: string): unknown {
    return decode(this.bytes(hash));
  }

  blueprint(hash: string): unknown {
    return readBlueprint(this.bytes(hash));
  }

  private bytes(hash: string): Uint8Array {
    const bytes = this.find(hash);
    if (bytes === undefined) throw new Unreadable(`a value it refers to is missing: ${hash}`);
    if (hashOf(bytes) !== hash) throw new Unreadable(`a value it refers to is damaged: ${hash}`);
    return bytes;
  }
}

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

// A copy of the bytes: they may be kept for long, and shouldn't keep a whole buffer with them.
export const partOf = (bytes: Uint8Array): Part => ({
  hash: hashOf(bytes),
  bytes: Buffer.from(bytes),
});

// Blueprints may be large, and all atoms have the same few shapes: records halve them. They break on
// some values of users (see lib/bytes.ts), so those are encoded first.
const blueprints = {
  packr: new Packr({ structuredClone: false }),
  unpackr: new Unpackr({ structuredClone: false }),
};

const knownBlueprints = new WeakMap<Blueprint, Part>();

export function blueprintPart(blueprint: Blueprint): Part {
  let part = knownBlueprints.get(blueprint);
  if (part === undefined) {
    const { atoms, ...rest } = blueprint;
    const packed = atoms.map((atom) => ({ ...atom, inject: encode(atom.inject) }));
    part = partOf(blueprints.packr.pack([batchVersion, rest, packed]));
    knownBlueprints.set(blueprint, part);
  }
  return part;
}

/** As `blueprintPart` packs it. */
type PackedBlueprint = readonly [
  version: unknown,
  rest: Omit<Blueprint, "atoms">,
  atoms: readonly (Omit<AtomPlan, "inject"> & { readonly inject: Uint8Array })[],
];

function readBlueprint(bytes: Uint8Array): Blueprint {
  // The hash says that these are the bytes that were written.
  const [version, rest, packed] = blueprints.unpackr.unpack(bufferOf(bytes)) as PackedBlueprint;
  const problem = wrongVersion(version);
  if (problem !== undefined) throw new Unreadable(problem);
  const atoms = packed.map((atom) => ({
    ...atom,
    inject: decode(atom.inject) as AtomPlan["inject"],
  }));
  return { ...rest, atoms };
}
