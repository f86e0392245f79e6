/**
 * A system of actors: one mailbox, one registry, one clock, and the inspectors that look on.
 *
 * To XState's actors it is their `ActorSystem`, so that promises, callbacks and machines run in it as children
 * of ours.
 */
import type {
  ActorSystem,
  ActorSystemInfo,
  AnyActorRef,
  EventObject,
  InspectionEvent,
  Observer,
  Subscription,
} from "xstate";
import type { Clock, Timer } from "../lib/clock.ts";
import { FlowError } from "../lib/errors.ts";
import { logOf } from "../lib/log.ts";
import type { Log, Logger } from "../lib/types.ts";
import { defaultCapacity, Mailbox } from "./mailbox.ts";

export interface SystemOptions {
  /** Begins every session id and stands in errors. Default "fs". */
  readonly name?: string;
  readonly clock: Clock;
  /** Messages that wait at most, from 1 up. Default 1,048,576. */
  readonly capacity?: number;
  /** What XState's `log` action writes to. Default: nowhere. */
  readonly log?: Log | Logger;
  /**
   * Hears an error that nobody else does: one that an observer threw, or the end of an actor that none
   * observes. Default: as XState, throws it outside of all actors, which ends the process.
   */
  readonly unhandled?: (error: unknown) => void;
  /** As `inspect` is given later, but from the first actor on. */
  readonly inspect?: Inspector;
}

/** Looks on: hears XState's inspection events. */
type Inspector = Observer<InspectionEvent> | ((event: InspectionEvent) => void);

/** A message that nobody took. */
export interface DeadLetter {
  readonly to: AnyActorRef;
  readonly event: EventObject;
}

/** What the system asks of an actor beyond what XState's type shows of it. */
interface Receiver extends AnyActorRef {
  /** Ours: takes a message now. */
  deliver?(event: EventObject): void;
  /** XState's: puts a message into the actor's own mailbox. */
  _send(event: EventObject): void;
  /** 2: it has ended. */
  readonly _processingStatus: number;
}

/** A delayed message, as XState shows it. */
interface Scheduled {
  readonly source: AnyActorRef;
  readonly target: AnyActorRef;
  readonly event: EventObject;
  readonly delay: number;
  readonly id: string;
  readonly startedAt: number;
}

/** The delayed messages of one actor. */
interface Delayed {
  /** Those that can be cancelled. A newer one of the same id takes the place of an older, which still fires. */
  readonly byId: Map<string, Scheduled>;
  readonly timers: Map<Scheduled, Timer>;
}

/** An inspection event before it is known which root it belongs to. */
type Unrooted<Event = InspectionEvent> = Event extends InspectionEvent
  ? Omit<Event, "rootId">
  : never;

export class System implements ActorSystem<ActorSystemInfo> {
  readonly name: string;
  readonly capacity: number;
  readonly _clock: Clock;
  readonly _logger: (...values: unknown[]) => void;
  readonly #mailbox: Mailbox<Receiver, EventObject>;
  readonly #unhandled: (error: unknown) => void;
  readonly #actors = new Map<string, AnyActorRef>();
  readonly #named = new Map<PropertyKey, AnyActorRef>();
  readonly #names = new WeakMap<AnyActorRef, string>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #inspectors = new Set<Observer<InspectionEvent>>();
  readonly #mourners = new Set<(letter: DeadLetter) => void>();
  #lastId = 0;
  #deadLetters = 0;

  constructor(options: SystemOptions) {
    const { name = "fs", clock, capacity = defaultCapacity, unhandled, inspect } = options;
    const log = logOf(options.log);
    this.name = name;
    this.capacity = capacity;
    this._clock = clock;
    this._logger = (...values) => log(values.length > 1 ? String(values[0]) : "log", { values });
    this.#unhandled = unhandled ?? ((error) => void clock.setTimeout(() => raise(error), 0));
    this.#mailbox = new Mailbox(name, (to, event) => this.#deliver(to, event), capacity);
    if (inspect !== undefined) this.inspect(inspect);
  }

  /** Actors that have started and not ended, by session id. */
  get actors(): ReadonlyMap<string, AnyActorRef> {
    return this.#actors;
  }

  /** Messages that wait to be delivered. */
  get waiting(): number {
    return this.#mailbox.size;
  }

  /** How many messages nobody took since the system was made. */
  get deadLetters(): number {
    return this.#deadLetters;
  }

  /** Calls the listener for each dead letter from now on. @returns a function that takes it away */
  onDeadLetter(listener: (letter: DeadLetter) => void): () => void {
    this.#mourners.add(listener);
    return () => void this.#mourners.delete(listener);
  }

  /** While false, nobody needs to make inspection events. */
  get isInspected(): boolean {
    return this.#inspectors.size > 0;
  }

