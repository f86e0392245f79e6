/** The state chart of an actor: where it is, and the way it took. */
import type { ElkExtendedEdge, ElkNode } from "elkjs/lib/elk-api.js";
import { useEffect, useState } from "preact/hooks";
import { flowMachine } from "../../../actors/flow.ts";
import { retryMachine } from "../../../actors/retry.ts";
import { taskMachine } from "../../../actors/task.ts";
import type { Visit } from "../model/player.ts";
import { layout, pathOf } from "./elk.ts";
import { Sheet } from "./sheet.tsx";

export type MachineName = "task" | "retry" | "flow";

interface State {
  readonly name: string;
  readonly description: string;
}

interface Transition {
  readonly from: string;
  readonly to: string;
  readonly events: readonly string[];
}

interface Machine {
  readonly initial: string;
  readonly states: readonly State[];
  readonly transitions: readonly Transition[];
}

/** What is only seen when something is taken back, and hides the rest where it is not. */
const rare: ReadonlySet<string> = new Set(["reset", "withdrawn"]);

const machines: Readonly<Record<MachineName, Machine>> = {
  task: machineOf(taskMachine),
  retry: machineOf(retryMachine),
  flow: machineOf(flowMachine),
};

interface Target {
  readonly target?: readonly { readonly key: string }[] | undefined;
  readonly eventType: string;
}

interface AnyMachine {
  readonly root: {
    readonly states: Readonly<
      Record<
        string,
        { readonly description?: string | undefined; readonly transitions: Map<string, Target[]> }
      >
    >;
    readonly initial: Target;
  };
}

function machineOf(machine: unknown): Machine {
  const { states, initial } = (machine as AnyMachine).root;
  const transitions: { from: string; to: string; events: string[] }[] = [];
  for (const [from, { transitions: leaving }] of Object.entries(states)) {
    for (const { target, eventType } of [...leaving.values()].flat()) {
      const to = target?.[0]?.key;
      if (to === undefined) continue;
      const known = transitions.find((it) => it.from === from && it.to === to);
      if (known === undefined) transitions.push({ from, to, events: [eventType] });
      else if (!known.events.includes(eventType)) known.events.push(eventType);
    }
  }
  return {
    initial: initial.target?.[0]?.key ?? "",
    states: Object.entries(states).map(([name, { description = "" }]) => ({ name, description })),
    transitions,
  };
}

interface ChartProps {
  readonly machine: MachineName;
  readonly state: string;
  readonly visits: readonly Visit<string>[];
}

interface Laid {
  readonly machine: MachineName;
  readonly key: string;
  readonly graph: ElkNode;
}

export function Chart({ machine, state, visits }: ChartProps) {
  const { states, transitions } = machines[machine];
  const [all, showAll] = useState(false);
  const taken = new Map<string, number>();
  for (const { from, to } of visits)
    taken.set(`${from}>${to}`, (taken.get(`${from}>${to}`) ?? 0) + 1);
  const shown = transitions.filter(
    ({ from, to, events }) =>
      all || taken.has(`${from}>${to}`) || !events.every((it) => rare.has(it)),
  );
  const key = `${machine} ${shown.map(({ from, to }) => `${from}>${to}`).join(" ")}`;
  const graph = useLaidOut(machine, key, states, shown);
  if (graph === undefined) return <p class="empty">laying out…</p>;
  const visited = new Set(visits.flatMap(({ from, to }) => [from, to]));
  const descriptions = new Map(states.map(({ name, description }) => [name, description]));
  const tool = (
    <button
      type="button"
      title="all transitions"
      aria-pressed={all}
      onClick={() => {
        showAll(!all);
      }}
    >
      ∗
    </button>
  );
  return (
    <Sheet width={graph.width ?? 0} height={graph.height ?? 0} label="state chart" tools={tool}>
      {() => <Inside {...{ graph, taken, visited, descriptions, state }} />}
    </Sheet>
  );
}

