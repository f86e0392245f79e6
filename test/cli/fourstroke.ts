/** Runs the command line as its users do: as a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { ErrorDocument, FlowDocument, OutcomeDocument } from "../../lib/cli/documents.ts";
import type { FlowSummary } from "../../lib/journal/journal.ts";

const root = resolve(import.meta.dirname, "../..");

/** The built program, of the same build as this test. */
export const main = join(root, "lib/cli/main.js");
export const flows = join(import.meta.dirname, "fixtures/flows.js");
/** For files that a test writes itself. */
export const library = pathToFileURL(join(root, "lib/index.js")).href;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Env = Readonly<Record<string, string>>;

const steering = new Set(["NO_COLOR", "FORCE_COLOR", "FOURSTROKE_DEBUG"]);

/** A run of the command line that is under way. */
export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = "";
  stderr = "";
  readonly #cwd: string;

  constructor(cwd: string, command: string, args: readonly string[], env: Env) {
    this.#cwd = cwd;
    // Whoever runs the tests must not change what is tested.
    const inherited = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !steering.has(name)),
    );
    this.child = spawn(command, args, {
      cwd,
      env: { ...inherited, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.on("data", (chunk) => (this.stdout += String(chunk)));
    this.child.stderr?.on("data", (chunk) => (this.stderr += String(chunk)));
    this.ended = once(this.child, "close").then(([code]) => {
      return { code: code as number | null, stdout: this.stdout, stderr: this.stderr };
    });
  }

  /** Waits until it holds; gives up when the process has ended. */
  async until(what: string, holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`ended before ${what}:\n${this.stdout}${this.stderr}`);
      }
      await wait(5);
    }
  }

  /** Waits until a task has noted its run so many times. */
  untilRan(task: string, times = 1): Promise<void> {
    const count = (): number => ranIn(this.#cwd).filter((line) => line === task).length;
    return this.until(`"${task}" ran ${times} times`, () => count() >= times);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

export const start = (cwd: string, args: readonly string[], env: Env = {}): Running =>
  new Running(cwd, process.execPath, [main, ...args], env);

export const fourstroke = (cwd: string, args: readonly string[], env: Env = {}): Promise<Ended> =>
  start(cwd, args, env).ended;

/** Whatever a verb may print; which part of it does, its test knows. */
type Printed = FlowDocument &
  ErrorDocument & { readonly flows: readonly (FlowSummary & OutcomeDocument & ErrorDocument)[] };

/** Runs it with `--json` and reads its document. */
export async function document(
  cwd: string,
  args: readonly string[],
): Promise<Ended & { readonly json: Printed }> {
  const ended = await fourstroke(cwd, [...args, "--json"]);
  return { ...ended, json: JSON.parse(ended.stdout) as Printed };
}

/** What tasks have noted in this folder, in order. */
export function ranIn(cwd: string): string[] {
  const path = join(cwd, "ran.txt");
  return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
}

export const openGate = (cwd: string): void => {
  writeFileSync(join(cwd, "gate"), "");
};
