/** `fourstroke cancel|suspend|kill ID`, and `resume ID` of a job: a word to whoever owns it, or will. */
import { FlowError } from "../errors.ts";
import type { CommandKind, Job, Jobboard } from "../jobboard/jobboard.ts";
import { hinted } from "./exit.ts";
import { jobDocument } from "./job-documents.ts";
import type { Output } from "./output.ts";
import { Places, type PlacesOptions } from "./places.ts";
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
    return await leave(board, kind, id, options.reason, output);
  } catch (error) {
    if (!FlowError.is(error, "NOT_FOUND")) throw error;
    const missing = await noJob(board, id);
    const isFlow = (await places.flow(id)) !== undefined;
    if (!isFlow) throw missing;
    throw hinted(missing, "it is a flow of `run`: Ctrl-C suspends it where it runs");
  }
}

/** Leaves the command on the board. @returns the exit code */
export async function leave(
  board: Jobboard,
  kind: CommandKind,
  id: string,
  reason: string | undefined,
  output: Output,
): Promise<number> {
  const job = await board.command(id, { kind, ...(reason === undefined ? {} : { reason }) });
  if (output.isJson) output.document(jobDocument(job));
  else output.line(`${oneLine(id)}: ${kind}, ${hearerOf(job)}`);
  return 0;
}

function hearerOf({ owner, isHeld }: Job): string {
  if (owner !== undefined) return `${oneLine(owner)} hears of it now`;
  return isHeld ? "it rests already" : "its next owner hears of it first";
}
