/**
 * Flows as a stream of bytes, to be kept apart from any journal and to be put into another one.
 *
 * A stream holds sections, one for each flow. A section is a mark, and chunks:
 *
 * ```text
 * mark    16 bytes, the same for all versions
 * 0  kind      1: the flow, 2: a part, 3: a batch, 4: the end
 * 4  length    of the body
 * 8  checksum  crc32 of the body
 * 12 checksum  crc32 of the 12 bytes before
 * 16 body
 * ```
 *
 * Numbers are little-endian. The flow's body is MessagePack: the version of this format, id, name and state. A part is
 * a value or a blueprint that the next batch refers to by its sha256; a batch is as `lib/journal/record.ts` encodes it,
 * and knows the one before it. The end's body is MessagePack: how many batches, the last sequence, and the sha256 of
 * all bytes of the section before it. So what is cut, changed, left out or put elsewhere is found out.
 */
import { crc32 } from "node:zlib";

export const archiveVersion = 1;

/** What no text file begins with, and what is changed by who takes it for one. */
export const mark = Buffer.from("\u0089FOURSTROKE\r\n\u001a\n\u0000", "latin1");

export const chunkKinds = { flow: 1, part: 2, batch: 3, end: 4 } as const;

export const chunkHeadBytes = 16;

/** A longer body is no body of ours: lengths are read before what they are the length of. */
export const longestBody = 1024 * 1024 * 1024;

export interface ChunkHead {
  readonly kind: number;
  readonly length: number;
  readonly checksum: number;
}

export function chunkHead(kind: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(chunkHeadBytes);
  head.writeUInt32LE(kind, 0);
  head.writeUInt32LE(body.length, 4);
  head.writeUInt32LE(crc32(body), 8);
  head.writeUInt32LE(crc32(head.subarray(0, 12)), 12);
  return head;
}

/** @returns undefined for bytes that are no head of a chunk */
export function readChunkHead(bytes: Buffer): ChunkHead | undefined {
  if (crc32(bytes.subarray(0, 12)) !== bytes.readUInt32LE(12)) return undefined;
  const length = bytes.readUInt32LE(4);
  if (length > longestBody) return undefined;
  return { kind: bytes.readUInt32LE(0), length, checksum: bytes.readUInt32LE(8) };
}
