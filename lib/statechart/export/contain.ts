/** Items of a flow in one state: as a sequence, as parallel regions, or as regions that wait for each other. */
import type { Pattern } from "../../types.ts";
import type { ChartState } from "./state.ts";

export interface Place {
  readonly key: string;
  readonly state: ChartState;
}

interface Container {
  readonly pattern: Pattern;
  /** Of a graph: for each item the places of those that come right after it. */
  readonly links: readonly (readonly number[])[] | undefined;
  /** The key of its final state. */
  readonly end: string;
  readonly id: string;
}

/** The items must come in an order that no link goes against. */
export function contain(places: readonly Place[], container: Container): ChartState {
  const { pattern, links, end, id } = container;
  if (places.length === 0) return { initial: end, states: { [end]: { type: "final" } } };
  if (pattern === "linear") return sequence(places, end, id);
  const before = waitsOf(places, links);
  const regions = places.map(({ key, state }, at): [string, ChartState] => [
    key,
    (before[at]?.length ?? 0) === 0 ? state : region(state, before[at] ?? [], end),
  ]);
  return { type: "parallel", states: Object.fromEntries(regions) };
}

function sequence(places: readonly Place[], end: string, id: string): ChartState {
  const states = places.map(({ key, state }, at): [string, ChartState] => {
    const next = places[at + 1]?.state.id;
    return [key, { ...state, onDone: next === undefined ? `#${id}:${end}` : `#${next}` }];
  });
  return {
    initial: places[0]?.key ?? end,
    states: { ...Object.fromEntries(states), [end]: { id: `${id}:${end}`, type: "final" } },
  };
}

function waitsOf(
  places: readonly Place[],
  links: Container["links"],
): readonly (readonly Place[])[] {
  const before: Place[][] = places.map(() => []);
  links?.forEach((after, from) => {
    const place = places[from];
    if (place !== undefined) for (const to of after) before[to]?.push(place);
  });
  return before;
}

/** An item that begins once all before it are done. */
function region(item: ChartState, before: readonly Place[], end: string): ChartState {
  const id = `${item.id ?? ""}:in`;
  const states = before.map(({ key, state }): [string, ChartState] => {
    const ended = { [`xstate.done.state.${state.id ?? ""}`]: "DONE" };
    return [key, { initial: "OPEN", states: { OPEN: { on: ended }, DONE: { type: "final" } } }];
  });
  return {
    id,
    initial: "PENDING",
    states: {
      PENDING: {
        description: "Waits for what comes before it.",
        type: "parallel",
        states: Object.fromEntries(states),
        onDone: `#${item.id ?? ""}`,
      },
      ITEM: { ...item, onDone: `#${id}:${end}` },
      [end]: { id: `${id}:${end}`, type: "final" },
    },
  };
}
