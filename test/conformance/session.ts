/** Takes the steps of a scenario, one after the other, and tells what was seen of each. */
import { isDeepStrictEqual } from "node:util";
import type { Engine } from "../../actors/engine.ts";
import type { EngineKind } from "../../actors/options.ts";
import { load, readFlow } from "../../actors/run.ts";
import { FlowError } from "../../lib/errors.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import type { FlowView } from "../../lib/plan/view.ts";
import type { World } from "./behave.ts";
import { build } from "./build.ts";
import type { Hosts } from "./hosts.ts";
import { launched } from "./launched.ts";
import { factsOf, symbolsOf, thrownOutcome } from "./observe.ts";
import {
  flowsOf,
  type Observed,
  type OptionsSpec,
  type Outcome,
  type RootSpec,
  type Scenario,
  type Step,
  type Trigger,
} from "./scenario.ts";

export interface Setup {
  readonly engine: EngineKind;
  /** The flow's name in the journal. */
  readonly id: string;
  /** Opens the store: once at first, and again for each engine after a crash or a `newEngine`. */
  readonly open: () => Journal;
  /** Of this case alone. */
  readonly world: World;
  /** Version of all its tasks. Default 1. */
  readonly version?: number;
  /** Where its tasks run, if not on the engine's event loop. */
  readonly hosts?: Hosts;
}

export class Session {
  readonly #scenario: Scenario;
  readonly #setup: Setup;
  readonly #world: World;
  /** The flow in force. */
  #flow: RootSpec;
  #options: OptionsSpec;
  #engine: Engine | undefined;
  #wasLoaded = false;
  #journal: Journal;
  #events: [atom: string, state: string][] = [];
  #flowEvents: string[] = [];
  #trigger: { readonly at: Trigger; readonly fire: () => void; left: number } | undefined;
  #isCrashed = false;
  /** How many calls there were before this step. */
  #calls = 0;
  #listenerFailed: { readonly error: unknown } | undefined;

  constructor(scenario: Scenario, setup: Setup) {
    this.#scenario = scenario;
    this.#setup = setup;
    this.#world = setup.world;
    this.#flow = scenario.flow;
    this.#options = scenario.engine?.options ?? {};
    this.#journal = setup.open();
  }

  async step(step: Step): Promise<Observed> {
    this.#events = [];
    this.#flowEvents = [];
    this.#trigger = undefined;
    this.#calls = this.#world.attempts.length;
    const [outcome, thrown] = await this.#take(step);
    if (this.#listenerFailed !== undefined) throw this.#listenerFailed.error;
    const seen = {
      outcome,
      flowTransitions: this.#flowEvents,
      events: this.#events,
      ...(thrown === undefined ? {} : { thrown }),
    };
    // Of a flow that can't be built there is no engine, and the case ends.
    if (outcome.phase === "build") return seen;
    return { ...seen, ...(await this.#facts()) };
  }

  /** Throws the engine away. */
  abandon(): void {
    this.#engine?.abandon();
    this.#engine = undefined;
  }

  async #take(step: Step): Promise<[Outcome, unknown?]> {
    switch (step.op) {
      case "newEngine":
        if (step.flow !== undefined) this.#change(step.flow);
        this.#options = step.options ?? this.#options;
        this.abandon();
        // A store opened anew has nothing but what was written: no memory of the last engine's.
        this.#journal = this.#setup.open();
        return this.#load(undefined);
      case "run": {
        if (this.#engine === undefined) {
          const built = await this.#load(this.#scenario.store);
          if (built[0].kind !== "ok") return built;
        }
        return this.#run(step);
      }
      case "reset":
        return this.#attempt("reset", () => this.#loaded.reset());
      case "suspend":
        return this.#attempt("suspend", () => {
          this.#loaded.suspend();
        });
    }
  }

  get #loaded(): Engine {
    if (this.#engine === undefined) throw new RangeError("the scenario has no engine at this step");
    return this.#engine;
  }