  /**
   * Calls the observer with XState's inspection events: of each actor that is made, of each message that is
   * sent, and of each snapshot that it leads to.
   */
  inspect(observer: Inspector): Subscription {
    const inspector = typeof observer === "function" ? { next: observer } : observer;
    this.#inspectors.add(inspector);
    return { unsubscribe: () => void this.#inspectors.delete(inspector) };
  }

  /** The actor with a system id. */
  get(systemId: PropertyKey): AnyActorRef | undefined {
    return this.#named.get(systemId);
  }

  /** The actors that have a system id. */
  getAll(): Record<string, AnyActorRef> {
    return Object.fromEntries(this.#named);
  }

  /** The delayed messages that can be cancelled. */
  getSnapshot(): { _scheduledEvents: Record<string, Scheduled> } {
    const all = [...this.#delayed.values()].flatMap(({ byId }) => [...byId.values()]);
    const entries = all.map((scheduled) => [
      `${scheduled.source.sessionId}.${scheduled.id}`,
      scheduled,
    ]);
    return { _scheduledEvents: Object.fromEntries(entries) as Record<string, Scheduled> };
  }

  /** Nothing to do: actors start one by one. */
  start(): void {}

  /** Says an error that nobody else hears. */
  report(error: unknown): void {
    this.#unhandled(error);
  }

  /** Counts a message that its receiver can't take any more. */
  bury(to: AnyActorRef, event: EventObject): void {
    this.#deadLetters++;
    for (const listener of this.#mourners) attempt(() => listener({ to, event }), this.#unhandled);
  }

  readonly scheduler = {
    schedule: (
      source: AnyActorRef,
      target: AnyActorRef,
      event: EventObject,
      delay: number,
      id = `#${String(this.#lastId++)}`,
    ): void => {
      const startedAt = this._clock.now();
      const scheduled: Scheduled = { source, target, event, delay, id, startedAt };
      const { byId, timers } = this.#delayedOf(source);
      const timer = this._clock.setTimeout(() => {
        timers.delete(scheduled);
        byId.delete(id);
        attempt(() => this._relay(source, target, event), this.#unhandled);
      }, delay);
      timers.set(scheduled, timer);
      byId.set(id, scheduled);
    },
    cancel: (source: AnyActorRef, id: string): void => {
      const delayed = this.#delayed.get(source.sessionId);
      const scheduled = delayed?.byId.get(id);
      const timer = scheduled && delayed?.timers.get(scheduled);
      if (timer === undefined) return;
      this._clock.clearTimeout(timer);
      delayed?.byId.delete(id);
      delayed?.timers.delete(scheduled as Scheduled);
    },
    cancelAll: (source: AnyActorRef): void => {
      for (const timer of this.#delayed.get(source.sessionId)?.timers.values() ?? []) {
        this._clock.clearTimeout(timer);
      }
      this.#delayed.delete(source.sessionId);
    },
  };

  #delayedOf(source: AnyActorRef): Delayed {
    const known = this.#delayed.get(source.sessionId);
    if (known !== undefined) return known;
    const delayed = { byId: new Map<string, Scheduled>(), timers: new Map<Scheduled, Timer>() };
    this.#delayed.set(source.sessionId, delayed);
    return delayed;
  }

  #deliver(to: Receiver, event: EventObject): void {
    if (to.deliver !== undefined) to.deliver(event);
    else if (to._processingStatus === ended) this.bury(to, event);
    else to._send(event);
  }

  // What follows has the names that XState's actors call.

  _bookId(): string {
    return `${this.name}:${String(this.#lastId++)}`;
  }

  _register(sessionId: string, actor: AnyActorRef): string {
    this.#actors.set(sessionId, actor);
    return sessionId;
  }

  _unregister(actor: AnyActorRef): void {
    this.#actors.delete(actor.sessionId);
    const systemId = this.#names.get(actor);
    if (systemId === undefined) return;
    this.#named.delete(systemId);
    this.#names.delete(actor);
  }

  /** @throws FlowError `ALREADY_EXISTS` if another actor has the system id */
  _set(systemId: string, actor: AnyActorRef): void {
    const holder = this.#named.get(systemId);
    if (holder !== undefined && holder !== actor) {
      throw new FlowError("ALREADY_EXISTS", { what: "actor", name: systemId });
    }
    this.#named.set(systemId, actor);
    this.#names.set(actor, systemId);
  }

  /**
   * Sends a message, to an actor of this system or of another.
   *
   * @throws FlowError `MAILBOX_FULL`
   */
  _relay(source: AnyActorRef | undefined, target: AnyActorRef, event: EventObject): void {
    if (this.isInspected) {
      this._sendInspectionEvent({
        type: "@xstate.event",
        sourceRef: source,
        actorRef: target,
        event,
      });
    }
    if (target.system !== this) (target as Receiver)._send(event);
    else this._enqueue(target, event);
  }

  /** As `_relay` within the system, unseen by inspectors. */
  _enqueue(target: AnyActorRef, event: EventObject): void {
    // XState's own events (ends of actors, timers) are as few as actors and timers, and must not be lost.
    if (event.type.startsWith("xstate.")) this._enqueueAll(target, [event]);
    else this.#mailbox.put(target as Receiver, event);
  }

  /** Messages that can't be refused any more, all before anything that they lead to. */
  _enqueueAll(target: AnyActorRef, events: readonly EventObject[]): void {
    this.#mailbox.putAll(target as Receiver, events);
  }

  _sendInspectionEvent(event: Unrooted): void {
    if (!this.isInspected) return;
    let root = event.actorRef as AnyActorRef;
    while (root._parent !== undefined) root = root._parent;
    const rooted = { ...event, rootId: root.sessionId };
    for (const inspector of this.#inspectors) {
      attempt(() => inspector.next?.(rooted), this.#unhandled);
    }
  }
}

/** XState's mark of an actor that has ended. */
const ended = 2;

function raise(error: unknown): never {
  throw error;
}

/** Calls a listener, whose errors are nobody else's. */
function attempt(listener: () => void, failed: (error: unknown) => void): void {
  try {
    listener();
  } catch (error) {
    failed(error);
  }
}
