/** Opens flows and their jobs as they are: nothing is made that isn't there. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { FlowError } from "../errors.ts";
import type { Job, Jobboard } from "../jobboard/jobboard.ts";
import type { Journal } from "../journal/journal.ts";
import { Places, type PlacesOptions } from "./places.ts";
import { needFolder } from "./store.ts";

export interface Opened {
  readonly places: Places;
  readonly journal: Journal;
  /** Undefined: no job was ever posted there. */
  readonly board: Jobboard | undefined;
}

/**
 * @param role - what this is to the server, as `nats.conf` names it
 * @throws FlowError `JOURNAL_UNAVAILABLE` when there is no such folder
 */
export async function withOpened<T>(
  options: PlacesOptions,
  role: string,
  use: (opened: Opened) => Promise<T>,
): Promise<T> {
  if (options.nats === undefined) needFolder(options.dir);
  await using places = await Places.open(options, { role });
  const journal = await places.journal();
  const hasBoard = options.nats !== undefined || existsSync(join(options.dir, "jobs.db"));
  return await use({ places, journal, board: hasBoard ? await places.board() : undefined });
}

/** The flow's job, if it has one and who asks may know of it. */
export async function jobOf(board: Jobboard | undefined, id: string): Promise<Job | undefined> {
  try {
    return await board?.get(id);
  } catch (error) {
    if (FlowError.is(error, "FORBIDDEN")) return undefined;
    throw error;
  }
}
