/** `fourstroke fork ID --from ATOM`: a new flow that has what the old one has done before an atom. */
import { forkStored } from "../../actors/by-hand.ts";
import { FlowError } from "../errors.ts";
import { makeId } from "../ids.ts";
import type { Jobboard } from "../jobboard/jobboard.ts";
import { systemClock, systemRandom } from "../system.ts";
import { jobDocument } from "./job-documents.ts";
import type { Output } from "./output.ts";
import { ownerName } from "./owner.ts";
import { Places, type PlacesOptions } from "./places.ts";
import { resume } from "./resume.ts";
import { placeOfJob } from "./resume-job.ts";
import { openExisting, readFlow } from "./store.ts";
import { oneLine } from "./text.ts";
import { resumeCommand } from "./verb.ts";

export interface ForkOptions extends PlacesOptions {
  readonly from: string;
  readonly id?: string;
  readonly run?: boolean;
  readonly durability: "disk" | "process";
}

/** @returns the exit code */
export async function fork(old: string, options: ForkOptions, output: Output): Promise<number> {
  const id = options.id ?? makeId(systemClock, systemRandom);
  const found = await placeOfJob(old, options);
  if (found !== undefined) {
    await found[Symbol.asyncDispose]();
    return forkJob(old, id, options, output);
  }
  const journal = await openExisting(options);
  try {
    await readFlow(journal, old);
    const hand = { journal, clock: systemClock, owner: ownerName() };
    await forkStored(hand, old, options.from, id);
  } finally {
    await journal.close();
  }
  if (options.run === true) return resume(id, undefined, options, output);
  const next = resumeCommand(id, options.dir);
  if (output.isJson) output.document({ id, forkOf: old, from: options.from, next });
  else {
    output.line(oneLine(id));
    output.tell(`  go on with: ${next}`);
  }
  return 0;
}

/** The journal first: whoever claims the job finds there what is done. */
async function forkJob(
  old: string,
  id: string,
  options: ForkOptions,
  output: Output,
): Promise<number> {
  // Only an engine may write journals.
  await using places = await Places.open(options, { role: "engine" });
  const board = await places.board();
  const { flow, store, details, priority, blueprint } = await jobOf(board, old);
  if ((await board.get(id)) !== undefined) {
    throw new FlowError("ALREADY_EXISTS", { what: "job", name: id });
  }
  const hand = { journal: await places.journal(), clock: systemClock, owner: ownerName() };
  await forkStored(hand, old, options.from, id);
  const kept = blueprint === undefined ? {} : { blueprint };
  const job = await board.post({ id, flow, store, details, priority, ...kept });
  if (output.isJson) output.document(jobDocument(job));
  else output.line(oneLine(id));
  return 0;
}

async function jobOf(board: Jobboard, id: string) {
  const job = await board.get(id);
  if (job === undefined) throw new FlowError("NOT_FOUND", { what: "job", name: id });
  return job;
}
