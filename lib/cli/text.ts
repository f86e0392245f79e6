/** Text for people: widths, colours, times. */
import truncatedWidth from "fast-string-truncated-width";

export { duration, oneLine, plural, quoted, when } from "../text.ts";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "magenta" | "cyan" | "plain";

/** A piece of a line in one style. */
export type Span = readonly [text: string, style?: Style];

const codes: { readonly [S in Style]: readonly [number, number] | undefined } = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  magenta: [35, 39],
  cyan: [36, 39],
  plain: undefined,
};

export type Paint = (spans: readonly Span[]) => string;

/** Makes a line of spans, with or without colours. */
export function painter(colours: boolean): Paint {
  return (spans) => spans.map(([text, style]) => (colours ? paint(text, style) : text)).join("");
}

function paint(text: string, style: Style = "plain"): string {
  const code = codes[style];
  if (code === undefined || text === "") return text;
  return `\u001b[${code[0]}m${text}\u001b[${code[1]}m`;
}

/** FORCE_COLOR goes before NO_COLOR, as in Node itself; without either, a terminal that isn't dumb has colours. */
export function wantsColours(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const { FORCE_COLOR: force, NO_COLOR: no } = env;
  if (force !== undefined) return force !== "0" && force !== "false";
  if (no !== undefined && no !== "") return false;
  return stream.isTTY === true && env["TERM"] !== "dumb";
}

/** Columns that a text takes in a terminal. */
export const widthOf = (text: string): number => truncatedWidth(text).width;

export const padEnd = (text: string, width: number): string =>
  text + " ".repeat(Math.max(0, width - widthOf(text)));

/** What a reader takes for one character. */
const characters = new Intl.Segmenter();

/** The text, or as much of it as fits in so many columns, with an ellipsis. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  // The package can cut by itself, but gets it wrong by a column or two where box-drawing characters stand before others.
  let fitting = "";
  let room = width - 1;
  for (const { segment } of characters.segment(text)) {
    room -= widthOf(segment);
    if (room < 0) break;
    fitting += segment;
  }
  return width < 1 ? "" : `${fitting}…`;
}

/** As much of a line as fits; the last span that is shown is cut. */
export function fit(spans: readonly Span[], width: number): Span[] {
  const fitting: Span[] = [];
  let room = width;
  for (const [text, style] of spans) {
    if (room <= 0) break; // an ellipsis stands there already, or nothing would be seen
    const shown = cut(text, room);
    fitting.push([shown, style ?? "plain"]);
    room -= widthOf(text);
  }
  return fitting;
}

/** The lines of a text, each without anything that a terminal would act on. */
export const linesOf = (text: string): string[] =>
  text.split(/\r\n|[\n\r\u2028\u2029]/).map((line) => line.replace(/\p{Cc}+/gu, " ").trimEnd());
