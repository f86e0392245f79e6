/**
 * Values as the cases mean them. They were made with Python, where true equals 1, a text times 2 is
 * the text twice, and adding a number to a text is an error.
 */

type List = readonly unknown[];
type Dictionary = Readonly<Record<string, unknown>>;

export const isList = (value: unknown): value is List => Array.isArray(value);

export const isDictionary = (value: unknown): value is Dictionary =>
  typeof value === "object" && value !== null && !isList(value);

const isNumeric = (value: unknown): value is number | boolean =>
  typeof value === "number" || typeof value === "boolean";

/** Deep equality. */
export function equal(left: unknown, right: unknown): boolean {
  if (isNumeric(left) && isNumeric(right)) return Number(left) === Number(right);
  if (isList(left)) {
    return (
      isList(right) &&
      left.length === right.length &&
      left.every((value, index) => equal(value, right[index]))
    );
  }
  if (isDictionary(left)) {
    const keys = Object.keys(left);
    return (
      isDictionary(right) &&
      keys.length === Object.keys(right).length &&
      keys.every((key) => Object.hasOwn(right, key) && equal(left[key], right[key]))
    );
  }
  return (left ?? null) === (right ?? null);
}

/** Everything but null, false, 0 and what is empty. */
export function truthy(value: unknown): boolean {
  if (isList(value)) return value.length > 0;
  if (isDictionary(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** A value as `concat` writes it. */
export function text(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "boolean") return String(value);
  return typeof value === "string" ? value : literal(value);
}

/** A value within a list or an object, as Python shows it. */
function literal(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (isList(value)) return `[${value.map(literal).join(", ")}]`;
  if (isDictionary(value)) {
    const entries = Object.entries(value);
    return `{${entries.map(([key, one]) => `${literal(key)}: ${literal(one)}`).join(", ")}}`;
  }
  if (typeof value !== "string") return JSON.stringify(value);
  const escaped = value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return value.includes("'") && !value.includes('"')
    ? `"${escaped}"`
    : `'${escaped.replaceAll("'", "\\'")}'`;
}

export function add(left: unknown, right: unknown): unknown {
  if (isNumeric(left) && isNumeric(right)) return Number(left) + Number(right);
  if (typeof left === "string" && typeof right === "string") return left + right;
  if (isList(left) && isList(right)) return [...left, ...right];
  return refuse("+", left, right);
}

export function subtract(left: unknown, right: unknown): unknown {
  if (isNumeric(left) && isNumeric(right)) return Number(left) - Number(right);
  return refuse("-", left, right);
}

export function multiply(left: unknown, right: unknown): unknown {
  if (isNumeric(left) && isNumeric(right)) return Number(left) * Number(right);
  if (isNumeric(left)) return multiply(right, left);
  if (!isNumeric(right)) return refuse("*", left, right);
  const count = Math.max(0, Number(right));
  if (typeof left === "string") return left.repeat(count);
  if (isList(left)) return Array.from({ length: count }, () => left).flat();
  return refuse("*", left, right);
}

/** Whether left is greater than right. */
export function greater(left: unknown, right: unknown): boolean {
  if (isNumeric(left) && isNumeric(right)) return Number(left) > Number(right);
  if (typeof left === "string" && typeof right === "string") return left > right;
  return refuse(">", left, right);
}

/** `value[at]`, or null where there is no such thing. */
export function element(value: unknown, at: unknown): unknown {
  if (isDictionary(value)) {
    return typeof at === "string" && Object.hasOwn(value, at) ? value[at] : null;
  }
  if ((isList(value) || typeof value === "string") && typeof at === "number") {
    return value.at(at) ?? null;
  }
  return null;
}

function refuse(operator: string, left: unknown, right: unknown): never {
  throw new TypeError(`${literal(left)} ${operator} ${literal(right)}`);
}
