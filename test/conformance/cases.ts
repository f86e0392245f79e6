/** Finds and reads the files of cases. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Case } from "./scenario.ts";

export interface CaseFile {
  /** The file's name, without its ending. */
  readonly name: string;
  readonly path: string;
}

/** All cases in a folder and in the folders in there, by name. */
export function listCases(folder: string): CaseFile[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile() && file.name.endsWith(".json"))
    .map((file) => ({
      name: file.name.slice(0, -".json".length),
      path: join(file.parentPath, file.name),
    }))
    .sort((left, right) => (left.path < right.path ? -1 : 1));
}

/** @throws RangeError when the file holds no case */
export function readCase(path: string): Case {
  let test: Partial<Case> | null;
  try {
    test = JSON.parse(readFileSync(path, "utf8")) as Partial<Case> | null;
  } catch (error) {
    throw new RangeError(`${path} can't be read as JSON`, { cause: error });
  }
  if (test?.format !== 1 || test.scenario === undefined || test.expected === undefined) {
    throw new RangeError(`${path} is no conformance case of format 1`);
  }
  return test as Case;
}
