/** How an atom stands, for whoever counts or colours them. */
import type { AtomState } from "./states.ts";

export type Standing = "done" | "active" | "failed" | "undone";

/** By state; one that is still to come has none. */
export const standings: Readonly<Partial<Record<AtomState, Standing>>> = {
  SUCCESS: "done",
  IGNORE: "done",
  RUNNING: "active",
  REVERTING: "active",
  RETRYING: "active",
  FAILURE: "failed",
  REVERT_FAILURE: "failed",
  REVERTED: "undone",
};
