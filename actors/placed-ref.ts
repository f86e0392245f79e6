/** What you hold of an actor that lives on a node, this one or another: an XState `ActorRef` that can also `ask` and `watch`. */
import type { AnyActorRef, EventObject, Snapshot, Subscription } from "xstate";
import { admit } from "../lib/codec.ts";
import { FlowError } from "../lib/errors.ts";
import { ended } from "../lib/statechart/snapshot.ts";
import type { Stop } from "../lib/transport/transport.ts";
import { Ref, running, stopped } from "./ref.ts";
import type { System } from "./system.ts";

/**
 * Why nothing comes from an actor any more. `done`, `error`, `stopped`: it ended so. `node`: its node left. `link`:
 * the link to its node is down, and what has become of it is not known.
 */
export type DownReason = "done" | "error" | "stopped" | "node" | "link";

/** What a watcher is told, once. */
export interface Down {
  readonly type: "down";
  readonly address: string;
  readonly reason: DownReason;
  /** With `error`, `node` and `link`. */
  readonly error?: unknown;
}

/** An event without the ref that its answer is to go to. */
export type Question<TEvent> = TEvent extends unknown ? Omit<TEvent, "replyTo"> : never;

/** How a ref reaches its actor. */
export interface Line {
  /** @throws FlowError `MAILBOX_FULL`, `TRANSPORT_FULL` */
  send(event: EventObject): void;
  ask(event: EventObject, timeoutMs: number): Promise<EventObject>;
  /** What the actor emits is wanted from now on. */
  hear(): void;
  stop(): void;
}

export interface PlacedOptions<TSnapshot> {
  /** The node's own system: its dead letters and its inspectors. */
  readonly home: System;
  /** Where refs live: what is sent to them does not wait in the home's mailbox. */
  readonly far: System;
  readonly address: string;
  readonly src: string;
  readonly snapshot: TSnapshot;
  readonly line: Line;
}

export class PlacedRef<
  TSnapshot extends Snapshot<unknown> = Snapshot<unknown>,
  TEvent extends EventObject = EventObject,
  TEmitted extends EventObject = EventObject,
