/** Drawings as SVG, once each box and arrow has its place. */
import type { Arrow, Box } from "./drawing.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface PlacedBox extends Box, Point {
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

const style = `
text { font: 12px system-ui, sans-serif; fill: #1c2024; text-anchor: middle; dominant-baseline: central }
.flow { fill: #f4f6f8; stroke: #9aa4ae } .flow + text { font-weight: 600 }
.task, .state { fill: #fff; stroke: #3b6ea8 } .retry { fill: #fff5e0; stroke: #b5781b }
path { fill: none; stroke: #5b6670 } .decided { stroke-dasharray: 5 3 } marker path { fill: #5b6670; stroke: none }
.label { font-size: 11px; fill: #5b6670; paint-order: stroke; stroke: #fff; stroke-width: 3px }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e9ec } .flow { fill: #1b2127; stroke: #56616c } .task, .state { fill: #10151a; stroke: #7fb0e6 }
  .retry { fill: #2b2312; stroke: #dba648 } path { stroke: #9aa4ae } marker path { fill: #9aa4ae }
  .label { fill: #b4bcc4; stroke: #10151a }
}`;

export function printSvg({ name, width, height, boxes, arrows }: PlacedDrawing): string {
  const size = `width="${number(width)}" height="${number(height)}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 ${number(width)} ${number(height)}">`,
    `<title>${escaped(name)}</title>`,
    `<style>${style}\n</style>`,
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">' +
      '<path d="M0 0L8 4L0 8z"/></marker></defs>',
    ...boxes.filter(({ kind }) => kind === "flow").map(drawBox),
    ...arrows.map(drawArrow),
    ...boxes.filter(({ kind }) => kind !== "flow").map(drawBox),
    "</svg>\n",
  ].join("\n");
}

function drawBox({ kind, label, description, x, y, width, height }: PlacedBox): string {
  const corner = kind === "flow" ? 4 : 8;
  const place = `x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}"`;
  const title = description === undefined ? "" : `<title>${escaped(description)}</title>`;
  // A flow has its name above what stands in it.
  const middle = { x: x + width / 2, y: kind === "flow" ? y + line.height : y + height / 2 };
  const text = `<text x="${number(middle.x)}" y="${number(middle.y)}">${escaped(label)}</text>`;
  return `<g>${title}<rect class="${kind}" rx="${corner}" ${place}/>${text}</g>`;
}

function drawArrow({ points, label, labelAt, isDecided }: PlacedArrow): string {
  const way = points.map(({ x, y }, at) => `${at === 0 ? "M" : "L"}${number(x)} ${number(y)}`);
  const path = `<path${isDecided ? ' class="decided"' : ""} d="${way.join("")}" marker-end="url(#tip)"/>`;
  if (label === undefined || labelAt === undefined) return path;
  const { x, y } = labelAt;
  return `${path}<text class="label" x="${number(x)}" y="${number(y)}">${escaped(label)}</text>`;
}

const number = (value: number): string => String(Math.round(value * 10) / 10);

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for XML; what XML has no way to say is a replacement character. */
const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[\p{Cc}\uFFFE\uFFFF]/gu, "\uFFFD")
    .replace(/[&<>"']/g, (character) => entities[character] ?? "");
