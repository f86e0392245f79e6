/**
 * The one gate for payloads (I8): what a user hands to the engine is checked and copied here before
 * it is recorded, on every engine, so that a flow which runs in memory cannot fail for its payloads
 * on a disk or in a cluster.
 *
 * A payload is undefined, null, a boolean, a number, a bigint, a string, or a plain object, array,
 * Date, Map, Set, ArrayBuffer or typed array of payloads. What such a holder has beside its own
 * enumerable string keys, elements or entries is not part of the value. Some things change on the
 * way in, so that they are the same wherever the value is read: -0 becomes 0, a Buffer becomes a
 * Uint8Array, a hole becomes undefined, an object without prototype gets the usual one, and what is
 * held twice becomes two copies.
 */
import { types } from "node:util";
import { FlowError } from "./errors.ts";

export interface PayloadLimits {
  /** How many holders may be nested in each other. */
  readonly depth: number;
  /** About how many bytes the whole value may take when it is recorded. */
  readonly bytes: number;
}

const payloadLimits: PayloadLimits = { depth: 100, bytes: 16 * 1024 * 1024 };

/** By the name no object can lie about. Float16Array is missing: the format has no place for it. */
const typedArrays: ReadonlyMap<unknown, TypedArrayConstructor> = new Map(
  [
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
  ].map((constructor) => [constructor.name, constructor as unknown as TypedArrayConstructor]),
);

interface TypedArray {
  readonly byteLength: number;
}

/** The same for all of them here: takes one of its own kind and copies it. */
type TypedArrayConstructor = new (source: TypedArray) => TypedArray;

const typedArrayTag = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
);

/** A step into a value: a key, an index, or how to get at a member of a Map or Set. */
type Step = string | number | { readonly text: string };

/** Until the first step into a holder is made. */
const nowhere: Step = { text: "" };

/**
 * Checks a payload and copies it, so that nobody who holds the original can change what is
 * recorded.
 *
 * @param path - what the value is to the user, `result` for one: the beginning of the error's path
 * @throws FlowError `PAYLOAD_REFUSED`, and nothing else, with the path of the offending part
 */
export function admit(value: unknown, path: string, limits = payloadLimits): unknown {
  if (value === null || value === undefined || typeof value === "boolean") return value;
  // Adding 0 turns -0, which the format can't tell from 0, into 0.
  if (typeof value === "number") return value + 0;
  if (typeof value === "string" && value.length < limits.bytes && value.isWellFormed())
    return value;
  return new Gate(path, limits).admit(value);
}

/** One pass over one value. */
class Gate {
  private readonly root: string;
  private readonly limits: PayloadLimits;
  private room: number;
  /** The way to the part that is being looked at: the first `depth` steps. */
  private readonly steps: Step[] = [];
  private depth = 0;
  /** The holders on that way, outermost first. */
  private readonly above: object[] = [];

  constructor(root: string, limits: PayloadLimits) {
    this.root = root;
    this.limits = limits;
    this.room = limits.bytes;
  }

  admit(value: unknown): unknown {
    try {
      return this.copy(value);
    } catch (error) {
      if (FlowError.is(error, "PAYLOAD_REFUSED")) throw error;
      // A getter or a proxy's trap threw, or what it gave can't be looked at.
      throw this.refusal(`can't be read: ${textOf(error)}`, error);
    }
  }

  private copy(value: unknown): unknown {
    switch (typeof value) {
      case "number":
        this.take(9);
        return value + 0;
      case "string":
        return this.text(value);
      case "boolean":
      case "undefined":
        this.take(3);
        return value;
      case "bigint":
        this.take(BigInt.asIntN(64, value) === value ? 9 : 9 + value.toString(16).length / 2);
        return value;
      case "object":
        this.take(3);
        return value === null ? null : this.holder(value);
      case "function":
      case "symbol":
        throw this.refusal(`is a ${typeof value}`);
    }
  }

  private text(value: string): string {
    this.take(value.length + 3);
    // UTF-8 has no place for half a surrogate pair: it would come back as another string.
    if (!value.isWellFormed()) throw this.refusal("is not well-formed Unicode");
    return value;
  }

  private holder(value: object): unknown {
    if (this.depth >= this.limits.depth) {
      throw this.refusal(`is nested deeper than ${String(this.limits.depth)} levels`);
    }
    for (let i = 0; i < this.depth; i++) {
      if (this.above[i] === value) throw this.refusal("is a cycle: it is inside itself");
    }
    this.above[this.depth] = value;
    this.steps[this.depth] = nowhere;
    this.depth++;
    const prototype = prototypeOf(value);
    let copy: unknown;
    if (prototype === Object.prototype || prototype === null) {
      copy = this.plain(value as Record<string, unknown>);
    } else if (prototype === Array.prototype && Array.isArray(value)) {
      copy = this.list(value);
    } else {
      copy = this.rich(value, prototype);
    }
    this.depth--;
    return copy;
  }

  private plain(value: Readonly<Record<string, unknown>>): unknown {
    const copy: Record<string, unknown> = {};
    const last = this.depth - 1;
    for (const key of Object.keys(value)) {
      this.steps[last] = key;
      this.text(key);
      // Whoever reads it and assigns it to another object would set that object's prototype.
      if (key === "__proto__") throw this.refusal("is a key that can't be recorded");
      copy[key] = this.copy(value[key]);
    }
    return copy;
  }

