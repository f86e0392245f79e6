/** Objects that the command line is given as JSON. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { CliError } from "./exit.ts";
import { oneLine } from "./text.ts";

/**
 * JSON, or `@FILE` with JSON in it.
 *
 * @param option - as it is written
 * @throws CliError `USAGE`
 */
export async function readObject(
  option: string,
  given: string | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  if (given === undefined) return {};
  const { value: object, from, about } = await readJson(option, given);
  if (typeof object === "object" && object !== null && !Array.isArray(object)) {
    return object as Record<string, unknown>;
  }
  const what = option === "--store" ? "symbols" : "names";
  throw new CliError("USAGE", `${from} must be a JSON object, from ${what} to values`, about);
}

/** Any value; `from` says where it stood. @throws CliError `USAGE` */
export async function readJson(
  option: string,
  given: string,
): Promise<{ readonly value: unknown; readonly from: string; readonly about: { option: string } }> {
  const about = { option: option.replace(/^--/, "") };
  const isFile = given.startsWith("@");
  const text = isFile ? await readText(option, given.slice(1)) : given;
  const from = isFile ? given.slice(1) : option;
  try {
    return { value: JSON.parse(text) as unknown, from, about };
  } catch (error) {
    const { message } = error as Error;
    throw new CliError("USAGE", `${from} is no JSON: ${oneLine(message)}`, about);
  }
}

async function readText(option: string, path: string): Promise<string> {
  try {
    return await readFile(resolve(path), "utf8");
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    const about = { option: option.replace(/^--/, ""), file: path };
    throw new CliError("USAGE", `${option}: can't read ${path} (${code})`, about);
  }
}
