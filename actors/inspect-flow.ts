/** A flow as actors that an inspector shows: the flow is the root, its atoms are the children. */
import type { Clock } from "../lib/clock.ts";
import { jsonable } from "../lib/jsonable.ts";
import { tokenOf } from "../lib/names.ts";
import type { Notifier } from "../lib/notifier.ts";
import type { AtomState, FlowStateName } from "../lib/plan/states.ts";
import type { AtomView, FlowView } from "../lib/plan/view.ts";
import { systemClock } from "../lib/system.ts";
import type { AtomChange, FlowChange } from "./announcer.ts";
import { flowMachine } from "./flow.ts";
import {
  type InspectedEvent,
  type InspectedSnapshot,
  type InspectionListener,
  snapshotData,
  Stamp,
} from "./inspection.ts";
import { retryMachine } from "./retry.ts";
import { taskMachine } from "./task.ts";

/** What is looked at of an engine. */
export interface Inspectable {
  readonly id: string;
  readonly name: string;
  readonly storage: Pick<FlowView, "state" | "atoms">;
  readonly notifier: Notifier<FlowChange>;
  readonly atomNotifier: Notifier<AtomChange>;
}

/**
 * Tells the listener XState's inspection events of a flow, from its next change on: first one `@xstate.actor` for the
 * flow and for each atom, as they are then; then, for each change of a state once it is durable, the machine's event and
 * the snapshot it led to. Progress is not told, nor starts that were taken back. Values are shown as JSON can say them.
 * The listener is called from within the engine; what it throws is logged and dropped.
 *
 * For Stately's own inspector: `inspectFlow(engine, (message) => inspector.adapter.send(message))`.
 *
 * @returns a function that ends it; from then on nothing is made for it any more
 */
export function inspectFlow(
  engine: Inspectable,
  listener: InspectionListener,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): () => void {
  const looks = new Looks(engine, listener, new Stamp(clock));
  const ends = [
    engine.notifier.on("*", (change) => looks.flowChanged(change)),
    engine.atomNotifier.on("*", (change) => looks.atomChanged(change)),
  ];
  return () => {
    for (const end of ends) end();
  };
}

const definitions = {
  flow: JSON.stringify(flowMachine.config),
  task: JSON.stringify(taskMachine.config),
  retry: JSON.stringify(retryMachine.config),
};

class Looks {
  readonly #engine: Inspectable;
  readonly #tell: InspectionListener;
  readonly #stamp: Stamp;
  readonly #root: string;
  /** Sessions by atom, once they are told. */
  readonly #known = new Map<string, string>();

  constructor(engine: Inspectable, tell: InspectionListener, stamp: Stamp) {
    this.#engine = engine;
    this.#tell = tell;
    this.#stamp = stamp;
    this.#root = tokenOf(engine.id);
  }

  flowChanged({ state, oldState, snapshot }: FlowChange): void {
    this.#introduce();
    this.#changed(this.#root, flowEvent(state, oldState), snapshot);
  }

  atomChanged({ atom, kind, state, snapshot, result, failure }: AtomChange): void {
    this.#introduce();
    // A flow that was altered has atoms that weren't there before.
    const session =
      this.#known.get(atom) ?? this.#introduceAtom({ name: atom, kind }, snapshotData(snapshot));
    this.#changed(session, atomEvent(state, result, failure), snapshot);
  }

  #introduce(): void {
    if (this.#known.size > 0) return;
    const { name, storage } = this.#engine;
    this.#tell({
      type: "@xstate.actor",
      ...this.#stamp.on(this.#root, this.#root),
      name,
      parentId: undefined,
      definition: definitions.flow,
      snapshot: { status: "active", value: storage.state },
    });
    // Atoms that were not begun share one snapshot.
    const shown = new Map<object, InspectedSnapshot>();
    for (const atom of storage.atoms()) {
      const data = shown.get(atom.snapshot) ?? snapshotData(atom.snapshot);
      shown.set(atom.snapshot, data);
      this.#introduceAtom(atom, data);
    }
  }

  #introduceAtom(
    { name, kind }: Pick<AtomView, "name" | "kind">,
    snapshot: InspectedSnapshot,
  ): string {
    const session = `${this.#root}/${tokenOf(name)}`;
    this.#known.set(name, session);
    this.#tell({
      type: "@xstate.actor",
      ...this.#stamp.on(session, this.#root),
      name,
      parentId: this.#root,
      definition: definitions[kind],
      snapshot,
    });
    return session;
  }

  #changed(session: string, event: InspectedEvent, snapshot: object): void {
    const sourceId = session === this.#root ? undefined : this.#root;
    this.#tell({
      type: "@xstate.event",
      ...this.#stamp.on(session, this.#root),
      sourceId,
      event,
    });
    this.#tell({
      type: "@xstate.snapshot",
      ...this.#stamp.on(session, this.#root),
      event,
      snapshot: snapshotData(snapshot),
    });
  }
}

/** The event of the atom's machine that leads to a state. */
const atomEvents: Readonly<Record<AtomState, string>> = {
  PENDING: "reset",
  RUNNING: "start",
  SUCCESS: "succeeded",
  FAILURE: "failed",
  REVERTING: "revert",
  REVERTED: "reverted",
  REVERT_FAILURE: "revertFailed",
  IGNORE: "ignore",
  RETRYING: "retry",
};

function atomEvent(state: AtomState, result: unknown, failure: unknown): InspectedEvent {
  const type = atomEvents[state];
  if (state === "SUCCESS" || state === "REVERTED") return { type, value: jsonable(result) };
  if (state === "FAILURE" || state === "REVERT_FAILURE")
    return { type, failure: jsonable(failure) };
  return { type };
}

const flowEvents: Readonly<Partial<Record<FlowStateName, string>>> = {
  PENDING: "reset",
  RUNNING: "run",
  SUSPENDING: "suspend",
  RESUMING: "adopt",
  PARKED: "park",
};

function flowEvent(state: FlowStateName, oldState: FlowStateName): InspectedEvent {
  if (state === "SUSPENDED" && oldState === "RESUMING") return { type: "adopted" };
  const type = flowEvents[state];
  return type === undefined ? { type: "end", state } : { type };
}
