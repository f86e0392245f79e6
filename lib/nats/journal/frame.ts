/**
 * A batch as a message of a stream.
 *
 * ```text
 * 0  1      whole
 * 1  count  of the values that are stored beside, 16 bits
 * 3  their sha256 in turn, then the batch
 *
 * 0  2      elsewhere: it would be too large for a message
 * 1  sha256 of the message as it would be
 * 33 the first bytes of the batch
 * ```
 */
import { createHash } from "node:crypto";
import { type BatchHeader, batchHeaderBytes, headerOf, type Part } from "../../journal/record.ts";

const whole = 1;
const elsewhere = 2;
const hashBytes = 32;
const elsewhereBytes = 1 + hashBytes + batchHeaderBytes;
const mostParts = 0xffff;

export type Frame =
  | {
      readonly kind: "whole";
      /** sha256 in hex. */
      readonly parts: readonly string[];
      readonly batch: Buffer;
      readonly header: BatchHeader;
    }
  | { readonly kind: "elsewhere"; readonly hash: string; readonly header: BatchHeader };

/** @throws RangeError when more values are beside the batch than can be counted */
export function writeFrame(batch: Uint8Array, parts: readonly Part[]): Buffer {
  if (parts.length > mostParts) throw new RangeError(`${parts.length} values beside one batch`);
  const head = Buffer.alloc(3 + hashBytes * parts.length);
  head[0] = whole;
  head.writeUInt16LE(parts.length, 1);
  parts.forEach(({ hash }, at) => head.write(hash, 3 + hashBytes * at, "hex"));
  return Buffer.concat([head, batch]);
}

/** What stands for a message that is too large, and the part that holds it. */
export function spillFrame(frame: Buffer): { readonly body: Buffer; readonly part: Part } {
  const digest = createHash("sha256").update(frame).digest();
  const start = 3 + hashBytes * frame.readUInt16LE(1);
  const first = frame.subarray(start, start + batchHeaderBytes);
  const body = Buffer.concat([Buffer.of(elsewhere), digest, first]);
  return { body, part: { hash: digest.toString("hex"), bytes: frame } };
}

/** undefined for what is no message of ours. The batch itself is not checked. */
export function readFrame(body: Buffer): Frame | undefined {
  if (body[0] === elsewhere && body.length === elsewhereBytes) {
    const header = headerOf(body.subarray(1 + hashBytes));
    const hash = body.toString("hex", 1, 1 + hashBytes);
    return header && { kind: "elsewhere", hash, header };
  }
  if (body[0] !== whole || body.length < 3) return undefined;
  const count = body.readUInt16LE(1);
  const start = 3 + hashBytes * count;
  if (body.length < start) return undefined;
  const batch = body.subarray(start);
  const header = headerOf(batch);
  const parts = Array.from({ length: count }, (_, at) =>
    body.toString("hex", 3 + hashBytes * at, 3 + hashBytes * (at + 1)),
  );
  return header && { kind: "whole", parts, batch, header };
}
