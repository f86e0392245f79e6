/** `fourstroke history ID`: a flow's journal, one line for each record. */
import type { Blueprint } from "../compile/blueprint.ts";
import type { Batch, FlowRecord } from "../plan/records.ts";
import { jsonable } from "../jsonable.ts";
import { withJournal } from "./open-journal.ts";
import type { Output } from "./output.ts";
import type { PlacesOptions } from "./places.ts";
import { readFlow } from "./store.ts";
import { cut, duration, oneLine, type Span, type Style, when } from "./text.ts";

/** What `history` prints. */
export interface HistoryDocument {
  readonly id: string;
  /** The root flow's name. */
  readonly name: string;
  readonly records: readonly RecordDocument[];
}

/** A record: its kind and what it holds, atoms by their names. */
export interface RecordDocument {
  /** From 1. */
  readonly sequence: number;
  /** Sequence of the first record of its batch: a batch becomes true as a whole. */
  readonly batch: number;
  /** Epoch milliseconds by the clock of the owner that wrote it. */
  readonly at: number;
  readonly writer: string;
  readonly epoch: number;
  readonly kind: FlowRecord["kind"];
  readonly [more: string]: unknown;
}

/** @returns the exit code */
export async function history(id: string, options: PlacesOptions, output: Output): Promise<number> {
  const { view, batches } = await withJournal(options, (journal) => readFlow(journal, id));
  const records = recordsOf(batches);
  if (output.isJson) output.document({ id, name: view.name, records } satisfies HistoryDocument);
  else write(records, output);
  return 0;
}

export function recordsOf(batches: readonly Batch[]): readonly RecordDocument[] {
  let blueprint: Blueprint | undefined;
  return batches.flatMap(({ first, at, writer, epoch, records }) =>
    records.map((record, place): RecordDocument => {
      if (record.kind === "created" || record.kind === "migrated") ({ blueprint } = record);
      const { kind } = record;
      const about = aboutOf(record, blueprint);
      return { sequence: first + place, batch: first, at, writer, epoch, kind, ...about };
    }),
  );
}

/** What a record holds, for people and programs that don't have its blueprint's numbers. */
function aboutOf(record: FlowRecord, blueprint: Blueprint | undefined): Record<string, unknown> {
  const nameOf = (atom: number): string => blueprint?.atoms[atom]?.name ?? String(atom);
  const { kind: _, ...rest } = record;
  const about: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(rest)) {
    if (key === "blueprint") about["atoms"] = blueprint?.atoms.map(({ name }) => name);
    else if (record.kind === "edited" && key === "atoms") about[key] = record.atoms.map(nameOf);
    else if (key === "withdraws") about[key] = (value as { atom: number }[]).map(withName);
    else if (key === "atom" || key === "retry") about[key] = nameOf(value as number);
    else about[key] = jsonable(value);
  }
  return about;

  function withName(attempt: { readonly atom: number }): object {
    return { ...attempt, atom: nameOf(attempt.atom) };
  }
}

const styles: Partial<Record<FlowRecord["kind"], Style>> = {
  lost: "red",
  parked: "red",
  kill: "red",
  cancel: "yellow",
  suspend: "yellow",
  edited: "yellow",
  reverted: "yellow",
  retryDecided: "magenta",
  ended: "bold",
  progress: "dim",
  logged: "dim",
};

function write(records: readonly RecordDocument[], output: Output): void {
  const begun = records[0]?.at ?? 0;
  const digits = String(records.length).length;
  if (records.length > 0) output.line(output.paint([[`begun ${when(begun)}`, "dim"]]));
  records.forEach((record, place) => {
    const { sequence, batch, at, writer: _writer, epoch: _epoch, kind, ...about } = record;
    const failed = about["failure"] !== undefined;
    const style = failed ? "red" : (styles[kind] ?? "plain");
    const later = `+${duration(Math.max(0, at - begun))}`;
    const spans: readonly Span[] = [
      [`${markOf(sequence === batch, records[place + 1]?.batch === batch)} `, "dim"],
      [`${String(sequence).padStart(digits)}  ${later.padEnd(10)}  `, "dim"],
      [kind.padEnd("retryDecided".length), style],
      [`  ${textOf(kind, about)}`],
    ];
    const text = output.paint(spans);
    output.line(output.isScreen ? cut(text, output.columns) : text);
  });
}

/** Bars join the records of a batch. */
function markOf(isFirst: boolean, goesOn: boolean): string {
  if (isFirst) return goesOn ? "┌" : "·";
  return goesOn ? "│" : "└";
}

/** The rest of a record on one line: names first, then what else it says. */
function textOf(kind: FlowRecord["kind"], about: Readonly<Record<string, unknown>>): string {
  if (kind === "created" || kind === "migrated") {
    const { atoms, store } = about as { atoms?: readonly string[]; store?: object };
    const given = store === undefined ? "" : ` store ${JSON.stringify(store)}`;
    return oneLine(`${atoms?.length ?? 0} atoms${given}`);
  }
  const words = Object.entries(about).map(([key, value]) => {
    if (key === "atom" || key === "retry" || key === "direction" || key === "verdict") {
      return String(value);
    }
    if (key === "atoms") return (value as readonly string[]).join(", ");
    if (key === "edit") return String(value);
    if (key === "attempt") return `#${String(value)}`;
    if (kind === "logged" && (key === "level" || key === "message")) return String(value);
    if (kind === "logged" && (key === "line" || key === "at")) return "";
    if (key === "failure") return failureText(value);
    if (key === "options") return trueIn(value as object);
    return `${key} ${typeof value === "string" ? value : JSON.stringify(value)}`;
  });
  return oneLine(words.filter((word) => word !== "").join(" "));
}

const trueIn = (options: object): string =>
  Object.entries(options)
    .filter(([, value]) => value === true)
    .map(([name]) => name)
    .join(" ");

function failureText(failure: unknown): string {
  const { name, message } = failure as { readonly name: string; readonly message: string };
  return `${name}: ${message}`;
}
