/** Watches a flow in its journal until it is at rest. */
import type { Job } from "../jobboard/jobboard.ts";
import type { FlowStateName } from "../plan/states.ts";
import { redact } from "../secrets.ts";
import type { Display } from "./display.ts";
import { displayFor } from "./displays.ts";
import { CliError } from "./exit.ts";
import { Following } from "./following.ts";
import { jobOf, type Opened } from "./opened.ts";
import type { Output } from "./output.ts";
import { goneOwner, livingOwner } from "./owner.ts";
import { Signals } from "./signals.ts";
import { readFlow } from "./store.ts";
import { oneLine } from "./text.ts";

/** Milliseconds between two looks, if one takes less than a tenth of that. */
const lookMs = 200;

/** So often a suspended flow is looked at again before that counts as its end. */
const looksAtRest = 3;

export interface Watched {
  /** Undefined: its job went to the trash before it had begun. */
  readonly following: Following | undefined;
  readonly job: Job | undefined;
}

/** It has ended, or waits for a person. */
export const isAtRest = (state: FlowStateName): boolean =>
  state === "SUCCESS" ||
  state === "REVERTED" ||
  state === "FAILURE" ||
  state === "SUSPENDED" ||
  state === "PARKED";

/** While a conductor may take it, a suspended flow goes on by itself. */
const isOpen = (job: Job): boolean =>
  (job.state === "UNCLAIMED" || job.state === "CLAIMED") && !job.isHeld;

/**
 * Shows a flow until it ends, rests, or its job is put away.
 *
 * @param resume - the command that goes on with it
 * @throws FlowError `NOT_FOUND` when there is no flow and no job of that id, or no flow any more
 *   CliError `INTERRUPTED`, `TERMINATED` on a signal
 */
export async function watchTree(
  opened: Opened,
  id: string,
  resume: string,
  output: Output,
): Promise<Watched> {
  const watch = new Watch(opened, id, resume, output);
  const signals = new Signals();
  try {
    return await Promise.race([watch.untilRest(), stopped(signals)]);
  } finally {
    signals.close();
    watch.close();
  }
}

async function stopped(signals: Signals): Promise<never> {
  const signal = await signals.next();
  const code = signal === "SIGINT" ? "INTERRUPTED" : "TERMINATED";
  throw new CliError(code, "no longer watched; the flow goes on without that", { signal });
}

class Watch {
  readonly #opened: Opened;
  readonly #id: string;
  readonly #resume: string;
  readonly #output: Output;
  #following: Following | undefined;
  #display: Display | undefined;
  #isDead = false;
  #isWaiting = false;
  #isClosed = false;
  /** Sequence at which it was found suspended, and how often it has been since. */
  #restedAt = 0;
  #rested = 0;

  constructor(opened: Opened, id: string, resume: string, output: Output) {
    this.#opened = opened;
    this.#id = id;
    this.#resume = resume;
    this.#output = output;
  }

  async untilRest(): Promise<Watched> {
    const { board } = this.#opened;
    while (!this.#isClosed) {
      const startedAt = performance.now();
      // The job first: what its conductor recorded before it gave the job back is read after.
      const job = await jobOf(board, this.#id);
      const isBegun = await this.#look(job);
      const mayGoOn = job !== undefined && isOpen(job);
      if (job?.state === "TRASHED" || (this.#rests() && !mayGoOn)) {
        if (this.#following !== undefined) this.#following.isStill = true;
        return { following: this.#following, job };
      }
      if (isBegun) this.#lookAfterOwner();
      await pause(Math.max(lookMs, (performance.now() - startedAt) * 9));
    }
    throw new CliError("STALLED", "it is not watched any more");
  }

  /** Whoever goes on with a flow finds it suspended, as it was left: only one that stays so is at rest. */
  #rests(): boolean {
    const following = this.#following;
    if (following === undefined || !isAtRest(following.storage.state)) return false;
    const { state, sequence } = following.storage;
    if (state !== "SUSPENDED") return true;
    if (sequence !== this.#restedAt || livingOwner(following.owner) !== undefined) {
      this.#restedAt = sequence;
      this.#rested = 0;
    }
    return this.#rested++ >= looksAtRest;
  }

  close(): void {
    this.#isClosed = true;
    this.#display?.end();
  }

  /** @returns whether there is something of it in the journal */
  async #look(job: Job | undefined): Promise<boolean> {
    const { journal } = this.#opened;
    const batches = redact(await journal.read(this.#id));
    if (this.#isClosed) return false;
    if (batches.length === 0) {
      if (job !== undefined && this.#following === undefined) this.#tellWaiting(job);
      else if (job === undefined) await readFlow(journal, this.#id); // throws
      return false;
    }
    const before = this.#following;
    if (before === undefined) {
      this.#following = Following.of(batches);
      await this.#show();
    } else {
      const { blueprint } = before;
      before.take(batches);
      if (before.blueprint !== blueprint) await this.#show();
    }
    return true;
  }

  /** Begins to show it, or begins anew: it has other tasks now. */
  async #show(): Promise<void> {
    const following = this.#following;
    if (following === undefined) return;
    this.#display?.end();
    this.#display = await displayFor(this.#output, note);
    this.#display.begin(following, following.blueprint, false);
    if (!this.#output.isScreen) following.tellPresent();
  }

  #tellWaiting({ flow, state }: Job): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    if (state === "TRASHED") return;
    this.#output.tell(`job "${oneLine(flow)}" has not begun: it is ${state}`);
  }

  /** Says once that the process is gone; the next owner goes on with what is recorded. */
  #lookAfterOwner(): void {
    const following = this.#following;
    if (following === undefined) return;
    const isDead = goneOwner(following.owner) && !isAtRest(following.storage.state);
    if (isDead === this.#isDead) return;
    this.#isDead = isDead;
    following.isStill = isDead;
    const gone = `its process is gone; go on with: ${this.#resume}`;
    const back = this.#output.isScreen ? note : "another process goes on with it";
    this.#display?.note(isDead ? gone : back);
  }
}

const note = "Ctrl-C ends the watch, not the flow";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
