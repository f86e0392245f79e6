/** The nodes that are there, as their presence tells. */
import { background, type Clock, type Random, type Timer } from "../lib/clock.ts";
import { anyPresence, type Presence, whoAddress } from "../lib/executor/protocol.ts";
import { addressOf } from "../lib/names.ts";
import type { Stop, Transport } from "../lib/transport/transport.ts";
import { keyOf, type NodeId } from "./frames.ts";

/** What a node beats: a worker's presence, without tasks, and what it holds as a node. */
export interface NodePresence extends Presence {
  readonly node: Member;
}

export interface Member extends NodeId {
  readonly roles: readonly string[];
  /** Names of what can be spawned there. */
  readonly actors: readonly string[];
  /** How many actors live there. */
  readonly load: number;
}

export interface MembersOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly leaseMs: number;
  /** This node as it is now. */
  readonly self: () => Member;
  readonly beats: { say(address: string, beat: NodePresence, key: string): void } | undefined;
  /** A node is there. */
  readonly heard: (node: NodeId) => void;
}

interface Known {
  readonly member: Member;
  readonly heardAt: number;
}

export class Members {
  readonly #options: MembersOptions;
  readonly #known = new Map<string, Known>();
  readonly #waiters = new Set<() => void>();
  readonly #stops: Stop[] = [];
  #state: Presence["state"] = "up";
  #beat: Timer | undefined;

  constructor(options: MembersOptions) {
    this.#options = options;
  }

  /** The others. */
  get all(): readonly Member[] {
    const since = this.#options.clock.monotonic() - this.#options.leaseMs;
    for (const [key, { heardAt }] of this.#known) if (heardAt < since) this.#known.delete(key);
    return [...this.#known.values()].map(({ member }) => member);
  }

  /** Is told of others, and tells them of this node, from when it resolves. */
  async start(): Promise<void> {
    const { transport } = this.#options;
    const hear = (body: unknown): void => {
      this.#hear(body as Partial<NodePresence>);
    };
    this.#stops.push(await transport.listen(anyPresence, hear));
    this.#stops.push(
      await transport.listen(whoAddress, () => {
        this.tell();
      }),
      transport.watch((isConnected) => {
        if (isConnected) this.#meet();
      }),
    );
    this.#meet();
    this.#beatOn();
  }

  /** The member to put an actor on: it has the name or the role, can make it, and has the least to do. */
  place(on: string, logic: string): Member | undefined {
    const { self, random } = this.#options;
    const fitting = [self(), ...this.all].filter(
      ({ name, roles, actors }) => (name === on || roles.includes(on)) && actors.includes(logic),
    );
    const least = Math.min(...fitting.map(({ load }) => load));
    const free = fitting.filter(({ load }) => load === least);
    return free[Math.floor(random() * free.length)];
  }

  /** Resolves when somebody is heard of, or after so many milliseconds. */
  async change(withinMs: number): Promise<void> {
    const { clock } = this.#options;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(() => {
        told();
      }, withinMs);
      const told = (): void => {
        clock.clearTimeout(timer);
        this.#waiters.delete(told);
        resolve();
      };
      this.#waiters.add(told);
    });
  }

  /** Says that this node is there, or that it leaves. */
  tell(state = this.#state): void {
    this.#state = state;
    const { transport, self, beats } = this.#options;
    const node = self();
    const worker = `${node.name}.${node.incarnation}`;
    const presence: NodePresence = { worker, tasks: [], slots: 0, free: 0, state, node };
    const address = addressOf("hb", node.name);
    beats?.say(address, presence, "node");
    if (transport.isConnected) transport.publish(address, presence);
  }

  close(): void {
    if (this.#beat !== undefined) this.#options.clock.clearTimeout(this.#beat);
    for (const stop of this.#stops) stop();
  }

  #meet(): void {
    this.tell();
    const { transport } = this.#options;
    if (transport.isConnected) transport.publish(whoAddress, null);
  }

  #beatOn(): void {
    const timer = this.#options.clock.setTimeout(() => {
      this.tell();
      this.#beatOn();
    }, this.#options.leaseMs / 4);
    this.#beat = background(timer);
  }

  #hear({ node, state }: Partial<NodePresence>): void {
    if (node === undefined) return; // a worker's
    const { self, clock, heard } = this.#options;
    const key = keyOf(node);
    if (key === keyOf(self())) return;
    if (state === "down") {
      this.#known.delete(key);
      return;
    }
    this.#known.set(key, { member: node, heardAt: clock.monotonic() });
    heard(node);
    for (const told of [...this.#waiters]) told();
  }
}
