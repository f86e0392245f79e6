/** The page's files, all of them read at the start: what a request names is looked up, never opened. */
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { FlowError } from "../errors.ts";

export interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
  /** Its name tells its content, so it may be kept for good. */
  readonly isFinal: boolean;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".svg": "image/svg+xml",
};

/**
 * The files of the built page, by the path that they are asked for with.
 *
 * @throws FlowError `NOT_FOUND` when the page was not built
 */
export function pageFiles(folder: string): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const name of namesIn(folder)) {
    const type = types[extname(name)];
    if (type === undefined) continue;
    const path = name === "index.html" ? "/" : `/${name.replaceAll("\\", "/")}`;
    files.set(path, {
      type,
      bytes: readFileSync(join(folder, name)),
      isFinal: path.startsWith("/assets/"),
    });
  }
  if (!files.has("/")) {
    throw new FlowError("NOT_FOUND", { what: "the inspector's page in", name: folder });
  }
  return files;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch {
    return []; // there is no such folder: told with what is missing in it
  }
}
