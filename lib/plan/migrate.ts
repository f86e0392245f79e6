/** Gives a flow another blueprint; atoms keep their life by name. */
import type { Blueprint } from "../compile/blueprint.ts";
import { shapeOf } from "./shape.ts";
import { Slots, type SparseMap } from "./sparse.ts";
import type { FlowState, Retired, Running } from "./state.ts";
import type { AtomSnapshot } from "./states.ts";

/** From the numbers atoms had to those they have; what is gone is not in there. */
type Numbers = ReadonlyMap<number, number>;

export function migrate(state: FlowState, blueprint: Blueprint): void {
  const old = state.shape.numbers;
  retire(state);
  const kept = blueprint.atoms.map(({ name, kind }): Retired => {
    const was = state.retired.get(name);
    state.retired.delete(name);
    if (was?.kind === kind) return was;
    return { kind, snapshot: state.machines[kind].initial, intention: "EXECUTE" };
  });
  const to: Numbers = new Map(
    blueprint.atoms.flatMap(({ name }, atom) => {
      const was = old.get(name);
      return was === undefined ? [] : [[was, atom] as const];
    }),
  );
  const snapshots = kept.map(({ snapshot }) => snapshot);
  renumberAll(state, to);
  state.takeOver({
    shape: shapeOf(blueprint),
    snapshots,
    intentions: kept.map(({ intention }) => intention),
    running: runningOf(state.running, snapshots, to),
  });
}

/** Puts every life by its name, for whoever takes it up. */
function retire(state: FlowState): void {
  state.blueprint.atoms.forEach(({ name, kind }, atom) => {
    const snapshot = state.snapshotOf(atom);
    state.retired.set(name, { kind, snapshot, intention: state.intentionOf(atom) });
  });
}

function runningOf(
  before: Slots<Running>,
  snapshots: readonly AtomSnapshot[],
  to: Numbers,
): Slots<Running> {
  const running = new Slots<Running>(snapshots.length);
  for (const [was, value] of before) {
    const atom = to.get(was);
    if (atom === undefined) continue;
    const undo = value.undo.flatMap((one) => {
      const [other, by] = [to.get(one.atom), to.get(one.ignoredBy) ?? -1];
      return other === undefined ? [] : [{ ...one, atom: other, ignoredBy: by }];
    });
    running.set(atom, { ...value, undo });
  }
  // An atom that had been lost while it ran, and is back: its attempt is still without an outcome.
  snapshots.forEach((snapshot, atom) => {
    const { value, context } = snapshot;
    if (running.has(atom)) return;
    // Nobody is going to take its start back, so it doesn't matter what it was before.
    const rest = { before: snapshot, undo: [] };
    if (value === "RUNNING")
      running.set(atom, { direction: "execute", attempt: context.attempt, ...rest });
    if (value === "REVERTING")
      running.set(atom, { direction: "revert", attempt: context.reverts, ...rest });
  });
  return running;
}

function renumberAll(state: FlowState, to: Numbers): void {
  for (const [ignored, by] of [...state.ignoredBy]) {
    const still = to.get(by);
    if (still === undefined) state.ignoredBy.delete(ignored);
    else state.ignoredBy.set(ignored, still);
  }
  renumber(state.ignoredBy, to);
  renumber(state.waits, to);
  renumber(state.losses, to);
  renumber(state.firstStarts, to);
  for (const set of [state.decided, state.ignoredAll, state.givenUp]) {
    const still = [...set].flatMap((was) => to.get(was) ?? []);
    set.clear();
    for (const atom of still) set.add(atom);
  }
  state.suspects = state.suspects.flatMap((was) => to.get(was) ?? []);
  const open = state.questions.splice(0);
  for (const { retry, atom, failure, failed } of open) {
    const [asks, about, origin] = [to.get(retry), to.get(atom), to.get(failed)];
    if (asks !== undefined && about !== undefined && origin !== undefined) {
      state.questions.push({ retry: asks, atom: about, failure, failed: origin });
    }
  }
}

function renumber<Value>(map: SparseMap<Value>, to: Numbers): void {
  const entries = [...map];
  map.clear();
  for (const [was, value] of entries) {
    const atom = to.get(was);
    if (atom !== undefined) map.set(atom, value);
  }
}
