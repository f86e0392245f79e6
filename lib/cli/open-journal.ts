/** Opens a journal that is there, for the verbs that only read: a folder's, or the one of the servers that --nats names. */
import type { Journal } from "../journal/journal.ts";
import { Places, type PlacesOptions } from "./places.ts";
import { openExisting } from "./store.ts";

/** Reads with the journal, and lets go of it. */
export async function withJournal<T>(
  options: PlacesOptions,
  read: (journal: Journal) => Promise<T>,
): Promise<T> {
  if (options.nats !== undefined) {
    await using places = await Places.open(options);
    return await read(await places.journal());
  }
  await using journal = await openExisting(options);
  return await read(journal);
}
