/** `fourstroke wait ID`: waits for the end of a job, and tells it as `run` does. */
import { setTimeout as pause } from "node:timers/promises";
import { FlowError } from "../errors.ts";
import type { Job, Jobboard } from "../jobboard/jobboard.ts";
import { nearest } from "../nearest.ts";
import type { FlowStateName } from "../plan/states.ts";
import { outcomeDocument } from "./documents.ts";
import { exitCodes, exitOfState } from "./exit.ts";
import { jobDocument, type WaitDocument } from "./job-documents.ts";
import type { Output } from "./output.ts";
import { Places, type PlacesOptions } from "./places.ts";
import { report } from "./report.ts";
import { shownJob } from "./shown-job.ts";
import type { Kept } from "./store.ts";
import { oneLine } from "./text.ts";
import { verbCommand } from "./verb.ts";

export interface WaitOptions extends PlacesOptions {
  readonly timeoutMs?: number;
}

/** @returns the exit code */
export async function wait(id: string, options: WaitOptions, output: Output): Promise<number> {
  await using places = await Places.open(options);
  const board = await places.board();
  const job = await shownJob(places, await untilAtRest(board, id, options.timeoutMs));
  const kept = await places.flow(id);
  const state = stateOf(job, kept);
  if (output.isJson) output.document(documentOf(job, kept, state));
  else tell(job, kept, state, options, output);
  return job.state === "TRASHED" ? exitCodes.TRASHED : exitOfState(state);
}

/**
 * A held job is as much at rest as one that has ended: without a person nothing will become of it.
 *
 * @throws FlowError `JOB_NOT_ENDED`, `NOT_FOUND`
 */
async function untilAtRest(
  board: Jobboard,
  id: string,
  timeoutMs: number | undefined,
): Promise<Job> {
  const enough = new AbortController();
  const { signal } = enough;
  const limit = timeoutMs === undefined ? {} : { timeoutMs };
  try {
    return await Promise.race([board.wait(id, { signal, ...limit }), untilHeld(board, id, signal)]);
  } catch (error) {
    if (!FlowError.is(error, "NOT_FOUND")) throw error;
    throw await noJob(board, id);
  } finally {
    enough.abort();
  }
}

/** Milliseconds between two looks whether a job is held. */
const lookMs = 500;

/** Looks again and again: who waits for one job need not be allowed to watch all of them. */
async function untilHeld(board: Jobboard, id: string, signal: AbortSignal): Promise<Job> {
  for (;;) {
    const job = await board.get(id);
    if (job === undefined) throw new FlowError("NOT_FOUND", { what: "job", name: id });
    if (job.isHeld) return job;
    await pause(lookMs, undefined, { signal });
  }
}

/** The error with the nearest id. */
export async function noJob(board: Jobboard, id: string): Promise<FlowError<"NOT_FOUND">> {
  const jobs = await board.list({ limit: 10_000 });
  const near = nearest(
    id,
    jobs.map((job) => job.id),
  );
  const more = near === undefined ? {} : { nearest: near };
  return new FlowError("NOT_FOUND", { what: "job", name: id, ...more });
}

/** Of a held job, what its journal says: parked, or suspended. */
function stateOf({ end }: Job, kept: Kept | undefined): FlowStateName {
  if (end !== undefined) return end.state as FlowStateName;
  return kept?.view.state === "PARKED" ? "PARKED" : "SUSPENDED";
}

function documentOf(job: Job, kept: Kept | undefined, state: FlowStateName): WaitDocument {
  const flow =
    kept === undefined
      ? { id: job.id, name: job.flow, reason: null, results: {}, failures: {} }
      : outcomeDocument(kept.view);
  const isTrashed = job.state === "TRASHED";
  return { ...flow, state: isTrashed ? null : state, job: jobDocument(job) };
}

function tell(
  job: Job,
  kept: Kept | undefined,
  state: FlowStateName,
  options: WaitOptions,
  output: Output,
): void {
  const { id, reason = "" } = job;
  if (job.state === "TRASHED") {
    output.line(
      output.paint([
        ["✖", "red"],
        [` ${oneLine(job.flow)}`, "bold"],
        ["  TRASHED", "red"],
        [`  ${oneLine(id)}`, "dim"],
      ]),
    );
    output.line(`  ${oneLine(reason)}`);
    return output.line(`  put it back with: ${verbCommand("restore", id, options)}`);
  }
  const resume = verbCommand("resume", id, options);
  if (kept !== undefined) {
    return report(output, {
      ...{ view: kept.view, given: Object.keys(job.store), resume, isShown: false },
    });
  }
  // Its journal is gone: what the board kept is all there is.
  output.line(`${oneLine(job.flow)}  ${state}  ${oneLine(id)}`);
  if (job.end?.failure !== undefined) output.line(`  ${oneLine(job.end.failure.message)}`);
}
