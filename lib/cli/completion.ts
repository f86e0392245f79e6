/** `fourstroke completion SHELL`: prints what makes a shell complete verbs, options and ids. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { scriptFor } from "./completion-scripts.ts";
import { verbsOf } from "./completion-words.ts";
import { CliError } from "./exit.ts";
import type { Output } from "./output.ts";
import type { Shell } from "./shells.ts";
import { openStore } from "./store.ts";

export interface CompletionOptions {
  readonly dir: string;
  /** Ids of flows instead of a script. */
  readonly ids?: boolean;
}

/** Ids that a shell is offered, the newest. */
const mostIds = 500;

/** @returns the exit code */
export async function completion(
  shell: Shell | undefined,
  options: CompletionOptions,
  program: Command,
  output: Output,
): Promise<number> {
  if (options.ids === true) await writeIds(options.dir, output);
  else if (shell !== undefined) output.write(scriptFor(shell, verbsOf(program)));
  else throw new CliError("USAGE", "completion takes the name of a shell: bash, zsh, fish");
  return 0;
}

/** One on each line; those that a line can't hold are left out. */
async function writeIds(dir: string, output: Output): Promise<void> {
  if (!existsSync(join(dir, "journal.db"))) return;
  await using journal = await openStore({ dir, durability: "process" });
  const flows = await journal.list({ limit: mostIds });
  for (const { id } of flows) if (!/\p{Cc}/u.test(id)) output.line(id);
}
