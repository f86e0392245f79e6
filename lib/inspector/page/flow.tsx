/** One flow: its graph, timeline, journal and actors, at any moment of its journal. */
import { useEffect, useMemo } from "preact/hooks";
import type { FlowState } from "../../plan/state.ts";
import type { AboutDocument } from "../documents.ts";
import type { Moment, Player } from "../model/player.ts";
import { spansOf } from "../model/timeline.ts";
import { duration } from "../../text.ts";
import { Answers, useAsked } from "./asked.tsx";
import { Badge } from "./badge.tsx";
import { Details, Values } from "./details.tsx";
import { Bar } from "./flows.tsx";
import { Edits } from "./edits.tsx";
import { Graph } from "./graph.tsx";
import { Hands } from "./hands.tsx";
import { Journal } from "./journal.tsx";
import { Link } from "./link.tsx";
import { useNow } from "./now.ts";
import { momentOf, type Playback, usePlayback } from "./playback.ts";
import { Sequence } from "./sequence.tsx";
import { Slider } from "./slider.tsx";
import { Timeline } from "./timeline.tsx";
import { go, type Query } from "./url.ts";
import { Why } from "./why.tsx";

interface FlowProps {
  readonly id: string;
  readonly query: Query;
  readonly about: AboutDocument | undefined;
}

const drawings = ["graph", "messages"] as const;

const panels = ["actor", "journal", "values"] as const;

const moving: ReadonlySet<string> = new Set(["RUNNING", "SUSPENDING", "RESUMING"]);

export function FlowView({ id, query, about }: FlowProps) {
  const playback = usePlayback(id);
  const { player, problem, isRead } = playback;
  const at = query["at"] === undefined ? undefined : Number(query["at"]);
  const moment = momentOf(player, Number.isFinite(at) ? at : undefined);
  if (moment === undefined) {
    return (
      <>
        <p class={problem === "" ? "empty" : "problem"}>{problem || "reading the journal…"}</p>
        {playback.job !== null && <Why id={id} present={playback.present} isLive />}
      </>
    );
  }
  return (
    <>
      {problem !== "" && <p class="problem">{problem}</p>}
      {!isRead && (
        <p class="empty">reading the journal… {player.last.toLocaleString("en")} records</p>
      )}
      <Shown {...{ id, query, about, playback, moment }} />
    </>
  );
}

interface ShownProps extends FlowProps {
  readonly playback: Playback;
  readonly moment: Moment;
}

function Shown({ id, query, about, playback, moment }: ShownProps) {
  const { player, present } = playback;
  const { entries, last } = player;
  const { state, sequence } = moment;
  const { actor = "" } = query;
  const isLive = query["at"] === undefined;
  // Of a process that is gone, nothing goes on.
  const isRunning = isLive && moving.has(state.flow.value) && present?.gone === undefined;
  const now = useNow(250, isRunning);
  const spans = useMemo(() => spansOf(entries, sequence), [entries, sequence, last]);
  const allSpans = useMemo(() => spansOf(entries, last), [entries, last]);
  const change = (next: Query): void => {
    go({ ...query, ...next }, true);
  };
  const goTo = (to: number | undefined): void => {
    change({ at: to === undefined || to >= last ? "" : String(Math.max(1, to)) });
  };
  useKeys(sequence, goTo);
  const end = entries.at(-1)?.at ?? 0;
  const to = isRunning ? Math.max(now, end) : end;
  const select = (name: string): void => {
    change({ actor: name === actor ? "" : name, panel: "" });
  };
  // Not with every tick of the clock: it may be large.
  const drawn = useMemo(
    () => <Drawing {...{ moment, player, query, select, goTo }} />,
    [state, sequence, query, last],
  );
  return (
    <section class="flow">
      <header class="flow-head">
        <h1>
          {state.blueprint.flow} <Badge state={state.flow.value} />
        </h1>
        <span class="id">{id}</span>
        <Bar progress={tally(moment)} />
        <Why {...{ id, moment, spans, present, isLive }} />
        {about?.allowEdits === true && <Controls {...{ id, playback, state, isLive, actor }} />}
      </header>
      <Slider
        sequence={sequence}
        last={last}
        isLive={isLive}
        at={moment.at}
        text={`${duration(moment.at - (entries[0]?.at ?? 0))} after it began`}
        goTo={goTo}
      />
      <div class="panes">
        <div class="pane graph">{drawn}</div>
        <div class="pane lines">
          <Timeline
            {...{ moment, spans, allSpans, to, isRunning, select }}
            from={entries[0]?.at ?? 0}
            selected={actor}
          />
        </div>
        <Side {...{ moment, query, player, goTo }} />
      </div>
    </section>
  );
}

