/** Why a flow that is under way does not move, by its journal and its workers. Pure. */
import { keyOf } from "../plan/key.ts";
import type { Direction } from "../plan/records.ts";
import type { FlowState } from "../plan/state.ts";
import { duration, oneLine, plural, when } from "../text.ts";
import type { Facts, Reason, WorkerFacts } from "./facts.ts";
import { going, stuck } from "./outcome.ts";

interface Atom {
  readonly name: string;
  readonly kind: "task" | "retry";
  readonly version: number;
  /** Undefined: it has not started. */
  readonly run?: {
    readonly direction: Direction;
    readonly attempt: number;
    /** Which worker has it; null: none has it; undefined: it isn't known. */
    readonly holder: string | null | undefined;
  };
}

/**
 * What is under way comes first, then what waits, then what could start.
 *
 * @param where - words for where attempts run that no worker has, with a space before; empty: it isn't known
 */
export function flowReason(facts: Facts, state: FlowState, where: string): Reason {
  const running = runningOf(facts, state);
  const unheld = running.filter(({ kind, run }) => kind === "task" && !run?.holder);
  const lacking = running.length === unheld.length ? lackOf(facts, unheld) : undefined;
  if (lacking !== undefined) return lacking;
  const isSuspending = state.flow.value === "SUSPENDING";
  if (running.length > 0) {
    const what = runningText(facts, running, where);
    if (!isSuspending) return going("RUNNING", what);
    return going("SUSPENDING", `it is being suspended, and ${what}`);
  }
  if (isSuspending) return going("SUSPENDING", "it is being suspended");
  if (state.halted) return going("READY", "it is about to end");
  return waitReason(facts, state) ?? askReason(state) ?? nextReason(facts, state);
}

/** What an owner that is gone left. */
export function leftBy(state: FlowState): string {
  const [first, ...others] = [...state.running.keys()].map((atom) => oneLine(state.nameOf(atom)));
  if (first !== undefined) {
    const more = others.length === 0 ? "" : ` and ${plural(others.length, "other")}`;
    return `"${first}"${more} running`;
  }
  const [retry] = state.waits.keys();
  if (retry === undefined) return "nothing running";
  return `"${oneLine(state.nameOf(retry))}" waiting for its next attempt`;
}

const atomOf = (state: FlowState, atom: number): Atom => {
  const { name, kind, version } = state.blueprint.atoms[atom] ?? {};
  return { name: name ?? String(atom), kind: kind ?? "task", version: version ?? 1 };
};

function runningOf({ present }: Facts, state: FlowState): readonly Atom[] {
  return [...state.running].map(([atom, { direction, attempt }]) => {
    const is = atomOf(state, atom);
    const holder = present?.holders[keyOf(state.id, is.name, direction, attempt)];
    return { ...is, run: { direction, attempt, holder } };
  });
}

/** Why no worker has any of the tasks and none can take them; undefined: one can, or it isn't known. */
function lackOf({ present }: Facts, tasks: readonly Atom[]): Reason | undefined {
  const workers = present?.workers;
  if (workers === undefined) return undefined;
  for (const task of tasks) {
    const { name, version, run } = task;
    const title = version === 1 ? `"${oneLine(name)}"` : `"${oneLine(name)}" of version ${version}`;
    const serving = workers.filter((worker) => serves(worker, task));
    if (serving.length === 0) return stuck("NO_WORKER", `no worker serves the task ${title}`);
    const isFree = serving.some(({ free, state }) => free > 0 && state === "up");
    if (isFree || run?.holder === undefined) continue;
    const slots = serving.reduce((sum, worker) => sum + worker.slots, 0);
    const who =
      serving.length === 1
        ? `the one worker that serves the task ${title} is`
        : `all ${serving.length} workers that serve the task ${title} are`;
    const sentence = `${who} busy: none of ${plural(slots, "slot")} is free`;
    return going("WORKERS_BUSY", sentence);
  }
  return undefined;
}

const serves = ({ tasks }: WorkerFacts, { name, version }: Atom): boolean =>
  tasks.some(([task, major]) => task === name && major === version);

/** Of the one that runs longest, and how many there are beside it. */
function runningText({ now, startedAt }: Facts, running: readonly Atom[], where: string): string {
  const begun = running.map((atom) => ({ atom, at: startedAt(atom.name) ?? now }));
  const [first, ...others] = begun.sort((one, other) => one.at - other.at);
  if (first === undefined) return "nothing runs";
  const { name, run } = first.atom;
  const place = typeof run?.holder === "string" ? ` on worker ${oneLine(run.holder)}` : where;
  const time = duration(Math.max(0, now - first.at));
  const what =
    run?.direction === "revert"
      ? `is being undone${place}, for ${time} now`
      : `has been running${place} for ${time}`;
  const tries = run !== undefined && run.attempt > 1 ? `, attempt ${run.attempt}` : "";
  const rest = others.length === 0 ? "" : `, with ${plural(others.length, "other")} beside it`;
  return `"${oneLine(name)}" ${what}${tries}${rest}`;
}

function waitReason({ now }: Facts, state: FlowState): Reason | undefined {
  const waits = [...state.waits.keys()].flatMap((retry) => {
    const wait = state.waits.get(retry);
    return wait === undefined ? [] : [{ dueAt: wait.dueAt, name: state.nameOf(retry) }];
  });
  const [next] = waits.sort((one, other) => one.dueAt - other.dueAt);
  if (next === undefined) return undefined;
  const { dueAt } = next;
  const name = `"${oneLine(next.name)}"`;
  const sentence =
    dueAt > now
      ? `${name} waits until ${when(dueAt)}, ${duration(dueAt - now)} from now, before the next attempt`
      : `${name} has waited until ${when(dueAt)}, and is about to begin the next attempt`;
  return { ...going("BACKOFF", sentence), dueAt };
}

function askReason(state: FlowState): Reason | undefined {
  const [question] = state.questions;
  if (question === undefined) return undefined;
  const [retry, failed] = [question.retry, question.failed].map((atom) =>
    oneLine(state.nameOf(atom)),
  );
  const sentence = `the retry controller "${retry}" is asked what to do about the failure of "${failed}"`;
  return going("ASKING", sentence);
}

function nextReason(facts: Facts, state: FlowState): Reason {
  const atom = nextOf(state);
  if (atom === undefined) return going("READY", "it is about to end");
  const next = atomOf(state, atom);
  const lacking = next.kind === "task" ? lackOf(facts, [next]) : undefined;
  if (lacking !== undefined) return lacking;
  const name = `"${oneLine(next.name)}"`;
  const isUndone = state.intentionOf(atom) === "REVERT";
  if (isUndone) return going("READY", `${name} is about to be undone`);
  if (!state.isDecided(atom)) return going("ASKING", `it is being decided whether ${name} runs`);
  return going("READY", `${name} is about to start`);
}

/** What would start next, without taking it: what is to be undone comes before what is to be done. */
function nextOf(state: FlowState): number | undefined {
  const { atoms, rank, revertRank } = state.shape;
  const first = (isReady: (atom: number) => boolean, ranks: Int32Array): number | undefined => {
    let found: number | undefined;
    for (let atom = 0; atom < atoms; atom++) {
      const before = found === undefined || (ranks[atom] ?? 0) < (ranks[found] ?? 0);
      if (before && isReady(atom)) found = atom;
    }
    return found;
  };
  return (
    first((atom) => state.isRevertible(atom), revertRank) ??
    first((atom) => state.isExecutable(atom), rank)
  );
}
