/** Ids of flows and writers. */
import { v7 } from "uuid";
import type { Clock, Random } from "./clock.ts";

/** A UUID version 7: unique everywhere, sorted by time. */
export function makeId(clock: Clock, random: Random): string {
  const bytes = new Uint8Array(16);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Math.floor(random() * 256);
  return v7({ msecs: clock.now(), random: bytes });
}
