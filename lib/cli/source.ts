/** Finds the flow that a command line names: `FILE` or `FILE#EXPORT`. */
import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { FlowError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import type { Exports } from "../loading/modules.ts";
import type { Item } from "../types.ts";
import { CliError } from "./exit.ts";
import { oneLine } from "./text.ts";

/** Where a flow's code is. */
export interface Source {
  /** Absolute path. */
  readonly file: string;
  readonly exported: string;
}

export interface Loaded extends Source {
  readonly flow: Item;
}

/** Loads a file for all that it exports. */
export async function loadFile(
  named: string,
): Promise<{ readonly url: URL; readonly exports: Exports }> {
  if (!(await isFile(named))) throw noFile(named);
  const url = pathToFileURL(resolve(named));
  return { url, exports: await load(resolve(named), named) };
}

/**
 * Loads the file and takes the flow out of its exports: the named one, else the default export, else the only flow
 * among them.
 */
export async function loadFlow(named: string): Promise<Loaded> {
  const { file, wanted } = await place(named);
  const exports = await load(file, named);
  const exported = wanted ?? choose(exports, basename(file));
  return { file, exported, flow: take(exports, exported, basename(file)) };
}

/** All flows and tasks of a file. */
export interface Code {
  /** Absolute path. */
  readonly file: string;
  /** The export that the command line names; undefined: all of them. */
  readonly wanted: string | undefined;
  /** By export. */
  readonly items: ReadonlyMap<string, Item>;
}

/** Loads the file for every flow and task that it exports, or for the one that is named. */
export async function loadCode(named: string): Promise<Code> {
  const { file, wanted } = await place(named);
  const exports = await load(file, named);
  if (wanted !== undefined) {
    return { file, wanted, items: new Map([[wanted, take(exports, wanted, basename(file))]]) };
  }
  const items = Object.entries(exports).flatMap(([exported, value]): [string, Item][] =>
    isItem(value) ? [[exported, value]] : [],
  );
  return { file, wanted, items: new Map(items) };
}

/** A file's name may hold a `#` itself: then the whole is the name. */
async function place(named: string): Promise<{ file: string; wanted: string | undefined }> {
  const hash = named.lastIndexOf("#");
  if (hash <= 0 || (await isFile(named))) {
    if (!(await isFile(named))) throw noFile(named);
    return { file: resolve(named), wanted: undefined };
  }
  const [file, wanted] = [named.slice(0, hash), named.slice(hash + 1)];
  if (!(await isFile(file))) throw noFile(file);
  return { file: resolve(file), wanted: wanted === "" ? undefined : wanted };
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

const noFile = (name: string): FlowError => new FlowError("NOT_FOUND", { what: "file", name });

async function load(file: string, named: string): Promise<Exports> {
  try {
    const { loadModule } = await import("../loading/modules.ts");
    return await loadModule(pathToFileURL(file));
  } catch (error) {
    if (!FlowError.is(error, "MODULE_NOT_LOADED")) throw error;
    const problem = `can't load ${basename(file)}: ${oneLine(error.about.problem)}`;
    throw new CliError("FLOW_NOT_LOADED", problem, { file: named }, { cause: error.cause });
  }
}

const isFlow = (value: unknown): value is Item => kindOf(value) === "flow";
const isItem = (value: unknown): value is Item => isFlow(value) || kindOf(value) === "task";

const kindOf = (value: unknown): unknown =>
  typeof value === "object" && value !== null ? (value as { kind?: unknown }).kind : undefined;

function choose(exports: Readonly<Record<string, unknown>>, file: string): string {
  if (isItem(exports["default"])) return "default";
  const flows = Object.keys(exports).filter((name) => isFlow(exports[name]));
  const [only, ...more] = flows;
  if (only !== undefined && more.length === 0) return only;
  const problem =
    only === undefined
      ? `${file} exports no flow`
      : `${file} exports several flows; name one: ${flows.map((name) => `${file}#${name}`).join(", ")}`;
  throw new CliError("USAGE", problem, { file, flows });
}

function take(exports: Readonly<Record<string, unknown>>, name: string, file: string): Item {
  const found = Object.hasOwn(exports, name) ? exports[name] : undefined;
  if (isItem(found)) return found;
  const near = nearest(
    name,
    Object.keys(exports).filter((other) => isItem(exports[other])),
  );
  if (found !== undefined) {
    throw new CliError("USAGE", `${file}#${name} is no flow or task`, { file, export: name });
  }
  const more = near === undefined ? {} : { nearest: near };
  throw new FlowError("NOT_FOUND", { what: `export of ${file}`, name, ...more });
}
