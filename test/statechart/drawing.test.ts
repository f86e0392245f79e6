// Flows and machines as pictures: what is drawn, and that no name gets out of its place.
import t from "tap";
import { taskMachine } from "../../actors/task.ts";
import { layOut } from "../../lib/cli/layout.ts";
import { compile } from "../../lib/compile/compile.ts";
import { printDot } from "../../lib/statechart/export/dot.ts";
import { drawFlow, drawMachine } from "../../lib/statechart/export/drawing.ts";
import { printMermaid } from "../../lib/statechart/export/mermaid.ts";
import { type PlacedBox, printSvg } from "../../lib/statechart/export/svg.ts";
import { references, untyped } from "../simulation/flows.ts";

const { task, linear, unordered, graph, link } = untyped;
const plain = (name: string) => task({ name, execute: () => name });

t.test("decided links are drawn with how far a no reaches", async (t) => {
  const decide = () => true;
  const flow = linear(
    "f",
    {},
    graph(
      "g",
      {
        links: [
          link("a", "b", { decide, depth: "ATOM" }),
          link("a", "in", { decide, depth: "FLOW" }),
          link("in", "c", { decide }),
          link("b", "c"),
        ],
      },
      plain("a"),
      plain("b"),
      unordered("in", {}, plain("x"), plain("y")),
      plain("c"),
    ),
    unordered("none", {}),
    plain("z"),
  );
  const { boxes, arrows } = drawFlow(compile(flow).blueprint);
  const labels = new Map(boxes.map(({ id, label }) => [id, label]));
  t.strictSame(
    arrows
      .map(({ from, to, label = "" }) => `${labels.get(from)} ${labels.get(to)} ${label}`.trim())
      .sort(),
    ["a b ATOM", "a in FLOW", "b c", "g none", "in c ALL", "none z"],
  );
});

t.test("a machine is drawn with its events and guards", async (t) => {
  const { boxes, arrows } = drawMachine(taskMachine.config);
  t.equal(boxes.length, 8);
  t.ok(arrows.some(({ from, to, label }) => `${from} ${to} ${label}` === "PENDING RUNNING start"));
  const back = arrows.filter(({ label }) => label === "withdrawn [cameFrom SUCCESS]");
  t.match(back, [{ from: "REVERTING", to: "SUCCESS" }]);
  t.ok(arrows.some(({ from, to, label }) => from === to && label === "progress"));
});

/** Names that would mean something in one of the formats. */
const hostile = [
  "</text><script>alert(1)</script>",
  '"]; x -> y; //',
  "\\",
  "a\nb\u0000c\u2028d",
  "end",
  "]] --> n0",
  "&amp; 'q' #35;",
  "\ud800 alone",
  "𝛂 日本",
];

t.test("names stay names in every format", async (t) => {
  const flow = unordered("</title>&", {}, ...hostile.map(plain));
  const drawing = drawFlow(compile(flow).blueprint);
  const svg = printSvg(await layOut(drawing));
  const tags = new Set([...svg.matchAll(/<\/?([^\s>/]*)/g)].map(([, tag]) => tag));
  t.strictSame([...tags].sort(), [
    "defs",
    "g",
    "marker",
    "path",
    "rect",
    "style",
    "svg",
    "text",
    "title",
  ]);
  t.equal(svg.match(/<text/g)?.length, hostile.length + 1);
  t.notMatch(svg, /[\u0000-\u0008\u000b-\u001f]/);
  t.ok(svg.isWellFormed());

  const mermaid = printMermaid(drawing);
  const line = /^ {4}n\d+\("[\p{L}\p{N} _.,:/#;-]*"\)$/u;
  const inner = mermaid.split("\n").slice(2, -2);
  t.equal(inner.length, hostile.length);
  t.ok(
    inner.every((text) => line.test(text)),
    "nothing but letters, digits and codes",
  );

  const dot = printDot(drawing);
  const nodes = dot
    .split("\n")
    .filter((text) => /^ {4}"a\d+" \[label="(?:[^"\\]|\\.)*"\];$/.test(text));
  t.equal(nodes.length, hostile.length, "every name is one whole quoted text");
});

t.test("boxes stand in the box of their flow, and beside each other", async (t) => {
  const inside = (box: PlacedBox, outer: PlacedBox): boolean =>
    box.x >= outer.x &&
    box.y >= outer.y &&
    box.x + box.width <= outer.x + outer.width &&
    box.y + box.height <= outer.y + outer.height;
  const apart = (a: PlacedBox, b: PlacedBox): boolean =>
    a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
  for (const { flow } of references) {
    const { boxes, arrows, width, height } = await layOut(drawFlow(compile(flow).blueprint));
    const whole = { x: 0, y: 0, width, height } as PlacedBox;
    for (const box of boxes) {
      const outer = boxes.find(({ id }) => id === box.parent) ?? whole;
      t.ok(box.width > 0 && inside(box, outer), `${flow.name}: ${box.label} in its flow`);
      const beside = boxes.filter(({ id, parent }) => id !== box.id && parent === box.parent);
      t.ok(
        beside.every((other) => apart(box, other)),
        `${flow.name}: ${box.label} alone there`,
      );
    }
    t.ok(
      arrows.every(({ points }) => points.length >= 2),
      `${flow.name}: every arrow has its way`,
    );
  }
});
