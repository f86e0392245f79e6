/** `fourstroke report ID`: what is known of a flow as one HTML file, to be sent to others. */
import { dirname, resolve } from "node:path";
import { existsSync } from "node:fs";
import { FlowError } from "../errors.ts";
import { drawFlow } from "../statechart/export/drawing.ts";
import { type PlacedBox, printSvg } from "../statechart/export/svg.ts";
import type { FlowState } from "../plan/state.ts";
import { standings } from "../plan/standing.ts";
import { NewFile } from "./new-file.ts";
import { CliError, hinted, hintOf } from "./exit.ts";
import { bytes as sizeOf } from "./findings.ts";
import { layOut } from "./layout.ts";
import { type Opened, withOpened } from "./opened.ts";
import type { Output } from "./output.ts";
import { packageVersion } from "./package-version.ts";
import { Html, html } from "./page/html.ts";
import { reportPage } from "./page/page.ts";
import type { PlacesOptions } from "./places.ts";
import { type Kept, readFlow } from "./store.ts";
import { oneLine } from "./text.ts";
import { type Insight, lookInto } from "./why.ts";

export interface ReportOptions extends PlacesOptions {
  /** Default: standard output. */
  readonly out?: string;
}

/** What `report --out` prints with `--json`. */
export interface ReportDocument {
  readonly id: string;
  readonly file: string;
  readonly bytes: number;
}

/** A larger graph takes long to lay out, and is not looked at as a whole. */
const mostBoxes = 400;

/** @returns the exit code */
export async function writeReport(
  id: string,
  options: ReportOptions,
  output: Output,
): Promise<number> {
  const { out } = options;
  if (out === undefined && output.isJson) {
    throw new CliError("USAGE", "--json needs --out FILE", { option: "json" });
  }
  const folder = dirname(resolve(out ?? "."));
  if (!existsSync(folder)) {
    throw new CliError("USAGE", `--out: there is no folder ${folder}`, { option: "out" });
  }
  return withOpened(options, "inspector", async (opened) => {
    const { job, kept, reason } = await insightInto(opened, id, options);
    const page = reportPage({
      kept,
      job,
      reason: reason?.sentence ?? "why it does not move may not be known from here",
      graph: await graphOf(kept.state),
      now: Date.now(),
      version: packageVersion(),
    });
    if (out === undefined) output.write(page);
    else await write(id, page, out, output);
    return 0;
  });
}

/** Who may read the journal but not the board is told what the journal says. */
async function insightInto(
  { places, board, journal }: Opened,
  id: string,
  options: PlacesOptions,
): Promise<Insight & { readonly kept: Kept }> {
  const look = async (): Promise<Insight> => {
    try {
      return await lookInto(places, board, id, options);
    } catch (error) {
      if (!FlowError.is(error, "FORBIDDEN")) throw error;
      return { job: undefined, kept: undefined, reason: undefined };
    }
  };
  try {
    const kept = await readFlow(journal, id);
    return { ...(await look()), kept };
  } catch (error) {
    if (!FlowError.is(error, "NOT_FOUND")) throw error;
    const { job, reason } = await look();
    if (job === undefined || reason === undefined) throw error;
    throw hinted(error, `its job is there, and nothing has run of it: ${reason.sentence}`);
  }
}

async function write(id: string, page: string, out: string, output: Output): Promise<void> {
  const file = await NewFile.begin(out);
  try {
    await file.write(Buffer.from(page));
    await file.end();
  } finally {
    await file.close();
  }
  if (output.isJson) {
    output.document({ id, file: out, bytes: file.written } satisfies ReportDocument);
  } else output.line(`report of ${oneLine(id)}: ${oneLine(out)}, ${sizeOf(file.written)}`);
}

async function graphOf(state: FlowState): Promise<Html> {
  const drawing = drawFlow(state.blueprint);
  if (drawing.boxes.length > mostBoxes) {
    return html`<p class="dim">${drawing.boxes.length} boxes are too many for a drawing; "fourstroke inspect" shows them.</p>`;
  }
  try {
    const placed = await layOut(drawing);
    const boxes = placed.boxes.map((box) => ({ ...box, ...toneOf(box, state) }));
    return html`<div class="wide">${new Html(printSvg({ ...placed, boxes }, false))}</div>`;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const hint = hintOf(error) ?? "";
    return html`<p class="dim">It is not drawn: ${error.message}. ${hint}</p>`;
  }
}

/** Boxes of atoms are named by their numbers. */
function toneOf({ id, kind }: PlacedBox, state: FlowState): Pick<PlacedBox, "tone"> {
  if (kind === "flow") return {};
  const value = state.stateOf(Number(id.slice(1)));
  const tone = value === "IGNORE" ? undefined : standings[value];
  return tone === undefined ? {} : { tone };
}
