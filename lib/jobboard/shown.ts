/** Jobs as they may be shown: many may read a board, and what is posted to it may repeat what a flow declares secret. */
import type { Edit } from "../plan/edit.ts";
import type { Batch } from "../plan/records.ts";
import type { Redactor } from "../redactor.ts";
import { type Learnt, learnBatches } from "../secrets.ts";
import type { Job, JobCommand } from "./jobboard.ts";

/** Whether there is anything in a job, besides its store, that may repeat a secret. */
export const holdsWords = ({ details, commands, reason, end, refusals }: Job): boolean =>
  Object.keys(details).length > 0 ||
  commands.some((one) => one.edit !== undefined || one.reason !== undefined) ||
  [reason, end?.failure, refusals].some((part) => part !== undefined);

/**
 * The job with a mark in place of each secret of its flow, as far as its journal tells which those are: the same object
 * when that declares none, or there is none.
 */
export function redactJob(job: Job, batches: readonly Batch[]): Job {
  const learnt = learnBatches(batches);
  if (learnt === undefined) return job;
  const { redactor } = learnt;
  redactor.learnEach(job.store);
  redactor.learnEach(job.details);
  for (const { edit } of job.commands) {
    if (edit?.kind === "complete") redactor.learnResult(learnt.providesOf(edit.atom), edit.value);
  }
  const { reason, end, refusals } = job;
  return {
    ...job,
    store: redactor.each(job.store),
    details: redactor.each(job.details),
    commands: job.commands.map((command) => ({ ...command, ...shown(command, learnt) })),
    ...(reason === undefined ? {} : { reason: redactor.text(reason) }),
    ...(end?.failure === undefined
      ? {}
      : { end: { ...end, failure: redactor.failure(end.failure) } }),
    ...(refusals === undefined
      ? {}
      : { refusals: refusals.map((one) => ({ ...one, why: redactor.text(one.why) })) }),
  };
}

function shown({ reason, edit }: JobCommand, learnt: Learnt): Partial<JobCommand> {
  return {
    ...(reason === undefined ? {} : { reason: learnt.redactor.text(reason) }),
    ...(edit === undefined ? {} : { edit: shownEdit(edit, learnt) }),
  };
}

function shownEdit(edit: Edit, { redactor, providesOf }: Learnt): Edit {
  const asked = { ...edit, ...asker(edit, redactor) };
  if (asked.kind === "fail") return { ...asked, message: redactor.text(asked.message) };
  if (asked.kind !== "complete") return asked;
  return { ...asked, value: redactor.result(providesOf(asked.atom), asked.value) };
}

const asker = ({ by, reason }: Edit, redactor: Redactor): Pick<Edit, "by" | "reason"> => ({
  ...(by === undefined ? {} : { by: redactor.text(by) }),
  ...(reason === undefined ? {} : { reason: redactor.text(reason) }),
});
