/** Drawings as text for Graphviz. */
import type { Box, Drawing } from "./drawing.ts";

export function printDot({ name, boxes, arrows }: Drawing): string {
  const lines = [
    `digraph ${quoted(name)} {`,
    "  compound=true;",
    '  node [shape=box, style=rounded, fontname="sans-serif"];',
    '  edge [fontname="sans-serif"];',
  ];
  const put = (box: Box, indent: string): void => {
    if (box.kind !== "flow") {
      const shape = box.kind === "retry" ? ", shape=hexagon" : "";
      lines.push(`${indent}${quoted(box.id)} [label=${quoted(box.label)}${shape}];`);
      return;
    }
    lines.push(`${indent}subgraph ${quoted(`cluster_${box.id}`)} {`);
    lines.push(`${indent}  label=${quoted(box.label)};`);
    // An arrow ends at a node: of a flow, at this one, and is cut where its box begins.
    lines.push(`${indent}  ${quoted(box.id)} [shape=point, style=invis];`);
    for (const inner of boxes) if (inner.parent === box.id) put(inner, `${indent}  `);
    lines.push(`${indent}}`);
  };
  for (const box of boxes) if (box.parent === undefined) put(box, "  ");
  const flows = new Set(boxes.filter(({ kind }) => kind === "flow").map(({ id }) => id));
  for (const { from, to, label, isDecided } of arrows) {
    const facts = [
      ...(label === undefined ? [] : [`label=${quoted(label)}`]),
      ...(isDecided ? ["style=dashed"] : []),
      ...(flows.has(from) ? [`ltail=${quoted(`cluster_${from}`)}`] : []),
      ...(flows.has(to) ? [`lhead=${quoted(`cluster_${to}`)}`] : []),
    ];
    const more = facts.length === 0 ? "" : ` [${facts.join(", ")}]`;
    lines.push(`  ${quoted(from)} -> ${quoted(to)}${more};`);
  }
  return `${lines.join("\n")}\n}\n`;
}

/** A backslash begins one of Graphviz's own escapes, so it is doubled. */
const quoted = (text: string): string =>
  `"${text.replace(/[\\"]/g, "\\$&").replace(/[\p{Cc}\u2028\u2029]+/gu, " ")}"`;
