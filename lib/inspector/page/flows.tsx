/** The list of flows: live, searched and filtered by the server. */
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { FlowSummary } from "../../journal/journal.ts";
import type { ChangesDocument, FlowProgress } from "../documents.ts";
import { duration } from "../../text.ts";
import * as api from "./api.ts";
import { Badge } from "./badge.tsx";
import { Link } from "./link.tsx";
import { useChanges } from "./live.ts";
import { useNow } from "./now.ts";
import { Rows } from "./rows.tsx";
import { go, type Query } from "./url.ts";

const states = "RUNNING SUCCESS REVERTED FAILURE SUSPENDED PARKED PENDING".split(" ");

/** Flows asked for at once; pixels of a row; flows whose progress is kept. */
const sizes = { page: 500, row: 44, progress: 50 } as const;

interface Listed {
  readonly flows: readonly FlowSummary[];
  readonly next: string | null;
}

export function FlowsView({ query }: { readonly query: Query }) {
  const { text = "", state = "" } = query;
  const { listed, problem, more } = useFlows(text, state);
  const { progress, seen } = useProgress(listed.flows);
  const now = useNow(1_000);
  const change = (next: Query): void => {
    go({ ...query, ...next }, true);
  };
  return (
    <section class="flows">
      <div class="filters">
        <input
          type="search"
          placeholder="Search ids and names"
          aria-label="search"
          value={text}
          onInput={(event) => {
            change({ text: event.currentTarget.value });
          }}
        />
        <div class="states" role="group" aria-label="states">
          {states.map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={state.split(",").includes(name)}
              onClick={() => {
                change({ state: toggled(state, name) });
              }}
            >
              {name}
            </button>
          ))}
        </div>
        <span class="count">
          {listed.flows.length.toLocaleString("en")}
          {listed.next === null ? "" : "+"} flows
        </span>
      </div>
      {problem !== "" && <p class="problem">{problem}</p>}
      <div class="flow-row head" aria-hidden="true">
        <span>State</span>
        <span>Name</span>
        <span>Id</span>
        <span>Progress</span>
        <span>Begun</span>
        <span>Changed</span>
      </div>
      {listed.flows.length === 0 ? (
        <p class="empty">no flows {text !== "" || state !== "" ? "like that" : "yet"}</p>
      ) : (
        <Rows
          count={listed.flows.length}
          height={sizes.row}
          label="flows"
          seen={(first, last) => {
            seen(first, last);
            if (last + 20 > listed.flows.length) more();
          }}
          row={(at) => {
            const flow = listed.flows[at];
            return flow && <FlowRow flow={flow} progress={progress.get(flow.id)?.is} now={now} />;
          }}
        />
      )}
    </section>
  );
}

function toggled(list: string, name: string): string {
  const names = list === "" ? [] : list.split(",");
  return (names.includes(name) ? names.filter((it) => it !== name) : [...names, name]).join(",");
}

interface RowProps {
  readonly flow: FlowSummary;
  readonly progress: FlowProgress | null | undefined;
  readonly now: number;
}

function FlowRow({ flow, progress, now }: RowProps) {
  const { id, name, state, createdAt, updatedAt } = flow;
  return (
    <Link to={{ flow: id }} class="flow-row">
      <span>
        <Badge state={state} />
      </span>
      <span class="name">{name}</span>
      <span class="id" title={id}>
        {id}
      </span>
      <span class="bar-cell">
        {progress === null ? <em>unreadable</em> : progress && <Bar progress={progress} />}
      </span>
      <span title={new Date(createdAt).toISOString()}>{ago(now - createdAt)}</span>
      <span title={new Date(updatedAt).toISOString()}>{ago(now - updatedAt)}</span>
    </Link>
  );
}

const ago = (ms: number): string => (ms < 1_000 ? "now" : `${duration(ms)} ago`);

export function Bar({ progress }: { readonly progress: FlowProgress }) {
  const { total, done, active, failed, undone } = progress;
  const part = (count: number) => ({ width: `${(100 * count) / Math.max(1, total)}%` });
  return (
    <span class="bar" title={`${done} done, ${active} active, ${failed} failed, ${undone} undone`}>
      <span class="track">
        <i data-state="SUCCESS" style={part(done)} />
        <i data-state="RUNNING" style={part(active)} />
        <i data-state="FAILURE" style={part(failed)} />
        <i data-state="REVERTED" style={part(undone)} />
      </span>
      {done}/{total}
    </span>
  );
}

