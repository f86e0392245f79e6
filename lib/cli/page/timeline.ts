/** When what ran, waited or was undone, as bars. */
import {
  placeOf,
  scaleOf,
  type Span,
  type Spans,
  type Stretch,
} from "../../inspector/model/timeline.ts";
import { cut, duration, oneLine, when } from "../text.ts";
import { html, type Html } from "./html.ts";

/** In pixels; names have the left part. */
const size = { left: 240, width: 920, row: 22, top: 34, bar: 12, least: 2 } as const;

/** Lines, and bars of one line: retries may go on for days. */
const most = { lines: 500, bars: 200 } as const;

/** @param now - where that ends which is under way, epoch milliseconds */
export function timelineOf(spans: Spans, now: number): Html {
  const lines = [...spans].slice(0, most.lines);
  if (lines.length === 0) return html`<p class="dim">Nothing has been started.</p>`;
  const busy = lines.flatMap(([, line]) =>
    line.map(({ startedAt, endedAt }) => [startedAt, endedAt ?? now] as const),
  );
  const scale = scaleOf(busy);
  const height = size.top + lines.length * size.row + 6;
  const width = size.left + size.width + 20;
  const left = spans.size - lines.length;
  return html`${legend}<div class="wide"><svg class="timeline" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="timeline">
${axisOf(scale, height)}
${lines.map(([name, line], at) => lineOf(name, line, scale, at, now))}
</svg></div>${left === 0 ? undefined : html`<p class="dim">${left} more atoms are not drawn.</p>`}`;
}

const x = (scale: readonly Stretch[], at: number): number =>
  Math.round((size.left + placeOf(scale, at) * size.width) * 10) / 10;

function axisOf(scale: readonly Stretch[], height: number): Html {
  const first = scale[0]?.from ?? 0;
  const last = scale.at(-1)?.to ?? first;
  const folds = scale
    .filter(({ isFolded }) => isFolded)
    .map(({ from, to }) => {
      const begin = x(scale, from);
      const room = Math.max(1, x(scale, to) - begin);
      return html`<rect class="fold" x="${begin}" y="${size.top - 6}" width="${room}" height="${height - size.top}"><title>${duration(to - from)} in which nothing happened</title></rect>`;
    });
  return html`<text class="axis" x="${size.left}" y="16">${when(first)}</text>
<text class="axis" x="${size.left + size.width}" y="16" text-anchor="end">+${duration(last - first)}</text>
${folds}`;
}

function lineOf(
  name: string,
  line: readonly Span[],
  scale: readonly Stretch[],
  at: number,
  now: number,
): Html {
  const y = size.top + at * size.row;
  const shown = line.slice(-most.bars);
  const hidden = line.length - shown.length;
  const more = hidden === 0 ? "" : ` (the last ${most.bars})`;
  const end = size.left + size.width;
  return html`<line class="lane" x1="${size.left}" x2="${end}" y1="${y + size.row - 5}" y2="${y + size.row - 5}"/>
<text x="0" y="${y + size.bar}"><title>${name}</title>${cut(oneLine(name), 34)}${more}</text>
${shown.map((span) => barOf(span, scale, y, now))}`;
}

function barOf(span: Span, scale: readonly Stretch[], y: number, now: number): Html {
  const { kind, attempt, startedAt, endedAt = now, outcome, losses } = span;
  const begin = x(scale, startedAt);
  const width = Math.max(size.least, Math.round((x(scale, endedAt) - begin) * 10) / 10);
  const number = attempt === 0 ? "" : ` #${attempt}`;
  const lost = losses === 0 ? "" : `, lost ${losses} times`;
  const title = `${kind}${number}: ${outcome}, ${duration(endedAt - startedAt)}${lost}`;
  return html`<rect class="bar ${kind} ${outcome}" x="${begin}" y="${y + 2}" width="${width}" height="${size.bar}" rx="2"><title>${title}</title></rect>
`;
}

const legend = html`<p class="legend dim">${(
  [
    ["execute done", "done"],
    ["execute failed", "failed"],
    ["revert done", "undone"],
    ["wait done", "waited"],
    ["execute open", "under way"],
    ["execute withdrawn", "taken back"],
  ] as const
).map(
  ([classes, text]) =>
    html`<span><svg width="12" height="10"><rect class="bar ${classes}" width="12" height="10" rx="2"/></svg>${text}</span>`,
)}</p>`;
