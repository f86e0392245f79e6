/** How states look: a symbol and a style each. */
import type { AtomState, FlowStateName } from "../plan/states.ts";
import type { Tally } from "./board.ts";
import type { Span, Style } from "./text.ts";

interface Look {
  readonly symbol: string;
  readonly style: Style;
}

/** `IMPORTING` stands in listings while a flow comes in. */
export type ShownState = AtomState | FlowStateName | "IMPORTING";

const looks: { readonly [State in ShownState]: Look } = {
  PENDING: { symbol: "○", style: "dim" },
  RUNNING: { symbol: "●", style: "cyan" },
  SUCCESS: { symbol: "✔", style: "green" },
  FAILURE: { symbol: "✖", style: "red" },
  REVERTING: { symbol: "↶", style: "yellow" },
  REVERTED: { symbol: "↶", style: "yellow" },
  REVERT_FAILURE: { symbol: "✖", style: "red" },
  IGNORE: { symbol: "–", style: "dim" },
  RETRYING: { symbol: "↻", style: "magenta" },
  SUSPENDING: { symbol: "●", style: "yellow" },
  SUSPENDED: { symbol: "■", style: "yellow" },
  RESUMING: { symbol: "●", style: "cyan" },
  PARKED: { symbol: "■", style: "red" },
  IMPORTING: { symbol: "○", style: "dim" },
};

const turning = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
const turnMs = 100;

export const styleOf = (state: ShownState): Style => looks[state].style;

/** The symbol of a state; what is under way turns with the time. */
export function symbolOf(state: ShownState, now?: number): Span {
  const { symbol, style } = looks[state];
  const turns = state === "RUNNING" || state === "REVERTING" || state === "SUSPENDING";
  if (!turns || now === undefined) return [symbol, style];
  return [turning[Math.floor(now / turnMs) % turning.length] ?? symbol, style];
}

/** A nested flow has no state of its own: this is what its atoms come to. */
export function stateOfTally({ total, done, active, failed, undone }: Tally): AtomState {
  if (active > 0) return "RUNNING";
  if (failed > 0) return "FAILURE";
  if (done === total) return "SUCCESS";
  return undone > 0 && done === 0 ? "REVERTED" : "PENDING";
}
