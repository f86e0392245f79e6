/** Drawings as SVG, once each box and arrow has its place. */
import type { Standing } from "../../plan/standing.ts";
import { escapeMarkup } from "./markup.ts";
import type { Arrow, Box } from "./drawing.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface PlacedBox extends Box, Point {
  /** How what it stands for is doing. */
  readonly tone?: Standing;
  readonly width: number;
  readonly height: number;
}

export interface PlacedArrow extends Arrow {
  /** From its begin to its end. */
  readonly points: readonly Point[];
  /** The middle of its label. */
  readonly labelAt?: Point;
}

/** All in pixels, from the upper left corner. */
export interface PlacedDrawing {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** A box comes after the one that it stands in. */
  readonly boxes: readonly PlacedBox[];
  readonly arrows: readonly PlacedArrow[];
}

/** Room for a line of text, and how wide a column of it is. */
export const line = { height: 16, column: 7.5 } as const;

/** Every rule is for what stands in a drawing: it may stand in a page among other things. */
export const drawingStyle = `
.drawing text { font: 12px system-ui, sans-serif; fill: #1c2024; text-anchor: middle; dominant-baseline: central }
.drawing .flow { fill: #f4f6f8; stroke: #9aa4ae } .drawing .flow + text { font-weight: 600 }
.drawing .task, .drawing .state { fill: #fff; stroke: #3b6ea8 } .drawing .retry { fill: #fff5e0; stroke: #b5781b }
.drawing path { fill: none; stroke: #5b6670 } .drawing .decided { stroke-dasharray: 5 3 }
.drawing marker path { fill: #5b6670; stroke: none }
.drawing .label { font-size: 11px; fill: #5b6670; paint-order: stroke; stroke: #fff; stroke-width: 3px }
.drawing .done { fill: #e2f4e6; stroke: #2f8a46 } .drawing .active { fill: #dcefff; stroke: #1f6fc0 }
.drawing .failed { fill: #fde4e4; stroke: #c43c3c } .drawing .undone { fill: #fdf0d5; stroke: #b5781b }
@media (prefers-color-scheme: dark) {
  .drawing text { fill: #e6e9ec } .drawing .flow { fill: #1b2127; stroke: #56616c }
  .drawing .task, .drawing .state { fill: #10151a; stroke: #7fb0e6 } .drawing .retry { fill: #2b2312; stroke: #dba648 }
  .drawing path { stroke: #9aa4ae } .drawing marker path { fill: #9aa4ae }
  .drawing .label { fill: #b4bcc4; stroke: #10151a }
  .drawing .done { fill: #14301c; stroke: #56b870 } .drawing .active { fill: #10294a; stroke: #6fb2f5 }
  .drawing .failed { fill: #3a1719; stroke: #ef7d7d } .drawing .undone { fill: #33260c; stroke: #dba648 }
}`;

/** @param hasStyle - false: what it is put into has `drawingStyle` */
export function printSvg(
  { name, width, height, boxes, arrows }: PlacedDrawing,
  hasStyle = true,
): string {
  const size = `width="${number(width)}" height="${number(height)}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="drawing" ${size} viewBox="0 0 ${number(width)} ${number(height)}">`,
    `<title>${escaped(name)}</title>`,
    ...(hasStyle ? [`<style>${drawingStyle}\n</style>`] : []),
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">' +
      '<path d="M0 0L8 4L0 8z"/></marker></defs>',
    ...boxes.filter(({ kind }) => kind === "flow").map(drawBox),
    ...arrows.map(drawArrow),
    ...boxes.filter(({ kind }) => kind !== "flow").map(drawBox),
    "</svg>\n",
  ].join("\n");
}

function drawBox({ kind, tone, label, description, x, y, width, height }: PlacedBox): string {
  const classes = tone === undefined ? kind : `${kind} ${tone}`;
  const corner = kind === "flow" ? 4 : 8;
  const place = `x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}"`;
  const title = description === undefined ? "" : `<title>${escaped(description)}</title>`;
  // A flow has its name above what stands in it.
  const middle = { x: x + width / 2, y: kind === "flow" ? y + line.height : y + height / 2 };
  const text = `<text x="${number(middle.x)}" y="${number(middle.y)}">${escaped(label)}</text>`;
  return `<g>${title}<rect class="${classes}" rx="${corner}" ${place}/>${text}</g>`;
}

function drawArrow({ points, label, labelAt, isDecided }: PlacedArrow): string {
  const way = points.map(({ x, y }, at) => `${at === 0 ? "M" : "L"}${number(x)} ${number(y)}`);
  const path = `<path${isDecided ? ' class="decided"' : ""} d="${way.join("")}" marker-end="url(#tip)"/>`;
  if (label === undefined || labelAt === undefined) return path;
  const { x, y } = labelAt;
  return `${path}<text class="label" x="${number(x)}" y="${number(y)}">${escaped(label)}</text>`;
}

const number = (value: number): string => String(Math.round(value * 10) / 10);

/** Text for XML; what XML has no way to say is a replacement character. */
const escaped = (text: string): string => escapeMarkup(text, /[\p{Cc}\uFFFE\uFFFF]/gu);
