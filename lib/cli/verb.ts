/** What all verbs have in common: their options, their output, and how they end. */
import { CliError, exitOf, hintOf, isFlowError } from "./exit.ts";
import { errorDocument } from "./documents.ts";
import { withoutSecrets } from "./engines.ts";
import type { Output } from "./output.ts";
import { commandText } from "../why/command.ts";
import { linesOf, quoted } from "./text.ts";

export const defaultDir = ".fourstroke";

/** What every verb takes. */
export interface CommonOptions {
  /** Folder of the journal. */
  readonly dir: string;
}

/** The command that goes on with a flow. */
export function resumeCommand(id: string, dir: string): string {
  const where = dir === defaultDir ? "" : ` --dir ${quoted(dir)}`;
  return `fourstroke resume ${quoted(id)}${where}`;
}

/** The command that does something with a job, where that job is. */
export const verbCommand = (verb: string, id: string, place: PlaceChoice): string =>
  commandText(verb, id, placeText(place));

interface PlaceChoice extends CommonOptions {
  readonly nats?: string;
  readonly prefix?: string;
}

/** What a command needs to mean a place, with a space before. Not what else the server was told: that may be secret. */
export function placeText({ dir, nats, prefix }: PlaceChoice): string {
  const there = dir === defaultDir ? "" : ` --dir ${quoted(dir)}`;
  const servers = nats === undefined ? there : ` --nats ${quoted(withoutSecrets(nats))}`;
  return prefix === undefined ? servers : `${servers} --prefix ${quoted(prefix)}`;
}

/** Says what went wrong, in one line or as a document, and gives the exit code. */
export function tellError(output: Output, error: unknown): number {
  if (output.isJson) {
    output.document(errorDocument(error));
    return exitOf(error);
  }
  const expected = isFlowError(error) || error instanceof CliError;
  const message = error instanceof Error ? error.message : String(error);
  const [first = "", ...more] = linesOf(message);
  const what = expected || !(error instanceof Error) ? "" : `${error.name}: `;
  output.tell(output.paintError([["error: ", "red"], [`${what}${first}`]]));
  for (const line of more) output.tell(`  ${line}`);
  const hint = hintOf(error);
  if (hint !== undefined) output.tell(`  ${hint}`);
  if (process.env["FOURSTROKE_DEBUG"]) output.tell(stacksOf(error));
  else if (!expected) output.tell("  (FOURSTROKE_DEBUG=1 shows where)");
  return exitOf(error);
}

function stacksOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? error.message;
  return error.cause === undefined ? stack : `${stack}\ncaused by ${stacksOf(error.cause)}`;
}
