/** Runs XState logic (a machine, a promise, a callback …) in a light shell. */
import type { ActorLogic, AnyActorRef, EventObject, Snapshot } from "xstate";
import { ended } from "../lib/statechart/snapshot.ts";
import { notStarted, Ref, type RefOptions, running, stopped } from "./ref.ts";
import type { System } from "./system.ts";

export interface LogicOptions<TInput> extends Omit<RefOptions, "src"> {
  /** Default: the logic itself. */
  readonly src?: string;
  readonly input?: TInput;
  /** A persisted snapshot to go on from. Default: the logic's first. */
  readonly snapshot?: Snapshot<unknown>;
}

type AnySnapshot = Snapshot<unknown>;

/** XState's `ActorLogic`, as it is used here. */
interface Logic {
  transition(snapshot: AnySnapshot, event: EventObject, scope: Scope): AnySnapshot;
  getInitialSnapshot(scope: Scope, input: unknown): AnySnapshot;
  restoreSnapshot?(snapshot: AnySnapshot, scope: Scope): AnySnapshot;
  start?(snapshot: AnySnapshot, scope: Scope): void;
  getPersistedSnapshot(snapshot: AnySnapshot, options: unknown): AnySnapshot;
}

/** An action that XState has resolved. */
interface Action {
  readonly type: string;
  readonly info: unknown;
  readonly params: unknown;
  readonly exec: ((info: unknown, params: unknown) => void) | undefined;
}

/** What the scope may do with its actor. */
interface Host {
  readonly ref: AnyActorRef & { readonly system: System };
  emit(event: EventObject): void;
  defer(effect: () => void): void;
  perform(action: Action): void;
}

/**
 * XState's `ActorScope`: what logic may use of its actor. XState destructures it and swaps `actionExecutor` for
 * a while, so everything in it is a value of its own; made when asked for, because most steps ask for nothing.
 */
class Scope {
  readonly #host: Host;
  #executor: ((action: Action) => void) | undefined;

  constructor(host: Host) {
    this.#host = host;
    this.#executor = undefined;
  }

  get self(): AnyActorRef {
    return this.#host.ref;
  }

  get id(): string {
    return this.#host.ref.id;
  }

  get sessionId(): string {
    return this.#host.ref.sessionId;
  }

  get system(): System {
    return this.#host.ref.system;
  }

  get logger(): (...values: unknown[]) => void {
    return this.#host.ref.system._logger;
  }

  get defer(): (effect: () => void) => void {
    return (effect) => this.#host.defer(effect);
  }

  get emit(): (event: EventObject) => void {
    return (event) => this.#host.emit(event);
  }

  get stopChild(): (child: AnyActorRef) => void {
    const { ref } = this.#host;
    return (child) => {
      if (child._parent !== ref) {
        throw new Error(
          `Cannot stop child actor ${child.id} of ${ref.id} because it is not a child`,
        );
      }
      (child as AnyActorRef & { _stop(): void })._stop();
    };
  }

  get actionExecutor(): (action: Action) => void {
    return this.#executor ?? ((action) => this.#host.perform(action));
  }

  set actionExecutor(executor: (action: Action) => void) {
    this.#executor = executor;
  }
}

const stopEvent = { type: "xstate.stop" };

/**
 * An actor that behaves as XState's, save for the order between actors: what they send each other waits in the
 * system's mailbox. `accelerate` its machine to make it fast.
 */
