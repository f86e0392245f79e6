/** What tasks had logged up to a moment. */
import { LoggedLines, type LoggedLine } from "../../plan/logged.ts";
import type { Entry } from "./player.ts";

/** The last lines are shown, this many. */
export const mostLines = 200;

export interface Lines {
  /** How many there are in all. */
  readonly count: number;
  /** The last of them, oldest first. */
  readonly lines: readonly LoggedLine[];
}

/** @param atom - empty: of all atoms */
export function linesOf(entries: readonly Entry[], upTo: number, atom: string): Lines {
  const reading = new LoggedLines();
  const lines: LoggedLine[] = [];
  for (const { record, sequence, at } of entries) {
    if (sequence > upTo) break;
    const line = reading.take(record, sequence, at);
    if (line !== undefined && (atom === "" || line.atom === atom)) lines.push(line);
  }
  return { count: lines.length, lines: lines.slice(-mostLines) };
}
