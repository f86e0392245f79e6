/** `fourstroke trash ID` and `restore ID`: jobs that are put away for inspection, and back. */
import { FlowError } from "../errors.ts";
import type { Job } from "../jobboard/jobboard.ts";
import { hinted } from "./exit.ts";
import { jobDocument } from "./job-documents.ts";
import type { Output } from "./output.ts";
import { ownerName } from "./owner.ts";
import { Places, type PlacesOptions } from "./places.ts";
import { shownJob } from "./shown-job.ts";
import { oneLine } from "./text.ts";
import { verbCommand } from "./verb.ts";
import { noJob } from "./wait.ts";

export interface TrashOptions extends PlacesOptions {
  readonly reason: string;
}

/** @returns the exit code */
export async function trash(id: string, options: TrashOptions, output: Output): Promise<number> {
  await using places = await Places.open(options);
  const board = await places.board();
  const job = await board.get(id);
  if (job === undefined) throw await noJob(board, id);
  if (job.state === "COMPLETE" || job.state === "TRASHED") {
    throw new FlowError("INVALID_STATE", { flow: id, operation: "be trashed", state: job.state });
  }
  const who = ownerName();
  try {
    // Only an owner may. Should this process die in between, its claim ends as a dead conductor's does.
    await board.claim(id, who, { isHeld: job.isHeld });
  } catch (error) {
    if (!FlowError.is(error, "JOB_UNCLAIMABLE")) throw error;
    throw hinted(error, `let its owner give it back first: ${verbCommand("suspend", id, options)}`);
  }
  await tell(places, await board.trash(id, who, options.reason), "in the trash", output);
  return 0;
}

/** @returns the exit code */
export async function restore(id: string, options: PlacesOptions, output: Output): Promise<number> {
  await using places = await Places.open(options);
  const board = await places.board();
  if ((await board.get(id)) === undefined) throw await noJob(board, id);
  const job = await board.restore(id);
  const what = job.isHeld ? "back, and held until it is told to resume" : "back on the board";
  await tell(places, job, what, output);
  return 0;
}

async function tell(places: Places, job: Job, what: string, output: Output): Promise<void> {
  if (output.isJson) output.document(jobDocument(await shownJob(places, job)));
  else output.line(`${oneLine(job.id)}: ${what}`);
}
