/**
 * Damages copies of a journal's files and looks whether what is read from them is right or refused.
 *
 * Run by itself it makes as many mutilations as are asked for: `node mutilate.js COUNT [SEED]`.
 */
import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { FlowError } from "../../lib/errors.ts";
import { openDatabase } from "../../lib/journal/sqlite/driver.ts";
import { type SqliteJournal, sqliteJournal } from "../../lib/journal/sqlite.ts";
import type { Batch } from "../../lib/plan/records.ts";
import { begin, next } from "./batches.ts";
import { Dice } from "./random.ts";

const flows = ["amber", "beryl", "coral", "onyx"] as const;

/** Two stores with the same flows: all in the database, and most in its write-ahead log. */
export interface Stores {
  readonly folders: readonly string[];
  readonly written: ReadonlyMap<string, readonly Batch[]>;
}

export async function makeStores(folder: string): Promise<Stores> {
  const dir = join(folder, "source");
  const journal = sqliteJournal({ dir, durability: "process" });
  const written = new Map<string, Batch[]>(flows.map((flow) => [flow, []]));
  const add = async (flow: string, batch: Batch): Promise<void> => {
    await journal.append(flow, batch, "RUNNING");
    written.get(flow)?.push(batch);
  };
  for (const flow of flows) await add(flow, begin(flow));
  for (let i = 0; i < 60; i++) {
    // Flows of different lengths, with values of different sizes, one of them beside its batch.
    for (const flow of flows.slice(i % 3)) {
      const first = (written.get(flow)?.length ?? 0) * 2 + 1;
      const size = i === 30 ? 70_000 : (i * 37) % 300;
      await add(flow, next(first, { flow, text: "v".repeat(size) }));
    }
  }
  const withLog = join(folder, "with-log");
  copy(dir, withLog);
  await journal.close();
  const file = openDatabase(join(dir, "journal.db"));
  file.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  file.close();
  const withoutLog = join(folder, "without-log");
  copy(dir, withoutLog);
  assert(readFileSync(join(withLog, "journal.db-wal")).length > 100_000, "the log is used");
  return { folders: [withLog, withoutLog], written };
}

/** Without the shared memory, which no crash leaves behind either. */
function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith("-shm") });
}

/** @returns what was done, in words */
function mutilate(file: string, dice: Dice): string {
  const bytes = readFileSync(file);
  const at = dice.below(bytes.length);
  const end = (size: number) => Math.min(at - (at % size) + size, bytes.length);
  const what = dice.pick(["bit", "bit", "bytes", "sector", "page", "cut", "moved page"] as const);
  switch (what) {
    case "bit":
      bytes[at]! ^= 1 << dice.below(8);
      break;
    case "bytes":
      for (let left = 1 + dice.below(64), i = at; left > 0; left--, i++) bytes[i] = dice.below(256);
      break;
    case "sector":
      bytes.fill(0, at - (at % 512), end(512));
      break;
    case "page":
      bytes.fill(0, at - (at % 4096), end(4096));
      break;
    case "moved page": {
      const from = dice.below(bytes.length);
      bytes.copy(bytes, at - (at % 4096), from - (from % 4096), from - (from % 4096) + 4096);
      break;
    }
    case "cut":
      truncateSync(file, at);
      return `${file.endsWith("-wal") ? "log" : "database"} cut at ${at}`;
  }
  writeFileSync(file, bytes);
  return `${what} of ${file.endsWith("-wal") ? "log" : "database"} at ${at}`;
}

export interface Outcome {
  readonly what: string;
  /** Flows that were read as they were written, were read up to an earlier batch, or refused. */
  whole: number;
  shorter: number;
  refused: number;
  /** The journal could not be opened. */
  shut: number;
}

