/** `fourstroke show ID`: everything that a journal has of one flow, without its code. */
import type { AtomView } from "../plan/view.ts";
import { jsonable } from "../jsonable.ts";
import { failuresOf, flowDocument } from "./documents.ts";
import { styleOf, symbolOf } from "./look.ts";
import type { Output } from "./output.ts";
import { headOf, reportFailure, type WriteLine } from "./report.ts";
import { type Kept, openExisting, readFlow } from "./store.ts";
import { duration, oneLine, padEnd, plural, type Span, when } from "./text.ts";
import { type Times, timesOf } from "./times.ts";
import { treeOf } from "./tree.ts";
import type { CommonOptions } from "./verb.ts";

/** @returns the exit code */
export async function show(id: string, options: CommonOptions, output: Output): Promise<number> {
  const journal = await openExisting(options);
  try {
    const kept = await readFlow(journal, id);
    if (output.isJson) output.document(flowDocument(kept));
    else write(kept, output);
    return 0;
  } finally {
    await journal.close();
  }
}

function write(kept: Kept, output: Output): void {
  const { view } = kept;
  const line: WriteLine = (spans) => output.line(output.paint(spans));
  writeHead(kept, line);
  writeTree(kept, line);
  const failures = Object.entries(failuresOf(view));
  if (failures.length > 0) line([["\nfailures", "bold"]]);
  for (const [atom, failure] of failures) reportFailure(line, atom, failure);
  for (const atom of view.atoms()) if (atom.history?.length) writeHistory(atom, line);
  const results = Object.entries(view.fetchAll());
  if (results.length > 0) line([["\nvalues", "bold"]]);
  for (const [symbol, value] of results) {
    line([[`  ${oneLine(symbol)} = ${JSON.stringify(jsonable(value))}`]]);
  }
}

function writeHead({ view, batches }: Kept, line: WriteLine): void {
  line(headOf(view));
  if (view.reason !== undefined) line([[`  ${oneLine(view.reason)}`]]);
  const [begun, changed] = [batches[0]?.at ?? 0, batches.at(-1)?.at ?? 0];
  const records = `${plural(view.sequence, "record")}, ${plural(view.epoch, "owner")}`;
  line([
    [`  begun ${when(begun)}, last change ${duration(changed - begun)} later, ${records}`, "dim"],
  ]);
  const { file, export: exported } = view.meta;
  if (file !== undefined) line([[`  ${oneLine(file)}#${oneLine(exported ?? "default")}`, "dim"]]);
}

function writeTree({ view, state, batches }: Kept, line: WriteLine): void {
  const { rows, nameWidth } = treeOf(state.blueprint);
  const atoms = view.atoms();
  const times = timesOf(batches);
  const stateWidth = Math.max(...atoms.map((atom) => atom.state.length));
  for (const { kind, name, branch, atom } of rows) {
    const shown = atoms[atom];
    if (kind === "flow" || shown === undefined)
      line([
        [`  ${branch}`, "dim"],
        [name, "bold"],
      ]);
    else
      line([
        [`  ${branch}`, "dim"],
        ...atomSpans(shown, nameWidth - branch.length, stateWidth, times.get(shown.name)),
      ]);
  }
}

function atomSpans(
  atom: AtomView,
  width: number,
  stateWidth: number,
  times: Times | undefined,
): Span[] {
  const { name, state, attempt, reverts, progress, failure, revertFailure } = atom;
  const spans: Span[] = [
    symbolOf(state),
    [` ${padEnd(oneLine(name), width)}`],
    [`  ${state.padEnd(stateWidth)}`, styleOf(state)],
  ];
  if (attempt > 1) spans.push([`  ${plural(attempt, "attempt")}`, "magenta"]);
  if (reverts > 1) spans.push([`  ${plural(reverts, "revert")}`, "magenta"]);
  if (progress > 0 && progress < 1) spans.push([`  ${Math.floor(progress * 100)} %`]);
  if (times?.endedAt !== undefined)
    spans.push([`  ${duration(times.endedAt - times.startedAt)}`, "dim"]);
  const problem = revertFailure ?? failure;
  if (problem !== undefined) spans.push([`  ${oneLine(problem.message)}`, "red"]);
  return spans;
}

function writeHistory({ name, history = [] }: AtomView, line: WriteLine): void {
  line([[`\nattempts of ${oneLine(name)}`, "bold"]]);
  history.forEach(({ value, failures }, at) => {
    const given = value === undefined ? "" : ` with ${JSON.stringify(jsonable(value))}`;
    const failed = Object.entries(failures).map(
      ([atom, { message }]) => `${oneLine(atom)}: ${oneLine(message)}`,
    );
    line([[`  #${at + 1}${given}`], [failed.length === 0 ? "" : `  ${failed.join("; ")}`, "red"]]);
  });
}
