/** Random interventions into a flow's life. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { FlowError } from "../../lib/errors.ts";
import type { Host } from "./host.ts";
import { build, type FlowSpec } from "./random.ts";
import type { Fault } from "./store.ts";
import { World } from "./world.ts";

const kinds = ["crash", "freeze", "thaw", "abandon", "suspend", "cancel", "kill", "close"] as const;

interface Act {
  /** After so many events. */
  readonly at: number;
  readonly kind: (typeof kinds)[number];
}

export interface Plan {
  readonly acts: readonly Act[];
  readonly refusals: readonly {
    readonly at: number;
    readonly times: number;
    readonly full: boolean;
  }[];
  readonly concurrency: number;
  readonly async: boolean;
  /** What becomes of a flow that has ended: it is run, or reset and run, so many times. */
  readonly agains: readonly ("run" | "reset")[];
}

export const plans: fc.Arbitrary<Plan> = fc.record({
  acts: fc.array(fc.record({ at: fc.nat(80), kind: fc.constantFrom(...kinds) }), { maxLength: 6 }),
  refusals: fc.array(
    fc.record({
      at: fc.integer({ min: 1, max: 20 }),
      times: fc.integer({ min: 1, max: 3 }),
      full: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
  concurrency: fc.constantFrom(1, 2, 50),
  async: fc.boolean(),
  agains: fc.array(fc.constantFrom("run" as const, "reset" as const), { maxLength: 2 }),
});

/** Runs that one flow is given before it must have ended. */
const mostRuns = 40;

export class Swarm {
  readonly world: World;
  readonly #agains: ("run" | "reset")[];
  #host: Host;

  constructor(spec: FlowSpec, seed: number, { acts, refusals, agains, concurrency, async }: Plan) {
    const { flow, behaviour } = build(spec, seed);
    const faults = refusals.flatMap(({ at, times, full }) =>
      Array.from({ length: times }, (_, more): Fault => {
        return { at: at + more, refuse: full ? "JOURNAL_FULL" : "JOURNAL_UNAVAILABLE" };
      }),
    );
    this.world = new World(flow, {
      seed,
      concurrency,
      async,
      behaviour,
      faults: Array.from({ length: mostRuns }, () => faults),
      // Losses are another test's.
      options: { maxLost: 1_000 },
    });
    this.#agains = [...agains];
    const left = [...acts].sort((one, other) => one.at - other.at);
    this.world.watch = (events) => {
      while (left[0] !== undefined && left[0].at <= events) this.#act(left.shift()!.kind);
    };
    this.#host = this.world.host();
  }

  #act(kind: Act["kind"]): void {
    const { engine } = this.#host;
    assert(engine);
    switch (kind) {
      case "crash":
        return this.#host.die();
      case "freeze":
        return this.#host.freeze();
      case "thaw":
        for (const host of this.world.hosts) host.thaw();
        return;
      case "close":
        engine.close().catch((error: unknown) => {
          this.#host.fail(error);
        });
        return;
      case "abandon":
      case "suspend":
      case "cancel":
      case "kill":
        return engine[kind]();
    }
  }

  async live(): Promise<void> {
    for (let runs = 0; runs < mostRuns; runs++) {
      if (await this.#run()) break;
    }
    // Hosts that come back when all is over change nothing.
    for (const host of this.world.hosts) host.thaw();
    await this.world.rest();
    const { state } = this.world.witness;
    assert.match(state.flow.value, /SUCCESS|REVERTED|FAILURE/);
    for (const host of this.world.hosts) {
      for (const line of host.logged) assert.match(line, /refused a batch/);
    }
  }

  /** Whether the flow has ended and is left so. */
  async #run(): Promise<boolean> {
    const world = this.world;
    const host = this.#host;
    const { engine } = host;
    assert(engine);
    const prepared = await world.settle(host, engine.prepare());
    if (prepared === undefined) return this.#replace();
    if ("error" in prepared) return this.#failed(prepared.error);
    if (/SUCCESS|REVERTED|FAILURE/.test(engine.storage.state)) {
      const again = this.#agains.shift();
      if (again === undefined) return true;
      if (again === "reset") {
        const reset = await world.settle(host, engine.reset());
        if (reset === undefined) return this.#replace();
        if ("error" in reset) return this.#failed(reset.error);
      }
    }
    const ran = await world.settle(host, engine.run());
    if (ran === undefined) return this.#replace();
    if ("error" in ran) return this.#failed(ran.error);
    return false;
  }

  #replace(): boolean {
    this.#host = this.world.host();
    return false;
  }

  /** The flow failed, which is an end; or its engine did, and another one goes on. */
  #failed(error: unknown): boolean {
    const engines: readonly string[] = ["FENCED", "LEASE_LOST", "ENGINE_CLOSED"];
    if (error instanceof FlowError && engines.includes(error.code as string))
      return this.#replace();
    return false;
  }
}
