/** Hosts that are worker nodes, reached through a NATS server of their own. */
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "../../actors/worker.ts";
import { connectNats } from "../../lib/nats/connect.ts";
import type { NatsTransport } from "../../lib/nats/face.ts";
import { systemClock } from "../../lib/system.ts";
import type { Task } from "../../lib/types.ts";
import { noServer, TestServer } from "../nats/server.ts";
import { Casework } from "./casework.ts";
import { type Hosts, holders, type Reach } from "./hosts.ts";
import { turnsOf } from "./turns.ts";

/** A parallel engine needs at least 6 slots; which of the workers it gets them from is left open. */
const slots = 6;
const nodeCount = 2;

/** Milliseconds that an engine looks for attempts of the one before it, which are gone. Workers beat accordingly. */
const leaseMs = 250;

interface Node {
  readonly worker: Worker;
  readonly transport: NatsTransport;
}

export class Nodes implements Hosts {
  readonly #folder: string;
  readonly #server: TestServer;
  readonly #tasks: readonly Task[];
  readonly #nodes = new Map<string, Node>();
  #started = 0;
  /** The connection of the engine that is there, as if it were a process of its own. */
  #engine: NatsTransport | undefined;

  private constructor(folder: string, server: TestServer, tasks: readonly Task[]) {
    this.#folder = folder;
    this.#server = server;
    this.#tasks = tasks;
  }

  /** @param folder - see `Casework` */
  static async start(folder: string, seed: number): Promise<Nodes> {
    if (noServer !== false) throw new Error(noServer);
    const own = await mkdtemp(join(folder, "nats-"));
    const server = new TestServer(own, {});
    const nodes = new Nodes(own, server, new Casework(folder).tasks(turnsOf(seed)));
    try {
      await server.start();
      await Promise.all(Array.from({ length: nodeCount }, () => nodes.#add()));
    } catch (error) {
      await nodes[Symbol.asyncDispose]();
      throw error;
    }
    return nodes;
  }

  async reach(isFirst: boolean): Promise<Reach> {
    await this.#disconnect();
    const transport = await this.#connect();
    this.#engine = transport;
    return isFirst ? { transport } : { transport, leaseMs };
  }

  async die(keys: readonly string[]): Promise<void> {
    // Through what the engine sent its calls by, so that no call comes after the question.
    const held =
      this.#engine === undefined ? [] : await holders(this.#engine, this.#nodes.keys(), keys);
    await this.#disconnect();
    for (const worker of held) {
      await this.#remove(worker);
      await this.#add();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disconnect();
    for (const id of [...this.#nodes.keys()]) await this.#remove(id);
    await this.#server.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #connect(): Promise<NatsTransport> {
    return connectNats({ servers: this.#server.url });
  }

  async #disconnect(): Promise<void> {
    const engine = this.#engine;
    this.#engine = undefined;
    await engine?.[Symbol.asyncDispose]();
  }

  async #add(): Promise<void> {
    const id = `node-${++this.#started}`;
    const transport = await this.#connect();
    const worker = new Worker({
      id,
      transport,
      tasks: this.#tasks,
      concurrency: slots,
      leaseMs,
      clock: systemClock,
      log: () => undefined,
    });
    this.#nodes.set(id, { worker, transport });
    await worker.start();
  }

  async #remove(id: string): Promise<void> {
    const node = this.#nodes.get(id);
    this.#nodes.delete(id);
    node?.worker.close();
    await node?.transport[Symbol.asyncDispose]();
  }
}
