/**
 * Payloads as bytes (MessagePack), for a disk or the wire. What was admitted comes back as it was,
 * to the last bit; lib/codec.ts is the gate that admits.
 *
 * Gotchas of msgpackr that the options and the markers below are for: without `moreTypes`, wide
 * typed arrays come back as bytes; records and shared structures depend on what was packed before,
 * and objects with a key `__keys__` break them; a Map is packed as an object would be; and its
 * fallback in JavaScript drops a byte order mark that a text of more than 64 bytes begins with.
 */
import { C1, Packr, RESERVE_START_SPACE, Unpackr } from "msgpackr";

// A function, because the constructors change the object they are given.
const options = () => ({
  useRecords: false,
  variableMapSize: true,
  moreTypes: true,
  structuredClone: false,
  mapsAsObjects: true,
  copyBuffers: true,
  useToJSON: false,
});
const packr = new Packr(options());
const unpackr = new Unpackr(options());

/** What follows C1 in an array that stands for something else. C1 itself can't be in a payload. */
const marks = { map: 1, text: 2, object: 3 } as const;

/** What no payload is: for whoever packs lists in which something may be missing. */
export const absent: unknown = C1;

/**
 * The bytes of a payload; the payload is not checked.
 *
 * @param reserve - bytes to keep free at the beginning, for a header; at most 255
 * @returns a part of a larger buffer, which nobody else writes to
 */
export function encode(value: unknown, reserve = 0): Buffer {
  return pack(toWire(value), reserve);
}

/**
 * The payload that these bytes were made of.
 *
 * @throws Error of any kind when `encode` didn't make them; hostile ones may also give a value
 *   that is no payload, but neither hang nor crash
 */
export function decode(bytes: Uint8Array): unknown {
  return fromWire(unpack(bytes));
}

/** As `encode`, for a value whose payloads went through `toWire` one by one. */
export function pack(value: unknown, reserve = 0): Buffer {
  return reserve === 0 ? packr.pack(value) : packr.pack(value, RESERVE_START_SPACE + reserve);
}

/** As `decode`, for what `pack` made. */
export function unpack(bytes: Uint8Array): unknown {
  // Only a Buffer has the calls that make reading texts fast.
  return unpackr.unpack(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) as unknown;
}

/** A payload as msgpackr can carry it: the same, unless it holds one of its gotchas. */
export function toWire(value: unknown): unknown {
  return isFragile(value) ? [C1, marked(value)] : value;
}

export function fromWire(wire: unknown): unknown {
  return Array.isArray(wire) && wire[0] === C1 && wire.length === 2 ? unmarked(wire[1]) : wire;
}

// 21 code units are at most 63 bytes.
const isFragileText = (text: string): boolean => text.length > 21 && text.charCodeAt(0) === 0xfeff;

function isFragile(value: unknown): boolean {
  if (typeof value === "string") return isFragileText(value);
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some(isFragile);
  if (value instanceof Map) return true;
  if (value instanceof Set) return Array.from(value).some(isFragile);
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const key in value) {
    if (isFragileText(key) || isFragile((value as Record<string, unknown>)[key])) return true;
  }
  return false;
}

function marked(value: unknown): unknown {
  if (typeof value === "string") {
    return isFragileText(value) ? [C1, marks.text, value.slice(1)] : value;
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(marked);
  if (value instanceof Map) return [C1, marks.map, ...Array.from(value).flat().map(marked)];
  if (value instanceof Set) return new Set(Array.from(value, marked));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return [C1, marks.object, ...Object.entries(value).flat().map(marked)];
}

function unmarked(wire: unknown): unknown {
  if (wire instanceof Set) return new Set(Array.from(wire, unmarked));
  if (!Array.isArray(wire)) return wire;
  const items = wire as readonly unknown[];
  if (items[0] !== C1) return items.map(unmarked);
  const rest = items.slice(2).map(unmarked);
  if (items[1] === marks.text) return `\uFEFF${String(rest[0])}`;
  const entries = pairs(rest);
  return items[1] === marks.map
    ? new Map(entries)
    : Object.fromEntries(entries as [string, unknown][]);
}

function pairs(flat: readonly unknown[]): [unknown, unknown][] {
  const entries: [unknown, unknown][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) entries.push([flat[i], flat[i + 1]]);
  return entries;
}
