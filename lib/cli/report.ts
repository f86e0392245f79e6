/** What is written once a run is over. */
import type { Failure } from "../failure.ts";
import type { FlowView } from "../plan/view.ts";
import { jsonable } from "../jsonable.ts";
import { failuresOf, outcomeDocument } from "./documents.ts";
import { styleOf, symbolOf } from "./look.ts";
import type { Output } from "./output.ts";
import { cut, linesOf, oneLine, padEnd, type Span, widthOf } from "./text.ts";

export interface Outcome {
  readonly view: FlowView;
  /** Symbols of the store: not told again. */
  readonly given: readonly string[];
  /** The command that goes on with it. */
  readonly resume: string;
  /** A display has shown it to the end. */
  readonly isShown: boolean;
}

/** Writes a line. */
export type WriteLine = (spans: readonly Span[]) => void;

/** One line that says what it is and how it stands. */
export const headOf = (view: FlowView): readonly Span[] => [
  symbolOf(view.state),
  [` ${oneLine(view.name)}`, "bold"],
  [`  ${view.state}`, styleOf(view.state)],
  [`  ${oneLine(view.id)}`, "dim"],
];

/** The end of a run, for people or as a document. */
export function report(output: Output, outcome: Outcome): void {
  const { view, resume, isShown } = outcome;
  if (output.isJson) return output.document(outcomeDocument(view));
  const line: WriteLine = (spans) => output.line(output.paint(spans));
  if (!isShown) line(headOf(view));
  if (view.state === "SUCCESS") return reportResults(output, outcome);
  for (const [atom, failure] of Object.entries(failuresOf(view))) {
    reportFailure(line, atom, failure);
  }
  if (view.reason !== undefined) line([[`  ${oneLine(view.reason)}`]]);
  if (view.state === "SUSPENDED") line([["  go on with: "], [resume, "bold"]]);
  if (view.state === "PARKED") line([["  go on with: "], [`${resume} --unpark`, "bold"]]);
  if (view.state === "FAILURE") line([["  once that is mended: "], [resume, "bold"]]);
}

function reportResults(output: Output, { view, given }: Outcome): void {
  const known = new Set(given);
  const results = Object.entries(view.fetchAll()).filter(([symbol]) => !known.has(symbol));
  const widest = Math.max(0, ...results.map(([symbol]) => widthOf(symbol)));
  for (const [symbol, value] of results) {
    const text = `  ${padEnd(oneLine(symbol), widest)} = ${JSON.stringify(jsonable(value))}`;
    output.line(output.isScreen ? cut(text, output.columns) : text);
  }
}

/** A failure with its causes, each with all lines of its message. */
export function reportFailure(line: WriteLine, atom: string, failure: Failure): void {
  let lead: Span[] = [[`  ${oneLine(atom)}: `]];
  for (let at: Failure | undefined = failure; at !== undefined; at = at.cause) {
    const code = at.code === undefined ? "" : ` (${oneLine(at.code)})`;
    const [first = "", ...more] = linesOf(at.message);
    line([...lead, [`${oneLine(at.name)}: ${first}${code}`, "red"]]);
    for (const text of more) line([["      "], [text, "red"]]);
    lead = [["    caused by "]];
  }
}
