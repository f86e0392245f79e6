/** What the demo prints. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { styleText } from "node:util";
import { readFlow, sqliteJournal } from "../../lib/index.ts";
import { readLedger } from "./cloud.ts";
import { type Change, changesOf, type Found } from "./runner.ts";

type Style = Parameters<typeof styleText>[0];

const isColoured = process.stdout.isTTY && process.env["NO_COLOR"] === undefined;

const paint = (style: Style, text: string): string => (isColoured ? styleText(style, text) : text);

const looks: Readonly<Record<string, { readonly sign: string; readonly style: Style }>> = {
  RUNNING: { sign: "▸", style: "cyan" },
  "RUNNING AGAIN": { sign: "▸", style: "cyan" },
  SUCCESS: { sign: "✔", style: "green" },
  FAILURE: { sign: "✘", style: "red" },
  REVERTING: { sign: "◂", style: "yellow" },
  REVERTED: { sign: "↩", style: "yellow" },
  RETRYING: { sign: "↻", style: "magenta" },
};

export function say(kind: "title" | "kill", text: string): void {
  console.log(kind === "title" ? `\n${paint("bold", text)}` : `  ${paint("red", `⚡ ${text}`)}`);
}

export function showChange(change: Change | { readonly done: true }): void {
  if ("done" in change) return;
  const { atom, state, attempt, note = "" } = change;
  const look = looks[state];
  if (look === undefined) return; // PENDING: set back for the next attempt
  const number = attempt > 1 ? ` #${attempt}` : "";
  const words = `${look.sign} ${`${atom}${number}`.padEnd(20)} ${state.padEnd(13)}`;
  console.log(`  ${paint(look.style, words)} ${paint("dim", short(note, 60))}`.trimEnd());
}

const short = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1)}…` : text;

/** Per task: how often it was started and undone, by which processes, and what it gave. */
export async function showTable(dir: string): Promise<void> {
  const journal = sqliteJournal({ dir: join(dir, "journal") });
  const flow = await readFlow(journal, "demo");
  await journal.close();
  const changes = readChanges(dir).filter((line): line is Change => "atom" in line);
  say(
    "title",
    `What happened: flow ${flow.state}, ${flow.sequence} records, owner number ${flow.epoch}`,
  );
  const rows = flow.atoms().map((atom) => {
    const own = changes.filter(({ atom: name }) => name === atom.name);
    const pids = own.filter(({ state }) => state.startsWith("RUNNING")).map(({ pid }) => pid);
    return [
      atom.name,
      atom.state,
      String(atom.attempt),
      String(atom.reverts),
      [...new Set(pids)].join(", "),
      short(atom.result === undefined ? "" : JSON.stringify(atom.result), 44),
    ];
  });
  print([["task", "state", "attempts", "undone", "run by process", "result"], ...rows]);
  const ledger = readLedger(dir);
  const repeats = ledger.filter(({ created }) => !created).length;
  console.log(
    `  The cloud was called ${ledger.length} times; ${repeats} of the calls came again with a key that it knew, ` +
      "and created nothing.",
  );
}

function readChanges(dir: string): (Change | Found)[] {
  const file = changesOf(dir);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Change | Found);
}

function print(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  );
  rows.forEach((row, at) => {
    const line = row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
    console.log(`  ${at === 0 ? paint("underline", line) : line}`);
  });
}