export class LogicRef<
    TSnapshot extends Snapshot<unknown>,
    TEvent extends EventObject,
    TInput,
    TEmitted extends EventObject,
  >
  extends Ref<TSnapshot, TEvent, TEmitted>
  implements Host
{
  protected current: TSnapshot;
  readonly #logic: Logic;
  readonly #scope: Scope;
  readonly #input: unknown;
  /** What is done once the step has a snapshot. */
  #deferred: (() => void)[] | undefined;
  /** Events that came before it was started. */
  #early: TEvent[] | undefined;
  #isStopping = false;

  constructor(
    logic: ActorLogic<TSnapshot, TEvent, TInput, AnyActorRef["system"], TEmitted>,
    options: LogicOptions<TInput>,
  ) {
    super({ ...options, src: options.src ?? logic });
    this.#logic = logic as unknown as Logic;
    this.#scope = new Scope(this);
    this.#input = options.input;
    this.#deferred = undefined;
    this.#early = undefined;
    this.current = this.#first(options.snapshot) as TSnapshot;
    if (this.current.status !== "active") this.system._unregister(this);
  }

  /** Does the first actions and takes events from now on. Only the first time. */
  start(): this {
    if (this._processingStatus !== notStarted) return this;
    this.register();
    const event = { type: "xstate.init", input: this.#input };
    const { system, _parent: sourceRef } = this;
    if (system.isInspected) {
      system._sendInspectionEvent({ type: "@xstate.event", sourceRef, actorRef: this, event });
    }
    if (this.current.status === "error") this.fault(this.current.error);
    else if (this.current.status !== "active" || this.#begin()) this.#update(this.current, event);
    const early = this.#early;
    this.#early = undefined;
    if (early !== undefined) system._enqueueAll(this, early);
    return this;
  }

  stop(): this {
    if (this._parent as AnyActorRef | undefined) {
      throw new Error("A non-root actor cannot be stopped directly.");
    }
    this._stop();
    return this;
  }

  /** What a parent calls. What still waits for the actor are dead letters. */
  _stop(): void {
    if (this._processingStatus === running && !this.#isStopping) {
      this.#isStopping = true;
      this.system._enqueue(this, stopEvent);
    } else if (this._processingStatus === notStarted) {
      this._processingStatus = stopped;
    }
  }

  deliver(event: TEvent): void {
    const status = this._processingStatus;
    const isStop = (event as EventObject) === stopEvent;
    if (status === running && (isStop || !this.#isStopping)) this.#step(event, isStop);
    else if (status === notStarted && this.#keep(event)) return;
    else if (!isStop) this.system.bury(this, event);
  }

  defer(effect: () => void): void {
    (this.#deferred ??= []).push(effect);
  }

  /** Does an action now, or at the start if that is still to come. */
  perform(action: Action): void {
    if (this._processingStatus === running) this.#perform(action);
    else this.defer(() => this.#perform(action));
  }

  getPersistedSnapshot(options?: unknown): AnySnapshot {
    return this.#logic.getPersistedSnapshot(this.current, options);
  }

  #first(persisted: AnySnapshot | undefined): AnySnapshot {
    const logic = this.#logic;
    try {
      if (persisted === undefined) return logic.getInitialSnapshot(this.#scope, this.#input);
      return logic.restoreSnapshot?.(persisted, this.#scope) ?? persisted;
    } catch (error) {
      return { status: "error", output: undefined, error };
    }
  }

  #begin(): boolean {
    try {
      this.#logic.start?.(this.current, this.#scope);
      return true;
    } catch (error) {
      this.#crash(error);
      return false;
    }
  }

  #keep(event: TEvent): boolean {
    const early = (this.#early ??= []);
    if (early.length >= this.system.capacity) return false;
    early.push(event);
    return true;
  }

  #step(event: TEvent, isStop: boolean): void {
    let next: AnySnapshot;
    try {
      next = this.#logic.transition(this.current, event, this.#scope);
    } catch (error) {
      this.#crash(error);
      return;
    }
    this.#update(next as TSnapshot, event);
    // Logic need not know of stopping; its actor ends all the same.
    if (isStop) this.end();
  }

  #update(snapshot: TSnapshot, event: EventObject): void {
    this.current = snapshot;
    if (this.#deferred !== undefined) this.#doDeferred();
    this.announce(snapshot, event);
  }

  // An effect may defer more. One that throws is an action of the start: at work, actions are done at once.
  #doDeferred(): void {
    for (let effects = this.#deferred; effects !== undefined; effects = this.#deferred) {
      this.#deferred = undefined;
      for (const effect of effects) {
        try {
          effect();
        } catch (error) {
          this.#deferred = undefined;
          this.current = ended(this.current, "error", { error });
          return;
        }
      }
    }
  }

  #crash(error: unknown): void {
    this.current = ended(this.current, "error", { error });
    this.fault(error);
  }

  #perform({ type, params, info, exec }: Action): void {
    const { system } = this;
    if (system.isInspected) {
      system._sendInspectionEvent({
        type: "@xstate.action",
        actorRef: this,
        action: { type, params },
      });
    }
    exec?.(info, params);
  }
}
