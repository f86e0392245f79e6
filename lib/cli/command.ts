/** `fourstroke cancel|suspend|kill ID`, and `resume ID` of a job: a word to whoever owns it, or will. */
import { FlowError } from "../errors.ts";
import type { CommandKind } from "../jobboard/jobboard.ts";
import { answerTo, type Answer } from "./answer.ts";
import { hinted } from "./exit.ts";
import { jobDocument } from "./job-documents.ts";
import type { Output } from "./output.ts";
import { Places, type PlacesOptions } from "./places.ts";
import { shownJob } from "./shown-job.ts";
import { oneLine } from "./text.ts";
import { noJob } from "./wait.ts";

export interface CommandOptions extends PlacesOptions {
  readonly reason?: string;
}

/** @returns the exit code */
export async function command(
  kind: CommandKind,
  id: string,
  options: CommandOptions,
  output: Output,
): Promise<number> {
  await using places = await Places.open(options);
  const board = await places.board();
  try {
    return await leave(places, kind, id, options.reason, output);
  } catch (error) {
    if (!FlowError.is(error, "NOT_FOUND")) throw error;
    const missing = await noJob(board, id);
    const isFlow = (await places.flow(id)) !== undefined;
    if (!isFlow) throw missing;
    throw hinted(missing, "it is a flow of `run`: Ctrl-C suspends it where it runs");
  }
}

/**
 * Leaves the command on the board, and waits a moment for what its owner says.
 *
 * @returns the exit code
 * @throws FlowError `COMMAND_REFUSED`
 */
export async function leave(
  places: Places,
  kind: CommandKind,
  id: string,
  reason: string | undefined,
  output: Output,
): Promise<number> {
  const board = await places.board();
  const asked = await board.command(id, { kind, ...(reason === undefined ? {} : { reason }) });
  const answer = await answerTo(board, asked, kind);
  const { job, refusal } = answer;
  if (refusal !== undefined) {
    throw new FlowError("COMMAND_REFUSED", { job: id, command: kind, why: refusal.why });
  }
  if (output.isJson) output.document(jobDocument(await shownJob(places, job)));
  else output.line(`${oneLine(id)}: ${kind}, ${hearerOf(answer)}`);
  return 0;
}

function hearerOf({ job: { owner, isHeld }, isTaken }: Answer): string {
  if (isTaken) return "its owner has recorded it";
  if (owner !== undefined) return `${oneLine(owner)} hears of it now`;
  return isHeld ? "it rests already" : "its next owner hears of it first";
}
