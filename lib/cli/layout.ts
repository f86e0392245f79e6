/** Finds places for what is drawn, with the optional package elkjs. */
import type { ElkExtendedEdge, ElkNode } from "elkjs/lib/elk.bundled.js";
import type { Arrow, Box, Drawing } from "../statechart/export/drawing.ts";
import {
  line,
  type PlacedArrow,
  type PlacedBox,
  type PlacedDrawing,
  type Point,
} from "../statechart/export/svg.ts";
import { CliError, hinted } from "./exit.ts";
import { oneLine, widthOf } from "./text.ts";

const margin = 12;

const options = {
  "elk.algorithm": "layered",
  "elk.direction": "DOWN",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  // What is declared first stands first, a machine's initial state too.
  "elk.layered.cycleBreaking.strategy": "MODEL_ORDER",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  // Everything is placed from one corner, whatever stands in what.
  "org.eclipse.elk.json.shapeCoords": "ROOT",
  "org.eclipse.elk.json.edgeCoords": "ROOT",
  "elk.padding": `[top=${margin},left=${margin},bottom=${margin},right=${margin}]`,
  "elk.spacing.nodeNode": "24",
  "elk.layered.spacing.nodeNodeBetweenLayers": "32",
};

/** @throws CliError `USAGE` when elkjs isn't installed */
export async function layOut(drawing: Drawing): Promise<PlacedDrawing> {
  const shown: Drawing = {
    ...drawing,
    boxes: drawing.boxes.map((box) => ({ ...box, label: oneLine(box.label) })),
  };
  const elk = await makeElk();
  const placed = await elk.layout(graphOf(shown));
  const nodes = new Map<string, ElkNode>();
  collect(placed, nodes);
  const edges = new Map((placed.edges ?? []).map((edge) => [edge.id, edge]));
  return {
    name: oneLine(shown.name),
    width: placed.width ?? 0,
    height: placed.height ?? 0,
    boxes: shown.boxes.map((box): PlacedBox => {
      const { x = 0, y = 0, width = 0, height = 0 } = nodes.get(box.id) ?? {};
      return { ...box, x, y, width, height };
    }),
    arrows: shown.arrows.map((arrow, at) => placeArrow(arrow, edges.get(`e${at}`))),
  };
}

interface Elk {
  layout(graph: ElkNode): Promise<ElkNode>;
}

async function makeElk(): Promise<Elk> {
  try {
    const { default: made } = await import("elkjs/lib/elk.bundled.js");
    // Its types don't say what a default import of it gives in Node.
    return new (made as unknown as new () => Elk)();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    const problem = new CliError("USAGE", "svg needs the package elkjs, which isn't installed");
    throw hinted(problem, "npm install elkjs");
  }
}

function graphOf({ boxes, arrows }: Drawing): ElkNode {
  const inside = new Map<string | undefined, Box[]>();
  for (const box of boxes) inside.set(box.parent, [...(inside.get(box.parent) ?? []), box]);
  const nodeOf = (box: Box): ElkNode => {
    const width = widthOf(box.label) * line.column + 2 * margin;
    if (box.kind !== "flow") return { id: box.id, width, height: 2 * line.height };
    const padding = `[top=${2 * line.height},left=${margin},bottom=${margin},right=${margin}]`;
    const smallest = `(${width},${3 * line.height})`;
    return {
      id: box.id,
      layoutOptions: {
        "elk.padding": padding,
        "elk.nodeSize.constraints": "MINIMUM_SIZE",
        "elk.nodeSize.minimum": smallest,
      },
      children: (inside.get(box.id) ?? []).map(nodeOf),
      // One without anything in it is laid out as a plain node.
      width,
      height: 3 * line.height,
    };
  };
  return {
    id: "drawing",
    layoutOptions: options,
    children: (inside.get(undefined) ?? []).map(nodeOf),
    edges: arrows.map(({ from, to, label }, at): ElkExtendedEdge => {
      const width = widthOf(label ?? "") * line.column;
      const labels = label === undefined ? [] : [{ text: label, width, height: line.height }];
      return { id: `e${at}`, sources: [from], targets: [to], labels };
    }),
  };
}

function collect(node: ElkNode, into: Map<string, ElkNode>): void {
  into.set(node.id, node);
  for (const child of node.children ?? []) collect(child, into);
}

function placeArrow(arrow: Arrow, edge: ElkExtendedEdge | undefined): PlacedArrow {
  const points = (edge?.sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) => [
    startPoint,
    ...bendPoints,
    endPoint,
  ]);
  const label = edge?.labels?.[0];
  if (label === undefined) return { ...arrow, points };
  const { x = 0, y = 0, width = 0, height = 0 } = label;
  const labelAt: Point = { x: x + width / 2, y: y + height / 2 };
  return { ...arrow, points, labelAt };
}