> extends Ref<TSnapshot, TEvent, TEmitted> {
  /** `a.<node>.<incarnation>.<actor>`: what `lookup` finds it by, from any node. */
  readonly address: string;
  protected current: TSnapshot;
  readonly #home: System;
  readonly #line: Line;
  readonly #watchers = new Set<(down: Down) => void>();
  #down: Down | undefined;
  #isHeard = false;
  #bound: ((event: TEvent) => void) | undefined;

  constructor({ home, far, address, src, snapshot, line }: PlacedOptions<TSnapshot>) {
    super({ system: far, id: address, src });
    this.address = address;
    this.current = snapshot;
    this.#home = home;
    this.#line = line;
    this.#bound = undefined;
    this.register();
  }

  /**
   * Sends an event. It is taken once, in order, unless the link breaks: then it becomes a dead letter of the system.
   *
   * @throws FlowError `PAYLOAD_REFUSED`; `TRANSPORT_FULL` when too much waits for the other node; `MAILBOX_FULL`
   */
  override get send(): (event: TEvent) => void {
    return (this.#bound ??= (event) => this.#home._relay(undefined, this, event));
  }

  override _send(event: TEvent): void {
    if (this._processingStatus === stopped) return this.#home.bury(this, event);
    this.#line.send(admit(event, "event") as TEvent);
  }

  deliver(event: TEvent): void {
    this._send(event);
  }

  /**
   * Sends an event whose `replyTo` is a ref; what the actor sends there is the answer.
   *
   * When too much waits for the other node, it waits for room.
   *
   * @param timeoutMs - whole milliseconds to wait for the answer
   * @throws FlowError `NO_ANSWER` in time; `NO_RECEIVER` when the actor has ended, or ends before it answers;
   *   `LINK_DOWN`; `PAYLOAD_REFUSED`; `MAILBOX_FULL`
   */
  async ask<TAnswer extends EventObject = EventObject>(
    event: Question<TEvent>,
    timeoutMs = 5_000,
  ): Promise<TAnswer> {
    if (this._processingStatus === stopped) {
      throw new FlowError("NO_RECEIVER", { to: this.address });
    }
    return (await this.#line.ask(admit(event, "event") as EventObject, timeoutMs)) as TAnswer;
  }

  /** Calls the listener once when the actor ends, its node leaves, or the link to it breaks; at once if that has been. */
  watch(listener: (down: Down) => void): Stop {
    // A function of its own, so that the same one can watch twice.
    const own = (down: Down): void => {
      listener(down);
    };
    if (this.#down !== undefined) this.#tell(own, this.#down);
    else this.#watchers.add(own);
    return () => void this.#watchers.delete(own);
  }

  override on<TType extends TEmitted["type"] | "*">(
    type: TType,
    handler: (emitted: TEmitted & (TType extends "*" ? unknown : { type: TType })) => void,
  ): Subscription {
    if (!this.#isHeard && this._processingStatus === running) {
      this.#isHeard = true;
      this.#line.hear();
    }
    return super.on(type, handler);
  }

  /** It runs already. */
  start(): this {
    return this;
  }

  /** Stops the actor, wherever it lives. That it has ended comes as a snapshot. */
  stop(): this {
    if (this._processingStatus === running) this.#line.stop();
    return this;
  }

  getPersistedSnapshot(): TSnapshot {
    return this.current;
  }

  /** The owner's: the actor has a new snapshot; one that isn't active ends the ref. */
  show(snapshot: TSnapshot): void {
    if (this._processingStatus === stopped) return;
    this.current = snapshot;
    this.announce(snapshot, shownEvent);
    const { status, error } = snapshot;
    if (status === "active") return;
    this.#end({ reason: status, ...(status === "error" ? { error } : {}) });
  }

  /** The owner's: nothing comes any more. */
  lose(reason: "node" | "link", error: Error): void {
    if (this._processingStatus === stopped) return;
    this.current = ended(this.current, "error", { error });
    this.announce(this.current, shownEvent);
    this.#end({ reason, error });
  }

  #end(how: Pick<Down, "reason" | "error">): void {
    this.#down = { type: "down", address: this.address, ...how };
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const watcher of watchers) this.#tell(watcher, this.#down);
  }

  #tell(watcher: (down: Down) => void, down: Down): void {
    try {
      watcher(down);
    } catch (error) {
      this.#home.report(error);
    }
  }
}

const shownEvent: EventObject = { type: "shown" };

/** The `replyTo` of an event that was asked: takes one answer. */
export class ReplyRef extends Ref<Snapshot<unknown>, EventObject> {
  protected current: Snapshot<unknown> = { status: "active", output: undefined, error: undefined };
  readonly #home: System;
  #answer: ((event: EventObject) => void) | undefined;

  /** @param answer - gets it after it went through the gate; what it throws is thrown at the actor */
  constructor(home: System, far: System, answer: (event: EventObject) => void) {
    super({ system: far, src: "reply" });
    this.#home = home;
    this.#answer = answer;
    this._processingStatus = running;
  }

  override get send(): (event: EventObject) => void {
    return (event) => this.#home._relay(undefined, this as AnyActorRef, event);
  }

  /** @throws FlowError `PAYLOAD_REFUSED` */
  override _send(event: EventObject): void {
    const answer = this.#answer;
    if (answer === undefined) return this.#home.bury(this as AnyActorRef, event);
    const admitted = admit(event, "answer") as EventObject;
    this.#answer = undefined;
    this._processingStatus = stopped;
    answer(admitted);
  }

  deliver(event: EventObject): void {
    this._send(event);
  }

  start(): this {
    return this;
  }

  stop(): this {
    this.#answer = undefined;
    return this;
  }

  getPersistedSnapshot(): Snapshot<unknown> {
    return this.current;
  }
}
