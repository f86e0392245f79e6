/** A table on a terminal: columns as wide as what is in them. */
import type { Output } from "./output.ts";
import { padEnd, type Span, widthOf } from "./text.ts";

export function writeTable(
  output: Output,
  headings: readonly string[],
  rows: readonly (readonly Span[])[],
): void {
  const all = [headings.map((heading): Span => [heading, "dim"]), ...rows];
  const widths = headings.map((_, column) =>
    Math.max(...all.map((row) => widthOf(row[column]?.[0] ?? ""))),
  );
  for (const row of all) {
    const spans = row.map(([text, style = "plain"], column): Span => {
      const isLast = column === row.length - 1;
      return [isLast ? text : `${padEnd(text, widths[column] ?? 0)}  `, style];
    });
    output.line(output.paint(spans));
  }
}
