/** What `doctor` finds. */
export interface Finding {
  /** A `warning` may become a problem; a `problem` is one. */
  readonly level: "fact" | "good" | "warning" | "problem";
  /** What it is about: a file, a stream, the server. */
  readonly subject: string;
  readonly text: string;
  /** The same in numbers, where there are some. */
  readonly about?: Readonly<Record<string, unknown>>;
}

/** Bytes for people. */
export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let [size, unit] = [count, 0];
  while (size >= 1_024 && unit < units.length - 1) [size, unit] = [size / 1_024, unit + 1];
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit] ?? ""}`;
}
