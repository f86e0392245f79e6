/**
 * What you hold of an actor: XState's `ActorRef`, so that `waitFor`, `toPromise` and `@xstate/react` work on it,
 * and some ten times smaller than XState's own actor.
 */
import {
  type ActorRef,
  type AnyActorLogic,
  type AnyActorRef,
  type EventObject,
  type Observer,
  type Snapshot,
  type Subscription,
  toObserver,
} from "xstate";
import { ended } from "../lib/statechart/snapshot.ts";
import type { System } from "./system.ts";

export interface RefOptions {
  readonly system: System;
  /** Unique among its parent's children. Default: its session id. */
  readonly id?: string | undefined;
  /** A name in the whole system; see `System.get`. Default: none. */
  readonly systemId?: string | undefined;
  /** Is told how the actor ends. Default: nobody. */
  readonly parent?: AnyActorRef | undefined;
  readonly src: string | AnyActorLogic;
}

/** XState's marks; `@xstate/react` reads them. */
export const notStarted = 0;
export const running = 1;
export const stopped = 2;
export type ProcessingStatus = typeof notStarted | typeof running | typeof stopped;

/** The event that a snapshot comes from when nothing else is told. */
const published: EventObject = { type: "published" };

/**
 * An actor's shell: its names, its observers and how it ends. What it does with events is its subclass's.
 *
 * Ends as XState's actors do: `done` shows the last snapshot and completes, `error` calls the observers'
 * `error`, either tells the parent. An error that nobody hears goes to the system's `unhandled`.
 */
export abstract class Ref<
  TSnapshot extends Snapshot<unknown>,
  TEvent extends EventObject,
  TEmitted extends EventObject = EventObject,
