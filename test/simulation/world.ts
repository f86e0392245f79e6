/** A simulated world: virtual time, one store, hosts that come and die. Everything in it comes from a seed. */
import assert from "node:assert/strict";
import type { EngineOptions } from "../../actors/options.ts";
import { load } from "../../actors/run.ts";
import { FlowError } from "../../lib/errors.ts";
import type { AtomState } from "../../lib/plan/states.ts";
import type { FlowView } from "../../lib/plan/view.ts";
import type { Item } from "../../lib/types.ts";
import { Host } from "./host.ts";
import { type Behaviour, instrument } from "./instrument.ts";
import { type Fault, Store } from "./store.ts";
import { drawn, seeded, Time } from "./time.ts";
import type { Witness } from "./witness.ts";

export interface Setup {
  readonly seed?: number;
  /** Attempts at once; 1 is the serial engine. */
  readonly concurrency?: number;
  /** The journal takes its time, and what is due at once happens in any order. */
  readonly async?: boolean;
  readonly behaviour?: Behaviour;
  /** Faults of the first host, of the one after it, and so on. */
  readonly faults?: readonly (readonly Fault[])[];
  readonly store?: Readonly<Record<string, unknown>>;
  readonly options?: EngineOptions;
}

/** How a flow ended, as far as users see it. */
export interface End {
  readonly state: string;
  readonly results: Readonly<Record<string, unknown>>;
  readonly atoms: Readonly<Record<string, AtomState>>;
  /** What the last run threw. */
  readonly thrown: string | undefined;
  /** What the journal tells of why. */
  readonly reasons: readonly string[];
}

const flowId = "flow";

/** Events that one run may take at most: by far more than any needs. */
const mostEvents = 100_000;

const final = new Set(["SUCCESS", "REVERTED", "FAILURE", "PARKED"]);

export class World {
  readonly time: Time;
  readonly store: Store;
  readonly hosts: Host[] = [];
  readonly flow: Item;
  readonly setup: Setup;
  /** Events that have happened. */
  events = 0;
  /** Called between two events, with their number so far. */
  watch: (events: number) => void = () => undefined;

  constructor(flow: Item, setup: Setup = {}) {
    const { seed = 1, async: isAsync = false } = setup;
    this.flow = flow;
    this.setup = setup;
    const random = seeded(seed);
    this.time = new Time(isAsync ? random : undefined);
    this.store = new Store(this.time, isAsync ? () => Math.floor(random() * 3) : undefined);
  }

  get witness(): Witness {
    return this.store.witness(flowId);
  }

  /** Starts another process, with an engine that has done nothing yet. */
  host(options: EngineOptions = {}): Host {
    const { time, store, hosts } = this;
    const { seed = 1, concurrency = 1, faults = [], behaviour = {} } = this.setup;
    const name = `host-${String(hosts.length + 1)}`;
    const random = seeded(Math.floor(drawn(seed, name) * 2 ** 32));
    const host = new Host(name, {
      time,
      store,
      random,
      concurrency,
      faults: faults[hosts.length] ?? [],
    });
    hosts.push(host);
    host.engine = load(instrument(this.flow, host, this.witness, behaviour), {
      id: flowId,
      store: this.setup.store ?? {},
      journal: host.journal,
      clock: host.clock,
      random,
      owner: name,
      log: (message) => host.logged.push(message),
      // As often as it may be, and never, and in between.
      snapshotEvery: Math.floor(drawn(seed, "snapshots") * 5) ** 2,
      ...(concurrency === 1 ? {} : { engine: "parallel" as const, concurrency }),
      ...this.setup.options,
      ...options,
    });
    host.engine.compile();
    return host;
  }

  /** Lets things happen until the promise is settled. Undefined: the host died, or was frozen, first. */
  async settle<Value>(host: Host, promise: Promise<Value>): Promise<Settled<Value> | undefined> {
    let settled: Settled<Value> | undefined;
    promise.then(
      (value) => {
        settled = { value };
      },
      (error: unknown) => {
        settled = { error };
      },
    );
    const isGone = (): boolean => !host.isAlive || host.isFrozen;
    const isOver = (): boolean => settled !== undefined || isGone();
    await this.pass(isOver);
    assert(isOver(), `nothing more can happen, and ${host.name} waits for ever (I10)`);
    return settled;
  }

  /** Lets things happen until `isOver`, or until nothing more can. */
  async pass(isOver: () => boolean = () => false): Promise<void> {
    for (let events = 0; ; events++) {
      await idle();
      for (const host of this.hosts) host.check();
      this.watch(++this.events);
      if (isOver()) return;
      assert(events < mostEvents, "this goes on for ever");
      if (this.time.next()) continue;
      // What `watch` did may have its consequences still to come.
      await idle();
      if (isOver() || this.time.isEmpty) return;
    }
  }

  /** Runs the flow to its end, with a new host after each crash. */
  async run(): Promise<End> {
    for (;;) {
      const host = this.host();
      const prepared = await this.settle(host, host.engine!.prepare());
      if (prepared === undefined) continue;
      if ("error" in prepared) throw prepared.error;
      let thrown: unknown;
      // What has ended is not begun again.
      if (!final.has(host.engine!.storage.state)) {
        const ran = await this.settle(host, host.engine!.run());
        if (ran === undefined) continue;
        thrown = "error" in ran ? ran.error : undefined;
      }
      await this.rest();
      return endOf(host.engine!.storage, thrown);
    }
  }

  /** Lets everything come to rest and checks what must hold then. */
  async rest(): Promise<void> {
    await this.pass();
    this.witness.finish();
  }
}

export type Settled<Value> = { readonly value: Value } | { readonly error: unknown };

/** Lets every promise that can go on do so. */
const idle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function endOf(view: FlowView, thrown?: unknown): End {
  return {
    state: view.state,
    results: view.fetchAll(),
    atoms: Object.fromEntries(view.atoms().map(({ name, state }) => [name, state])),
    thrown: thrown === undefined ? undefined : textOf(thrown),
    reasons: reasonsOf(view),
  };
}

function reasonsOf(view: FlowView): string[] {
  const failures = view.atoms().flatMap(({ failure, revertFailure }) => [failure, revertFailure]);
  const texts = [view.reason, ...failures.map((failure) => failure?.message)];
  return texts.filter((text) => text !== undefined);
}

function textOf(thrown: unknown): string {
  if (thrown instanceof FlowError && thrown.errors.length > 0) {
    return `${thrown.message}: ${thrown.errors.map(({ message }) => message).join(", ")}`;
  }
  return thrown instanceof Error ? thrown.message : String(thrown);
}
