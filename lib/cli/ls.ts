/** `fourstroke ls`: the flows of a journal, the newest first. */
import type { FlowSummary } from "../journal/journal.ts";
import type { FlowStateName } from "../plan/states.ts";
import { listDocument } from "./documents.ts";
import { styleOf } from "./look.ts";
import type { Output } from "./output.ts";
import { openExisting } from "./store.ts";
import { duration, oneLine, padEnd, type Span, when, widthOf } from "./text.ts";
import type { CommonOptions } from "./verb.ts";

export interface LsOptions extends CommonOptions {
  /** Any of these. */
  readonly state?: readonly FlowStateName[];
  readonly name?: string;
  readonly limit: number;
}

/** @returns the exit code */
export async function ls(options: LsOptions, output: Output): Promise<number> {
  const { state: states, name, limit } = options;
  const journal = await openExisting(options);
  try {
    const flows = await journal.list({
      limit,
      ...(states === undefined ? {} : { states }),
      ...(name === undefined ? {} : { name }),
    });
    if (output.isJson) output.document(listDocument(flows));
    else write(flows, limit, output);
    return 0;
  } finally {
    await journal.close();
  }
}

function write(flows: readonly FlowSummary[], limit: number, output: Output): void {
  if (flows.length === 0) return output.line("no flows");
  const rows = [
    ["ID", "NAME", "STATE", "BEGUN", "LAST CHANGE"],
    ...flows.map(({ id, name, state, createdAt, updatedAt }) => [
      oneLine(id),
      oneLine(name),
      state,
      when(createdAt),
      `${duration(Math.max(0, Date.now() - updatedAt))} ago`,
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.max(...rows.map((row) => widthOf(row[column] ?? ""))),
  );
  rows.forEach((row, at) => {
    const spans = row.map((text, column): Span => {
      const padded = column === row.length - 1 ? text : `${padEnd(text, widths[column] ?? 0)}  `;
      if (at === 0) return [padded, "dim"];
      return column === 2 ? [padded, styleOf(text as FlowStateName)] : [padded];
    });
    output.line(output.paint(spans));
  });
  if (flows.length === limit) output.tell(`only the newest ${limit}; --limit N lists more`);
}
