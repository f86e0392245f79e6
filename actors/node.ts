/** A node: a process in a system of actors that is spread over several. It makes actors, here and elsewhere, and finds them. */
import type { AnyActorLogic, EmittedFrom, EventFromLogic, OutputFrom } from "xstate";
import { background, type Clock, type Random, type Timer } from "../lib/clock.ts";
import { admit } from "../lib/codec.ts";
import { FlowError } from "../lib/errors.ts";
import { defaultLeaseMs } from "../lib/executor/protocol.ts";
import { makeId } from "../lib/ids.ts";
import { systemClock, systemRandom } from "../lib/system.ts";
import type { Stop, Transport } from "../lib/transport/transport.ts";
import { logOf } from "../lib/log.ts";
import type { Item, Log, Logger } from "../lib/types.ts";
import {
  actorAddress,
  keyOf,
  nodeAddress,
  type NodeId,
  readActorAddress,
  type RemoteSnapshot,
  type Taken,
  type ToNode,
} from "./frames.ts";
import { Here } from "./here.ts";
import { Host } from "./host.ts";
import type { LinkLimits } from "./link.ts";
import { type Member, Members, type MembersOptions } from "./members.ts";
import type { EngineOptions } from "./options.ts";
import { leaves, Peer } from "./peer.ts";
import type { PlacedRef } from "./placed-ref.ts";
import { Registry, registry } from "./registry.ts";
import { System } from "./system.ts";

export interface NodeOptions {
  /** Its name in the system: one node of that name at a time. */
  readonly name: string;
  /** What it reaches the others through. It is left open. */
  readonly transport: Transport;
  /** What it is for: actors can be spawned by role, too. Default: none. */
  readonly roles?: readonly string[];
  /** XState logic that can be spawned here, by name. */
  readonly actors?: Readonly<Record<string, AnyActorLogic>>;
  /** Flows that can be spawned here, by their names. */
  readonly flows?: Registry | readonly Item[];
  /** What those are run with. Default: in memory, one task at a time. */
  readonly engine?: Omit<EngineOptions, "id" | "store">;
  /** The system that actors here live in; dead letters go to it. Default: one of its own. */
  readonly system?: System;
  /** Milliseconds of silence after which the link to another node is down for good. Default 15,000; at least 100. */
  readonly leaseMs?: number;
  /** What may wait on each link. */
  readonly limits?: Partial<LinkLimits>;
  /** Repeats presence while this thread is busy. Default: nobody does. */
  readonly beats?: MembersOptions["beats"];
  readonly clock?: Clock;
  readonly random?: Random;
  /** Gets what happens to links and actors. Default: nothing is logged. */
  readonly log?: Log | Logger;
}

/** What a node holds of an actor with this logic, wherever it lives. */
export type NodeRef<TLogic extends AnyActorLogic = AnyActorLogic> = PlacedRef<
  RemoteSnapshot<OutputFrom<TLogic>>,
  EventFromLogic<TLogic>,
  EmittedFrom<TLogic>
>;

export interface PlaceOptions {
  /** A node's name, or a role: the node of that role that has the fewest actors. Default: this node. */
  readonly on?: string;
  /** Milliseconds to wait for a node that fits, and for its answer. Default 5,000. */
  readonly timeoutMs?: number;
}

export interface NodeSpawnOptions extends PlaceOptions {
  /** Of a flow: its store. */
  readonly input?: unknown;
  /** Its name on its node, and the id of a flow. Default: made up. */
  readonly id?: string;
}

const defaultTimeoutMs = 5_000;
/** Milliseconds in which those that are there have said so. */
const meetMs = 500;
/** Milliseconds that closing waits for what others have to be told. */
const flushMs = 1_000;
/** Links that are down are remembered, so that nothing comes twice. */
const mostDead = 10_000;

/** Ends when it is closed; keeps no process alive by itself. */
export class Node implements AsyncDisposable {
  readonly name: string;
  readonly incarnation: string;
  readonly system: System;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #leaseMs: number;
  readonly #limits: LinkLimits;
  /** Refs live in it. What goes wrong there is no fault of anybody here. */
  readonly #far: System;
  readonly #host: Host;
  readonly #members: Members;
  readonly #peers = new Map<string, Peer>();
  readonly #dead = new Set<string>();
  readonly #here: Here;
  readonly #stops: Stop[] = [];
  #tick: Timer | undefined;
  #tickedAt = 0;
  #metAt = Infinity;
  #closing: Promise<readonly string[]> | undefined;

