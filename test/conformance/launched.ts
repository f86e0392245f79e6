/** Which attempts an engine had under way when it died. */
import { machines } from "../../actors/machines.ts";
import { keyOf } from "../../lib/plan/key.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import { foldAll } from "../../lib/plan/fold.ts";
import type { AttemptName, Direction } from "../../lib/plan/records.ts";

export interface Launched {
  readonly task: string;
  readonly direction: Direction;
  readonly key: string;
}

/**
 * Attempts at tasks that had been given to hosts, and whose outcome is not recorded. The engine died
 * while it told of its last batch, and what that started is launched only after it is told.
 */
export async function launched(journal: Journal, flow: string): Promise<Launched[]> {
  const batches = await journal.read(flow);
  const state = foldAll(machines, batches);
  if (state === undefined) return [];
  const nameOf = ({ atom, direction, attempt }: AttemptName): string =>
    keyOf(flow, state.nameOf(atom), direction, attempt);
  const last = batches.at(-1)?.records ?? [];
  const told = new Set(last.flatMap((one) => (one.kind === "started" ? [nameOf(one)] : [])));
  return [...state.running].flatMap(([atom, { direction, attempt }]) => {
    const key = nameOf({ atom, direction, attempt });
    const isTask = state.blueprint.atoms[atom]?.kind === "task";
    return isTask && !told.has(key) ? [{ task: state.nameOf(atom), direction, key }] : [];
  });
}
