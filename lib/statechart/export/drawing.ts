/** What is to be drawn: boxes, some in others, and arrows between them. */
import type { Blueprint } from "../../compile/blueprint.ts";

export interface Box {
  readonly id: string;
  readonly kind: "flow" | "task" | "retry" | "state";
  /** What stands on it; not escaped. */
  readonly label: string;
  /** The box it stands in. */
  readonly parent?: string;
  /** More about it, for those who read data. */
  readonly description?: string;
}

export interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly label?: string;
  /** A decider is asked before what it leads to. */
  readonly isDecided: boolean;
}

export interface Drawing {
  readonly name: string;
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
}

/** The graph of a flow: its tasks and controllers, in boxes for its flows. */
export function drawFlow(blueprint: Blueprint): Drawing {
  const { atoms, scopes } = blueprint;
  const within = (scope: number): { parent?: string } => (scope < 0 ? {} : { parent: `s${scope}` });
  const flows = scopes.map(({ name, pattern, parent }, number): Box => {
    return { id: `s${number}`, kind: "flow", label: name, description: pattern, ...within(parent) };
  });
  const rest = atoms.map(({ name, kind, scope }, number): Box => {
    return { id: `a${number}`, kind, label: name, ...within(scope) };
  });
  return { name: blueprint.flow, boxes: [...flows, ...rest], arrows: arrowsOf(blueprint) };
}

function arrowsOf(blueprint: Blueprint): readonly Arrow[] {
  const { atoms, successors } = blueprint;
  const arrows: Arrow[] = [];
  successors.forEach((after, node) => {
    if (node >= atoms.length && (node - atoms.length) % 2 === 0) return; // into a flow: the box says it
    for (const to of after) {
      const target = to - atoms.length;
      if (target >= 0 && target % 2 === 1) continue; // out of a flow: the same
      const depth = decidedBetween(blueprint, node, to);
      const label = depth === undefined ? {} : { label: depth };
      arrows.push({
        from: boxOf(node, atoms.length),
        to: boxOf(to, atoms.length),
        ...label,
        isDecided: depth !== undefined,
      });
    }
  });
  return arrows;
}

const boxOf = (node: number, atoms: number): string =>
  node < atoms ? `a${node}` : `s${Math.floor((node - atoms) / 2)}`;

/** The depth of a decided link between two nodes; undefined if nobody decides there. */
function decidedBetween(blueprint: Blueprint, from: number, to: number): string | undefined {
  const { atoms, scopes } = blueprint;
  const scope = scopes[Math.floor((to - atoms.length) / 2)];
  const first = to < atoms.length ? to : (scope?.first ?? -1);
  // The deciders of a flow stand before the atom that it begins with, those of the flows around it too.
  const source = from < atoms.length ? from : -1;
  return atoms[first]?.deciders.find((decider) => decider.from === source)?.depth;
}

/** The parts of a machine's config that are drawn. */
export interface MachineConfig {
  readonly id?: string | undefined;
  readonly states?: Readonly<Record<string, MachineState>> | undefined;
}

interface MachineState {
  readonly description?: string | undefined;
  readonly on?: object | undefined;
}

/** The states of a machine without nested ones, and the events that lead from one to another. */
export function drawMachine({ id = "machine", states = {} }: MachineConfig): Drawing {
  const names = Object.keys(states);
  const boxes = names.map((name): Box => {
    const description = states[name]?.description;
    return { id: name, kind: "state", label: name, ...(description ? { description } : {}) };
  });
  const arrows = names.flatMap((from) =>
    Object.entries(states[from]?.on ?? {}).flatMap(([event, way]) =>
      targetsOf(way).map(({ target = from, guard }): Arrow => {
        return { from, to: target, label: guard ? `${event} [${guard}]` : event, isDecided: false };
      }),
    ),
  );
  return { name: id, boxes, arrows };
}

interface Way {
  readonly target?: string;
  readonly guard?: string;
}

function targetsOf(way: unknown): readonly Way[] {
  if (typeof way === "string") return [{ target: way }];
  return (Array.isArray(way) ? way : [way]).map((one: { target?: string; guard?: Guard }) => ({
    ...(one.target === undefined ? {} : { target: one.target }),
    ...(one.guard === undefined ? {} : { guard: textOf(one.guard) }),
  }));
}

type Guard =
  | string
  | { readonly type: string; readonly params?: Readonly<Record<string, unknown>> };

const textOf = (guard: Guard): string =>
  typeof guard === "string"
    ? guard
    : [guard.type, ...Object.values(guard.params ?? {}).map(String)].join(" ");
