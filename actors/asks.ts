/** Asks users' deciders and retry controllers, and turns what they say into messages. */
import type { Clock, Random } from "../lib/clock.ts";
import type { Code } from "../lib/compile/compile.ts";
import { FlowError } from "../lib/errors.ts";
import { failureOf } from "../lib/failure.ts";
import { isActive } from "../lib/plan/due.ts";
import { withFault } from "../lib/plan/history.ts";
import { decisionHistory, inputsOf } from "../lib/plan/inputs.ts";
import type { SparseSet } from "../lib/plan/sparse.ts";
import type { FlowState, OpenQuestion } from "../lib/plan/state.ts";
import type { Depth, Log, TimedVerdict, Verdict } from "../lib/types.ts";
import type { Message } from "./messages.ts";

/** The flow that asks. */
export interface Asker {
  readonly state: FlowState;
  isOver(): boolean;
  post(message: Message): void;
}

export interface AskOptions {
  readonly code: Code;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Values go from task to task as they are: no checks, no copies. */
  readonly live: boolean;
}

const widest: readonly Depth[] = ["ALL", "FLOW", "NEIGHBORS", "ATOM"];

export class Asks {
  readonly #actor: Asker;
  readonly #options: AskOptions;
  /** Verdicts of deciders that take their time. */
  readonly #deciding = new Set<Promise<Message>>();
  #asked: OpenQuestion | undefined;

  constructor(actor: Asker, options: AskOptions) {
    this.#actor = actor;
    this.#options = options;
  }

  /** A decider takes its time: nothing else is folded before its verdict. */
  get isPending(): boolean {
    return this.#deciding.size > 0;
  }

  /** @param atoms - whose deciders are to be asked; emptied */
  ask(atoms: SparseSet): void {
    if (atoms.size > 0) {
      const all = [...atoms];
      atoms.clear();
      for (const atom of all) this.#decide(atom);
    }
    const { state } = this.#actor;
    const open = state.questions[0];
    if (open === undefined || open === this.#asked || !isActive(state) || state.halted) return;
    this.#asked = open;
    this.#question(open);
  }

  /** Verdicts that come from now on of what was asked before are dropped. */
  stopDeciding(): void {
    this.#deciding.clear();
  }

  /** The batch with what was answered was refused: the same question is asked once more. */
  again(): void {
    this.#asked = undefined;
  }

  #decide(atom: number): void {
    const { state } = this.#actor;
    const plans = state.blueprint.atoms[atom]?.deciders ?? [];
    const history = decisionHistory(state, atom, this.#options.live);
    const voters = plans.filter(({ from }) => from < 0 || state.stateOf(from) !== "IGNORE");
    const votes: (boolean | Promise<boolean>)[] = [];
    try {
      for (const { link } of voters)
        votes.push(this.#options.code.deciders[link]?.(history) ?? true);
    } catch (error) {
      // Nobody waits for the other votes any more; one that is refused must not count as unhandled.
      for (const vote of votes) if (isPromise(vote)) vote.catch(() => undefined);
      return this.#actor.post(deciderFailed(state.nameOf(atom), atom, error));
    }
    const verdict = (all: readonly boolean[]): Message => {
      const nays = voters.filter((_, at) => !all[at]).map(({ depth }) => depth);
      const depth = widest.find((candidate) => nays.includes(candidate));
      return depth === undefined
        ? { type: "decided", atom, runs: true }
        : { type: "decided", atom, runs: false, depth };
    };
    if (votes.every((vote) => !isPromise(vote))) {
      return this.#actor.post(verdict(votes as boolean[]));
    }
    const all = Promise.all(votes.map((vote) => Promise.resolve(vote)));
    const message = all.then(verdict, (error: unknown) =>
      deciderFailed(state.nameOf(atom), atom, error),
    );
    this.#deciding.add(message);
    void message.then((decided) => {
      if (this.#deciding.delete(message)) this.#actor.post(decided);
    });
  }

  #question(open: OpenQuestion): void {
    const { retry, atom, failure } = open;
    const answer = (given: Verdict | TimedVerdict): void => {
      const verdict = checked(given);
      // Asked again meanwhile, since its batch was refused: it is the new answer that counts.
      if (this.#asked === open) this.#actor.post({ type: "verdict", retry, atom, ...verdict });
    };
    const failed = (error: unknown): void => {
      const name = this.#actor.state.nameOf(retry);
      this.#options.log(
        `controller "${name}" failed to decide, which counts as REVERT: ${String(error)}`,
        { atom: name, error },
        "error",
      );
      answer("REVERT");
    };
    try {
      const given = this.#onFailure(retry, atom, failure);
      if (isPromise(given)) Promise.resolve(given).then(answer).catch(failed);
      else answer(given);
    } catch (error) {
      failed(error);
    }
  }

  #onFailure(
    retry: number,
    atom: number,
    failure: OpenQuestion["failure"],
  ): Verdict | TimedVerdict | Promise<Verdict | TimedVerdict> {
    const { state } = this.#actor;
    const { code, clock, random, live } = this.#options;
    const controller = code.atoms[retry];
    if (controller?.kind !== "retry") return "REVERT";
    const name = state.nameOf(atom);
    const firstStart = state.firstStarts.get(retry) ?? clock.now();
    return controller.onFailure(inputsOf(state, retry, "execute", live), {
      history: withFault(state.snapshotOf(retry).context.history ?? [], name, failure),
      atom: name,
      failure,
      elapsedMs: Math.max(0, clock.now() - firstStart),
      random,
    });
  }
}

const verdicts: readonly Verdict[] = ["RETRY", "REVERT", "REVERT_ALL"];

/** @throws TypeError for what is no verdict: it is typed as one, but it comes out of users' code */
function checked(given: Verdict | TimedVerdict): TimedVerdict {
  const { verdict, delayMs } =
    Object(given) === given ? (given as TimedVerdict) : { verdict: given as Verdict };
  if (!verdicts.includes(verdict)) throw new TypeError(`${String(verdict)} is no verdict`);
  if (delayMs === undefined) return { verdict };
  if (!Number.isFinite(delayMs)) throw new TypeError(`delayMs is ${String(delayMs)}`);
  return { verdict, delayMs };
}

const isPromise = <T>(value: T | Promise<T>): value is Promise<T> =>
  typeof value === "object" && value !== null && "then" in value;

function deciderFailed(name: string, atom: number, error: unknown): Message {
  const problem = error instanceof Error ? error.message : String(error);
  const failure = failureOf(
    new FlowError("DECIDER_FAILED", { atom: name, problem }, { cause: error }),
  );
  return { type: "decided", atom, runs: false, failure };
}