  private list(value: readonly unknown[]): unknown {
    // Before the loop: a sparse array is cheap to make at any length.
    this.take(value.length);
    const copy: unknown[] = [];
    const last = this.depth - 1;
    for (let i = 0; i < value.length; i++) {
      this.steps[last] = i;
      copy.push(this.copy(value[i]));
    }
    return copy;
  }

  /** What is neither a plain object nor an array of this realm. */
  private rich(value: object, prototype: object): unknown {
    if (isRootPrototype(prototype)) return this.plain(value as Record<string, unknown>);
    const base = prototypeOf(prototype);
    // An instance of a built-in class itself, whichever realm it is from, is that far from the end
    // of its chain; one of a subclass is farther.
    if (isRootPrototype(base)) {
      if (Array.isArray(value)) return this.list(value);
      if (types.isDate(value)) return new Date(Date.prototype.getTime.call(value));
      if (types.isMap(value)) return this.map(value);
      if (types.isSet(value)) return this.set(value);
      if (types.isArrayBuffer(value)) {
        this.take(value.byteLength);
        return new Uint8Array(new Uint8Array(value)).buffer;
      }
    }
    const constructor = typedArrays.get(typedArrayTag?.get?.call(value));
    const own = Buffer.isBuffer(value) || isRootPrototype(prototypeOf(base));
    if (constructor === undefined || !own) throw this.refusal(kindOf(value));
    this.take((value as TypedArray).byteLength);
    return new constructor(value as TypedArray);
  }

  private map(value: ReadonlyMap<unknown, unknown>): unknown {
    const copy = new Map<unknown, unknown>();
    const last = this.depth - 1;
    let i = 0;
    for (const [key, member] of Map.prototype.entries.call(value)) {
      this.steps[last] = { text: `.keys()[${String(i)}]` };
      const name = this.copy(key);
      const named = typeof name === "string" || typeof name === "number";
      this.steps[last] = { text: named ? `.get(${quoted(name)})` : `.values()[${String(i)}]` };
      copy.set(name, this.copy(member));
      i++;
    }
    return copy;
  }

  private set(value: ReadonlySet<unknown>): unknown {
    const copy = new Set<unknown>();
    const last = this.depth - 1;
    for (const member of Set.prototype.values.call(value)) {
      this.steps[last] = { text: `.values()[${String(copy.size)}]` };
      copy.add(this.copy(member));
    }
    return copy;
  }

  private take(bytes: number): void {
    this.room -= bytes;
    if (this.room >= 0) return;
    const problem = `is bigger than ${String(this.limits.bytes)} bytes`;
    throw new FlowError("PAYLOAD_REFUSED", { path: this.root, problem });
  }

  private refusal(problem: string, cause?: unknown): FlowError<"PAYLOAD_REFUSED"> {
    const path = this.root + this.steps.slice(0, this.depth).map(stepText).join("");
    return new FlowError("PAYLOAD_REFUSED", { path, problem }, { cause });
  }
}

const prototypeOf = (value: object | null): object | null =>
  value === null ? null : (Object.getPrototypeOf(value) as object | null);

/** Whether it is an `Object.prototype`, of whichever realm: nothing else owns that method. */
function isRootPrototype(prototype: object | null): boolean {
  return (
    prototype !== null &&
    prototypeOf(prototype) === null &&
    Object.hasOwn(prototype, "isPrototypeOf")
  );
}

function kindOf(value: object): string {
  if (types.isPromise(value)) return "is a promise; await it first";
  const { constructor } = value as { constructor?: unknown };
  const name = typeof constructor === "function" ? constructor.name : "";
  return `is an instance of ${name === "" ? "a class" : name}; only plain data can be recorded`;
}

/** A key as it is shown in an error; a long one is cut. */
const quoted = (key: string | number): string =>
  JSON.stringify(typeof key === "string" && key.length > 64 ? `${key.slice(0, 64)}…` : key);

function stepText(step: Step): string {
  if (typeof step === "number") return `[${String(step)}]`;
  if (typeof step !== "string") return step.text;
  return /^[A-Za-z_$][\w$]{0,63}$/.test(step) ? `.${step}` : `[${quoted(step)}]`;
}

function textOf(thrown: unknown): string {
  try {
    const text: unknown = thrown instanceof Error ? thrown.message : thrown;
    return String(text);
  } catch {
    return "what it throws can't be read either";
  }
}

/**
 * A copy for one reader of a recorded value, so that no two of them share what either may change.
 *
 * Only for what `admit` returned: nothing is checked. A primitive is its own copy.
 */
export function copyOut(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOut);
  if (Object.getPrototypeOf(value) !== Object.prototype) return copyRich(value);
  const copy: Record<string, unknown> = { ...value };
  for (const key in copy) {
    const member = copy[key];
    if (typeof member === "object" && member !== null) copy[key] = copyOut(member);
  }
  return copy;
}

function copyRich(value: object): unknown {
  if (value instanceof Date) return new Date(value.getTime());
  if (value instanceof Map) {
    return new Map(Array.from(value, ([key, member]) => [copyOut(key), copyOut(member)]));
  }
  if (value instanceof Set) return new Set(Array.from(value, copyOut));
  if (value instanceof ArrayBuffer) return value.slice(0);
  return (value as Uint8Array).slice();
}
