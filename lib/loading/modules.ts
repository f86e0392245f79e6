/** Loads the files that declare flows and tasks. */
import { spawnSync } from "node:child_process";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { FlowError } from "../errors.ts";
import { prepareLoading } from "./prepare.ts";

/** What a module has exported, by name. */
export type Exports = Readonly<Record<string, unknown>>;

/**
 * Imports a module, TypeScript or JavaScript. A query in its URL makes it another module, which can
 * read the query in its `import.meta.url`.
 *
 * @throws FlowError `MODULE_NOT_LOADED`, with what the module itself threw as its cause
 */
export async function loadModule(url: URL): Promise<Exports> {
  const file = url.protocol === "file:" ? fileURLToPath(url) : undefined;
  try {
    if (file !== undefined) prepareLoading(file);
    return (await import(url.href)) as Exports;
  } catch (error) {
    if (FlowError.is(error, "MODULE_NOT_LOADED")) throw error;
    const about = { module: moduleName(url), problem: problemOf(error, file) };
    throw new FlowError("MODULE_NOT_LOADED", about, { cause: error });
  }
}

/** A module's name for people. */
export const moduleName = (url: URL): string =>
  url.protocol === "file:" ? `${fileURLToPath(url)}${url.search}` : url.href;

function problemOf(error: unknown, file: string | undefined): string {
  if (!(error instanceof Error)) return String(error);
  const where =
    error instanceof SyntaxError && file !== undefined ? placeOfSyntaxError(file) : undefined;
  return where === undefined ? error.message : `${error.message} (${where})`;
}

/** Node keeps the place of a syntax error to itself until it dies of it. Undefined: it is in another file. */
function placeOfSyntaxError(file: string): string | undefined {
  const { stderr } = spawnSync(process.execPath, ["--check", file], { encoding: "utf8" });
  const [place = ""] = stderr.split("\n");
  const line = place.startsWith(file) ? /:(\d+)$/.exec(place)?.[1] : undefined;
  return line === undefined ? undefined : `${basename(file)}:${line}`;
}
