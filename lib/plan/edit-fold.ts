/** What a person's edit changes. */
import { foldRetryFrom } from "./edit-from.ts";
import type { FlowRecord } from "./records.ts";
import { fail, finish, ignore } from "./resolve.ts";
import type { FlowState } from "./state.ts";

type Edited = Extract<FlowRecord, { kind: "edited" }>;

/** Ids of edits that are kept: many more than can be under way at once. */
const mostIds = 64;

export function foldEdit(state: FlowState, record: Edited): void {
  state.edits = [...state.edits, record.id].slice(-mostIds);
  const [atom] = record.atoms;
  if (atom === undefined) return;
  switch (record.edit) {
    case "skip":
      return ignore(state, atom, record.depth ?? "ATOM");
    case "complete":
      return complete(state, atom, record.value);
    case "fail":
      if (record.failure === undefined) return;
      settle(state, atom);
      state.move(atom, { type: "condemned", failure: record.failure });
      return fail(state, atom, record.failure);
    case "retryNow":
      state.waits.delete(atom);
      return state.offer(atom);
    case "retryFrom":
      return foldRetryFrom(state, record.atoms);
  }
}

function complete(state: FlowState, atom: number, value: unknown): void {
  settle(state, atom);
  if (state.questions.length > 0) {
    const open = state.questions.splice(0);
    state.questions.push(...open.filter(({ failed }) => failed !== atom));
  }
  if (state.snapshotOf(atom).context.history?.length === 0) state.firstStarts.set(atom, state.at);
  state.move(atom, { type: "completed", value });
}

/** Nobody waits for the outcome of its attempt any more. */
function settle(state: FlowState, atom: number): void {
  if (state.running.get(atom)?.direction === "execute") finish(state, atom);
}
