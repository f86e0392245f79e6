/**
 * Messages larger than a server takes: cut into chunks here, put together again there.
 *
 * A chunk begins with a byte that MessagePack never uses, so that what is whole travels as it is. The chunks of one
 * message come in order or not at all: a server that dies takes the rest with it.
 */
import { createHash } from "node:crypto";
import type { Clock, Timer } from "../clock.ts";
import { FlowError } from "../errors.ts";

/** 0xc1; the format's version; index, count and total bytes, 32 bits each; sender; number; SHA-256 of the message. */
const mark = 0xc1;
const version = 1;
const at = { index: 2, count: 6, total: 10, sender: 14, number: 26, hash: 30 } as const;
const headerBytes = 62;

/** Random bytes that tell one sender's messages from another's. */
export const senderBytes = at.number - at.sender;

const hashOf = (body: Uint8Array): Buffer => createHash("sha256").update(body).digest();

/**
 * The chunks of `body`, each at most `limit` bytes with its header.
 *
 * @param sender - `senderBytes` random bytes
 * @param number - from 0 to 2^32 - 1, another for each message of that sender
 */
export function cut(
  body: Uint8Array,
  limit: number,
  sender: Uint8Array,
  number: number,
): Uint8Array[] {
  const room = limit - headerBytes;
  const count = Math.ceil(body.byteLength / room);
  const hash = hashOf(body);
  return Array.from({ length: count }, (_, index) => {
    const piece = body.subarray(index * room, (index + 1) * room);
    const chunk = Buffer.allocUnsafe(headerBytes + piece.byteLength);
    chunk[0] = mark;
    chunk[1] = version;
    chunk.writeUInt32BE(index, at.index);
    chunk.writeUInt32BE(count, at.count);
    chunk.writeUInt32BE(body.byteLength, at.total);
    chunk.set(sender, at.sender);
    chunk.writeUInt32BE(number, at.number);
    chunk.set(hash, at.hash);
    chunk.set(piece, headerBytes);
    return chunk;
  });
}

interface Partial {
  readonly pieces: Uint8Array[];
  readonly total: number;
  bytes: number;
  deadline: number;
}

export interface AssemblerOptions {
  readonly clock: Clock;
  /** The largest message, in bytes. */
  readonly maxBytes: number;
  /** Bytes of incomplete messages that are kept at once. Default: four of the largest. */
  readonly roomBytes?: number;
  /** Incomplete messages that are kept at once. Default 1,024. */
  readonly room?: number;
  /** Milliseconds after which a message is given up when no further chunk comes. Default 10,000. */
  readonly idleMs?: number;
}

/** Puts chunks together. Bounded: what doesn't fit is refused, what doesn't go on is given up. */
export class Assembler {
  readonly #clock: Clock;
  readonly #maxBytes: number;
  readonly #roomBytes: number;
  readonly #room: number;
  readonly #idleMs: number;
  readonly #partials = new Map<string, Partial>();
  #bytes = 0;
  #lost = 0;
  #timer: Timer | undefined;

  constructor(options: AssemblerOptions) {
    this.#clock = options.clock;
    this.#maxBytes = options.maxBytes;
    this.#roomBytes = options.roomBytes ?? 4 * options.maxBytes;
    this.#room = options.room ?? 1_024;
    this.#idleMs = options.idleMs ?? 10_000;
  }

  /** Messages that were given up, and chunks whose message was. */
  get lost(): number {
    return this.#lost;
  }

  /**
   * @param source - where it came in: chunks of different sources are of different messages
   * @returns the whole message; undefined while there is more to come, or when it can't become whole
   * @throws FlowError `PAYLOAD_REFUSED`, `TRANSPORT_FULL`: the message is given up, its later chunks count as lost
   */
  take(source: string, frame: Uint8Array): Uint8Array | undefined {
    if (frame[0] !== mark) return frame;
    const chunk = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
    if (chunk.byteLength <= headerBytes || chunk[1] !== version) {
      throw refusal(source, "is in no format that is known here");
    }
    const index = chunk.readUInt32BE(at.index);
    const key = `${source} ${chunk.toString("latin1", at.count, headerBytes)}`;
    const piece = chunk.subarray(headerBytes);
    const partial = index === 0 ? this.#open(source, key, chunk) : this.#partials.get(key);
    if (partial?.pieces.length !== index || partial.bytes + piece.byteLength > partial.total) {
      this.#lost++;
      this.#drop(key);
      return undefined;
    }
    this.#add(source, key, partial, piece);
    if (index + 1 < chunk.readUInt32BE(at.count)) return undefined;
    this.#drop(key);
    const body = Buffer.concat(partial.pieces);
    if (!hashOf(body).equals(chunk.subarray(at.hash, headerBytes))) {
      throw refusal(source, "is not what was sent");
    }
    return body;
  }

  /** Gives up what is incomplete. */
  close(): void {
    for (const key of this.#partials.keys()) this.#drop(key);
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #open(source: string, key: string, chunk: Buffer): Partial {
    const total = chunk.readUInt32BE(at.total);
    if (total > this.#maxBytes) {
      throw refusal(source, `takes ${total} bytes, more than the ${this.#maxBytes} that it may`);
    }
    if (this.#partials.size >= this.#room) {
      throw new FlowError("TRANSPORT_FULL", { to: source, limit: this.#room, of: "messages" });
    }
    this.#drop(key); // sent again from its beginning
    const partial = { pieces: [], total, bytes: 0, deadline: 0 };
    this.#partials.set(key, partial);
    return partial;
  }

  #add(source: string, key: string, partial: Partial, piece: Uint8Array): void {
    if (this.#bytes + piece.byteLength > this.#roomBytes) {
      this.#drop(key);
      throw new FlowError("TRANSPORT_FULL", { to: source, limit: this.#roomBytes, of: "bytes" });
    }
    partial.pieces.push(piece);
    partial.bytes += piece.byteLength;
    partial.deadline = this.#clock.monotonic() + this.#idleMs;
    this.#bytes += piece.byteLength;
    this.#arm();
  }

  #drop(key: string): void {
    const partial = this.#partials.get(key);
    if (partial === undefined) return;
    this.#partials.delete(key);
    this.#bytes -= partial.bytes;
  }

  #arm(): void {
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#timer = undefined;
      const now = this.#clock.monotonic();
      for (const [key, { deadline }] of this.#partials) {
        if (deadline > now) continue;
        this.#lost++;
        this.#drop(key);
      }
      if (this.#partials.size > 0) this.#arm();
    }, this.#idleMs);
  }
}

const refusal = (source: string, problem: string): FlowError =>
  new FlowError("PAYLOAD_REFUSED", { path: `a message at ${source}`, problem });
