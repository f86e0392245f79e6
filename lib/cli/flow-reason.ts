/** Why a flow that has a living owner does not move, by its journal and its workers. Pure. */
import type { Presence } from "../executor/protocol.ts";
import { takeStart } from "../plan/due.ts";
import type { FlowState } from "../plan/state.ts";
import type { Facts, Reason } from "./facts.ts";
import type { Kept } from "./store.ts";
import { duration, oneLine, plural, when } from "./text.ts";
import { timesOf } from "./times.ts";

interface Atom {
  readonly name: string;
  readonly kind: "task" | "retry";
  readonly version: number;
}

/** What is under way comes first, then what waits, then what could start. */
export function flowReason(facts: Facts, kept: Kept): Reason {
  const { state } = kept;
  const running = [...state.running].map(([atom]) => atomOf(state, atom));
  const unheld = running.filter(({ kind, name }) => kind === "task" && !facts.holders.get(name));
  const stuck = running.length === unheld.length ? stuckReason(facts, unheld) : undefined;
  if (stuck !== undefined) return stuck;
  if (running.length > 0) return runningReason(facts, kept, running);
  const wait = waitReason(facts, state);
  if (wait !== undefined) return wait;
  const [question] = state.questions;
  if (question !== undefined) {
    const name = oneLine(atomOf(state, question.retry).name);
    return { code: "ASKING", sentence: `the retry controller "${name}" is asked what to do` };
  }
  const next = takeStart(state, []);
  const due = next === undefined ? [] : [atomOf(state, next.atom)];
  const waiting = stuckReason(
    facts,
    due.filter(({ kind }) => kind === "task"),
  );
  if (waiting !== undefined) return waiting;
  const what = due.map(({ name }) => ` "${oneLine(name)}"`).join("");
  const sentence = what === "" ? "it is about to end" : `${what.trim()} is about to start`;
  return { code: "READY", sentence };
}

const atomOf = (state: FlowState, atom: number): Atom => {
  const { name, kind, version } = state.blueprint.atoms[atom] ?? {};
  return { name: name ?? String(atom), kind: kind ?? "task", version: version ?? 1 };
};

/** Tasks that no worker has and none can take; undefined: there is none, or it isn't known. */
function stuckReason({ workers, holders }: Facts, tasks: readonly Atom[]): Reason | undefined {
  if (workers === undefined) return undefined;
  for (const task of tasks) {
    const { name, version } = task;
    const title = version === 1 ? `"${oneLine(name)}"` : `"${oneLine(name)}" of version ${version}`;
    const serving = workers.filter((worker) => serves(worker, task));
    if (serving.length === 0) {
      return { code: "NO_WORKER", sentence: `no worker serves the task ${title}` };
    }
    const slots = serving.reduce((sum, worker) => sum + worker.slots, 0);
    const isFree = serving.some(({ free, state }) => free > 0 && state === "up");
    if (isFree || holders.get(name) === undefined) continue;
    const all =
      serving.length === 1
        ? "the one worker that serves"
        : `all ${serving.length} workers that serve`;
    const are = serving.length === 1 ? "is" : "are";
    const sentence = `${all} the task ${title} ${are} busy: none of ${plural(slots, "slot")} is free`;
    return { code: "WORKERS_BUSY", sentence };
  }
  return undefined;
}

const serves = ({ tasks }: Presence, { name, version }: Atom): boolean =>
  tasks.some(([task, major]) => task === name && major === version);

function runningReason({ now, holders }: Facts, kept: Kept, running: readonly Atom[]): Reason {
  const times = timesOf(kept.batches);
  const [first, ...more] = [...running].sort(
    (one, other) => startOf(times, one, now) - startOf(times, other, now),
  );
  const name = first?.name ?? "";
  const holder = holders.get(name);
  const where = typeof holder === "string" ? ` on worker ${oneLine(holder)}` : "";
  const state = kept.state.flow.value === "SUSPENDING" ? "SUSPENDING" : "RUNNING";
  const attempt = kept.view.atom(name).attempt;
  const since = first === undefined ? 0 : now - startOf(times, first, now);
  const rest = more.length === 0 ? "" : `, with ${plural(more.length, "other")} beside it`;
  const tries = attempt > 1 ? `, attempt ${attempt}` : "";
  const what = `"${oneLine(name)}" has been running${where} for ${duration(Math.max(0, since))}${tries}${rest}`;
  const sentence = state === "SUSPENDING" ? `it is being suspended, and ${what}` : what;
  return { code: state, sentence };
}

const startOf = (times: ReturnType<typeof timesOf>, { name }: Atom, now: number): number =>
  times.get(name)?.startedAt ?? now;

function waitReason({ now }: Facts, state: FlowState): Reason | undefined {
  const waits = [...state.waits.keys()].flatMap((retry) => {
    const wait = state.waits.get(retry);
    return wait === undefined ? [] : [{ ...wait, name: atomOf(state, retry).name }];
  });
  const [next] = waits.sort((one, other) => one.dueAt - other.dueAt);
  if (next === undefined) return undefined;
  const { dueAt, name } = next;
  const inMs = duration(Math.max(0, dueAt - now));
  const sentence = `"${oneLine(name)}" waits until ${when(dueAt)}, ${inMs} from now, before the next attempt`;
  return { code: "BACKOFF", sentence, dueAt };
}
