/** The process that runs the flow, or goes on with it: the two are the same lines. */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { load, sqliteJournal } from "../../lib/index.ts";
import { createServerFlow } from "./flow.ts";

/** What a runner tells its driver, and leaves in a file for the table. */
export interface Change {
  readonly pid: number;
  readonly atom: string;
  readonly state: string;
  readonly attempt: number;
  readonly note?: string;
}

/** What a runner found recorded when it took the flow over. */
export interface Found {
  readonly pid: number;
  readonly found: readonly string[];
}

export const changesOf = (dir: string): string => join(dir, "changes.jsonl");

export async function runFlow(dir: string, cloud: string): Promise<void> {
  // Its driver is gone: so is the demo, until somebody starts it again.
  process.stdin.resume().once("end", () => process.exit(1));
  const tell = (line: Change | Found | { done: true }, print: boolean): void => {
    appendFileSync(changesOf(dir), `${JSON.stringify(line)}\n`);
    if (print) console.log(JSON.stringify(line));
  };

  const journal = sqliteJournal({ dir: join(dir, "journal") });
  const engine = load(createServerFlow({ dir, cloud }), {
    id: "demo",
    journal,
    engine: "parallel",
    store: { name: "web-1", megabytes: 8 },
  });
  const { pid } = process;
  engine.atomNotifier.on("*", ({ atom, state, attempt, result, failure }) => {
    const note = failure?.message ?? (state === "SUCCESS" ? JSON.stringify(result) : undefined);
    tell({ pid, atom, state, attempt, ...(note === undefined ? {} : { note }) }, true);
  });
  engine.compile();
  await engine.prepare();
  const recorded = engine.storage.atoms().filter(({ state }) => state === "SUCCESS");
  tell({ pid, found: recorded.map(({ name, attempt }) => `${name}#${attempt}`) }, false);
  for (const { name, state, attempt } of engine.storage.atoms()) {
    if (state === "RUNNING") tell({ pid, atom: name, state: "RUNNING AGAIN", attempt }, true);
  }
  if (engine.storage.state !== "SUCCESS") await engine.run();
  console.log(JSON.stringify({ done: true }));
  await engine.close();
  await journal.close();
  process.exit(0);
}
