/** How much room journals have left behind them: what is removed from them is used again. */
import { join, resolve } from "node:path";
import { FlowError } from "../errors.ts";
import { openDatabase } from "../journal/sqlite/driver.ts";
import { JetStream } from "../nats/jetstream.ts";
import { streamsOf } from "./doctor-nats.ts";
import type { Places } from "./places.ts";

/**
 * A number of bytes that grows by what is freed: of a file what is unused in it, of streams what they don't take.
 *
 * @returns undefined when it can't be known
 */
export async function freeRoom(places: Places, dir: string): Promise<number | undefined> {
  const { transport } = places;
  try {
    if (transport === undefined) return unusedIn(join(resolve(dir), "journal.db"));
    const streams = await streamsOf(new JetStream(transport));
    const kept = streams.filter(({ config }) => !config.name.startsWith("KV_"));
    return -kept.reduce((sum, { state }) => sum + state.bytes, 0);
  } catch (error) {
    if (FlowError.is(error, "FORBIDDEN")) return undefined;
    throw error;
  }
}

function unusedIn(file: string): number {
  const database = openDatabase(file);
  try {
    const number = (pragma: string): number =>
      Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
    return number("freelist_count") * number("page_size");
  } finally {
    database.close();
  }
}