  #change(flow: RootSpec): void {
    this.#flow = flow;
    this.#world.flow = flowsOf(this.#scenario).indexOf(flow);
  }

  async #load(store: Scenario["store"]): Promise<[Outcome, unknown?]> {
    const { deferReverts = false, neverResolve = false } = this.#options;
    const { hosts, version } = this.#setup;
    const isFirst = !this.#wasLoaded;
    this.#wasLoaded = true;
    const engine = load(build(this.#flow, this.#world, version), {
      ...(await hosts?.reach(isFirst)),
      id: this.#setup.id,
      journal: this.#journal,
      // A parallel one has room for everything that is ready in any case by default.
      engine: this.#setup.engine,
      deferReverts,
      neverResolve,
      ...(store === undefined ? {} : { store }),
    });
    this.#engine = engine;
    this.#isCrashed = false;
    engine.notifier.on("*", ({ state }) => {
      if (!this.#isCrashed) this.#flowEvents.push(state);
    });
    engine.atomNotifier.on("*", ({ atom, state }) => {
      this.#see(atom, state);
    });
    engine.progressNotifier.on("*", ({ atom, fraction }) => {
      if (this.#isCrashed) return;
      const seen = this.#world.progress.get(atom) ?? [];
      this.#world.progress.set(atom, [...seen, fraction]);
    });
    try {
      engine.compile();
    } catch (error) {
      const outcome = thrownOutcome("compile", error, this.#world);
      // What is wrong with the whole is told when the engine compiles it, by the next run.
      if (outcome.phase === "build") return [outcome, error];
    }
    return [{ kind: "ok" }];
  }

  /** An atom was notified. What a listener throws would be dropped, so that it is kept here. */
  #see(atom: string, state: string): void {
    if (this.#isCrashed) return;
    this.#events.push([atom, state]);
    const trigger = this.#trigger;
    if (trigger === undefined || atom !== trigger.at.atom || state !== trigger.at.state) return;
    if (--trigger.left !== 0) return;
    try {
      trigger.fire();
    } catch (error) {
      this.#listenerFailed = { error };
    }
  }

  async #run(step: Step): Promise<[Outcome, unknown?]> {
    const engine = this.#loaded;
    const compiled = await this.#attempt("compile", () => {
      engine.compile();
    });
    if (compiled[0].kind !== "ok") return compiled;
    const prepared = await this.#attempt("prepare", () => engine.prepare());
    if (prepared[0].kind !== "ok") return prepared;
    const validated = await this.#attempt("validate", () => {
      engine.validate();
    });
    if (validated[0].kind !== "ok") return validated;
    const { suspendAt, crashAt } = step;
    const crash = new Promise<"crashed">((resolve) => {
      if (suspendAt !== undefined) {
        this.#arm(suspendAt, () => {
          engine.suspend();
        });
      }
      if (crashAt !== undefined) {
        this.#arm(crashAt, () => {
          this.#isCrashed = true;
          engine.abandon();
          resolve("crashed");
        });
      }
    });
    const ran = this.#attempt("run", async () => {
      await engine.run();
    });
    const end = await Promise.race([ran, crash]);
    // Whatever the dead engine still says of its run is heard by nobody.
    return this.#isCrashed || end === "crashed" ? this.#afterCrash() : end;
  }

  #arm(at: Trigger, fire: () => void): void {
    this.#trigger = { at, fire, left: at.nth ?? 1 };
  }

  async #afterCrash(): Promise<[Outcome]> {
    this.#engine = undefined;
    // What the dead process had in memory is gone: only what was written is looked at.
    this.#journal = this.#setup.open();
    if (this.#setup.hosts !== undefined) await this.#bury(this.#setup.hosts);
    return [{ kind: "crashed" }];
  }

  /**
   * The hosts die, too. In the cases what an engine has launched is called, and its outcome is lost;
   * here it may still be on its way to a host when that dies. It counts as called then.
   */
  async #bury(hosts: Hosts): Promise<void> {
    const attempts = await launched(this.#journal, this.#setup.id);
    await hosts.die(attempts.map(({ key }) => key));
    const called = new Set(this.#world.attempts.slice(this.#calls));
    for (const { task, direction, key } of attempts) {
      if (!called.has(key)) this.#world.count(direction, task, key);
    }
  }

  async #attempt(
    phase: NonNullable<Outcome["phase"]>,
    work: () => void | Promise<void>,
  ): Promise<[Outcome, unknown?]> {
    try {
      await work();
      return [{ kind: "ok" }];
    } catch (error) {
      return [thrownOutcome(phase, error, this.#world), error];
    }
  }

  /** What the journal holds; while there is an engine, it must show the same. */
  async #facts(): Promise<ReturnType<typeof factsOf>> {
    const symbols = symbolsOf(this.#flow, this.#scenario.store ?? {});
    const recorded = await this.#read();
    if (recorded === undefined) return { flowState: "PENDING", atoms: {}, results: {} };
    const facts = factsOf(recorded, this.#world, symbols);
    const live = this.#liveView();
    if (live === undefined) return facts;
    const shown = factsOf(live, this.#world, symbols);
    if (isDeepStrictEqual(shown, facts)) return facts;
    throw new Error(
      `the engine shows ${JSON.stringify(shown)}, its journal holds ${JSON.stringify(facts)}`,
    );
  }

  async #read(): Promise<FlowView | undefined> {
    try {
      return await readFlow(this.#journal, this.#setup.id);
    } catch (error) {
      if (FlowError.is(error, "NOT_FOUND")) return undefined;
      throw error;
    }
  }

  #liveView(): FlowView | undefined {
    try {
      const view = this.#engine?.storage;
      // Before `prepare` there is nothing to read.
      return view?.state === undefined ? undefined : view;
    } catch (error) {
      if (FlowError.is(error, "INVALID_STATE")) return undefined;
      throw error;
    }
  }
}
