/** Flows as XState actors: started with `spawn`, followed with `subscribe`, `waitFor` and `toPromise`. */
import type { Snapshot } from "xstate";
import { FlowError } from "../lib/errors.ts";
import type { AtomSnapshot, FlowStateName } from "../lib/plan/states.ts";
import { redactSnapshot } from "../lib/secrets.ts";
import { systemClock } from "../lib/system.ts";
import type { LoadOptions, ResultsOf } from "../lib/typed/run.ts";
import type { Item, Provides } from "../lib/types.ts";
import { Engine } from "./engine.ts";
import type { EngineOptions, RunControls } from "./options.ts";
import { flowMachine } from "./flow.ts";
import { machines } from "./machines.ts";
import { ViewRef } from "./ref.ts";
import { retryMachine } from "./retry.ts";
import { System } from "./system.ts";
import { taskMachine } from "./task.ts";

/** What a flow actor shows: the snapshot of the flow's machine; done with the results, or in error with what failed. */
export type FlowActorSnapshot<Results = Record<string, unknown>> = Snapshot<Results> & {
  readonly value: FlowStateName;
  matches(state: FlowStateName): boolean;
};

/** What a flow actor takes. */
export type FlowCommand =
  | { readonly type: "suspend" }
  | { readonly type: "cancel"; readonly reason?: string }
  | { readonly type: "kill"; readonly reason?: string };

/** What an atom's actor shows: the snapshot of the task's or controller's machine. */
export type AtomActorSnapshot = Snapshot<unknown> & AtomSnapshot;

export interface SpawnOptions extends EngineOptions, RunControls {
  /** The system it lives in. Default: one for all flows of the process. */
  readonly system?: System;
}

let shared: System | undefined;

/** A flow that runs, as an XState `ActorRef`. */
export class FlowRef<Results = Record<string, unknown>> extends ViewRef<
  FlowActorSnapshot<Results>,
  FlowCommand
> {
  readonly engine: Engine;
  readonly #atoms = new Map<string, ViewRef<AtomActorSnapshot, FlowCommand>>();

  constructor(engine: Engine, system: System) {
    super({
      system,
      id: engine.id,
      src: flowMachine,
      snapshot: machines.flow.initial as FlowActorSnapshot<Results>,
      take: (command) => {
        this.#take(command);
      },
      shown: (part) => shownPart(engine, null, part),
    });
    this.engine = engine;
    engine.notifier.on("*", ({ snapshot }) => {
      this.publish(snapshot as FlowActorSnapshot<Results>);
    });
    engine.atomNotifier.on("*", ({ atom, snapshot }) => {
      this.#atoms.get(atom)?.publish(snapshot as AtomActorSnapshot);
    });
  }

  /**
   * The actor of one atom, made when it is first asked for. It lives as long as its flow's; commands sent to it are
   * commands to the flow.
   *
   * @throws FlowError `NOT_FOUND`
   */
  atom(name: string): ViewRef<AtomActorSnapshot, FlowCommand> {
    let ref = this.#atoms.get(name);
    if (ref === undefined) {
      const { kind, provides, snapshot } = this.engine.storage.atom(name);
      ref = new ViewRef<AtomActorSnapshot, FlowCommand>({
        system: this.system,
        parent: this,
        id: name,
        src: kind === "retry" ? retryMachine : taskMachine,
        snapshot: snapshot as AtomActorSnapshot,
        take: (command) => {
          this.#take(command);
        },
        shown: (part) => shownPart(this.engine, provides, part),
      });
      this.#atoms.set(name, ref);
    }
    return ref;
  }

  /** Runs the flow; the actor ends with the run. */
  async run(controls: RunControls): Promise<void> {
    try {
      const state = await this.engine.run(controls);
      if (state === "SUSPENDED") throw new FlowError("SUSPENDED", { flow: this.engine.name });
      this.complete(this.engine.storage.fetchAll() as Results);
    } catch (error) {
      this.fail(error);
    }
    for (const atom of this.#atoms.values()) atom.stop();
  }

  #take(command: FlowCommand): void {
    if (command.type === "suspend") this.engine.suspend();
    else if (command.type === "cancel") this.engine.cancel(command.reason);
    else this.engine.kill(command.reason);
  }
}

/** A snapshot of a flow, with its results, or of an atom, or an event of either: without secrets. */
function shownPart({ redactor }: Engine, provides: Provides, part: object): object {
  if (redactor === undefined) return part;
  if (!("status" in part)) return redactor.payload(part) as object;
  const { output, error, context } = part as Readonly<Record<string, unknown>>;
  const isAtom = typeof context === "object" && context !== null && "attempt" in context;
  return {
    ...(isAtom ? redactSnapshot(redactor, part as unknown as AtomSnapshot, provides) : part),
    ...(output === undefined ? {} : { output: redactor.each(output as Record<string, unknown>) }),
    ...(error === undefined ? {} : { error: redactor.thrown(error) }),
  };
}

/**
 * Starts a flow as an actor. `toPromise(ref)` gives its results or rejects with what failed; `waitFor(ref, (snapshot) =>
 * snapshot.matches("SUSPENDING"))` waits for a state. As with every XState actor, an end in error that nobody observes is
 * thrown outside of all actors.
 */
export function spawn<F extends Item>(
  flow: F,
  options: LoadOptions<F, SpawnOptions> = {},
): FlowRef<ResultsOf<F>> {
  const { system, signal, unpark = false, ...rest } = options as SpawnOptions;
  const engine = new Engine(flow, rest);
  engine.compile();
  const own = system ?? (rest.clock === undefined ? undefined : new System({ clock: rest.clock }));
  const ref = new FlowRef<ResultsOf<F>>(
    engine,
    own ?? (shared ??= new System({ clock: systemClock })),
  );
  void ref.run(signal === undefined ? { unpark } : { unpark, signal });
  return ref;
}
