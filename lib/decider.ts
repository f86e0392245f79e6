/** Links between items of a graph, and the deciders on them. */
import { describe, readFunction, readOptions } from "./declared.ts";
import { nearest } from "./nearest.ts";
import type { Decide, Depth, Item, Link } from "./types.ts";

/** From the widest to the narrowest. */
const depths: readonly Depth[] = ["ALL", "FLOW", "NEIGHBORS", "ATOM"];

/** A link without a decider. */
export interface PlainLink extends Link {
  readonly decide?: never;
}

/** A link with a decider: what comes after it may be ignored. */
export interface DecidedLink extends Link {
  readonly decide: Decide;
}

export interface DeciderOptions {
  /**
   * Whether `to` may run; asked each time it becomes ready. Gets the results, by name, of those
   * atoms that are sources of decided links to the same target and were not ignored themselves.
   */
  readonly decide: Decide;
  /** How far a no reaches, in any letter case; see `Depth`. Default `ALL`. */
  readonly depth?: Depth | Lowercase<Depth> | undefined;
}

/**
 * A link between two items of a graph, or their names: `to` starts when `from` is done, and, if
 * there is a decider, only if that says yes.
 *
 * Mistakes don't throw here: `compile` reports them, with all others of the flow.
 */
export function link(from: Item | string, to: Item | string): PlainLink;
export function link(from: Item | string, to: Item | string, options: DeciderOptions): DecidedLink;
export function link(from: unknown, to: unknown, given?: unknown): Link {
  const problems: string[] = [];
  const options = readOptions(given, "link()", ["decide", "depth"], problems);
  const decide = readFunction(options, "decide", problems) as Decide | undefined;
  const depth = readDepth(options["depth"], problems);
  if (options["depth"] !== undefined && options["decide"] === undefined) {
    problems.push("depth says how far a no of decide reaches, but there is no decide");
  }
  return Object.freeze({
    kind: "link",
    from: readEnd(from, "from", problems),
    to: readEnd(to, "to", problems),
    ...(decide === undefined ? {} : { decide }),
    ...(depth === undefined ? {} : { depth }),
    problems: Object.freeze(problems),
  });
}

function readDepth(given: unknown, problems: string[]): Depth | undefined {
  if (given === undefined) return undefined;
  const name = typeof given === "string" ? given.toUpperCase() : "";
  const depth = depths.find((known) => known === name);
  if (depth !== undefined) return depth;
  const meant = nearest(name, depths);
  const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
  problems.push(`depth must be one of ${depths.join(", ")}, got ${describe(given)}${hint}`);
  return undefined;
}

function readEnd(end: unknown, which: string, problems: string[]): Item | string {
  if (typeof end === "string" || isItem(end)) return end;
  problems.push(`${which} must be a task, a flow or the name of one, got ${describe(end)}`);
  return "";
}

/** Whether it is a task or a flow. */
export function isItem(value: unknown): value is Item {
  if (typeof value !== "object" || value === null) return false;
  const { kind } = value as { readonly kind?: unknown };
  return kind === "task" || kind === "flow";
}
