/** Attempts that wait for workers, first in, first out for each task. */
import type { KnownWorker } from "./fleet.ts";
import type { Job } from "./job.ts";

export class JobQueue {
  /** In the order they came in. */
  readonly #jobs = new Set<Job>();
  /** By task: how many wait. */
  readonly #counts = new Map<string, number>();
  get size(): number {
    return this.#jobs.size;
  }

  add(job: Job): void {
    if (this.#jobs.has(job)) return;
    this.#jobs.add(job);
    this.#counts.set(job.task, (this.#counts.get(job.task) ?? 0) + 1);
  }

  delete(job: Job): void {
    if (!this.#jobs.delete(job)) return;
    const left = (this.#counts.get(job.task) ?? 1) - 1;
    if (left === 0) this.#counts.delete(job.task);
    else this.#counts.set(job.task, left);
  }

  /** How many of those that wait the worker serves: counted up to `most`, default all. */
  countFor(worker: KnownWorker, most = Number.POSITIVE_INFINITY): number {
    if (worker.isDraining || this.#jobs.size === 0) return 0;
    let count = 0;
    const [few, many] = [this.#counts, worker.tasks];
    if (few.size <= many.size) {
      for (const [task, waiting] of few) {
        if (many.has(task)) count += waiting;
        if (count >= most) return most;
      }
    } else {
      for (const task of many) {
        count += few.get(task) ?? 0;
        if (count >= most) return most;
      }
    }
    return count;
  }

  /** Takes up to so many that the worker may be sent. */
  takeFor(worker: KnownWorker, most: number): Job[] {
    const taken: Job[] = [];
    if (worker.isDraining || this.countFor(worker, 1) === 0) return taken;
    // Who has one for itself gets nothing else.
    for (const held of worker.jobs.values()) if (held.call.alone) return taken;
    for (const job of this.#jobs) {
      if (taken.length >= most) break;
      if (!worker.tasks.has(job.task)) continue;
      if (job.call.alone) {
        if (worker.jobs.size > 0 || taken.length > 0) continue;
        this.delete(job);
        return [job];
      }
      this.delete(job);
      taken.push(job);
    }
    return taken;
  }
}