/** One mutilation. @throws whatever is wrong: a value that was never written, an error of no type */
export async function tryOne(stores: Stores, seed: number): Promise<Outcome> {
  const dice = new Dice(seed);
  const dir = mkdtempSync(join(tmpdir(), "fourstroke-damage-"));
  try {
    copy(dice.pick(stores.folders), dir);
    const log = join(dir, "journal.db-wal");
    const hasLog = existsSync(log) && readFileSync(log).length > 0;
    const inLog = hasLog && dice.below(2) === 0;
    const what = mutilate(inLog ? log : join(dir, "journal.db"), dice);
    const outcome: Outcome = { what, whole: 0, shorter: 0, refused: 0, shut: 0 };
    await look(dir, stores, inLog, outcome);
    return outcome;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function look(dir: string, stores: Stores, inLog: boolean, outcome: Outcome): Promise<void> {
  let journal: SqliteJournal;
  try {
    journal = sqliteJournal({ dir, durability: "process", busyTimeoutMs: 0 });
  } catch (error) {
    assert(
      FlowError.is(error, "JOURNAL_DAMAGED") || FlowError.is(error, "JOURNAL_UNAVAILABLE"),
      `${outcome.what}: ${String(error)}`,
    );
    outcome.shut++;
    return;
  }
  for (const flow of flows)
    await lookAt(journal, flow, stores.written.get(flow) ?? [], inLog, outcome);
  await lookAtList(journal, outcome);
  await journal.close();
}

async function lookAt(
  journal: SqliteJournal,
  flow: string,
  written: readonly Batch[],
  inLog: boolean,
  outcome: Outcome,
): Promise<void> {
  let read: readonly Batch[];
  try {
    read = await journal.read(flow);
  } catch (error) {
    assert(FlowError.is(error, "JOURNAL_DAMAGED"), `${outcome.what}: ${String(error)}`);
    assert.equal(error.about.flow, flow, outcome.what);
    assert(error.about.sequence >= 1, outcome.what);
    outcome.refused++;
    // And an append is refused as well, or goes where a read will look.
    await journal.append(flow, next(written.length * 2 + 1), "RUNNING").catch((error: unknown) => {
      assert(error instanceof FlowError, `${outcome.what}: ${String(error)}`);
    });
    return;
  }
  if (isDeepStrictEqual(read, written)) outcome.whole++;
  else {
    assert(
      isDeepStrictEqual(read, written.slice(0, read.length)),
      `${outcome.what}: ${flow} has a wrong value`,
    );
    // SQLite itself drops the log from a damaged frame on, as after a power cut.
    assert(inLog, `${outcome.what}: ${flow} has lost batches without a word`);
    outcome.shorter++;
  }
  await goOn(journal, flow, read, outcome);
}

/** What is read whole can go on, or says why not. */
async function goOn(
  journal: SqliteJournal,
  flow: string,
  read: readonly Batch[],
  outcome: Outcome,
): Promise<void> {
  const batch = read.length === 0 ? begin(flow) : next(read.length * 2 + 1, "more");
  try {
    await journal.append(flow, batch, "RUNNING");
  } catch (error) {
    assert(
      error instanceof FlowError && !FlowError.is(error, "FENCED"),
      `${outcome.what}: ${flow}: ${String(error)}`,
    );
    return;
  }
  const after = await journal.read(flow).catch((error: unknown) => {
    assert(FlowError.is(error, "JOURNAL_DAMAGED"), `${outcome.what}: ${String(error)}`);
    return undefined;
  });
  if (after !== undefined) assert.deepStrictEqual(after, [...read, batch], outcome.what);
}

async function lookAtList(journal: SqliteJournal, outcome: Outcome): Promise<void> {
  try {
    for (const { id, state } of await journal.list()) {
      assert(
        state === "DAMAGED" || (flows as readonly string[]).includes(id),
        `${outcome.what}: lists ${id}`,
      );
      assert(state === "DAMAGED" || state === "RUNNING", `${outcome.what}: lists ${state}`);
    }
  } catch (error) {
    const isTyped = error instanceof FlowError && String(error.code).startsWith("JOURNAL_");
    assert(isTyped, `${outcome.what}: ${String(error)}`);
  }
}

if (process.argv[1]?.endsWith("mutilate.js") === true) {
  const [count = 1_000, seed = 1] = process.argv.slice(2).map(Number);
  const folder = mkdtempSync(join(tmpdir(), "fourstroke-stores-"));
  const stores = await makeStores(folder);
  const total = { whole: 0, shorter: 0, refused: 0, shut: 0 };
  for (let i = 0; i < count; i++) {
    writeFileSync(join(folder, "seed"), String(seed + i));
    const { whole, shorter, refused, shut } = await tryOne(stores, seed + i).catch(
      (error: unknown) => {
        throw new Error(`seed ${seed + i}`, { cause: error });
      },
    );
    total.whole += whole;
    total.shorter += shorter;
    total.refused += refused;
    total.shut += shut;
  }
  process.stdout.write(`${count} mutilations: ${JSON.stringify(total)}\n`);
  rmSync(folder, { recursive: true });
}
