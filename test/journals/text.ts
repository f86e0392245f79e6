import { createHash } from "node:crypto";

/** Values as lines of text that show every difference, the same on every version of Node. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => tagged(member), 1);
}

/** JSON keeps neither undefined nor what holds more than strings do. */
function tagged(value: unknown): unknown {
  if (value === undefined) return { $: "undefined" };
  if (typeof value === "bigint") return { $: "bigint", is: String(value) };
  if (value instanceof Map) return { $: "Map", is: [...value] };
  if (value instanceof Set) return { $: "Set", is: [...value] };
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    const hash = createHash("sha256").update(bytes).digest("hex");
    return { $: value.constructor.name, length: bytes.length, hash };
  }
  return value;
}
