/** A line of a task, for people. */
import { jsonable } from "../jsonable.ts";
import type { LoggedLine } from "../plan/logged.ts";
import type { LogLevel } from "../types.ts";
import type { Output } from "./output.ts";
import { linesOf, oneLine, plural, type Span, type Style, when } from "./text.ts";

const styles: { readonly [Level in LogLevel]: Style } = {
  debug: "dim",
  info: "green",
  warn: "yellow",
  error: "red",
};

/** `2026-11-24 17:34:43.123  WARN   find#2  no seat  row=3`; of a message with more lines, the others are indented. */
export function writeLine(line: LoggedLine, output: Output): void {
  const { at, level, atom, direction, attempt, message, fields = {}, missing } = line;
  const who = `${oneLine(atom)}#${attempt}${direction === "revert" ? " revert" : ""}`;
  if (missing > 0) {
    output.line(output.paint([[`(${plural(missing, "line")} of ${who} never came)`, "dim"]]));
  }
  const [first = "", ...more] = linesOf(message);
  const spans: Span[] = [
    [`${when(at)}.${String(Math.floor(at) % 1_000).padStart(3, "0")}  `, "dim"],
    [level.toUpperCase().padEnd("error".length), styles[level]],
    [`  ${who}  `, "bold"],
    [first],
    ...Object.entries(fields).map(([name, value]): Span => [`  ${fieldText(name, value)}`, "dim"]),
  ];
  output.line(output.paint(spans));
  for (const text of more) output.line(`  ${text}`);
}

/** A text that needs no quotes has none. */
function fieldText(name: string, value: unknown): string {
  const isWord = typeof value === "string" && /^[^\s"=]+$/.test(value);
  return oneLine(`${name}=${isWord ? value : JSON.stringify(jsonable(value))}`);
}
