/** Why a flow that has ended or rests does not move, by its journal. Pure. */
import type { FlowState } from "../plan/state.ts";
import { oneLine, when } from "../text.ts";
import { commandText } from "./command.ts";
import type { Facts, Reason } from "./facts.ts";
import { stuck } from "./outcome.ts";

/** @returns undefined for a flow that is under way */
export function restReason({ id, present }: Facts, state: FlowState): Reason | undefined {
  const { value } = state.flow;
  if (value === "SUCCESS" || value === "REVERTED" || value === "FAILURE") {
    return endedReason(value, state.at, value === "SUCCESS" ? undefined : causeOf(state));
  }
  if (value !== "SUSPENDED" && value !== "PARKED") return undefined;
  const cause = state.trouble?.failure.message;
  const why = cause === undefined ? "" : `: ${oneLine(cause)}`;
  // Whoever resumes a job has looked at it: there is no such option.
  const unpark = value === "PARKED" && present?.job === undefined ? " --unpark" : "";
  const resume =
    present === undefined
      ? ""
      : `; "${commandText("resume", id, present.place)}${unpark}" lets it go on`;
  return stuck(value, `it is ${value.toLowerCase()}${why}${resume}`);
}

/** @param at - epoch milliseconds */
export function endedReason(state: string, at: number, cause: string | undefined): Reason {
  const because = cause === undefined ? "" : `: ${oneLine(cause)}`;
  const sentence = `it ended ${state} at ${when(at)}${because}`;
  return { code: "ENDED", sentence, isStuck: state !== "SUCCESS" };
}

function causeOf(state: FlowState): string | undefined {
  const failure = state.trouble?.failure ?? Object.values(state.failures)[0];
  if (failure !== undefined) return failure.message;
  const undone = state.snapshots.find(({ value }) => value === "REVERT_FAILURE");
  return undone?.context.revertFailure?.message;
}