function useFlows(text: string, state: string) {
  const [listed, setListed] = useState<Listed>({ flows: [], next: null });
  const [problem, setProblem] = useState("");
  const asked = useRef(0);
  const isAsking = useRef(false);
  const load = useCallback(
    (before: string | undefined) => {
      const number = ++asked.current;
      isAsking.current = true;
      const wanted = {
        states: state === "" ? [] : state.split(","),
        text,
        before,
        limit: sizes.page,
      };
      api
        .flows(wanted)
        .then(
          ({ flows, next }) => {
            if (number !== asked.current) return;
            setProblem("");
            setListed((old) =>
              before === undefined ? { flows, next } : { flows: [...old.flows, ...flows], next },
            );
          },
          (error: unknown) => {
            setProblem(String(error));
          },
        )
        .finally(() => {
          if (number === asked.current) isAsking.current = false;
        });
    },
    [text, state],
  );
  useEffect(() => {
    // One request for a word, not for each of its letters.
    const timer = setTimeout(load, text === "" ? 0 : 120, undefined);
    return () => {
      clearTimeout(timer);
    };
  }, [load, text]);
  const listener = useMemo(
    () => ({
      changed: (changes: ChangesDocument) => {
        setListed((old) => ({ ...old, flows: merged(old.flows, changes, text, state) }));
      },
      reload: () => {
        load(undefined);
      },
    }),
    [load, text, state],
  );
  useChanges(listener);
  const more = (): void => {
    if (listed.next !== null && !isAsking.current) load(listed.next);
  };
  return { listed, problem, more };
}

/** The list after changes: what fits no more goes, what is new comes first. */
function merged(
  flows: readonly FlowSummary[],
  { changed, removed }: ChangesDocument,
  text: string,
  state: string,
): readonly FlowSummary[] {
  const wanted = text.toLowerCase();
  const names = state === "" ? undefined : state.split(",");
  const fits = ({ id, name, state: is }: FlowSummary): boolean =>
    (names === undefined || names.includes(is)) &&
    (id.toLowerCase().includes(wanted) || name.toLowerCase().includes(wanted));
  const news = new Map(changed.map((flow) => [flow.id, flow]));
  const gone = new Set(removed);
  const kept = flows.flatMap((flow) => {
    if (gone.has(flow.id)) return [];
    const next = news.get(flow.id);
    news.delete(flow.id);
    if (next === undefined) return [flow];
    return fits(next) ? [next] : [];
  });
  const oldest = flows.at(-1)?.createdAt ?? 0;
  const fresh = [...news.values()].filter((flow) => fits(flow) && flow.createdAt >= oldest);
  return [...fresh, ...kept].sort((a, b) => b.createdAt - a.createdAt);
}

interface Known {
  readonly sequence: number;
  readonly is: FlowProgress | null;
}

/** Asks for the progress of the rows in sight, a page at a time. */
function useProgress(flows: readonly FlowSummary[]) {
  const [progress, setProgress] = useState<ReadonlyMap<string, Known>>(new Map());
  const [range, setRange] = useState<readonly [number, number]>([0, 0]);
  const isAsking = useRef(false);
  const seen = useCallback((first: number, last: number) => {
    setRange((old) => (old[0] === first && old[1] === last ? old : [first, last]));
  }, []);
  useEffect(() => {
    if (isAsking.current) return;
    const wanted = flows
      .slice(range[0], range[1])
      .filter(({ id, sequence }) => progress.get(id)?.sequence !== sequence)
      .slice(0, sizes.progress);
    if (wanted.length === 0) return;
    isAsking.current = true;
    api
      .progress(wanted.map(({ id }) => id))
      .then((found) => {
        isAsking.current = false;
        setProgress((old) => {
          const all = new Map(old);
          for (const { id, sequence } of wanted) all.set(id, { sequence, is: found[id] ?? null });
          return all;
        });
      })
      .catch(() => {
        isAsking.current = false; // the list tells of what is away
      });
  }, [flows, range, progress]);
  return { progress, seen };
}
