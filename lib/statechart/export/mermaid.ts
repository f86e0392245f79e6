/** Drawings as text for Mermaid. */
import type { Arrow, Box, Drawing } from "./drawing.ts";

export function printMermaid({ boxes, arrows }: Drawing): string {
  // Ids of its own: some words, such as "end", mean something to Mermaid.
  const ids = new Map(boxes.map(({ id }, at) => [id, `n${at}`]));
  const idOf = (box: string): string => ids.get(box) ?? box;
  const lines = ["flowchart TD"];
  const put = (box: Box, indent: string): void => {
    if (box.kind !== "flow") {
      lines.push(`${indent}${idOf(box.id)}${shaped(box)}`);
      return;
    }
    lines.push(`${indent}subgraph ${idOf(box.id)} [${quoted(box.label)}]`);
    for (const inner of boxes) if (inner.parent === box.id) put(inner, `${indent}  `);
    lines.push(`${indent}end`);
  };
  for (const box of boxes) if (box.parent === undefined) put(box, "  ");
  for (const arrow of arrows)
    lines.push(`  ${idOf(arrow.from)} ${lineOf(arrow)} ${idOf(arrow.to)}`);
  return `${lines.join("\n")}\n`;
}

const shaped = ({ kind, label }: Box): string =>
  kind === "retry" ? `{{${quoted(label)}}}` : `(${quoted(label)})`;

function lineOf({ label, isDecided }: Arrow): string {
  const line = isDecided ? "-.->" : "-->";
  return label === undefined ? line : `${line}|${quoted(label)}|`;
}

/** Everything but letters, digits and spaces as the code of its character: Mermaid reads a little of most of it. */
const quoted = (text: string): string =>
  `"${text.replace(/[^\p{L}\p{N} _.,:/-]/gu, (character) => `#${character.codePointAt(0) ?? 32};`)}"`;
