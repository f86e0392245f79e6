/** Which flows are jobs: those go on with a conductor, and not in the process that says so. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Places, type PlacesOptions } from "./places.ts";
import { findFlow } from "./store.ts";

const hasFile = (dir: string, name: string): boolean => existsSync(join(dir, name));

/**
 * Where a job of this id is: in the folder, or else, unless the folder has a flow of this id, on the server.
 *
 * @returns undefined when there is no such job
 */
export async function placeOfJob(id: string, options: PlacesOptions): Promise<Places | undefined> {
  const { nats: _, ...local } = options;
  if (hasFile(options.dir, "jobs.db")) {
    const places = await Places.open(local);
    if ((await (await places.board()).get(id)) !== undefined) return places;
    await places[Symbol.asyncDispose]();
  }
  if (options.nats === undefined) return undefined;
  if (hasFile(options.dir, "journal.db")) {
    await using places = await Places.open(local);
    if ((await findFlow(await places.journal(), id)) !== undefined) return undefined;
  }
  const places = await Places.open(options);
  if ((await (await places.board()).get(id)) !== undefined) return places;
  await places[Symbol.asyncDispose]();
  return undefined;
}

/** Ids of those flows of a folder that are jobs of its board. */
export async function jobsAmong(
  flows: readonly { readonly id: string }[],
  dir: string,
): Promise<ReadonlySet<string>> {
  if (!hasFile(dir, "jobs.db")) return new Set();
  await using places = await Places.open({ dir });
  const board = await places.board();
  const jobs = await Promise.all(flows.map(async ({ id }) => board.get(id)));
  return new Set(jobs.flatMap((job) => (job === undefined ? [] : [job.id])));
}
