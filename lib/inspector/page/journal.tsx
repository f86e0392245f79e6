/** The journal as a table. A record can be gone to, and opened. */
import { useState } from "preact/hooks";
import type { Blueprint } from "../../compile/blueprint.ts";
import type { Entry } from "../model/player.ts";
import { atomIn, sayRecord, whole } from "../model/words.ts";
import { Rows } from "./rows.tsx";

interface JournalProps {
  readonly entries: readonly Entry[];
  readonly blueprint: Blueprint;
  readonly sequence: number;
  readonly goTo: (sequence: number) => void;
  readonly selected: string;
}

export function Journal({ entries, blueprint, sequence, goTo, selected }: JournalProps) {
  const [only, setOnly] = useState(false);
  const [open, setOpen] = useState<number>();
  const isOwn = ({ record }: Entry): boolean => {
    const atom = atomIn(record);
    return atom !== undefined && blueprint.atoms[atom]?.name === selected;
  };
  const shown = only && selected !== "" ? entries.filter(isOwn) : entries;
  const place = shown.findLastIndex((entry) => entry.sequence <= sequence);
  const opened = open === undefined ? undefined : entries[open - 1];
  return (
    <div class="journal">
      {selected !== "" && (
        <label class="only">
          <input
            type="checkbox"
            checked={only}
            onChange={() => {
              setOnly(!only);
            }}
          />{" "}
          only {selected}
        </label>
      )}
      <Rows
        count={shown.length}
        height={26}
        label="journal"
        show={place}
        row={(at) => {
          const entry = shown[at];
          if (entry === undefined) return null;
          const { sequence: number, record } = entry;
          const when = number === sequence ? "now" : number > sequence ? "later" : "before";
          return (
            <button
              type="button"
              class={`record ${when}${open === number ? " open" : ""}`}
              onClick={() => {
                goTo(number);
                setOpen(number);
              }}
            >
              <span class="number">{number}</span>
              <time title={new Date(entry.at).toISOString()}>{clock(entry.at)}</time>
              <span class="kind" data-kind={toneOf(entry)}>
                {record.kind}
              </span>
              <span class="what">{sayRecord(record, blueprint)}</span>
            </button>
          );
        }}
      />
      {opened !== undefined && <pre class="opened">{whole(recordOf(opened))}</pre>}
    </div>
  );
}

/** Without what is long and shown elsewhere. */
function recordOf({ sequence, at, epoch, record }: Entry): unknown {
  const shown =
    "blueprint" in record
      ? { ...record, blueprint: `${record.blueprint.atoms.length} atoms` }
      : record;
  return { sequence, at: new Date(at), epoch, ...shown };
}

function toneOf({ record }: Entry): string {
  if ("failure" in record && record.failure !== undefined) return "bad";
  return record.kind;
}

const two = (number: number): string => String(number).padStart(2, "0");

function clock(at: number): string {
  const date = new Date(at);
  const ms = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}
