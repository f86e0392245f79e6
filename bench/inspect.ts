/**
 * What it costs to be watched: W1, a chain of 1,000 tasks that do nothing, with nobody looking on, with a listener of
 * inspection events, and with the inspector's page open on its journal in another process.
 *
 * "off" runs twice: what lies between the two is noise. "listeners" is what any listener costs, inspection or not: the
 * engine notes each change and calls it. Doesn't measure what a listener does with what it gets, but for one that writes
 * it as JSON, as it must to send it on.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineOptions, load, sqliteJournal } from "../lib/index.ts";
import { measure, report } from "./rates.ts";
import { chain } from "./workloads.ts";

const units = 1_000;
const options: EngineOptions = { engine: "parallel", concurrency: 1_000 };

const run = (more: EngineOptions = {}): Promise<unknown> =>
  load(chain(units), { ...options, ...more }).run();

const seen = { messages: 0, characters: 0 };

const quiet = (): void => {
  seen.messages++;
};

function heard(): Promise<unknown> {
  const engine = load(chain(units), options);
  engine.notifier.on("*", quiet);
  engine.atomNotifier.on("*", quiet);
  return engine.run();
}

async function inMemory(): Promise<void> {
  const writes = (message: unknown): void => {
    seen.characters += JSON.stringify(message).length;
  };
  const off = { name: "off", units, run: () => run() };
  const again = { ...off, name: "off again" };
  const on = { name: "on, does nothing", units, run: () => run({ inspect: quiet }) };
  report("W1 in memory", await measure([off, on, again]), "off");
  // Apart: a process that has listeners of several kinds calls each of them more slowly.
  const rates = await measure([
    off,
    { name: "listeners", units, run: heard },
    { name: "on, writes JSON", units, run: () => run({ inspect: writes }) },
    again,
  ]);
  report("W1 in memory, with other listeners", rates, "off");
}

async function kept(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "fourstroke-bench-"));
  const open = (name: string) => sqliteJournal({ dir: join(dir, name), durability: "process" });
  const [off, on, watched] = [open("off"), open("on"), open("watched")];
  const page = fork(join(import.meta.dirname, "inspect-page.js"), [join(dir, "watched")]);
  await once(page, "message");
  const rates = await measure([
    { name: "off", units, run: () => run({ journal: off }) },
    { name: "on, does nothing", units, run: () => run({ journal: on, inspect: quiet }) },
    { name: "a page reads along", units, run: () => run({ journal: watched }) },
    { name: "off again", units, run: () => run({ journal: off }) },
  ]);
  report("W1, survives process", rates, "off");
  page.kill();
  await once(page, "exit");
  for (const journal of [off, on, watched]) await journal.close();
  rmSync(dir, { recursive: true });
}

await inMemory();
await kept();
