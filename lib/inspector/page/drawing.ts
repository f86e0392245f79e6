/** Where the boxes and arrows of a flow's graph stand. */
import type { ElkExtendedEdge, ElkNode } from "elkjs/lib/elk-api.js";
import type { Blueprint } from "../../compile/blueprint.ts";
import { type Box, pictureOf } from "../model/picture.ts";
import { layout, pathOf } from "./elk.ts";

export interface Drawn {
  readonly id: string;
  readonly name: string;
  readonly kind: Box["kind"];
  readonly atom: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Line {
  readonly from: string;
  readonly to: string;
  readonly path: string;
  readonly isDecided: boolean;
  /** What it stands in, for leaving out what is out of sight. */
  readonly area: readonly [left: number, top: number, right: number, bottom: number];
}

export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** Outer ones first. */
  readonly boxes: readonly Drawn[];
  readonly lines: readonly Line[];
  /** Only a grid: the flow is too large for arrows. */
  readonly isSimple: boolean;
}

/** More atoms than these are shown as a grid. */
const mostLaidOut = 1_000;

const sizes = { height: 40, letter: 7.4, least: 96, most: 260, cell: 28, gap: 6 } as const;

/** Atoms of a flow that is laid out both ways, to see which one fits better. */
const mostTried = 300;

export type Direction = "DOWN" | "RIGHT";

/** @param turned - the other way than the one that fits better into a shape so many times wider than high */
export async function drawingOf(
  blueprint: Blueprint,
  shape: number,
  turned: boolean,
): Promise<Drawing> {
  const root = pictureOf(blueprint);
  const { length } = blueprint.atoms;
  if (length > mostLaidOut) return grid(root);
  if (length > mostTried) return laidOut(root, turned ? "RIGHT" : "DOWN");
  const [down, right] = [await laidOut(root, "DOWN"), await laidOut(root, "RIGHT")];
  const zoom = ({ width, height }: Drawing): number => Math.min(shape / width, 1 / height);
  return zoom(right) > zoom(down) === turned ? down : right;
}

async function laidOut(root: Box, direction: Direction): Promise<Drawing> {
  const known = new Map<string, Box>();
  const decided = new Set<string>();
  const node = (box: Box): ElkNode => {
    known.set(box.id, box);
    if (box.kind !== "flow" || (box.children.length === 0 && box.id !== "root")) {
      const width = Math.round(box.name.length * sizes.letter) + 44;
      const fitting = Math.min(sizes.most, Math.max(sizes.least, width));
      return { id: box.id, width: fitting, height: sizes.height };
    }
    const edges = box.arrows.map(({ from, to, isDecided }): ElkExtendedEdge => {
      const id = `${from}>${to}`;
      if (isDecided) decided.add(id);
      return { id, sources: [from], targets: [to] };
    });
    const isLoose = edges.length === 0 && box.children.length > 6;
    const isOuter = box.id === "root";
    return {
      id: box.id,
      children: box.children.map(node),
      edges,
      layoutOptions: {
        "elk.algorithm": isLoose ? "rectpacking" : "layered",
        "elk.direction": direction,
        "elk.padding": isOuter
          ? "[top=12,left=12,bottom=12,right=12]"
          : "[top=34,left=14,bottom=14,right=14]",
        "elk.spacing.nodeNode": "18",
        "elk.layered.spacing.nodeNodeBetweenLayers": "34",
        "elk.edgeRouting": "ORTHOGONAL",
        "elk.layered.nodePlacement.strategy":
          box.children.length > 150 ? "SIMPLE" : "BRANDES_KOEPF",
        "elk.layered.nodePlacement.bk.fixedAlignment": "BALANCED",
        "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
        "elk.aspectRatio": "1.6",
        // What has no order stands side by side.
        "elk.separateConnectedComponents": String(edges.length > 0),
      },
    };
  };
  const done = await layout(node(root));
  const boxes: Drawn[] = [];
  const lines: Line[] = [];
  const walk = (at: ElkNode, left: number, top: number): void => {
    const x = left + (at.x ?? 0);
    const y = top + (at.y ?? 0);
    const { width = 0, height = 0 } = at;
    const box = known.get(at.id);
    if (box !== undefined && at.id !== "root") {
      boxes.push({
        id: at.id,
        name: box.name,
        kind: box.kind,
        atom: box.atom,
        x,
        y,
        width,
        height,
      });
    }
    for (const edge of at.edges ?? []) lines.push(lineOf(edge, decided.has(edge.id), x, y));
    for (const child of at.children ?? []) walk(child, x, y);
  };
  walk(done, 0, 0);
  return { width: done.width ?? 0, height: done.height ?? 0, boxes, lines, isSimple: false };
}

function lineOf(edge: ElkExtendedEdge, isDecided: boolean, left: number, top: number): Line {
  const points = (edge.sections ?? [])
    .flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint])
    .map(({ x, y }) => ({ x: x + left, y: y + top }));
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  return {
    from: edge.sources[0] ?? "",
    to: edge.targets[0] ?? "",
    path: pathOf(points),
    isDecided,
    area: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)],
  };
}

/** Each flow that holds tasks as a block of cells, one block below the other. */
function grid(root: Box): Drawing {
  const boxes: Drawn[] = [];
  const count = countOf(root);
  const columns = Math.max(20, Math.ceil(Math.sqrt(count * 1.8)));
  const pitch = sizes.cell + sizes.gap;
  let y = 12;
  const place = (box: Box): void => {
    const cells = box.children.filter(({ kind }) => kind !== "flow");
    if (box.id !== "root" && cells.length > 0) y += 26;
    const top = y;
    cells.forEach(({ id, name, kind, atom }, at) => {
      const x = 12 + (at % columns) * pitch;
      const down = top + Math.floor(at / columns) * pitch;
      boxes.push({ id, name, kind, atom, x, y: down, width: sizes.cell, height: sizes.cell });
    });
    if (cells.length > 0) y = top + Math.ceil(cells.length / columns) * pitch + 14;
    if (box.id !== "root" && cells.length > 0) {
      const width = columns * pitch + 12;
      const { id, name, kind, atom } = box;
      boxes.push({ id, name, kind, atom, x: 4, y: top - 26, width, height: y - top + 16 });
    }
    for (const child of box.children) if (child.kind === "flow") place(child);
  };
  place(root);
  const outerFirst = [
    ...boxes.filter(({ kind }) => kind === "flow"),
    ...boxes.filter(({ kind }) => kind !== "flow"),
  ];
  return {
    width: columns * pitch + 24,
    height: y + 12,
    boxes: outerFirst,
    lines: [],
    isSimple: true,
  };
}

function countOf(root: Box): number {
  let count = 0;
  const work = [root];
  for (const box of work) {
    if (box.kind !== "flow") count++;
    for (const child of box.children) work.push(child);
  }
  return count;
}
