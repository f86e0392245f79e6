/** Which flows a verb is about: those that are named, or those that fit. */
import { FlowError } from "../errors.ts";
import type { FlowSummary, Journal } from "../journal/journal.ts";
import { nearest } from "../nearest.ts";

export interface Selection {
  /** In any of these states. */
  readonly state?: readonly string[];
  /** Whose root has this name. */
  readonly name?: string;
  /** Not changed for so many milliseconds. */
  readonly olderThan?: number;
  /** Last changed before this, epoch milliseconds. */
  readonly before?: number;
}

/** Flows that are asked for at a time. */
const page = 10_000;

export const selects = (selection: Selection): boolean =>
  [selection.state, selection.name, selection.olderThan, selection.before].some(
    (part) => part !== undefined,
  );

/**
 * The flows of these ids, in this order; without ids all that fit, the newest first.
 *
 * @throws FlowError `NOT_FOUND` for an id that is not there, with the nearest one
 */
export async function selected(
  journal: Journal,
  ids: readonly string[],
  selection: Selection,
  now: number,
): Promise<readonly FlowSummary[]> {
  const { state, name, olderThan, before = Number.POSITIVE_INFINITY } = selection;
  const limit = Math.min(before, olderThan === undefined ? Infinity : now - olderThan);
  const flows =
    ids.length > 0
      ? await named(journal, [...new Set(ids)])
      : await all(journal, {
          ...(state === undefined ? {} : { states: state }),
          ...(name === undefined ? {} : { name }),
        });
  return flows.filter(
    (flow) =>
      flow.updatedAt < limit &&
      (name === undefined || flow.name === name) &&
      (state === undefined || state.includes(flow.state)),
  );
}

async function all(
  journal: Journal,
  query: { readonly states?: readonly string[]; readonly name?: string },
): Promise<readonly FlowSummary[]> {
  const found: FlowSummary[] = [];
  for (;;) {
    const before = found.at(-1)?.id;
    const flows = await journal.list({
      ...query,
      limit: page,
      ...(before === undefined ? {} : { before }),
    });
    found.push(...flows);
    if (flows.length < page) return found;
  }
}

async function named(journal: Journal, ids: readonly string[]): Promise<readonly FlowSummary[]> {
  const known = await summaries(journal, new Set(ids));
  const missing = ids.find((id) => !known.found.has(id));
  if (missing !== undefined) {
    const near = nearest(missing, known.seen);
    const more = near === undefined ? {} : { nearest: near };
    throw new FlowError("NOT_FOUND", { what: "flow", name: missing, ...more });
  }
  return ids.flatMap((id) => known.found.get(id) ?? []);
}

/** Those of the ids that are there, as the listing has them, and ids that were come across. */
export async function summaries(
  journal: Journal,
  ids: ReadonlySet<string>,
): Promise<{ readonly found: ReadonlyMap<string, FlowSummary>; readonly seen: readonly string[] }> {
  const found = new Map<string, FlowSummary>();
  const seen: string[] = [];
  let before: string | undefined;
  for (;;) {
    const flows = await journal.list({ limit: page, ...(before === undefined ? {} : { before }) });
    for (const flow of flows) {
      if (seen.length < page) seen.push(flow.id);
      if (ids.has(flow.id)) found.set(flow.id, flow);
    }
    before = flows.at(-1)?.id;
    if (flows.length < page || found.size === ids.size) return { found, seen };
  }
}
