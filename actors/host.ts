/** The actors that live on a node: made by name, looked on from here and from other nodes. */
import type { ActorLogic, AnyActorLogic, AnyActorRef, EventObject, Snapshot } from "xstate";
import { admit } from "../lib/codec.ts";
import { FlowError } from "../lib/errors.ts";
import { nearest } from "../lib/nearest.ts";
import type { Log } from "../lib/types.ts";
import { LogicRef } from "./logic-ref.ts";
import type { EngineOptions } from "./options.ts";
import type { Registry } from "./registry.ts";
import { FlowRef, spawn } from "./spawn.ts";
import type { System } from "./system.ts";

export interface HostOptions {
  readonly system: System;
  /** XState logic by the name that it is spawned by. */
  readonly actors: Readonly<Record<string, AnyActorLogic>>;
  readonly flows: Registry;
  /** What flows that are spawned here are run with. */
  readonly engine: Omit<EngineOptions, "id" | "store">;
  readonly log: Log;
}

/** Looks on one actor. */
export interface Onlooker {
  shown(snapshot: Snapshot<unknown>): void;
  emitted(event: EventObject): void;
}

/** An actor that lives here, until its last snapshot was shown. */
export class Hosted {
  readonly name: string;
  readonly src: string;
  readonly actor: AnyActorRef;
  readonly #log: Log;
  readonly #onlookers = new Set<Onlooker>();
  #isHeard = false;

  constructor(name: string, src: string, actor: AnyActorRef, log: Log) {
    this.#log = log;
    this.name = name;
    this.src = src;
    this.actor = actor;
  }

  get snapshot(): Snapshot<unknown> {
    return this.actor.getSnapshot() as Snapshot<unknown>;
  }

  /** Shows it each snapshot from now on, the last one too. @returns ends that */
  look(onlooker: Onlooker): () => void {
    this.#onlookers.add(onlooker);
    return () => void this.#onlookers.delete(onlooker);
  }

  /** Tells onlookers what the actor emits, too. */
  hear(): void {
    if (this.#isHeard) return;
    this.#isHeard = true;
    this.actor.on("*", (event: EventObject) => {
      for (const onlooker of [...this.#onlookers]) onlooker.emitted(event);
    });
  }

  show(snapshot: Snapshot<unknown>): void {
    for (const onlooker of [...this.#onlookers]) onlooker.shown(snapshot);
  }

  stop(): void {
    const { actor } = this;
    if (actor instanceof FlowRef) {
      // It rests first: what runs may finish, and its journal tells how far it came.
      actor.engine.close().then(
        () => actor.stop(),
        (error: unknown) => {
          const what = `flow "${this.name}" could not be stopped: ${String(error)}`;
          this.#log(what, { flow: this.name, error }, "error");
        },
      );
    } else actor.stop();
  }
}

/** Logic that takes any events and any input. */
type AnyLogic = ActorLogic<Snapshot<unknown>, EventObject, unknown>;

export class Host {
  readonly #options: HostOptions;
  readonly #hosted = new Map<string, Hosted>();
  #lastName = 0;

  constructor(options: HostOptions) {
    this.#options = options;
    for (const name of options.flows.names) {
      if (!Object.hasOwn(options.actors, name)) continue;
      throw new FlowError("ALREADY_EXISTS", { what: "actor logic", name });
    }
  }

  /** Names of what can be spawned here. */
  get names(): readonly string[] {
    return [...Object.keys(this.#options.actors), ...this.#options.flows.names];
  }

  get size(): number {
    return this.#hosted.size;
  }

  find(name: string): Hosted | undefined {
    return this.#hosted.get(name);
  }

  /**
   * Makes and starts an actor.
   *
   * @param input - of a flow: its store
   * @param as - its name on this node. Default: made up
   * @throws FlowError `NOT_FOUND`, `ALREADY_EXISTS`, `PAYLOAD_REFUSED`, and what a flow can't be compiled for
   */
  spawn(logic: string, input: unknown, as: string | undefined): Hosted {
    if (as !== undefined && this.#hosted.has(as)) {
      throw new FlowError("ALREADY_EXISTS", { what: "actor", name: as });
    }
    const { actors, flows } = this.#options;
    const admitted = admit(input, "input");
    const own = Object.hasOwn(actors, logic) ? actors[logic] : undefined;
    if (own !== undefined) return this.#spawnLogic(logic, own, admitted, as);
    if (flows.names.includes(logic)) return this.#spawnFlow(logic, admitted, as);
    const near = nearest(logic, this.names);
    throw new FlowError("NOT_FOUND", {
      what: "actor logic",
      name: logic,
      ...(near === undefined ? {} : { nearest: near }),
    });
  }

  /**
   * Stops all actors. Settles when flows have come to rest.
   *
   * @param patience - when it settles, flows that have not come to rest are let go of as they are
   * @returns names of those
   */
  async close(patience: Promise<false>): Promise<readonly string[]> {
    const left: string[] = [];
    const closing = [...this.#hosted.values()].map(async (hosted) => {
      const { actor, name } = hosted;
      if (!(actor instanceof FlowRef)) {
        hosted.stop();
        return;
      }
      const { engine } = actor as FlowRef;
      const isResting = await Promise.race([engine.close().then(() => true), patience]);
      if (!isResting) {
        left.push(name);
        engine.abandon();
      }
      actor.stop();
    });
    await Promise.all(closing);
    return left;
  }

  #spawnLogic(src: string, logic: AnyActorLogic, input: unknown, as: string | undefined): Hosted {
    const name = as ?? this.#nextName(src);
    const actor = new LogicRef(logic as AnyLogic, {
      system: this.#options.system,
      id: name,
      src,
      input,
    });
    const hosted = this.#add(name, src, actor as AnyActorRef);
    actor.start();
    return hosted;
  }

  #spawnFlow(src: string, store: unknown, as: string | undefined): Hosted {
    const { flows, engine, system, log } = this.#options;
    const options = {
      log,
      ...engine,
      system,
      ...(as === undefined ? {} : { id: as }),
      ...(store === undefined ? {} : { store }),
    };
    const actor = spawn(flows.get(src), options as never);
    return this.#add(as ?? actor.id, src, actor);
  }

  #add(name: string, src: string, actor: AnyActorRef): Hosted {
    const hosted = new Hosted(name, src, actor, this.#options.log);
    this.#hosted.set(name, hosted);
    const show = (): void => {
      if (hosted.snapshot.status !== "active") this.#hosted.delete(name);
      hosted.show(hosted.snapshot);
    };
    // Each end is shown once: XState shows the snapshot of an actor that is done before it completes.
    let isOver = false;
    const end = (): void => {
      if (!isOver) show();
      isOver = true;
    };
    actor.subscribe({
      next: () => {
        if (hosted.snapshot.status === "active") show();
        else end();
      },
      error: (error) => {
        this.#options.log(
          `actor "${name}" failed: ${String(error)}`,
          { actor: name, error },
          "error",
        );
        end();
      },
      complete: end,
    });
    return hosted;
  }

  #nextName(src: string): string {
    let name = `${src}-${++this.#lastName}`;
    while (this.#hosted.has(name)) name = `${src}-${++this.#lastName}`;
    return name;
  }
}
