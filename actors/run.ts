/** The short ways to an engine. */
import { FlowError } from "../lib/errors.ts";
import type { Journal } from "../lib/journal/journal.ts";
import { foldAll } from "../lib/plan/fold.ts";
import { FlowView } from "../lib/plan/view.ts";
import type { Item } from "../lib/types.ts";
import { Engine, type EngineOptions, type RunControls } from "./engine.ts";
import { machines } from "./machines.ts";

/** An engine for the flow; nothing has happened yet. */
export function load(flow: Item, options: EngineOptions = {}): Engine {
  return new Engine(flow, options);
}

/** Runs a flow to its end and gives every symbol that has a value then. */
export async function run(
  flow: Item,
  options: EngineOptions & RunControls = {},
): Promise<Record<string, unknown>> {
  const { signal, unpark, ...rest } = options;
  const engine = load(flow, rest);
  const state = await engine.run({
    ...(signal === undefined ? {} : { signal }),
    ...(unpark === undefined ? {} : { unpark }),
  });
  if (state === "SUSPENDED") throw new FlowError("SUSPENDED", { flow: flow.name });
  return engine.storage.fetchAll();
}

/**
 * Reads a flow out of its journal, without its code.
 *
 * @throws FlowError `NOT_FOUND` when the journal has no such flow, and what the journal throws
 */
export async function readFlow(journal: Journal, id: string): Promise<FlowView> {
  const state = foldAll(machines, await journal.read(id));
  if (state === undefined) throw new FlowError("NOT_FOUND", { what: "flow", name: id });
  return new FlowView(() => state);
}
