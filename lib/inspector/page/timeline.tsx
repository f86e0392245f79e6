/** Every attempt, wait and revert over time, long gaps folded. */
import { useMemo } from "preact/hooks";
import type { Moment } from "../model/player.ts";
import { placeOf, scaleOf, type Span, type Spans, type Stretch } from "../model/timeline.ts";
import { duration } from "../../text.ts";
import { Rows } from "./rows.tsx";

interface TimelineProps {
  readonly moment: Moment;
  /** Up to the moment. */
  readonly spans: Spans;
  /** Of the whole journal, so that the scale stays while the moment moves. */
  readonly allSpans: Spans;
  readonly from: number;
  readonly to: number;
  readonly isRunning: boolean;
  readonly selected: string;
  readonly select: (name: string) => void;
}

export function Timeline(props: TimelineProps) {
  const { moment, spans, allSpans, from, to, isRunning, selected, select } = props;
  const scale = useMemo(() => {
    const busy: [number, number][] = [[from, from]];
    for (const line of allSpans.values()) {
      for (const { startedAt, endedAt } of line) {
        if (endedAt !== undefined || isRunning) busy.push([startedAt, endedAt ?? to]);
        else busy.push([startedAt, startedAt]);
      }
    }
    return scaleOf(busy);
  }, [allSpans, from, to, isRunning]);
  const names = moment.state.blueprint.atoms.map(({ name }) => name);
  const end = isRunning ? to : moment.at;
  return (
    <div class="timeline">
      <Axis scale={scale} />
      <Rows
        count={names.length}
        height={24}
        label="timeline"
        row={(at) => {
          const name = names[at] ?? "";
          return (
            <button
              type="button"
              class={`line${name === selected ? " selected" : ""}`}
              onClick={() => {
                select(name);
              }}
            >
              <span class="label">{name}</span>
              <span class="lane">
                {scale.map((stretch) =>
                  stretch.isFolded ? (
                    <i key={stretch.from} class="gap" style={widthOf(stretch)} />
                  ) : null,
                )}
                {(spans.get(name) ?? []).map((span) => (
                  <Bar key={`${span.kind} ${span.sequence}`} span={span} scale={scale} end={end} />
                ))}
                <i class="cursor" style={{ left: percent(placeOf(scale, end)) }} />
              </span>
            </button>
          );
        }}
      />
    </div>
  );
}

const percent = (part: number): string => `${100 * part}%`;

const widthOf = ({ left, right }: Stretch) => ({
  left: percent(left),
  width: percent(right - left),
});

const verbs = { execute: "attempt", revert: "revert", wait: "wait" } as const;

interface BarProps {
  readonly span: Span;
  readonly scale: readonly Stretch[];
  readonly end: number;
}

function Bar({ span, scale, end }: BarProps) {
  const { kind, attempt, startedAt, endedAt, outcome, losses } = span;
  const left = placeOf(scale, startedAt);
  const right = placeOf(scale, endedAt ?? Math.max(end, startedAt));
  const ms = (endedAt ?? end) - startedAt;
  const lost = losses === 0 ? "" : `, lost ${losses} times`;
  const number = attempt === 0 ? "" : ` #${attempt}`;
  return (
    <i
      class={`span ${kind} ${outcome}${losses > 0 ? " lost" : ""}`}
      style={{ left: percent(left), width: percent(right - left) }}
      title={`${verbs[kind]}${number}: ${outcome}, ${duration(ms)}${lost}`}
    />
  );
}

function Axis({ scale }: { readonly scale: readonly Stretch[] }) {
  const begun = scale[0]?.from ?? 0;
  return (
    <div class="line axis" aria-hidden="true">
      <span class="label" />
      <span class="lane">
        {scale.map((stretch) => (
          <span
            key={stretch.from}
            class={stretch.isFolded ? "mark folded" : "mark"}
            style={widthOf(stretch)}
            title={stretch.isFolded ? `nothing for ${duration(stretch.to - stretch.from)}` : ""}
          >
            {stretch.isFolded ? "⋯" : `+${duration(stretch.from - begun)}`}
          </span>
        ))}
        <span class="mark end">+{duration((scale.at(-1)?.to ?? 0) - begun)}</span>
      </span>
    </div>
  );
}
