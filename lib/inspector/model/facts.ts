/** What the page knows of why a flow is where it is at a moment. */
import type { Facts } from "../../why/facts.ts";
import type { Moment } from "./player.ts";
import type { Spans } from "./timeline.ts";

/**
 * @param moment - undefined: there is no journal, or it isn't read yet
 * @param live - undefined: it is an earlier moment
 */
export const factsAt = (
  id: string,
  moment: Moment | undefined,
  spans: Spans,
  live: Pick<Facts, "now" | "present"> | undefined,
): Facts => ({
  id,
  now: live?.now ?? moment?.at ?? 0,
  state: moment?.state,
  present: live?.present,
  startedAt: (atom) => spans.get(atom)?.at(-1)?.startedAt,
});
