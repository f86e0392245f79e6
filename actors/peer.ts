/** Another node, as this one sees it: the actors there that are held here, and those here that are looked on from there. */
import type { AnyActorRef, EventObject, Snapshot } from "xstate";
import type { Clock } from "../lib/clock.ts";
import { FlowError } from "../lib/errors.ts";
import type { Transport } from "../lib/transport/transport.ts";
import type { Log } from "../lib/types.ts";
import {
  actorAddress,
  type Frame,
  type NodeId,
  raised,
  refusalOf,
  type Shown,
  shownOf,
  snapshotOf,
} from "./frames.ts";
import type { Host, Hosted } from "./host.ts";
import { Link, type LinkLimits } from "./link.ts";
import { type Line, PlacedRef, ReplyRef } from "./placed-ref.ts";
import { Questions } from "./questions.ts";
import { ViewRef } from "./ref.ts";
import type { System } from "./system.ts";

export interface PeerOptions {
  readonly self: NodeId;
  readonly peer: NodeId;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly limits: LinkLimits;
  readonly home: System;
  readonly far: System;
  readonly host: Host;
  readonly log: Log;
  /** The link is down for good. */
  readonly gone: () => void;
}

/** Why a link ends with a node that leaves as it should. */
export const leaves = "it has left";

type Question = Extract<Frame, { readonly kind: "spawn" | "find" }>;

export class Peer {
  readonly link: Link;
  readonly #options: PeerOptions;
  readonly #refs = new Map<string, PlacedRef>();
  readonly #questions: Questions;
  /** Actors here that are looked on from there: how to end that. */
  readonly #looks = new Map<string, () => void>();
  /** Those of them that have shown something that there was no room for. */
  readonly #unshown = new Map<string, Hosted>();
  readonly #heard = new Set<string>();

  constructor(options: PeerOptions) {
    this.#options = options;
    const { self, peer, transport, clock, leaseMs, limits } = options;
    this.link = new Link({
      self,
      peer,
      transport,
      clock,
      leaseMs,
      limits,
      take: (frame) => {
        this.#take(frame);
      },
      room: () => {
        this.#useRoom();
      },
      down: (error, untaken) => {
        this.#lose(error, untaken);
      },
    });
    this.#questions = new Questions(this.link, clock);
  }

  /** Has an actor made there. @throws FlowError as its node says, `NO_ANSWER`, `LINK_DOWN` */
  async spawn(
    logic: string,
    input: unknown,
    as: string | undefined,
    timeoutMs: number,
  ): Promise<PlacedRef> {
    const to = `node "${this.link.peer.name}"`;
    return this.#question({ kind: "spawn", id: 0, logic, input, as }, to, timeoutMs);
  }

  /** @throws FlowError `NOT_FOUND`, `NO_ANSWER`, `LINK_DOWN` */
  async find(actor: string, timeoutMs: number): Promise<PlacedRef> {
    const known = this.#refs.get(actor);
    if (known !== undefined) return known;
    return this.#question({ kind: "find", id: 0, actor }, this.#addressOf(actor), timeoutMs);
  }

