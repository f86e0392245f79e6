/** Finds the code of a flow that only its journal knows of: after a restart, or in another process. */
import { FlowError } from "../lib/errors.ts";
import type { FlowQuery, FlowSummary, Journal } from "../lib/journal/journal.ts";
import { nearest } from "../lib/nearest.ts";
import type { FlowStateName } from "../lib/plan/states.ts";
import type { Item } from "../lib/types.ts";
import { Engine } from "./engine.ts";
import type { EngineOptions } from "./options.ts";
import { readFlow } from "./run.ts";

/** States in which a flow has neither ended nor waits for a person. */
export const unfinishedStates: readonly FlowStateName[] = [
  "PENDING",
  "RUNNING",
  "SUSPENDING",
  "SUSPENDED",
  "RESUMING",
];

/** Flows that a journal is asked for at a time. */
const page = 1_000;

/**
 * Flows by their root's name. After a restart, everything that had not ended goes on:
 *
 * ```ts
 * const flows = registry(createServer, deleteServer);
 * for (const { id } of await flows.unfinished(journal)) {
 *   await (await flows.load(journal, id)).run();
 * }
 * ```
 */
export class Registry {
  readonly #flows = new Map<string, Item>();

  /** Names of the flows, in the order they were added. */
  get names(): readonly string[] {
    return [...this.#flows.keys()];
  }

  /**
   * Adds a flow. The very same one again changes nothing.
   *
   * @throws FlowError `ALREADY_EXISTS` when another flow has this name
   */
  add(flow: Item): this {
    const known = this.#flows.get(flow.name);
    if (known !== undefined && known !== flow) {
      throw new FlowError("ALREADY_EXISTS", { what: "flow", name: flow.name });
    }
    this.#flows.set(flow.name, flow);
    return this;
  }

  /** @throws FlowError `NOT_FOUND` with the nearest name */
  get(name: string): Item {
    const flow = this.#flows.get(name);
    if (flow !== undefined) return flow;
    const near = nearest(name, this.#flows.keys());
    throw new FlowError("NOT_FOUND", {
      what: "registered flow",
      name,
      ...(near === undefined ? {} : { nearest: near }),
    });
  }

  /**
   * An engine for a flow that the journal holds. Nothing is recorded before it is prepared or run.
   *
   * @throws FlowError `NOT_FOUND` when the journal has no such flow, or when it is one that was never added
   */
  async load(
    journal: Journal,
    id: string,
    options: Omit<EngineOptions, "id" | "journal" | "store" | "meta"> = {},
  ): Promise<Engine> {
    const { name } = await readFlow(journal, id);
    return new Engine(this.get(name), { ...options, journal, id });
  }

  /** The journal's flows that are registered here and have not ended, the newest first. Parked ones wait for a person. */
  async unfinished(journal: Journal): Promise<readonly FlowSummary[]> {
    const found: FlowSummary[] = [];
    const query: FlowQuery = { states: unfinishedStates, limit: page };
    let flows = await journal.list(query);
    while (flows.length > 0) {
      found.push(...flows.filter(({ name }) => this.#flows.has(name)));
      const last = flows.at(-1);
      if (last === undefined || flows.length < page) break;
      flows = await journal.list({ ...query, before: last.id });
    }
    return found;
  }
}

/** @throws FlowError `ALREADY_EXISTS` when two flows have the same name */
export function registry(...flows: Item[]): Registry {
  const made = new Registry();
  for (const flow of flows) made.add(flow);
  return made;
}
