/** Requests between threads: all their bytes travel as one buffer, handed over uncopied. */
import type { Part } from "../record.ts";
import type { Request } from "./work.ts";
import type { Entry } from "./writer.ts";

/** Where a piece of the buffer ends; it begins where the one before it does. */
type Ends = readonly number[];

interface Parcel {
  readonly kind: "parcel";
  /** Without their bytes. */
  readonly entries: readonly Entry[];
  readonly ends: Ends;
  readonly buffer: ArrayBuffer;
}

export type Message = Exclude<Request, { kind: "commit" }> | Parcel;

const none = new Uint8Array();

export function wrap(request: Request): { message: Message; transfer: ArrayBuffer[] } {
  if (request.kind !== "commit") return { message: request, transfer: [] };
  const pieces: Uint8Array[] = [];
  const entries = request.entries.map((entry) => {
    pieces.push(entry.bytes);
    const parts = entry.parts.map(({ hash, bytes }): Part => {
      pieces.push(bytes);
      return { hash, bytes: none };
    });
    return { ...entry, bytes: none, parts };
  });
  let length = 0;
  const ends = pieces.map((piece) => (length += piece.length));
  const all = new Uint8Array(length);
  pieces.forEach((piece, i) => all.set(piece, (ends[i] ?? 0) - piece.length));
  const { buffer } = all;
  return { message: { kind: "parcel", entries, ends, buffer }, transfer: [buffer] };
}

export function unwrap(message: Message): Request {
  if (message.kind !== "parcel") return message;
  let at = 0;
  let piece = 0;
  const next = (): Uint8Array => {
    const start = at;
    at = message.ends[piece++] ?? start;
    return Buffer.from(message.buffer, start, at - start);
  };
  const entries = message.entries.map((entry) => {
    const bytes = next();
    return { ...entry, bytes, parts: entry.parts.map(({ hash }) => ({ hash, bytes: next() })) };
  });
  return { kind: "commit", entries };
}