  #question(frame: Question, to: string, timeoutMs: number): Promise<PlacedRef> {
    return this.#questions.ask((id) => ({ ...frame, id }), to, timeoutMs) as Promise<PlacedRef>;
  }

  #addressOf(actor: string): string {
    return actorAddress(this.link.peer, actor);
  }

  #useRoom(): void {
    this.#questions.useRoom();
    for (const [name, hosted] of this.#unshown) {
      if (this.link.isFull) return;
      this.#unshown.delete(name);
      this.#show(hosted, hosted.snapshot);
    }
  }

  #take(frame: Frame): void {
    switch (frame.kind) {
      case "spawn":
        return this.#answer(frame.id, true, () =>
          this.#options.host.spawn(frame.logic, frame.input, frame.as),
        );
      case "find":
        return this.#answer(frame.id, false, () => this.#hosted(frame.actor));
      case "event":
        return this.#deliver(frame);
      case "hear":
        this.#heard.add(frame.actor);
        return this.#options.host.find(frame.actor)?.hear();
      case "leave":
        return this.#leave(frame.actor);
      case "stop":
        return this.#options.host.find(frame.actor)?.stop();
      case "found":
        return this.#found(frame);
      case "refused":
        return this.#questions.take(frame.id)?.reject(raised(frame.refusal));
      case "answer":
        return this.#questions.take(frame.ask)?.resolve(frame.event);
      case "snapshot":
        return this.#refs.get(frame.actor)?.show(snapshotOf(frame.shown));
      case "emitted":
        return this.#refs.get(frame.actor)?.emit(frame.event);
      case "ended":
        return this.#ended(frame.actor, frame.shown);
    }
  }

  // What follows is the side where the actors live.

  #answer(id: number, isNew: boolean, find: () => Hosted): void {
    try {
      const hosted = find();
      const { name: actor, src } = hosted;
      const shown = shownOf(hosted.snapshot);
      if (shown.status === "active") this.#look(hosted);
      this.link.reply({ kind: "found", id, actor, src, shown, isNew });
    } catch (error) {
      this.link.reply({ kind: "refused", id, refusal: refusalOf(error) });
    }
  }

  #hosted(actor: string): Hosted {
    const hosted = this.#options.host.find(actor);
    if (hosted !== undefined) return hosted;
    throw new FlowError("NOT_FOUND", { what: "actor", name: actor });
  }

  #deliver({ actor, event, ask }: Frame & { readonly kind: "event" }): void {
    const { host, home, far, self } = this.#options;
    const hosted = host.find(actor);
    if (hosted === undefined) {
      const to = actorAddress(self, actor);
      if (ask === undefined) return home.bury(ghostOf(far, to), event);
      const refusal = refusalOf(new FlowError("NO_RECEIVER", { to }));
      return this.link.reply({ kind: "refused", id: ask, refusal });
    }
    if (ask === undefined) return home._relay(undefined, hosted.actor, event);
    const replyTo = new ReplyRef(home, far, (answer) => {
      this.link.reply({ kind: "answer", ask, event: answer });
    });
    home._relay(undefined, hosted.actor, { ...event, replyTo } as EventObject);
  }

  #look(hosted: Hosted): void {
    const { name } = hosted;
    if (this.#looks.has(name)) return;
    const stop = hosted.look({
      shown: (snapshot) => {
        if (snapshot.status === "active" && this.link.isFull) this.#unshown.set(name, hosted);
        else this.#show(hosted, snapshot);
      },
      emitted: (event) => {
        this.#emit(hosted, event);
      },
    });
    this.#looks.set(name, stop);
  }

  #show({ name: actor }: Hosted, snapshot: Snapshot<unknown>): void {
    try {
      const shown = shownOf(snapshot);
      if (shown.status === "active") return this.link.reply({ kind: "snapshot", actor, shown });
      this.#leave(actor);
      this.link.reply({ kind: "ended", actor, shown });
    } catch (error) {
      // What can't travel would never be seen there: whoever looks on has to know.
      this.#leave(actor);
      const shown = shownOf({ status: "error", output: undefined, error });
      this.link.reply({ kind: "ended", actor, shown });
    }
  }

  #emit({ name: actor, actor: ref }: Hosted, event: EventObject): void {
    if (!this.#heard.has(actor)) return;
    const { home, log } = this.#options;
    try {
      this.link.send({ kind: "emitted", actor, event }, `node "${this.link.peer.name}"`);
    } catch (error) {
      log(`what actor "${actor}" emits can't be sent: ${String(error)}`, { actor, error }, "warn");
      home.bury(ref, event);
    }
  }

  #leave(actor: string): void {
    this.#looks.get(actor)?.();
    this.#looks.delete(actor);
    this.#unshown.delete(actor);
    this.#heard.delete(actor);
  }

  // What follows is the side where the refs are.

  #found({ id, actor, src, shown, isNew }: Frame & { readonly kind: "found" }): void {
    const asked = this.#questions.take(id);
    if (asked === undefined) {
      // It came too late. Nobody would ever know of an actor that was made for it.
      if (shown.status === "active" && isNew) this.link.reply({ kind: "stop", actor });
      if (!this.#refs.has(actor)) this.link.reply({ kind: "leave", actor });
      return;
    }
    const known = this.#refs.get(actor);
    if (known !== undefined) return asked.resolve(known);
    const { home, far } = this.#options;
    const address = this.#addressOf(actor);
    const line = this.#lineTo(actor, address);
    const snapshot: Snapshot<unknown> = snapshotOf(shown);
    const ref = new PlacedRef({ home, far, address, src, snapshot, line });
    if (snapshot.status === "active") this.#refs.set(actor, ref);
    else ref.show(snapshot);
    asked.resolve(ref);
  }

  #lineTo(actor: string, address: string): Line {
    return {
      send: (event) => {
        // Nothing overtakes what waits for room.
        if (this.#questions.isWaiting) {
          const limit = this.#options.limits.messages;
          throw new FlowError("TRANSPORT_FULL", { to: address, limit, of: "messages" });
        }
        this.link.send({ kind: "event", actor, event, ask: undefined }, address);
      },
      ask: async (event, timeoutMs) => {
        const frameOf = (ask: number): Frame => ({ kind: "event", actor, event, ask });
        return (await this.#questions.ask(frameOf, address, timeoutMs)) as EventObject;
      },
      hear: () => {
        this.link.reply({ kind: "hear", actor });
      },
      stop: () => {
        this.link.reply({ kind: "stop", actor });
      },
    };
  }

  #ended(actor: string, shown: Shown): void {
    const ref = this.#refs.get(actor);
    this.#refs.delete(actor);
    ref?.show(snapshotOf(shown));
    this.#questions.noReceiver(this.#addressOf(actor));
  }

  #lose(error: FlowError<"LINK_DOWN">, untaken: readonly Frame[]): void {
    const { home, far, log, gone } = this.#options;
    const isLeft = error.about.problem === leaves;
    if (!isLeft) log(error.message, { untaken: untaken.length, error }, "warn");
    for (const actor of [...this.#looks.keys()]) this.#leave(actor);
    const refs = new Map(this.#refs);
    this.#refs.clear();
    for (const ref of refs.values()) ref.lose(isLeft ? "node" : "link", error);
    for (const frame of untaken) {
      // Whoever asked is told by the error.
      if (frame.kind !== "event" || frame.ask !== undefined) continue;
      const to = refs.get(frame.actor) ?? ghostOf(far, this.#addressOf(frame.actor));
      home.bury(to as AnyActorRef, frame.event);
    }
    this.#questions.close(error);
    gone();
  }
}

/** Stands for an actor that is no more. */
function ghostOf(far: System, address: string): AnyActorRef {
  const snapshot: Snapshot<unknown> = { status: "active", output: undefined, error: undefined };
  const take = (): void => undefined;
  return new ViewRef({
    system: far,
    id: address,
    src: "gone",
    snapshot,
    take,
  }).stop() as AnyActorRef;
}
