/** The short ways to an engine. */
import { FlowError } from "../lib/errors.ts";
import type { Journal } from "../lib/journal/journal.ts";
import { readState } from "../lib/journal/latest.ts";
import { FlowView } from "../lib/plan/view.ts";
import type { LoadOptions, ResultsOf, RunOptions, Storeless } from "../lib/typed/run.ts";
import type { Item } from "../lib/types.ts";
import { Engine } from "./engine.ts";
import type { EngineOptions, RunControls } from "./options.ts";
import { machines } from "./machines.ts";

/** An engine for the flow; nothing has happened yet. */
export function load<F extends Item>(flow: F, options: LoadOptions<F, EngineOptions> = {}): Engine {
  return new Engine(flow, options as EngineOptions);
}

/**
 * Runs a flow to its end.
 *
 * @returns every symbol that has a value then: what atoms gave and what the store held
 * @throws what `Engine.run` throws; FlowError `SUSPENDED` when it rests on the way
 */
export function run<F extends Item>(flow: F & Storeless<F>): Promise<ResultsOf<F>>;
export function run<F extends Item>(
  flow: F,
  options: RunOptions<F, EngineOptions & RunControls>,
): Promise<ResultsOf<F>>;
export async function run(flow: Item, options: object = {}): Promise<unknown> {
  const { signal, unpark = false, ...rest } = options as EngineOptions & RunControls;
  const engine = new Engine(flow, rest);
  const state = await engine.run(signal === undefined ? { unpark } : { unpark, signal });
  if (state === "SUSPENDED") throw new FlowError("SUSPENDED", { flow: flow.name });
  return engine.storage.fetchAll();
}

/**
 * Reads a flow out of its journal, without its code.
 *
 * @throws FlowError `NOT_FOUND` when the journal has no such flow, and what the journal throws
 */
export async function readFlow(journal: Journal, id: string): Promise<FlowView> {
  const { state } = await readState(machines, journal, id);
  if (state === undefined) throw new FlowError("NOT_FOUND", { what: "flow", name: id });
  return new FlowView(() => state);
}
