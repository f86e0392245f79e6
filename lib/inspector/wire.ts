/**
 * Journal values as JSON and back, for the page: JSON has fewer kinds of values than flows have.
 *
 * What JSON has is itself. All else is an object with the one key `$`: a list of its kind and what it is made of.
 */

/** Stands for a value that is too large to be sent to a page. */
export class Omitted {
  /** Of its JSON, in characters. */
  readonly size: number;

  constructor(size: number) {
    this.size = size;
  }
}

type Plain = Readonly<Record<string, unknown>>;

const typedArrays = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

const tagged = (kind: string, ...parts: readonly unknown[]) => ({ $: [kind, ...parts] });

/** The value as JSON can say it without loss; what is no payload becomes null. */
export function toJson(value: unknown): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (Object.is(value, -0)) return tagged("number", "-0"); // JSON.stringify makes it 0
      return Number.isFinite(value) ? value : tagged("number", String(value));
    case "undefined":
      return tagged("undefined");
    case "bigint":
      return tagged("bigint", String(value));
    case "object":
      return value === null ? null : holder(value);
    default:
      return null;
  }
}

function holder(value: object): unknown {
  if (Array.isArray(value)) return Array.from(value, toJson);
  if (value instanceof Date) return tagged("date", toJson(value.getTime()));
  if (value instanceof Map)
    return tagged(
      "map",
      Array.from(value, (pair) => pair.map(toJson)),
    );
  if (value instanceof Set) return tagged("set", Array.from(value, toJson));
  if (value instanceof Omitted) return tagged("omitted", value.size);
  if (value instanceof ArrayBuffer) {
    return tagged("ArrayBuffer", Array.from(new Uint8Array(value)));
  }
  if (ArrayBuffer.isView(value)) {
    const items = Array.from(value as unknown as ArrayLike<unknown>, toJson);
    return tagged(value.constructor.name, items);
  }
  const entries = Object.entries(value).map(([key, part]) => [key, toJson(part)] as const);
  return "$" in value ? tagged("object", entries) : Object.fromEntries(entries);
}

/** The value that `toJson` was given. */
export function fromJson(json: unknown): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map(fromJson);
  const { $ } = json as Plain;
  if (Array.isArray($)) return untagged($ as readonly unknown[]);
  return Object.fromEntries(Object.entries(json).map(([key, part]) => [key, fromJson(part)]));
}

function untagged([kind, json]: readonly unknown[]): unknown {
  if (kind === "undefined") return undefined;
  if (kind === "number") return Number(json);
  if (kind === "bigint") return BigInt(json as string);
  if (kind === "omitted") return new Omitted(json as number);
  const part = fromJson(json);
  if (kind === "date") return new Date(part as number);
  if (kind === "map") return new Map(part as [unknown, unknown][]);
  if (kind === "set") return new Set(part as unknown[]);
  if (kind === "object") return Object.fromEntries(part as [string, unknown][]);
  if (kind === "ArrayBuffer") return Uint8Array.from(part as number[]).buffer;
  const typed = typedArrays.find(({ name }) => name === kind);
  return typed === undefined ? null : new (typed as new (items: unknown) => object)(part);
}
