/** What users say about a file, checked. */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { FlowError } from "../../errors.ts";
import type { StoreOptions } from "./schema.ts";

/** As `SqliteOptions` has them. */
interface FileOptions {
  readonly dir?: string;
  readonly file?: string;
  readonly durability?: "process" | "disk";
  readonly busyTimeoutMs?: number;
  readonly maxBytes?: number;
}

const leastBytes = 64 * 1024;

/**
 * @param name - of the file in a folder
 * @throws FlowError `INVALID_OPTION`; `JOURNAL_UNAVAILABLE` when the folder can't be made
 */
export function storeOptions(options: FileOptions, name: string): StoreOptions {
  const { dir, file, durability = "disk", busyTimeoutMs = 5_000, maxBytes } = options;
  const refuse = (option: string, problem: string) =>
    new FlowError("INVALID_OPTION", { option, problem });
  if ((dir === undefined) === (file === undefined)) {
    throw refuse("dir", "give either a folder as dir or a file as file");
  }
  if (!["process", "disk"].includes(durability)) {
    throw refuse("durability", `"${durability}" is neither "process" nor "disk"`);
  }
  if (!Number.isSafeInteger(busyTimeoutMs) || busyTimeoutMs < 0) {
    throw refuse("busyTimeoutMs", `${busyTimeoutMs} is not a whole number of milliseconds`);
  }
  if (maxBytes !== undefined && !(Number.isSafeInteger(maxBytes) && maxBytes >= leastBytes)) {
    throw refuse("maxBytes", `${maxBytes} is not a whole number of at least ${leastBytes}`);
  }
  const path = dir === undefined ? resolve(file ?? "") : join(makeFolder(dir), name);
  return { file: path, durability, busyTimeoutMs, maxBytes };
}

/** Only its owner may look into a folder that is made here: payloads may be secret. */
function makeFolder(dir: string): string {
  const path = resolve(dir);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const problem = `${path}: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new FlowError("JOURNAL_UNAVAILABLE", { problem }, { cause });
  }
  return path;
}
