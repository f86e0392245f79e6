/** Children that use a journal's file: what they are told, and what they say. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Child {
  readonly process: ChildProcess;
  /** What it prints, line by line; ends with the child. */
  readonly lines: AsyncIterable<string>;
  /** Its exit code, or the signal that ended it; and what it printed to stderr. */
  readonly ended: Promise<{ readonly how: number | string | null; readonly stderr: string }>;
}

/** Starts a module of this folder as a process of its own. */
export function child(
  module: string,
  args: readonly string[],
  nodeArgs: readonly string[] = [],
): Child {
  const path = fileURLToPath(new URL(module, import.meta.url));
  const process_ = spawn(process.execPath, [...nodeArgs, path, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  process_.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = once(process_, "close").then(([code, signal]: unknown[]) => ({
    how: (signal ?? code) as number | string | null,
    stderr,
  }));
  return { process: process_, lines: createInterface(process_.stdout), ended };
}

/** Everything a child prints until it ends by itself. */
export async function output(started: Child): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of started.lines) lines.push(line);
  const { how, stderr } = await started.ended;
  if (how !== 0) throw new Error(`it ended with ${how}: ${stderr}`);
  return lines;
}
