/** `fourstroke purge`: forgets flows that are over. */
import { createInterface } from "node:readline/promises";
import { FlowError } from "../errors.ts";
import type { FlowSummary } from "../journal/journal.ts";
import { endsIn } from "../journal/sqlite/remover.ts";
import { isActive } from "../plan/due.ts";
import { CliError, exitCodes, hinted } from "./exit.ts";
import { bytes as sizeOf } from "./findings.ts";
import { styleOf } from "./look.ts";
import { jobOf, type Opened, withOpened } from "./opened.ts";
import type { Output } from "./output.ts";
import { livingOwner } from "./owner.ts";
import type { PlacesOptions } from "./places.ts";
import { freeRoom } from "./room.ts";
import { selected, type Selection, selects } from "./select.ts";
import { findFlow } from "./store.ts";
import { writeTable } from "./table.ts";
import { oneLine, plural, when } from "./text.ts";

export interface PurgeOptions extends PlacesOptions, Selection {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  /** Those that are not over too. */
  readonly force?: boolean;
}

/** What `purge` prints. */
export interface PurgeDocument {
  /** Nothing was removed: this is what would be. */
  readonly dryRun: boolean;
  readonly flows: readonly FlowSummary[];
  /** Flows that fit but were kept: their jobs are not over. */
  readonly kept: readonly string[];
  /** Ended jobs that the board has forgotten. */
  readonly jobs: number;
  /** Bytes, as far as that can be known. */
  readonly freed: number | null;
}

/** Flows that a question shows. */
const mostShown = 20;

/** Journals that are removed at once. */
const removesAtOnce = 64;

/** @returns the exit code */
export async function purge(
  ids: readonly string[],
  options: PurgeOptions,
  output: Output,
): Promise<number> {
  const { yes = false, dryRun = false, force = false } = options;
  if (ids.length === 0 && !selects(options)) {
    throw new CliError("USAGE", "purge takes IDs, or --state, --name, --older-than or --before");
  }
  if (!force) endsIn(options.state);
  const asks = !yes && !dryRun;
  if (asks && !(output.isScreen && process.stdin.isTTY)) {
    const problem = "purge asks first, and nobody is there to answer";
    throw hinted(new CliError("USAGE", problem), "say --yes, or --dry-run to see what it is about");
  }
  return withOpened(options, dryRun ? "inspector" : "engine", async (opened) => {
    const now = Date.now();
    const wanted = ids.length === 0 && options.state === undefined ? endsIn() : options.state;
    const selection = { ...options, ...(wanted === undefined ? {} : { state: wanted }) };
    const found = await selected(opened.journal, ids, selection, now);
    const { over, open } = await sorted(opened, found, { force, named: ids.length > 0 });
    const plan = { dryRun, flows: over, kept: open, jobs: 0, freed: null };
    if (dryRun || over.length === 0) return tell(plan, output);
    if (asks && !(await agrees(over, output))) {
      output.line("nothing was removed");
      return exitCodes.SUCCESS;
    }
    const before = await freeRoom(opened.places, options.dir);
    await forget(opened, over);
    // Entries of jobs go as conductors let them go: after the journals, and those of all that are as old.
    const isAll = ids.length === 0 && options.state === undefined && options.name === undefined;
    const endedBefore = Math.min(options.before ?? now, now - (options.olderThan ?? 0));
    const jobs = isAll ? ((await opened.board?.purge({ endedBefore })) ?? 0) : 0;
    const after = await freeRoom(opened.places, options.dir);
    const freed = before === undefined || after === undefined ? null : Math.max(0, after - before);
    return tell({ ...plan, jobs, freed }, output);
  });
}

interface Manner {
  readonly force: boolean;
  /** Each was asked for by its id: one that can't be removed is an error, before any is. */
  readonly named: boolean;
}

const isOver = (state: string): boolean =>
  state === "SUCCESS" || state === "REVERTED" || state === "FAILURE";

async function sorted(
  opened: Opened,
  flows: readonly FlowSummary[],
  { force, named }: Manner,
): Promise<{ readonly over: readonly FlowSummary[]; readonly open: readonly string[] }> {
  const over: FlowSummary[] = [];
  const open: string[] = [];
  for (const flow of flows) {
    const job = await jobOf(opened.board, flow.id);
    const isOpen = job !== undefined && job.state !== "COMPLETE";
    if (isOver(flow.state) && !isOpen) over.push(flow);
    else if (!force && named) throw notOver(flow.id, isOpen ? job.state : flow.state);
    else if (!force) open.push(flow.id);
    else {
      const owner = job?.owner ?? (await runnerOf(opened, flow.id));
      if (owner !== undefined) throw new FlowError("HAS_OWNER", { flow: flow.id, owner });
      over.push(flow);
    }
  }
  return { over, open };
}

function notOver(flow: string, state: string): Error {
  const error = new FlowError("INVALID_STATE", { flow, operation: "be purged", state });
  return hinted(error, "it is not over; --force forgets it all the same");
}

async function runnerOf({ journal }: Opened, id: string): Promise<string | undefined> {
  try {
    const kept = await findFlow(journal, id);
    return kept !== undefined && isActive(kept.state) ? livingOwner(kept.state.owner) : undefined;
  } catch (error) {
    if (FlowError.is(error, "JOURNAL_DAMAGED")) return undefined; // nobody can run it
    throw error;
  }
}

async function agrees(flows: readonly FlowSummary[], output: Output): Promise<boolean> {
  list(flows.slice(0, mostShown), output);
  if (flows.length > mostShown) output.line(`and ${plural(flows.length - mostShown, "more flow")}`);
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await asking.question(`remove ${plural(flows.length, "flow")} for good? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    asking.close();
  }
}

async function forget({ journal }: Opened, flows: readonly FlowSummary[]): Promise<void> {
  for (let at = 0; at < flows.length; at += removesAtOnce) {
    const some = flows.slice(at, at + removesAtOnce);
    await Promise.all(some.map(async ({ id }) => journal.remove(id)));
  }
}

function tell(document: PurgeDocument, output: Output): number {
  const { dryRun, flows, kept, jobs, freed } = document;
  if (output.isJson) {
    output.document(document);
    return exitCodes.SUCCESS;
  }
  if (dryRun && flows.length > 0) list(flows, output);
  const room = freed === null || freed === 0 ? "" : `, ${sizeOf(freed)} freed`;
  const ofJobs = jobs === 0 ? "" : `, ${plural(jobs, "ended job")} forgotten`;
  const what = dryRun ? "would be removed" : `removed${ofJobs}${room}`;
  output.line(flows.length === 0 ? "nothing to remove" : `${plural(flows.length, "flow")} ${what}`);
  if (kept.length > 0) {
    output.tell(`${plural(kept.length, "flow")} kept: their jobs are not over`);
  }
  return exitCodes.SUCCESS;
}

function list(flows: readonly FlowSummary[], output: Output): void {
  writeTable(
    output,
    ["ID", "NAME", "STATE", "LAST CHANGE"],
    flows.map(({ id, name, state, updatedAt }) => [
      [oneLine(id)],
      [oneLine(name)],
      [state, styleOf(state as Parameters<typeof styleOf>[0])],
      [when(updatedAt)],
    ]),
  );
}