interface ControlsProps {
  readonly id: string;
  readonly playback: Playback;
  readonly state: FlowState;
  readonly isLive: boolean;
  readonly actor: string;
}

/** What can be asked of the flow's owner, and what it said. */
function Controls({ id, playback, state, isLive, actor }: ControlsProps) {
  const { job, refresh } = playback;
  const { asked, ask } = useAsked(id, job, refresh);
  return (
    <>
      {job !== null && <Hands job={job} ask={ask} />}
      {isLive && <Edits key={actor} {...{ state, job, ask }} atom={actor} />}
      <Answers {...{ asked, job }} />
    </>
  );
}

interface TabsProps {
  readonly label: string;
  /** The first is shown when nothing is chosen. */
  readonly names: readonly string[];
  /** Of the address, that keeps which is shown. */
  readonly field: string;
  readonly query: Query;
  readonly title?: (name: string) => string;
}

function Tabs({ label, names, field, query, title = (name) => name }: TabsProps) {
  const [first = ""] = names;
  return (
    <nav class="tabs" aria-label={label}>
      {names.map((name) => (
        <Link
          key={name}
          to={{ ...query, [field]: name === first ? "" : name }}
          current={(query[field] ?? first) === name}
        >
          {title(name)}
        </Link>
      ))}
    </nav>
  );
}

interface SideProps {
  readonly moment: Moment;
  readonly query: Query;
  readonly player: Player;
  readonly goTo: (to: number | undefined) => void;
}

interface DrawingProps extends SideProps {
  readonly select: (name: string) => void;
}

function Drawing({ moment, query, player, select, goTo }: DrawingProps) {
  const { actor = "" } = query;
  return (
    <>
      <Tabs label="drawings" names={drawings} field="drawing" query={query} />
      {query["drawing"] === "messages" ? (
        <Sequence {...{ moment, player, select, goTo }} selected={actor} />
      ) : (
        <Graph moment={moment} selected={actor} select={select} />
      )}
    </>
  );
}

function Side({ moment, query, player, goTo }: SideProps) {
  const { state, sequence } = moment;
  const { entries } = player;
  const { actor = "", panel = "actor" } = query;
  return (
    <div class="pane side">
      <Tabs
        label="panels"
        names={panels}
        field="panel"
        query={query}
        title={(name) => (name === "actor" ? actor || "flow" : name)}
      />
      {panel === "journal" ? (
        <Journal {...{ entries, sequence, goTo }} blueprint={state.blueprint} selected={actor} />
      ) : panel === "values" ? (
        <Values moment={moment} />
      ) : (
        <Details moment={moment} name={actor} player={player} />
      )}
    </div>
  );
}

function tally({ state }: Moment) {
  const found = { total: state.shape.atoms, done: 0, active: 0, failed: 0, undone: 0 };
  for (const { value } of state.snapshots) {
    if (value === "SUCCESS" || value === "IGNORE") found.done++;
    else if (value === "FAILURE" || value === "REVERT_FAILURE") found.failed++;
    else if (value === "REVERTED") found.undone++;
    else if (value !== "PENDING") found.active++;
  }
  return found;
}

/** Brackets go through the journal, wherever the focus is. */
function useKeys(sequence: number, goTo: (to: number | undefined) => void): void {
  useEffect(() => {
    const hear = (event: KeyboardEvent): void => {
      const isTyping = event.target instanceof HTMLInputElement && event.target.type !== "range";
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "[") goTo(sequence - 1);
      else if (event.key === "]") goTo(sequence + 1);
      else if (event.key === "End" && event.target === document.body) goTo(undefined);
    };
    addEventListener("keydown", hear);
    return () => {
      removeEventListener("keydown", hear);
    };
  });
}
