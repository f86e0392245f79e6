/** `fourstroke import FILE`: flows that were exported, into a journal. */
import { createReadStream } from "node:fs";
import { machines } from "../../actors/machines.ts";
import { FlowError } from "../errors.ts";
import { type Imported, importFlows, importing } from "../journal/archive/import.ts";
import { type Archived, readFlows } from "../journal/archive/read.ts";
import type { Journal } from "../journal/journal.ts";
import { CliError, hinted } from "./exit.ts";
import type { Output } from "./output.ts";
import { Places, type PlacesOptions } from "./places.ts";
import { styleOf, symbolOf } from "./look.ts";
import { summaries } from "./select.ts";
import { oneLine, plural } from "./text.ts";
import { resumeCommand, verbCommand } from "./verb.ts";

export interface ImportOptions extends PlacesOptions {
  /** Another id for the one flow of the file. */
  readonly id?: string;
}

/** What `import` prints. */
export interface ImportDocument {
  readonly flows: readonly Imported[];
}

/** @returns the exit code */
export async function importFile(
  file: string,
  options: ImportOptions,
  output: Output,
): Promise<number> {
  const ids = await examine(file, options.id);
  await using places = await Places.open(options, { role: "engine", makes: true });
  const journal = await places.journal();
  await makeRoom(journal, ids, file);
  const flows: Imported[] = [];
  for await (const flow of importFlows(journal, machines, archivedIn(file), options.id)) {
    flows.push(flow);
    if (!output.isJson) tell(flow, options, output);
  }
  if (output.isJson) output.document({ flows } satisfies ImportDocument);
  return 0;
}

async function* archivedIn(file: string): AsyncGenerator<Archived> {
  try {
    yield* readFlows(createReadStream(file, { highWaterMark: 1024 * 1024 }));
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new CliError("USAGE", `can't read ${file} (${code ?? "unknown error"})`, { file });
  }
}

/**
 * Reads all of the file before anything is written.
 *
 * @returns the ids that its flows will have
 */
async function examine(file: string, newId: string | undefined): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const one of archivedIn(file)) if (one.kind === "flow") ids.push(one.flow.id);
  if (newId === undefined) {
    const seen = new Set<string>();
    const twice = ids.find((id) => seen.size === seen.add(id).size);
    if (twice === undefined) return ids;
    throw new CliError("USAGE", `${file} holds the flow "${twice}" twice`, { file });
  }
  if (ids.length === 1) return [newId];
  const problem = `--id names one flow, and ${file} holds ${plural(ids.length, "flow")}`;
  throw new CliError("USAGE", problem, { option: "id" });
}

/**
 * Takes away what an import has left that was cut off.
 *
 * @throws FlowError `ALREADY_EXISTS`
 */
async function makeRoom(journal: Journal, ids: readonly string[], file: string): Promise<void> {
  const { found } = await summaries(journal, new Set(ids));
  for (const { id, state } of found.values()) {
    if (state === importing) continue;
    const error = new FlowError("ALREADY_EXISTS", { what: "flow", name: id });
    throw ids.length > 1
      ? error
      : hinted(error, `under another id: fourstroke import ${oneLine(file)} --id ID`);
  }
  for (const id of found.keys()) await journal.remove(id);
}

function tell(flow: Imported, options: ImportOptions, output: Output): void {
  const { id, name, state, records } = flow;
  const known = state as Parameters<typeof styleOf>[0];
  output.line(
    output.paint([
      symbolOf(known),
      [` ${oneLine(name)}`, "bold"],
      [`  ${state}`, styleOf(known)],
      [`  ${oneLine(id)}`, "dim"],
      [`  ${plural(records, "record")} imported`],
    ]),
  );
  if (state === "SUCCESS" || state === "REVERTED") return;
  const next =
    options.nats === undefined
      ? resumeCommand(id, options.dir)
      : `${verbCommand("post", name, options)} --id ${oneLine(id)}`;
  output.line(`  go on with: ${next}`);
}