  constructor(options: NodeOptions) {
    const { name, transport, clock = systemClock, random = systemRandom, roles = [] } = options;
    const { leaseMs = defaultLeaseMs, limits = {}, flows = [] } = options;
    const log = logOf(options.log);
    this.name = name;
    this.incarnation = makeId(clock, random);
    this.#transport = transport;
    this.#clock = clock;
    this.#log = log;
    this.#leaseMs = leaseMs;
    this.#limits = { messages: 4_096, bytes: 16 * 1024 * 1024, ...limits };
    const unhandled = (error: unknown): void => {
      log(`nobody heard of the end of an actor: ${String(error)}`, { error }, "error");
    };
    this.system = options.system ?? new System({ name, clock, unhandled });
    this.#far = new System({ name: `${name} refs`, clock, unhandled });
    this.#host = new Host({
      system: this.system,
      actors: options.actors ?? {},
      flows: flows instanceof Registry ? flows : registry(...flows),
      engine: { clock, random, ...options.engine },
      log,
    });
    this.#here = new Here({ home: this.system, far: this.#far, self: this.#id, clock });
    this.#members = new Members({
      transport,
      clock,
      random,
      leaseMs,
      beats: options.beats,
      self: () => ({ ...this.#id, roles, actors: this.#host.names, load: this.#host.size }),
      heard: (node) => this.#peers.get(keyOf(node))?.link.hear(),
    });
  }

  get #id(): NodeId {
    return { name: this.name, incarnation: this.incarnation };
  }

  /** `n.<node>.<incarnation>`. */
  get address(): string {
    return nodeAddress(this.#id);
  }

  /** The other nodes that are there. */
  get members(): readonly Member[] {
    return this.#members.all;
  }

  /** Joins the others. See `node`. */
  async start(): Promise<this> {
    const take = (body: unknown): unknown => this.#take(body as ToNode);
    this.#stops.push(await this.#transport.serve(this.address, take));
    this.#stops.push(
      this.#transport.watch((isConnected) => {
        if (isConnected) for (const { link } of this.#peers.values()) link.resume();
      }),
    );
    await this.#members.start();
    this.#metAt = this.#clock.monotonic() + meetMs;
    this.#tickOn();
    return this;
  }

  /**
   * Makes an actor, of XState logic or of a flow, by the name that its node knows it by.
   *
   * @throws FlowError `NOT_FOUND` when no node fits in time; `ALREADY_EXISTS` when its node has an actor of that id;
   *   `PAYLOAD_REFUSED` for the input; `NO_ANSWER`, `LINK_DOWN`; what the logic's node says against it
   */
  async spawn<TLogic extends AnyActorLogic = AnyActorLogic>(
    logic: string,
    options: NodeSpawnOptions = {},
  ): Promise<NodeRef<TLogic>> {
    this.#needOpen();
    const { on = this.name, timeoutMs = defaultTimeoutMs, id } = options;
    const input = admit(options.input, "input");
    const deadline = this.#clock.monotonic() + timeoutMs;
    const member = on === this.name ? this.#id : await this.#fitting(on, logic, timeoutMs);
    if (keyOf(member) === keyOf(this.#id)) {
      return this.#here.ref(this.#host.spawn(logic, input, id)) as unknown as NodeRef<TLogic>;
    }
    const restMs = Math.max(1, Math.ceil(deadline - this.#clock.monotonic()));
    const ref = await this.#peerOf(member).spawn(logic, input, id, restMs);
    return ref as unknown as NodeRef<TLogic>;
  }

  /**
   * Finds an actor by its address, or by its name on this node, on the one that is named, or on any.
   *
   * @throws FlowError `NOT_FOUND`, `NO_ANSWER`, `LINK_DOWN`
   */
  async lookup<TLogic extends AnyActorLogic = AnyActorLogic>(
    name: string,
    { on, timeoutMs = defaultTimeoutMs }: PlaceOptions = {},
  ): Promise<NodeRef<TLogic>> {
    this.#needOpen();
    const address = readActorAddress(name);
    const ref =
      address === undefined
        ? await this.#findByName(name, on, timeoutMs)
        : await this.#findOn(address.node, address.actor, timeoutMs);
    return ref as unknown as NodeRef<TLogic>;
  }

  /**
   * Stops the actors that live here, once flows have come to rest, and leaves.
   *
   * @param withinMs - milliseconds that flows have to rest; then they are let go of, as by a crash. Default 5,000
   * @returns addresses of flows that did not come to rest
   */
  close(withinMs = defaultTimeoutMs): Promise<readonly string[]> {
    return (this.#closing ??= this.#close(withinMs));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(withinMs: number): Promise<readonly string[]> {
    let timer: Timer | undefined;
    const patience = new Promise<false>((resolve) => {
      timer = this.#clock.setTimeout(() => {
        resolve(false);
      }, withinMs);
    });
    const left = await this.#host.close(patience);
    if (timer !== undefined) this.#clock.clearTimeout(timer);
    await this.#flush();
    for (const { link } of [...this.#peers.values()]) link.close(leaves);
    if (this.#tick !== undefined) this.#clock.clearTimeout(this.#tick);
    this.#members.tell("down");
    this.#members.close();
    for (const stop of this.#stops) stop();
    this.#here.close();
    return left.map((name) => actorAddress(this.#id, name));
  }

  /** Waits until the others know how the actors here have ended. */
  async #flush(): Promise<void> {
    const deadline = this.#clock.monotonic() + flushMs;
    const isUntold = (): boolean =>
      [...this.#peers.values()].some(({ link }) => link.untaken > 0) &&
      this.#clock.monotonic() < deadline;
    while (isUntold()) {
      await new Promise<void>((resolve) => void this.#clock.setTimeout(resolve, 10));
    }
  }

  #needOpen(): void {
    if (this.#closing === undefined) return;
    throw new FlowError("TRANSPORT_CLOSED", { problem: `node "${this.name}" is closed` });
  }

  async #fitting(on: string, logic: string, timeoutMs: number): Promise<NodeId> {
    const deadline = this.#clock.monotonic() + timeoutMs;
    for (;;) {
      const member = this.#members.place(on, logic);
      if (member !== undefined) return member;
      const restMs = deadline - this.#clock.monotonic();
      if (restMs <= 0) break;
      await this.#members.change(restMs);
    }
    const what = `node or role that makes actors "${logic}"`;
    throw new FlowError("NOT_FOUND", { what, name: on });
  }

  async #findByName(name: string, on: string | undefined, timeoutMs: number): Promise<PlacedRef> {
    if (on === undefined || on === this.name) {
      const hosted = this.#host.find(name);
      if (hosted !== undefined) return this.#here.ref(hosted);
    }
    const asked = new Set<string>();
    for (;;) {
      const members = this.members.filter(
        (it) => (on === undefined || it.name === on) && !asked.has(keyOf(it)),
      );
      const found = await Promise.all(
        members.map((member) => {
          asked.add(keyOf(member));
          return this.#findOn(member, name, timeoutMs).catch(() => undefined);
        }),
      );
      const [ref] = found.filter((it) => it !== undefined);
      if (ref !== undefined) return ref;
      // Those that are there may not have said so yet.
      const restMs = this.#metAt - this.#clock.monotonic();
      if (restMs <= 0) throw new FlowError("NOT_FOUND", { what: "actor", name });
      await this.#members.change(restMs);
    }
  }

  async #findOn(node: NodeId, actor: string, timeoutMs: number): Promise<PlacedRef> {
    if (keyOf(node) !== keyOf(this.#id)) return this.#peerOf(node).find(actor, timeoutMs);
    const hosted = this.#host.find(actor);
    if (hosted !== undefined) return this.#here.ref(hosted);
    throw new FlowError("NOT_FOUND", { what: "actor", name: actor });
  }

  #peerOf(peer: NodeId): Peer {
    const key = keyOf(peer);
    const known = this.#peers.get(key);
    if (known !== undefined) return known;
    if (this.#dead.has(key)) {
      throw new FlowError("LINK_DOWN", { node: peer.name, problem: "it was given up before" });
    }
    const made = new Peer({
      self: this.#id,
      peer,
      transport: this.#transport,
      clock: this.#clock,
      leaseMs: this.#leaseMs,
      limits: this.#limits,
      home: this.system,
      far: this.#far,
      host: this.#host,
      log: this.#log,
      gone: () => {
        this.#peers.delete(key);
        this.#dead.add(key);
        if (this.#dead.size > mostDead) this.#dead.delete([...this.#dead][0] ?? "");
      },
    });
    this.#peers.set(key, made);
    return made;
  }

  #take(message: ToNode): Taken | null {
    const key = keyOf(message.from);
    const peer = this.#peers.get(key);
    if (message.kind === "bye") {
      if (peer === undefined) this.#dead.add(key);
      else peer.link.end(message.problem);
      return null;
    }
    const isFirst = message.first === 1 && !this.#dead.has(key) && this.#closing === undefined;
    if (peer === undefined && !isFirst) return { gone: true };
    return this.#peerOf(message.from).link.receive(message.first, message.frames);
  }

  #tickOn(): void {
    this.#tickedAt = this.#clock.monotonic();
    const everyMs = this.#leaseMs / 4;
    const timer = this.#clock.setTimeout(() => {
      // After a stall of this process, what came meanwhile has to be heard before anybody is judged.
      const isJudging = this.#clock.monotonic() - this.#tickedAt < 2 * everyMs;
      for (const { link } of [...this.#peers.values()]) link.tick(isJudging);
      this.#tickOn();
    }, everyMs);
    this.#tick = background(timer);
  }
}

/** Joins a system of actors. @throws FlowError `FORBIDDEN`, `TRANSPORT_CLOSED` */
export function node(options: NodeOptions): Promise<Node> {
  return new Node(options).start();
}
