/** What tasks have logged, read from the records of their flow. */
import type { Blueprint } from "../compile/blueprint.ts";
import type { LogLine } from "../types.ts";
import type { Direction, FlowRecord } from "./records.ts";

/** A line, and where it is from. */
export interface LoggedLine extends LogLine {
  /** Of its record. */
  readonly sequence: number;
  /** Epoch milliseconds. */
  readonly at: number;
  /** The atom's name. */
  readonly atom: string;
  readonly direction: Direction;
  readonly attempt: number;
  /** Lines of this attempt before it that never came: their host was gone, or nobody had recorded them in time. */
  readonly missing: number;
}

/** Takes the records of one flow, in order. */
export class LoggedLines {
  #blueprint: Blueprint | undefined;
  /** By attempt, the number of its last line. */
  readonly #last = new Map<string, number>();

  /** @param at - of the record's batch, epoch milliseconds */
  take(record: FlowRecord, sequence: number, at: number): LoggedLine | undefined {
    if (record.kind === "created" || record.kind === "migrated") this.#blueprint = record.blueprint;
    if (record.kind === "reset") this.#last.clear();
    if (record.kind !== "logged") return undefined;
    const { kind: _, atom: number, ...line } = record;
    const atom = this.#blueprint?.atoms[number]?.name ?? String(number);
    const key = `${atom} ${record.direction} ${record.attempt}`;
    const last = this.#last.get(key) ?? 0;
    this.#last.set(key, record.line);
    // An attempt that was launched again, after its host was gone, begins anew.
    const missing = record.line > last ? record.line - last - 1 : record.line - 1;
    return { at, ...line, sequence, atom, missing };
  }
}
