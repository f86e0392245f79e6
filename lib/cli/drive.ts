/** Runs an engine to the end of its run, with a display, and with signals that suspend it. */
import type { Engine } from "../../actors/engine.ts";
import type { RunControls } from "../../actors/options.ts";
import { FlowError } from "../errors.ts";
import { errorOf } from "../failure.ts";
import type { FlowStateName } from "../plan/states.ts";
import type { Blueprint } from "../compile/blueprint.ts";
import type { Display } from "./display.ts";
import { CliError, hinted, isFlowError } from "./exit.ts";

export interface Drive {
  readonly engine: Engine;
  readonly blueprint: Blueprint;
  readonly display: Display;
  /** It goes on from a journal, and is prepared. */
  readonly resumes: boolean;
  /** The command that goes on with the flow once it is suspended. */
  readonly resume: string;
  readonly controls?: RunControls;
}

/**
 * @returns the state in which the run ended
 * @throws what kept it from running to an end: the journal's errors, a flow that isn't complete, a second signal
 */
export async function drive(driven: Drive): Promise<FlowStateName> {
  const { engine, blueprint, display, resumes, controls } = driven;
  display.begin(engine, blueprint, !resumes);
  const watch = new Watch(driven);
  try {
    return await Promise.race([engine.run(controls), watch.stopped]);
  } catch (error) {
    const state = error instanceof CliError ? undefined : endOf(engine);
    if (state !== undefined && !isTrouble(engine, error)) return state;
    throw engine.redactor?.thrown(error) ?? error;
  } finally {
    watch.close();
    display.end();
  }
}

/** Signals, and the end of all that could be waited for. */
class Watch {
  /** Rejects when the run must be left as it is. */
  readonly stopped: Promise<never>;
  readonly #driven: Drive;
  #stop: (reason: Error) => void = () => undefined;
  #suspends = false;

  constructor(driven: Drive) {
    this.#driven = driven;
    this.stopped = new Promise((_, reject) => {
      this.#stop = reject;
    });
    process.on("SIGINT", this.#onSignal);
    process.on("SIGTERM", this.#onSignal);
    // First of all listeners: this one knows more than the others do.
    process.prependListener("beforeExit", this.#onDry);
  }

  close(): void {
    process.off("SIGINT", this.#onSignal);
    process.off("SIGTERM", this.#onSignal);
    process.off("beforeExit", this.#onDry);
  }

  /** The first suspends; the second stops at once, as a crash would: what was recorded stays. */
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    const { engine, display, resume } = this.#driven;
    if (!this.#suspends) {
      this.#suspends = true;
      engine.suspend();
      return display.note("suspending: what runs may finish; Ctrl-C again stops at once");
    }
    const code = signal === "SIGINT" ? "INTERRUPTED" : "TERMINATED";
    const about = { flow: engine.id, signal };
    this.#stop(hinted(new CliError(code, "stopped at once", about), `go on with: ${resume}`));
    engine.abandon();
  };

  /** Node would leave without a word, and with 0. */
  readonly #onDry = (): void => {
    const { engine, resume } = this.#driven;
    const atoms = engine.storage
      .atoms()
      .filter(({ state }) => state === "RUNNING" || state === "REVERTING")
      .map(({ name }) => name);
    const names = atoms.map((name) => `"${name}"`).join(", ");
    const error = new CliError("STALLED", `nothing is left that could finish ${names}`, { atoms });
    this.#stop(hinted(error, `go on with: ${resume}`));
  };
}

/** How the run ended; undefined if it didn't. */
function endOf(engine: Engine): FlowStateName | undefined {
  try {
    const { state } = engine.storage;
    return state === "REVERTED" || state === "FAILURE" || state === "PARKED" ? state : undefined;
  } catch (error) {
    if (FlowError.is(error, "INVALID_STATE")) return undefined; // it was never begun
    throw error;
  }
}

/** The engine's own trouble; a task may have failed with such an error too, then the flow has ended by it. */
function isTrouble({ storage }: Engine, error: unknown): boolean {
  if (!isFlowError(error)) return false;
  const { code } = error;
  const own =
    code.startsWith("JOURNAL_") ||
    code === "FENCED" ||
    code === "LEASE_LOST" ||
    code === "ENGINE_CLOSED";
  if (!own) return false;
  const failures = storage
    .atoms()
    .flatMap(({ failure, revertFailure }) => [failure, revertFailure]);
  return !failures.some((failure) => failure !== undefined && errorOf(failure) === error);
}
