/** What the page knows of why a flow is where it is at a moment. */
import type { Facts } from "../../why/facts.ts";
import type { Moment } from "./player.ts";
import type { Spans } from "./timeline.ts";

/** @param live - undefined: it is an earlier moment */
export const factsAt = (
  { state, at }: Moment,
  spans: Spans,
  live: Pick<Facts, "now" | "present"> | undefined,
): Facts => ({
  id: state.id,
  now: live?.now ?? at,
  state,
  present: live?.present,
  startedAt: (atom) => spans.get(atom)?.at(-1)?.startedAt,
});
