/** What the owner of a job makes of a command. It answers at once, or not soon: so it is waited for a moment. */
import { setTimeout as pause } from "node:timers/promises";
import type { CommandKind, Job, Jobboard, Refusal } from "../jobboard/jobboard.ts";

/** Milliseconds to wait for an owner; milliseconds between two looks at the job. */
const times = { patience: 3_000, look: 50 } as const;

export interface Answer {
  /** As it was last seen. */
  readonly job: Job;
  /** Its owner has recorded it, or refused it. */
  readonly isTaken: boolean;
  /** Why it was not carried out. */
  readonly refusal: Refusal | undefined;
}

/** @param asked - as it was right after the command was left */
export async function answerTo(board: Jobboard, asked: Job, kind: CommandKind): Promise<Answer> {
  const last = asked.commands.at(-1);
  // It is so already.
  if (last?.kind !== kind) return { job: asked, isTaken: false, refusal: undefined };
  const { number } = last;
  const waits = await isHeard(board, asked);
  const startedAt = performance.now();
  for (let job = asked; ; ) {
    const isTaken = !job.commands.some((one) => one.number === number);
    const refusal = job.refusals?.find((one) => one.number === number);
    const isOver = !waits || performance.now() - startedAt > times.patience;
    if (isTaken || isOver) return { job, isTaken, refusal };
    await pause(times.look);
    const now = await board.get(asked.id);
    if (now === undefined) return { job, isTaken, refusal };
    job = now;
  }
}

/** Whether somebody is there who may answer. */
const isHeard = async (board: Jobboard, { owner, isHeld }: Job): Promise<boolean> =>
  owner !== undefined || (!isHeld && (await board.leases()).length > 0);
