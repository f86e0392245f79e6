/** Values of flows as JSON can say them. */

/** Deeper values are cut: `live` values may hold themselves. */
const deepest = 200;

/**
 * A Date is its ISO text, a bigint its digits, a Map a list of pairs, a Set a list, bytes are base64, other typed arrays
 * lists, an error its name and message. What JSON has no word for (undefined, NaN, the infinities, functions) is null.
 */
export function jsonable(value: unknown, depth = 0): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value !== "object" || value === null || depth > deepest) return null;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return jsonableEach(value, depth);
  const each = (list: Iterable<unknown>): unknown[] =>
    Array.from(list, (part) => jsonable(part, depth + 1));
  if (Array.isArray(value)) return each(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Map) return Array.from(value as Map<unknown, unknown>, each);
  if (value instanceof Set) return each(value);
  if (value instanceof ArrayBuffer) return Buffer.from(value).toString("base64");
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (ArrayBuffer.isView(value)) return each(value as unknown as Iterable<unknown>);
  if (value instanceof Error) return { name: value.name, message: value.message };
  return jsonableEach(value, depth);
}

export const jsonableEach = (value: object, depth = 0): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).map(([key, part]) => [key, jsonable(part, depth + 1)]));
