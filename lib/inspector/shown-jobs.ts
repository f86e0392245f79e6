/** Jobs as the page may show them: with a mark in place of what their flows declare secret. */
import type { Job } from "../jobboard/jobboard.ts";
import { redactJob } from "../jobboard/shown.ts";
import type { Journal } from "../journal/journal.ts";

/** Jobs that are kept as they were shown. */
const mostKept = 1_000;

export class ShownJobs {
  readonly #journal: Journal;
  /** A page asks for the same jobs again and again, and it takes reading their journals. */
  readonly #kept = new Map<string, Job>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** @throws what the journal does */
  async job(job: Job): Promise<Job> {
    const { id, revision, state, reason, refusals } = job;
    // A page gets no other words of a job.
    if (reason === undefined && refusals === undefined) return job;
    const kept = this.#kept.get(id);
    if (kept?.revision === revision) return kept;
    const shown = redactJob(job, await this.#journal.read(id));
    // Of what still goes on, the journal may tell more secrets later.
    if (state !== "COMPLETE" && state !== "TRASHED") return shown;
    this.#kept.delete(id);
    this.#kept.set(id, shown);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= mostKept) break;
      this.#kept.delete(oldest);
    }
    return shown;
  }
}
