/**
 * Entries of a board as bytes.
 *
 * ```text
 * 0  checksum  crc32 of what follows
 * 4  version   of this format
 * 5  body      MessagePack
 * ```
 */
import { crc32 } from "node:zlib";
import { decode, encode } from "../bytes.ts";
import { FlowError } from "../errors.ts";

const version = 1;
const headerBytes = 5;

export function seal(value: unknown): Uint8Array {
  const bytes = encode(value, headerBytes);
  bytes[4] = version;
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

/**
 * @param name - of the entry, for errors
 * @throws FlowError `BOARD_DAMAGED`
 */
export function open(bytes: Uint8Array, name: string): unknown {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < headerBytes || view.readUInt32LE(0) !== crc32(view.subarray(4))) {
    throw damaged(name, "its checksum is wrong");
  }
  if (view[4] !== version) {
    throw damaged(name, `it has version ${String(view[4])}, and only ${version} is known`);
  }
  try {
    return decode(view.subarray(headerBytes));
  } catch (cause) {
    throw damaged(name, "it can't be decoded", { cause });
  }
}

const damaged = (
  entry: string,
  problem: string,
  options?: ErrorOptions,
): FlowError<"BOARD_DAMAGED"> => new FlowError("BOARD_DAMAGED", { entry, problem }, options);
