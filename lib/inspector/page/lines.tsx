/** What an atom, or all of them, had logged. */
import { useMemo } from "preact/hooks";
import { linesOf } from "../model/lines.ts";
import type { Entry } from "../model/player.ts";
import { line as inOneLine } from "../model/words.ts";

interface LogProps {
  readonly entries: readonly Entry[];
  /** Of the last record. */
  readonly last: number;
  readonly sequence: number;
  /** Empty: of all atoms. */
  readonly atom: string;
}

export function Log({ entries, last, sequence, atom }: LogProps) {
  const { lines, count } = useMemo(
    () => linesOf(entries, sequence, atom),
    [entries, last, sequence, atom],
  );
  if (count === 0) return null;
  return (
    <section class="log" aria-label="log">
      <h3>log{lines.length < count ? `, the last ${lines.length} of ${count} lines` : ""}</h3>
      <ol>
        {lines.map(({ sequence: at, level, message, fields, ...line }) => (
          <li key={at} data-level={level} title={new Date(line.at).toISOString()}>
            {line.missing > 0 && <em>({line.missing} before it never came)</em>}
            <span class="level">{level}</span>{" "}
            <b>
              {atom === "" ? line.atom : ""}#{line.attempt}
              {line.direction === "revert" ? " revert" : ""}
            </b>{" "}
            <span class="text">{message}</span>
            {fields !== undefined && <code>{inOneLine(fields)}</code>}
          </li>
        ))}
      </ol>
    </section>
  );
}
