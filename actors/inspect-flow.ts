/** A flow as actors that an inspector shows: the flow is the root, its atoms are the children. */
import { jsonable } from "../lib/jsonable.ts";
import { tokenOf } from "../lib/names.ts";
import type { Notifier } from "../lib/notifier.ts";
import type { AtomSnapshot, AtomState, FlowStateName } from "../lib/plan/states.ts";
import type { AtomView, FlowView } from "../lib/plan/view.ts";
import type { Redactor } from "../lib/redactor.ts";
import { redactSnapshot } from "../lib/secrets.ts";
import type { AtomChange, FlowChange } from "./announcer.ts";
import { flowMachine } from "./flow.ts";
import {
  type InspectedEvent,
  type InspectedSnapshot,
  type InspectionListener,
  snapshotData,
  Stamp,
  version,
} from "./inspection.ts";
import { retryMachine } from "./retry.ts";
import { taskMachine } from "./task.ts";

/** What is looked at of an engine. */
export interface Inspectable {
  readonly id: string;
  readonly name: string;
  readonly shown: Pick<FlowView, "state" | "atoms">;
  readonly notifier: Notifier<FlowChange>;
  readonly atomNotifier: Notifier<AtomChange>;
  /** Hides what the flow declares secret. Default: it declares nothing. */
  readonly redactor?: Redactor | undefined;
}

/**
 * Tells the listener XState's inspection events of a flow, from its next change on: first one `@xstate.actor` for the
 * flow and for each atom, as they are then; then, for each change of a state once it is durable, the machine's event and
 * the snapshot it led to. Progress is not told, nor starts that were taken back. Values are shown as JSON can say them.
 * What is data already is shared with the engine: don't change it. The listener is called from within the engine; what
 * it throws is logged and dropped.
 *
 * For Stately's own inspector: `inspectFlow(engine, (message) => inspector.adapter.send(message))`.
 *
 * @returns a function that ends it; from then on nothing is made for it any more
 */
export function inspectFlow(engine: Inspectable, listener: InspectionListener): () => void {
  const looks = new Looks(engine, listener);
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
  readonly #stamp = new Stamp();
  readonly #root: string;
  /** Sessions by atom, once they are told. */
  readonly #known = new Map<string, string>();

  constructor(engine: Inspectable, tell: InspectionListener) {
    this.#engine = engine;
    this.#tell = tell;
    this.#root = tokenOf(engine.id);
  }

  flowChanged({ state, oldState, snapshot, at }: FlowChange): void {
    const createdAt = this.#stamp.createdAt(at);
    if (this.#known.size === 0) this.#introduce(createdAt);
    const event = flowEvent(state, oldState);
    this.#changed(this.#root, undefined, createdAt, event, snapshotData(snapshot));
  }

  atomChanged(told: AtomChange): void {
    const createdAt = this.#stamp.createdAt(told.at);
    if (this.#known.size === 0) this.#introduce(createdAt);
    const change = this.#redacted(told);
    const { atom, snapshot } = change;
    const shown = atomData(snapshot);
    // A flow that was altered has atoms that weren't there before.
    const session =
      this.#known.get(atom) ?? this.#introduceAtom(atom, change.kind, shown, createdAt);
    this.#changed(session, this.#root, createdAt, atomEvent(change), shown);
  }

  #redacted(change: AtomChange): AtomChange {
    const { redactor } = this.#engine;
    return redactor === undefined ? change : redactChange(redactor, change);
  }

  #introduce(createdAt: string): void {
    const { name, shown: view } = this.#engine;
    this.#tell({
      type: "@xstate.actor",
      sessionId: this.#root,
      rootId: this.#root,
      id: this.#stamp.id(),
      createdAt,
      _version: version,
      name,
      parentId: undefined,
      definition: definitions.flow,
      snapshot: { status: "active", value: view.state },
    });
    // Atoms that were not begun share one snapshot.
    const shown = new Map<object, InspectedSnapshot>();
    for (const { name: atom, kind, snapshot } of view.atoms()) {
      let data = shown.get(snapshot);
      if (data === undefined) shown.set(snapshot, (data = atomData(snapshot)));
      this.#introduceAtom(atom, kind, data, createdAt);
    }
  }

  #introduceAtom(
    name: string,
    kind: AtomView["kind"],
    snapshot: InspectedSnapshot,
    createdAt: string,
  ): string {
    const session = `${this.#root}/${tokenOf(name)}`;
    this.#known.set(name, session);
    this.#tell({
      type: "@xstate.actor",
      sessionId: session,
      rootId: this.#root,
      id: this.#stamp.id(),
      createdAt,
      _version: version,
      name,
      parentId: this.#root,
      definition: definitions[kind],
      snapshot,
    });
    return session;
  }

  // Messages are written out: made by spreading, they would cost as much as the engine's own work.
  #changed(
    sessionId: string,
    sourceId: string | undefined,
    createdAt: string,
    event: InspectedEvent,
    snapshot: InspectedSnapshot,
  ): void {
    const rootId = this.#root;
    this.#tell({
      type: "@xstate.event",
      sessionId,
      rootId,
      id: this.#stamp.id(),
      createdAt,
      _version: version,
      sourceId,
      event,
    });
    this.#tell({
      type: "@xstate.snapshot",
      sessionId,
      rootId,
      id: this.#stamp.id(),
      createdAt,
      _version: version,
      event,
      snapshot,
    });
  }
}

/** What is data already is shown as it is, not copied: that is most of what is told. */
function atomData(snapshot: AtomSnapshot): InspectedSnapshot {
  const { value, context } = snapshot;
  const isData =
    context.history === undefined &&
    context.failure === undefined &&
    context.revertFailure === undefined &&
    isBare(context.result) &&
    isBare(context.revertResult);
  return isData ? { status: "active", value, context } : snapshotData(snapshot);
}

const isBare = (value: unknown): boolean =>
  value === undefined || typeof value === "string" || Number.isInteger(value);

function redactChange(redactor: Redactor, change: AtomChange): AtomChange {
  const { provides, snapshot, result, failure } = change;
  return {
    ...change,
    snapshot: redactSnapshot(redactor, snapshot, provides),
    result:
      change.state === "SUCCESS" ? redactor.result(provides, result) : redactor.payload(result),
    ...(failure === undefined ? {} : { failure: redactor.failure(failure) }),
  };
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

function atomEvent({ state, result, failure }: AtomChange): InspectedEvent {
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
