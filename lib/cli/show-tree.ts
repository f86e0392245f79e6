/** `fourstroke tree ID`: a flow's tree as `run` draws it, once, or until it ends, whoever runs it. */
import type { AtomState, FlowStateName } from "../plan/states.ts";
import type { AtomView } from "../plan/view.ts";
import type { Failure } from "../failure.ts";
import type { Job } from "../jobboard/jobboard.ts";
import { boardOf } from "./board.ts";
import { failuresOf } from "./documents.ts";
import { exitCodes, exitOfState } from "./exit.ts";
import { Following } from "./following.ts";
import { isAtRest, watchTree } from "./watch-tree.ts";
import { jobOf, withOpened } from "./opened.ts";
import type { Output } from "./output.ts";
import { goneOwner } from "./owner.ts";
import type { PlacesOptions } from "./places.ts";
import { render } from "./render.ts";
import { report } from "./report.ts";
import { readFlow } from "./store.ts";
import { oneLine } from "./text.ts";
import { type Tree, treeOf } from "./tree.ts";
import { verbCommand } from "./verb.ts";

export interface TreeOptions extends PlacesOptions {
  readonly watch?: boolean;
}

/** What `tree` prints. */
export interface TreeDocument {
  readonly id: string;
  /** The root flow's name. */
  readonly name: string;
  readonly state: FlowStateName;
  /** Why it stopped, where that is no atom's failure. */
  readonly reason: string | null;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly updatedAt: number;
  /** What stands outermost: the root flow, or its one atom. */
  readonly tree: BranchDocument | null;
}

/** A flow has `items`; a task or a controller has all else. */
export interface BranchDocument {
  readonly kind: "flow" | "task" | "retry";
  readonly name: string;
  readonly items?: readonly BranchDocument[];
  readonly state?: AtomState;
  /** Attempts to execute it, and to revert it. */
  readonly attempt?: number;
  readonly reverts?: number;
  /** From 0 to 1. */
  readonly progress?: number;
  /** Epoch milliseconds of the last attempt, in either direction; null where there is nothing. */
  readonly startedAt?: number | null;
  readonly endedAt?: number | null;
  /** Why it failed; of an atom that could not be undone, why not. */
  readonly failure?: Failure | null;
}

/** @returns the exit code */
export async function tree(id: string, options: TreeOptions, output: Output): Promise<number> {
  return withOpened(options, "inspector", async (opened) => {
    const resume = resumeOf(id, options, await jobOf(opened.board, id));
    if (options.watch !== true) {
      const following = Following.of((await readFlow(opened.journal, id)).batches);
      if (following === undefined) return exitCodes.INTERNAL;
      following.isStill = isAtRest(following.storage.state) || goneOwner(following.owner);
      if (output.isJson) output.document(documentOf(following));
      else draw(following, resume, output);
      return exitCodes.SUCCESS;
    }
    const { following, job } = await watchTree(opened, id, resume, output);
    return tellEnd(following, job, resume, output);
  });
}

/** A flow of `run` goes on by `resume` in its folder; a job by a word to its conductor. */
const resumeOf = (id: string, options: PlacesOptions, job: Job | undefined): string => {
  const { nats: _nats, prefix: _prefix, ...local } = options;
  return verbCommand("resume", id, job === undefined ? local : options);
};

function draw(following: Following, resume: string, output: Output): void {
  const { storage, blueprint } = following;
  const board = boardOf(following, blueprint, false);
  if (!isAtRest(storage.state) && goneOwner(following.owner)) {
    board.note = `nobody runs it: ${resume} goes on with it`;
  }
  const columns = output.isScreen ? output.columns : Number.POSITIVE_INFINITY;
  const { paint } = output;
  const screen = { columns, lines: Number.POSITIVE_INFINITY, paint, isStill: true };
  for (const line of render(board, screen)) output.line(line);
  if (storage.state === "SUCCESS") return;
  report(output, { view: storage, given: [], resume, isShown: true });
}

function tellEnd(
  following: Following | undefined,
  job: Job | undefined,
  resume: string,
  output: Output,
): number {
  if (following === undefined || job?.state === "TRASHED") {
    const reason = oneLine(job?.reason ?? "no reason was given");
    if (!output.isJson) output.line(`it is in the trash: ${reason}`);
    else output.document(following === undefined ? { state: null } : documentOf(following));
    return exitCodes.TRASHED;
  }
  const { storage } = following;
  if (output.isJson) output.document(documentOf(following));
  else {
    const given = Object.keys(job?.store ?? {});
    report(output, { view: storage, given, resume, isShown: true });
  }
  return exitOfState(storage.state);
}

function documentOf(following: Following): TreeDocument {
  const { storage, blueprint, startedAt } = following;
  const { id, name, state, reason = null } = storage;
  return {
    ...{ id, name, state, reason, startedAt },
    updatedAt: following.updatedAt,
    tree: branchesOf(following, treeOf(blueprint))[0] ?? null,
  };
}

/** The outermost rows, with those that stand in them. */
function branchesOf({ storage, times }: Following, { rows }: Tree): readonly BranchDocument[] {
  const atoms = storage.atoms();
  const failures = failuresOf(storage);
  const itemsOf: BranchDocument[][] = [];
  const roots: BranchDocument[] = [];
  rows.forEach(({ kind, name, parent, atom }, row) => {
    const view = atoms[atom];
    const items: BranchDocument[] = [];
    itemsOf[row] = items;
    const branch = view === undefined ? { kind, name, items } : atomBranch(view);
    (itemsOf[parent] ?? roots).push(branch);
  });
  return roots;

  function atomBranch({ kind, name, state, attempt, reverts, progress }: AtomView): BranchDocument {
    const { startedAt = null, endedAt = null } = times.get(name) ?? {};
    const failure = failures[name] ?? null;
    return { kind, name, state, attempt, reverts, progress, startedAt, endedAt, failure };
  }
}
