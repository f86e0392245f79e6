/** `fourstroke skip|complete|fail|retry|park ID`: edits by hand of a flow that nobody runs, or of one that is a job. */
import { userInfo } from "node:os";
import { editStored } from "../../actors/by-hand.ts";
import { FlowError } from "../errors.ts";
import { makeId } from "../ids.ts";
import { jsonable } from "../jsonable.ts";
import { isActive } from "../plan/due.ts";
import { atomsOf, type Edit, type EditKind, whyNot } from "../plan/edit.ts";
import { fold } from "../plan/fold.ts";
import type { FlowState } from "../plan/state.ts";
import type { FlowStateName } from "../plan/states.ts";
import { systemClock, systemRandom } from "../system.ts";
import { answerTo, type Answer } from "./answer.ts";
import { hinted } from "./exit.ts";
import { jobDocument } from "./job-documents.ts";
import type { Output } from "./output.ts";
import { livingOwner, ownerName } from "./owner.ts";
import { Places, type PlacesOptions } from "./places.ts";
import { resume } from "./resume.ts";
import { placeOfJob } from "./resume-job.ts";
import { shownJob } from "./shown-job.ts";
import { openExisting, readFlow } from "./store.ts";
import { oneLine } from "./text.ts";
import { resumeCommand } from "./verb.ts";
import { noJob } from "./wait.ts";

export interface EditOptions extends PlacesOptions {
  readonly reason?: string;
  readonly by?: string;
  readonly run?: boolean;
  readonly durability: "disk" | "process";
}

/** What an edit of a flow that is no job prints with `--json`. */
export interface EditDocument {
  readonly id: string;
  /** The root flow's name. */
  readonly name: string;
  readonly edit: EditKind;
  readonly atoms: readonly string[];
  readonly state: FlowStateName;
  /** The command that goes on with it. */
  readonly next: string;
}

/** Makes an edit of the flow as it is, where that is known here. */
export type EditMaker = (state: FlowState | undefined) => Edit;

/** @returns the exit code */
export async function edit(
  id: string,
  make: EditMaker,
  options: EditOptions,
  output: Output,
): Promise<number> {
  const asked: EditMaker = (state) => ({ ...askedBy(options), ...make(state) });
  const places = await placeOfJob(id, options);
  if (places !== undefined) {
    await using there = places;
    const answer = await command(there, id, asked);
    if (output.isJson) output.document(jobDocument(await shownJob(there, answer.job)));
    else output.line(`${oneLine(id)}: ${hearerOf(answer)}`);
    return 0;
  }
  if (options.nats !== undefined) await refuseJobless(id, options);
  const document = await store(id, asked, options);
  if (options.run !== true) {
    if (output.isJson) output.document(jsonable(document));
    else tell(document, output);
    return 0;
  }
  if (!output.isJson) output.line(wordsOf(document));
  return resume(id, undefined, { ...options, unpark: document.edit !== "park" }, output);
}

/** Who asks, and why. */
function askedBy({ by, reason }: EditOptions): { by: string; reason?: string } {
  return { by: by ?? userInfo().username, ...(reason === undefined ? {} : { reason }) };
}

/**
 * What would be refused is refused here, as far as this process may read journals; the owner decides, and is waited for
 * a moment.
 */
async function command(places: Places, id: string, make: EditMaker): Promise<Answer> {
  const board = await places.board();
  const job = await board.get(id);
  const kept = await places.flow(id);
  if (job === undefined) throw await noJob(board, id);
  const state = kept?.state;
  if (state !== undefined && job.owner === undefined) {
    // As whoever claims it will find it.
    fold(state, { kind: "adopted", owner: "", epoch: state.epoch + 1 });
  }
  const edit = make(state);
  const refuse = (why: string | undefined): void => {
    if (why === undefined) return;
    const about = { flow: job.flow, edit: edit.kind, atom: atomsOf(edit)[0], why };
    throw new FlowError("EDIT_REFUSED", about);
  };
  if (state !== undefined) refuse(whyNot(state, edit));
  const answer = await answerTo(board, await board.command(id, { kind: "edit", edit }), "edit");
  refuse(answer.refusal?.why);
  return answer;
}

/** Words for who makes the edit, and when. */
function hearerOf({ job: { owner, isHeld }, isTaken }: Answer): string {
  if (isTaken) return "made by its owner";
  if (owner !== undefined) return `left for its owner, ${oneLine(owner)}, who hears of it now`;
  return `left for its owner, who makes it first${isHeld ? " when it is resumed" : ""}`;
}

/** On servers, flows are run by those who hold their jobs. */
async function refuseJobless(id: string, options: EditOptions): Promise<void> {
  const journal = await openExisting(options).catch(() => undefined);
  const isHere = journal !== undefined && (await journal.read(id)).length > 0;
  await journal?.close();
  if (isHere) return;
  await using places = await Places.open(options);
  throw await noJob(await places.board(), id);
}

async function store(id: string, make: EditMaker, options: EditOptions): Promise<EditDocument> {
  const journal = await openExisting(options);
  try {
    const { state, view } = await readFlow(journal, id);
    refuseOwned(state);
    const hand = { journal, clock: systemClock, owner: ownerName() };
    let edit: Edit | undefined;
    const making = (found: FlowState): Edit => (edit = make(found));
    const after = await editStored(hand, id, making, makeId(systemClock, systemRandom));
    const { kind, atoms } = named(edit ?? make(after));
    const unpark = after.flow.value === "PARKED" ? " --unpark" : "";
    const next = resumeCommand(id, options.dir) + unpark;
    return { id, name: view.name, edit: kind, atoms, state: after.flow.value, next };
  } finally {
    await journal.close();
  }
}

const named = (edit: Edit) => ({ kind: edit.kind, atoms: atomsOf(edit) });

/** An edit would fence whoever runs it. */
function refuseOwned(state: FlowState): void {
  if (!isActive(state)) return;
  const { id, owner } = state;
  const living = livingOwner(owner);
  if (living === undefined) return;
  const error = new FlowError("HAS_OWNER", { flow: id, owner: living });
  throw hinted(
    error,
    "suspend it there with Ctrl-C or SIGTERM; a job's owner can be asked at any time",
  );
}

const wordsOf = ({ name, id, edit, atoms }: EditDocument): string =>
  `${oneLine(name)}  ${oneLine(id)}: ${edit}${atoms.length === 0 ? "" : ` ${oneLine(atoms.join(", "))}`}`;

function tell(document: EditDocument, output: Output): void {
  output.line(`${wordsOf(document)}; it is ${document.state}`);
  output.line(`  go on with: ${document.next}`);
}
