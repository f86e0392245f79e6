/** The journal of the command line: SQLite in a folder of its own. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { machines } from "../../actors/machines.ts";
import { FlowError } from "../errors.ts";
import type { Journal } from "../journal/journal.ts";
import { nearest } from "../nearest.ts";
import { foldAll } from "../plan/fold.ts";
import type { Batch } from "../plan/records.ts";
import type { FlowState } from "../plan/state.ts";
import { FlowView } from "../plan/view.ts";
import { redact } from "../secrets.ts";

export interface StoreOptions {
  readonly dir: string;
  readonly durability?: "disk" | "process";
}

/** The journal in the folder, which is made if it isn't there. */
export async function openStore({ dir, durability = "disk" }: StoreOptions): Promise<Journal> {
  const { sqliteJournal } = await import("../journal/sqlite.ts");
  // A flow may be run in another folder than this command was.
  return sqliteJournal({ dir: resolve(dir), durability });
}

/** @throws FlowError `JOURNAL_UNAVAILABLE` when there is no such folder */
export async function openExisting(options: StoreOptions): Promise<Journal> {
  needFolder(options.dir);
  return openStore(options);
}

/** @throws FlowError `JOURNAL_UNAVAILABLE` when there is no such folder */
export function needFolder(dir: string): void {
  if (existsSync(dir)) return;
  const problem = `there is no folder ${dir}; run a flow first, or name another one with --dir`;
  throw new FlowError("JOURNAL_UNAVAILABLE", { problem });
}

/** A flow as its journal has it. */
export interface Kept {
  readonly state: FlowState;
  readonly view: FlowView;
  readonly batches: readonly Batch[];
}

/** A flow as it may be shown: what it declares secret is hidden. */
export async function findFlow(journal: Journal, id: string): Promise<Kept | undefined> {
  return keptOf(redact(await journal.read(id)));
}

/** A flow as it is, for whoever goes on with it: what comes of this must not be shown. */
export async function findUnredacted(journal: Journal, id: string): Promise<Kept | undefined> {
  return keptOf(await journal.read(id));
}

function keptOf(batches: readonly Batch[]): Kept | undefined {
  const state = foldAll(machines, batches);
  return state === undefined ? undefined : { state, view: new FlowView(() => state), batches };
}

/** As `findFlow`, or with another way to find it. @throws FlowError `NOT_FOUND` with the nearest id */
export async function readFlow(journal: Journal, id: string, find = findFlow): Promise<Kept> {
  const found = await find(journal, id);
  if (found !== undefined) return found;
  const flows = await journal.list({ limit: 10_000 });
  const near = nearest(
    id,
    flows.map((flow) => flow.id),
  );
  throw new FlowError("NOT_FOUND", {
    what: "flow",
    name: id,
    ...(near === undefined ? {} : { nearest: near }),
  });
}
