/** What became of the commands that were given on this page. */
import type { JobDocument } from "../documents.ts";

/** A command that was left on the jobboard. */
export interface Asked {
  /** Of the job's commands; null: it was so already, and nothing was left. */
  readonly number: number | null;
  /** What the person chose. */
  readonly what: string;
}

export interface Answer {
  /** `waits`: its owner, or its next one, has not taken it yet. */
  readonly kind: "waits" | "taken" | "refused";
  readonly sentence: string;
}

/** @param job - as it was last seen, maybe before the command was left; null: it is on the board no more */
export function answerTo({ number, what }: Asked, job: JobDocument | null): Answer {
  if (number === null) return { kind: "taken", sentence: `${what}: it is so already` };
  if (job === null) return { kind: "taken", sentence: `${what}: the job is forgotten meanwhile` };
  const refusal = job.refusals.find((one) => one.number === number);
  if (refusal !== undefined) {
    return { kind: "refused", sentence: `${what} was refused: ${refusal.why}` };
  }
  const isThere = job.commands.some((one) => one.number === number);
  if (!isThere && number <= job.commanded) {
    return { kind: "taken", sentence: `${what} was taken by its owner` };
  }
  const { owner, isHeld } = job;
  const none = isHeld ? ": it is held until somebody resumes it" : ": nobody has claimed it yet";
  const hearer = owner === null ? none : ` ${owner}`;
  return { kind: "waits", sentence: `${what} was left for its owner${hearer}` };
}
