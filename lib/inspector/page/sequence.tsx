/** Messages between the flow, its atoms, its owners and the outside, as a sequence diagram. */
import { useMemo } from "preact/hooks";
import type { Moment, Player } from "../model/player.ts";
import {
  atomOf,
  conversationOf,
  type Lifeline,
  type Lifelines,
  lifelinesOf,
  type Message,
} from "../model/sequence.ts";
import { duration } from "../../text.ts";
import { Rows } from "./rows.tsx";

interface SequenceProps {
  readonly moment: Moment;
  readonly player: Player;
  readonly selected: string;
  readonly select: (name: string) => void;
  readonly goTo: (sequence: number) => void;
}

/** Pixels of a lifeline's column, of the times before them, of a row; atoms with a lifeline of their own. */
const sizes = { column: 104, times: 84, row: 34, atoms: 24 } as const;

export function Sequence({ moment, player, selected, select, goTo }: SequenceProps) {
  const { entries, last } = player;
  const { state, sequence } = moment;
  const conversation = useMemo(() => conversationOf(entries), [entries, last]);
  const { messages } = conversation;
  const place = messages.findLastIndex((message) => message.sequence <= sequence);
  const wanted = { place, most: sizes.atoms, selected };
  const lifelines = useMemo(
    () => lifelinesOf(conversation, state.blueprint, wanted),
    [conversation, state.blueprint, place, selected],
  );
  const begun = entries[0]?.at ?? 0;
  const step = (by: number): void => {
    const next = messages[place + by];
    if (next !== undefined) goTo(next.sequence);
  };
  // A record of several messages is passed at once: after it is where the last of them stands.
  const after = messages.findIndex((message) => message.sequence > sequence) - place;
  const before = place - messages.findIndex((message) => message.sequence === sequence) + 1;
  const keys: Readonly<Record<string, () => void>> = {
    ArrowDown: () => {
      step(after);
    },
    ArrowUp: () => {
      step(-before);
    },
  };
  return (
    <div
      class="sequence"
      onKeyDown={(event) => {
        const act = keys[event.key];
        if (act === undefined) return;
        event.preventDefault();
        act();
      }}
    >
      <Rows
        count={messages.length}
        height={sizes.row}
        width={sizes.times + sizes.column * lifelines.lines.length}
        label="messages: up and down go from one to the next"
        show={place}
        head={<Heads lines={lifelines.lines} selected={selected} select={select} />}
        row={(at) => {
          const message = messages[at];
          if (message === undefined) return null;
          return <Row {...{ message, sequence, begun, lifelines, goTo }} />;
        }}
      />
    </div>
  );
}

const centre = (line: number): number => (line + 0.5) * sizes.column;

interface RowProps {
  readonly message: Message;
  /** Of the moment that is shown. */
  readonly sequence: number;
  readonly begun: number;
  readonly lifelines: Lifelines;
  readonly goTo: (sequence: number) => void;
}

function Row({ message, sequence, begun, lifelines, goTo }: RowProps) {
  const { sequence: number, at } = message;
  const when = number === sequence ? "now" : number > sequence ? "later" : "before";
  return (
    <button
      type="button"
      class={`message ${when}`}
      aria-current={number === sequence ? "step" : undefined}
      onClick={() => {
        goTo(number);
      }}
    >
      <time title={new Date(at).toISOString()}>+{duration(at - begun)}</time>
      <span class="stage">
        {lifelines.lines.map(({ id }, line) => (
          <i key={id} class="lifeline" style={{ left: `${centre(line)}px` }} />
        ))}
        <Arrow message={message} lifelines={lifelines} />
      </span>
    </button>
  );
}

interface HeadsProps {
  readonly lines: readonly Lifeline[];
  readonly selected: string;
  readonly select: (name: string) => void;
}

function Heads({ lines, selected, select }: HeadsProps) {
  return (
    <div class="heads" style={{ paddingLeft: `${sizes.times}px` }}>
      {lines.map(({ id, kind, name }) => {
        const atom = atomOf(id);
        return (
          <span key={id} class={`head ${kind}`} style={{ width: `${sizes.column}px` }} title={name}>
            {atom === undefined ? (
              <span>{name}</span>
            ) : (
              <button
                type="button"
                aria-pressed={atom === selected}
                onClick={() => {
                  select(atom);
                }}
              >
                {name}
              </button>
            )}
          </span>
        );
      })}
    </div>
  );
}

interface ArrowProps {
  readonly message: Message;
  readonly lifelines: Lifelines;
}

function Arrow({ message, lifelines: { placeOf } }: ArrowProps) {
  const { from, to, label, tone, isLost } = message;
  const [start, end] = [placeOf(from), placeOf(to)];
  const [left, right] = [Math.min(start, end), Math.max(start, end)];
  // Most lifelines are out of sight, or shared: the name of the atom stands at the other end, too.
  const whose = atomOf(from) ?? atomOf(to);
  const name = (id: string): string => atomOf(id) ?? id;
  return (
    <span
      class={`arrow ${tone}${isLost ? " lost" : ""}${end < start ? " back" : ""}`}
      style={{ left: `${centre(left)}px`, width: `${centre(right) - centre(left)}px` }}
      title={`${name(from)} → ${name(to)}: ${label}`}
    >
      <span class="said">
        {whose === undefined ? "" : <b>{whose} </b>}
        {label}
      </span>
    </span>
  );
}
