/** Headers of NATS messages as bytes: a first line, then `name: value` lines. */

export type Headers = ReadonlyMap<string, string>;

const firstLine = "NATS/1.0\r\n";

/** @throws RangeError for names and values with line breaks: they would end the header */
export function writeHeaders(headers: Readonly<Record<string, string>>): Uint8Array {
  let text = firstLine;
  for (const [name, value] of Object.entries(headers)) {
    if (/[\r\n:]/.test(name) || /[\r\n]/.test(value)) throw new RangeError(`no header: ${name}`);
    text += `${name}: ${value}\r\n`;
  }
  return Buffer.from(`${text}\r\n`, "utf8");
}

/** Of headers with the same name the last one counts. Lines that are none are left out. */
export function readHeaders(bytes: Uint8Array): Headers {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  const headers = new Map<string, string>();
  for (const line of text.split("\r\n").slice(1)) {
    const at = line.indexOf(":");
    if (at > 0) headers.set(line.slice(0, at), line.slice(at + 1).trim());
  }
  return headers;
}
