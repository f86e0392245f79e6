/** Why a flow is where it is: one sentence, from its state. */
import type { FlowState } from "../../plan/state.ts";
import type { Spans } from "./timeline.ts";
import { duration } from "./words.ts";

export interface Facts {
  /** The moment that is looked at, epoch milliseconds; the present one for a live flow. */
  readonly now: number;
  readonly spans: Spans;
  /** It is the present state, not an earlier one. */
  readonly isLive: boolean;
  /** Words for who runs it; null: nobody is known to. */
  readonly runner: string | null;
  /** Words for who ran it last, where that one is known to be gone; null: it isn't. */
  readonly gone: string | null;
}

export interface Reason {
  readonly sentence: string;
  /** It won't go on by itself. */
  readonly isStuck: boolean;
}

export function reasonOf(state: FlowState, facts: Facts): Reason {
  const { value } = state.flow;
  switch (value) {
    case "SUCCESS":
      return going("every task is done");
    case "REVERTED":
      return stuck(`it failed and was undone${because(state)}`);
    case "FAILURE":
      return stuck(`it stopped half-way${because(state)}`);
    case "PARKED":
      return stuck(`it waits for a person${because(state)}`);
    case "SUSPENDED":
      return stuck("it is suspended until somebody resumes it");
    case "PENDING":
      return going("it has not begun to run");
    default:
      return active(state, facts);
  }
}

const going = (sentence: string): Reason => ({ sentence, isStuck: false });
const stuck = (sentence: string): Reason => ({ sentence, isStuck: true });

function because(state: FlowState): string {
  const failure = state.trouble?.failure ?? Object.values(state.failures)[0];
  if (failure !== undefined) return `: ${failure.message}`;
  const undone = state.snapshots.find(({ value }) => value === "REVERT_FAILURE");
  const message = undone?.context.revertFailure?.message;
  return message === undefined ? "" : `: ${message}`;
}

function active(state: FlowState, facts: Facts): Reason {
  const { isLive, runner, gone } = facts;
  if (isLive && runner === null && (gone !== null || state.owner.startsWith("cli:"))) {
    const who = gone === null ? "nobody is known to run it any more" : `its ${gone} is gone`;
    return stuck(`${who}: ${left(state)}. "fourstroke resume ${state.id}" goes on with it`);
  }
  const what = activity(state, facts);
  const where = isLive && runner !== null ? `, by ${runner}` : "";
  const suspending = state.flow.value === "SUSPENDING" ? "it is being suspended, and " : "";
  return going(`${suspending}${what}${where}`);
}

/** What an owner that ended was about. */
function left(state: FlowState): string {
  const [first, ...others] = [...state.running.keys()].map((atom) => state.nameOf(atom));
  if (first !== undefined) {
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    return `it left "${first}"${more} running`;
  }
  const [retry] = state.waits.keys();
  if (retry !== undefined) return `it left "${state.nameOf(retry)}" waiting for the next attempt`;
  return "it left nothing running";
}

function activity(state: FlowState, facts: Facts): string {
  const running = [...state.running.keys()].map((atom) => state.nameOf(atom));
  const [first, ...others] = running;
  if (first !== undefined) {
    const span = facts.spans.get(first)?.at(-1);
    const since =
      span === undefined ? "" : ` for ${duration(Math.max(0, facts.now - span.startedAt))}`;
    const tries = span !== undefined && span.attempt > 1 ? `, attempt ${span.attempt}` : "";
    const more = others.length === 0 ? "" : `, and ${others.length} more`;
    const verb = span?.kind === "revert" ? "is being undone" : "runs";
    return `"${first}" ${verb}${since}${tries}${more}`;
  }
  const [question] = state.questions;
  if (question !== undefined) {
    return `the retry controller "${state.nameOf(question.retry)}" is asked what to do about "${state.nameOf(question.failed)}"`;
  }
  for (const retry of state.waits.keys()) {
    const dueAt = state.waits.get(retry)?.dueAt ?? 0;
    const left = dueAt - facts.now;
    const when = left > 0 ? `${duration(left)} more` : "no longer";
    return `"${state.nameOf(retry)}" waits ${when} before the next attempt`;
  }
  return state.halted ? "it is about to stop" : "what comes next is about to start";
}
