/** Jobs as the command line shows them: with a mark in place of what their flows declare secret. */
import { FlowError } from "../errors.ts";
import type { Job } from "../jobboard/jobboard.ts";
import { holdsWords, redactJob } from "../jobboard/shown.ts";
import type { Places } from "./places.ts";

/** As far as this process may read the journal that says what is secret. */
export async function shownJob(places: Places, job: Job): Promise<Job> {
  if (!holdsWords(job)) return job;
  try {
    return redactJob(job, await (await places.journal()).read(job.id));
  } catch (error) {
    if (FlowError.is(error, "FORBIDDEN")) return job;
    throw error;
  }
}
