/** What a case leaves behind, wherever its tasks run. */
import { appendFileSync, readFileSync, statSync } from "node:fs";
import type { Direction } from "../../lib/plan/records.ts";

/** A call of a task, with the key of its attempt; an error that was thrown; the flow in force from now on. */
export type Entry = readonly [what: Direction | "thrown" | "flow", name: string, key: string];

export interface Ledger {
  write(entry: Entry): void;
  /** All entries, in order. */
  read(): readonly Entry[];
}

export function memoryLedger(): Ledger {
  const entries: Entry[] = [];
  return { write: (entry) => void entries.push(entry), read: () => entries };
}

/** One that processes share: a line for each entry, so that each is written at once or not at all. */
export function fileLedger(path: string): Ledger {
  let known: { readonly size: number; readonly entries: readonly Entry[] } | undefined;
  return {
    write: (entry) => {
      appendFileSync(path, `${JSON.stringify(entry)}\n`);
    },
    read: () => {
      const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      if (known?.size !== size) known = { size, entries: size === 0 ? [] : entriesIn(path) };
      return known.entries;
    },
  };
}

function entriesIn(path: string): Entry[] {
  const lines = readFileSync(path, "utf8").split("\n");
  // After the last line's end there is nothing, or what is being written.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Entry);
}