interface InsideProps {
  readonly graph: ElkNode;
  /** How often each transition was taken. */
  readonly taken: ReadonlyMap<string, number>;
  readonly visited: ReadonlySet<string>;
  readonly descriptions: ReadonlyMap<string, string>;
  readonly state: string;
}

function Inside({ graph, taken, visited, descriptions, state }: InsideProps) {
  return (
    <>
      <defs>
        <Head id="head" size={7} />
        <Head id="head-taken" size={6} />
      </defs>
      {(graph.edges ?? []).map((edge) => (
        <Arrow key={edge.id} edge={edge} times={taken.get(edge.id) ?? 0} />
      ))}
      {(graph.children ?? []).map(({ id, x = 0, y = 0, width = 0, height = 0 }) => (
        <g
          key={id}
          class={`state${id === state ? " current" : ""}${visited.has(id) ? " visited" : ""}`}
          data-state={id}
        >
          <title>{descriptions.get(id)}</title>
          <rect x={x} y={y} width={width} height={height} rx={8} />
          <text x={x + width / 2} y={y + height / 2 + 4}>
            {id.replace("_", " ")}
          </text>
        </g>
      ))}
    </>
  );
}

function Head({ id, size }: { readonly id: string; readonly size: number }) {
  return (
    <marker
      id={id}
      viewBox="0 0 8 8"
      refX="7"
      refY="4"
      markerWidth={size}
      markerHeight={size}
      orient="auto"
    >
      <path d="M0 0L8 4L0 8z" class={id === "head" ? "tip" : "tip taken"} />
    </marker>
  );
}

function Arrow({ edge, times }: { readonly edge: ElkExtendedEdge; readonly times: number }) {
  const label = edge.labels?.[0];
  return (
    <g class={times > 0 ? "transition taken" : "transition"}>
      {edge.sections?.map(({ id, startPoint, bendPoints = [], endPoint }) => (
        <path
          key={id}
          d={pathOf([startPoint, ...bendPoints, endPoint])}
          marker-end={times > 0 ? "url(#head-taken)" : "url(#head)"}
        />
      ))}
      {label && (
        <text x={(label.x ?? 0) + (label.width ?? 0) / 2} y={(label.y ?? 0) + 11}>
          {label.text}
          {times > 1 ? ` ×${times}` : ""}
        </text>
      )}
    </g>
  );
}

function useLaidOut(
  machine: MachineName,
  key: string,
  states: readonly State[],
  shown: readonly Transition[],
): ElkNode | undefined {
  const [laid, setLaid] = useState<Laid>();
  useEffect(() => {
    let isOver = false;
    void layout(graphOf(states, shown)).then((graph) => {
      if (!isOver) setLaid({ machine, key, graph });
    });
    return () => {
      isOver = true;
    };
  }, [key]);
  return laid?.machine === machine ? laid.graph : undefined;
}

function graphOf(states: readonly State[], transitions: readonly Transition[]): ElkNode {
  return {
    id: "machine",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": "DOWN",
      "elk.spacing.nodeNode": "28",
      "elk.spacing.edgeNode": "16",
      "elk.spacing.edgeLabel": "4",
      "elk.layered.spacing.nodeNodeBetweenLayers": "26",
      "elk.layered.spacing.edgeNodeBetweenLayers": "14",
      "elk.edgeRouting": "ORTHOGONAL",
      "elk.edgeLabels.inline": "true",
      // What comes first in the machine stands above.
      "elk.layered.cycleBreaking.strategy": "MODEL_ORDER",
      "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
      "elk.padding": "[top=10,left=10,bottom=10,right=10]",
    },
    children: states.map(({ name }) => ({ id: name, width: name.length * 8 + 28, height: 34 })),
    edges: transitions.map(({ from, to, events }) => {
      const usual = events.filter((event) => !rare.has(event));
      const text = (usual.length === 0 ? events : usual).join(", ");
      return {
        id: `${from}>${to}`,
        sources: [from],
        targets: [to],
        labels: [{ text, width: text.length * 6.2 + 6, height: 14 }],
      };
    }),
  };
}
