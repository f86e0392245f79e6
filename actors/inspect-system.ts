/** The actors of a system as JSON data for an inspector elsewhere. */
import type { AnyActorRef, InspectionEvent } from "xstate";
import type { Clock } from "../lib/clock.ts";
import { systemClock } from "../lib/system.ts";
import {
  eventData,
  type InspectedEvent,
  type InspectionListener,
  snapshotData,
  Stamp,
  version,
} from "./inspection.ts";
import { ViewRef } from "./ref.ts";
import type { System } from "./system.ts";

/**
 * Tells the listener XState's inspection events of a system's actors as JSON data, from now on: of a process's own
 * `System`, or of a node's (`node.system`). An actor is told when something
 * happens to it first: when it is made, it has no snapshot yet.
 *
 * @returns a function that ends it; with nobody else looking on, no event is made any more
 */
export function inspectSystem(
  system: System,
  listener: InspectionListener,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): () => void {
  const stamp = new Stamp();
  const known = new WeakSet<AnyActorRef>();
  const stampOf = ({ sessionId }: AnyActorRef, rootId: string) => {
    return {
      sessionId,
      rootId,
      id: stamp.id(),
      createdAt: stamp.createdAt(clock.now()),
      _version: version,
    };
  };
  const introduce = (actor: AnyActorRef, rootId: string): void => {
    if (known.has(actor)) return;
    known.add(actor);
    const parent = actor._parent;
    if (parent !== undefined) introduce(parent, rootId);
    const snapshot = actor.getSnapshot() as object | undefined;
    listener({
      type: "@xstate.actor",
      ...stampOf(actor, rootId),
      name: actor.id,
      parentId: parent?.sessionId,
      definition: definitionOf(actor),
      snapshot: snapshotData(shown(actor, snapshot ?? {})),
    });
  };
  const look = (event: InspectionEvent): void => {
    const { type, rootId } = event;
    const actor = event.actorRef as AnyActorRef;
    if (type === "@xstate.event") {
      introduce(actor, rootId);
      const sourceId = (event.sourceRef as AnyActorRef | undefined)?.sessionId;
      listener({ type, ...stampOf(actor, rootId), sourceId, event: eventOf(actor, event.event) });
    } else if (type === "@xstate.snapshot") {
      introduce(actor, rootId);
      const snapshot = snapshotData(shown(actor, event.snapshot));
      const because = eventOf(actor, event.event);
      listener({ type, ...stampOf(actor, rootId), event: because, snapshot });
    }
  };
  const watch = system.inspect(look);
  return () => {
    watch.unsubscribe();
  };
}

/** By config: a machine has many actors. */
const definitions = new WeakMap<object, string>();

/** A flow and its atoms hide what the flow declares secret. */
const shown = (actor: AnyActorRef, part: object): object =>
  actor instanceof ViewRef ? actor.shown(part) : part;

const eventOf = (actor: AnyActorRef, event: object): InspectedEvent =>
  eventData(shown(actor, event));

/** A machine's config; what is no data in it is named. */
function definitionOf({ src }: AnyActorRef): string | undefined {
  const config = (src as { readonly config?: unknown } | undefined)?.config;
  if (typeof config !== "object" || config === null) return undefined;
  let definition = definitions.get(config);
  if (definition === undefined) {
    definition = JSON.stringify(config, (_, value: unknown) =>
      typeof value === "function" ? { type: value.name } : value,
    );
    definitions.set(config, definition);
  }
  return definition;
}