> implements ActorRef<TSnapshot, TEvent, TEmitted>
{
  readonly id: string;
  readonly sessionId: string;
  readonly system: System;
  readonly systemId: string | undefined;
  readonly src: string | AnyActorLogic;
  _processingStatus: ProcessingStatus = notStarted;
  protected abstract current: TSnapshot;
  readonly #parent: AnyActorRef | undefined;
  #observers: Set<Observer<TSnapshot>> | undefined;
  #listeners: Map<string, Set<(emitted: TEmitted) => void>> | undefined;
  #send: ((event: TEvent) => void) | undefined;

  /** @throws FlowError `ALREADY_EXISTS` if another actor has the system id */
  constructor(options: RefOptions) {
    const { system, systemId, parent, src } = options;
    this.system = system;
    this.sessionId = system._bookId();
    this.id = options.id ?? this.sessionId;
    this.systemId = systemId;
    this.src = src;
    this.#parent = parent;
    this.#observers = undefined;
    this.#listeners = undefined;
    this.#send = undefined;
    if (system.isInspected) system._sendInspectionEvent({ type: "@xstate.actor", actorRef: this });
    if (systemId !== undefined) system._set(systemId, this);
  }

  /** Takes an event out of the mailbox. Must not throw. */
  abstract deliver(event: TEvent): void;

  abstract start(): this;

  /** @throws Error if it has a parent: that one stops it */
  abstract stop(): this;

  abstract getPersistedSnapshot(options?: unknown): Snapshot<unknown>;

  get ref(): this {
    return this;
  }

  /** Undefined for a root: XState's type can't say so. */
  get _parent(): AnyActorRef {
    return this.#parent as AnyActorRef;
  }

  /**
   * Puts an event into the system's mailbox. Bound to the actor, so that it can be passed on by itself.
   *
   * @throws FlowError `MAILBOX_FULL`
   */
  get send(): (event: TEvent) => void {
    return (this.#send ??= (event) => this.system._relay(undefined, this, event));
  }

  /** What XState's actors in other systems call. */
  _send(event: TEvent): void {
    this.system._enqueue(this, event);
  }

  getSnapshot(): TSnapshot {
    return this.current;
  }

  subscribe(observer: Observer<TSnapshot>): Subscription;
  subscribe(
    next: (snapshot: TSnapshot) => void,
    error?: (error: unknown) => void,
    complete?: () => void,
  ): Subscription;
  subscribe(
    next: Observer<TSnapshot> | ((snapshot: TSnapshot) => void),
    error?: (error: unknown) => void,
    complete?: () => void,
  ): Subscription {
    const observer = toObserver(next as (snapshot: TSnapshot) => void, error, complete);
    if (this._processingStatus !== stopped) {
      (this.#observers ??= new Set()).add(observer);
    } else if (this.current.status === "done") {
      this.#call(observer.complete, undefined);
    } else if (this.current.status === "error") {
      if (observer.error === undefined) this.system.report(this.current.error);
      this.#call(observer.error, this.current.error);
    }
    return { unsubscribe: () => void this.#observers?.delete(observer) };
  }

  on<TType extends TEmitted["type"] | "*">(
    type: TType,
    handler: (emitted: TEmitted & (TType extends "*" ? unknown : { type: TType })) => void,
  ): Subscription {
    const all = (this.#listeners ??= new Map<string, Set<(emitted: TEmitted) => void>>());
    const listeners = all.get(type) ?? new Set();
    // A function of its own, so that the same handler can listen twice.
    const listener = (emitted: TEmitted): void => handler(emitted as never);
    all.set(type, listeners.add(listener));
    return { unsubscribe: () => void listeners.delete(listener) };
  }

  select<TSelected>(
    selector: (snapshot: TSnapshot) => TSelected,
    isEqual: (a: TSelected, b: TSelected) => boolean = Object.is,
  ): {
    get(): TSelected;
    subscribe(observer: Observer<TSelected> | ((selected: TSelected) => void)): Subscription;
  } {
    return {
      get: () => selector(this.current),
      subscribe: (next) => {
        const observer = toObserver(next as (selected: TSelected) => void);
        let previous = selector(this.current);
        return this.subscribe((snapshot) => {
          const selected = selector(snapshot);
          if (isEqual(previous, selected)) return;
          previous = selected;
          observer.next?.(selected);
        });
      },
    };
  }

  toJSON(): { xstate$$type: 1; id: string } {
    return { xstate$$type: 1, id: this.id };
  }

  [Symbol.observable](): this {
    return this;
  }

  /** Calls those that listen with `on`: first those for the type, then those for all. */
  emit(emitted: TEmitted): void {
    const all = this.#listeners;
    if (all === undefined) return;
    for (const listener of [...(all.get(emitted.type) ?? []), ...(all.get("*") ?? [])]) {
      this.#call(listener, emitted);
    }
  }

  /** Counts it among the system's actors: it takes messages from now on. */
  protected register(): void {
    this._processingStatus = running;
    this.system._register(this.sessionId, this);
    if (this.systemId !== undefined) this.system._set(this.systemId, this);
  }

  /** Tells everybody who looks on about the current snapshot, and ends if its status says so. */
  protected announce(shown: TSnapshot, event: EventObject): void {
    switch (this.current.status) {
      case "active":
        this.#show(shown);
        break;
      case "done":
        this.#show(shown);
        this.end();
        this.#relayEnd("done", { output: this.current.output });
        break;
      case "error":
        this.fault(this.current.error);
        break;
      case "stopped":
        break;
    }
    const { system } = this;
    if (system.isInspected) {
      const snapshot = shown;
      system._sendInspectionEvent({ type: "@xstate.snapshot", actorRef: this, event, snapshot });
    }
    if (this.current.status === "stopped") this.end();
  }

  /** Ends without an error: observers complete. Does nothing the second time. */
  protected end(): void {
    this.#leave();
    const observers = this.#observers;
    this.#observers = undefined;
    this.#listeners = undefined;
    for (const { complete } of observers ?? []) this.#call(complete, undefined);
  }

  /** Ends with an error: observers, the parent or at least the system hear of it. */
  protected fault(error: unknown): void {
    this.#leave();
    const observers = this.#observers;
    this.#observers = undefined;
    this.#listeners = undefined;
    let isHeard =
      observers === undefined || observers.size === 0 ? this.#parent !== undefined : true;
    for (const observer of observers ?? []) {
      isHeard &&= observer.error !== undefined;
      this.#call(observer.error, error);
    }
    if (!isHeard) this.system.report(error);
    this.#relayEnd("error", { error });
  }

  #leave(): void {
    if (this._processingStatus !== running) return;
    this._processingStatus = stopped;
    this.system.scheduler.cancelAll(this);
    this.system._unregister(this);
  }

  #relayEnd(how: "done" | "error", what: object): void {
    if (this.#parent === undefined) return;
    const event = { type: `xstate.${how}.actor.${this.id}`, ...what, actorId: this.id };
    this.system._relay(this, this.#parent, event);
  }

  #show(snapshot: TSnapshot): void {
    if (this.#observers === undefined) return;
    for (const { next } of this.#observers) this.#call(next, snapshot);
  }

  #call<Value>(listener: ((value: Value) => void) | undefined, value: Value): void {
    try {
      listener?.(value);
    } catch (error) {
      this.system.report(error);
    }
  }
}

export interface ViewOptions<TSnapshot, TEvent> extends RefOptions {
  readonly snapshot: TSnapshot;
  /** Called with each event that is sent to the view, in order. What it throws ends the view with that error. */
  readonly take: (event: TEvent) => void;
  /** A snapshot or an event as it may leave the process. Default: itself. */
  readonly shown?: (part: object) => object;
}

/**
 * An actor whose snapshots its owner makes: a flow or a task, driven by its journal. It runs from the first
 * moment until a snapshot says otherwise.
 */
export class ViewRef<
  TSnapshot extends Snapshot<unknown>,
  TEvent extends EventObject,
  TEmitted extends EventObject = EventObject,
> extends Ref<TSnapshot, TEvent, TEmitted> {
  protected current: TSnapshot;
  readonly #take: (event: TEvent) => void;
  readonly #shown: ((part: object) => object) | undefined;

  constructor(options: ViewOptions<TSnapshot, TEvent>) {
    super(options);
    this.current = options.snapshot;
    this.#take = options.take;
    this.#shown = options.shown;
    this.register();
  }

  /** A snapshot or an event of it as it may leave the process: what is declared secret is hidden. */
  shown(part: object): object {
    return this.#shown?.(part) ?? part;
  }

  /** Shows a snapshot; one that isn't active ends the view. Nothing can follow an end. */
  publish(snapshot: TSnapshot, because: EventObject = published): void {
    if (this._processingStatus === stopped) return;
    this.current = snapshot;
    this.announce(snapshot, because);
  }

  complete(output: TSnapshot["output"], because?: EventObject): void {
    this.publish(ended(this.current, "done", { output }), because);
  }

  fail(error: unknown, because?: EventObject): void {
    this.publish(ended(this.current, "error", { error }), because);
  }

  deliver(event: TEvent): void {
    if (this._processingStatus === stopped) {
      this.system.bury(this, event);
      return;
    }
    try {
      this.#take(event);
    } catch (error) {
      this.fail(error, event);
    }
  }

  start(): this {
    return this;
  }

  /** Ends the view; what it shows goes on. */
  stop(): this {
    this.publish(ended(this.current, "stopped"));
    return this;
  }

  getPersistedSnapshot(): TSnapshot {
    return this.current;
  }
}
