/** Jobs that could be claimed, by priority and age. */
import { type Job, priorities, type Priority } from "../lib/jobboard/jobboard.ts";

interface Level {
  jobs: Map<string, Job>;
  /** The map holds them in the order of their age. */
  isSorted: boolean;
  lastPostedAt: number;
}

export class Backlog {
  readonly #levels = new Map<Priority, Level>();
  readonly #priorityOf = new Map<string, Priority>();

  constructor() {
    for (const priority of priorities) {
      this.#levels.set(priority, { jobs: new Map(), isSorted: true, lastPostedAt: 0 });
    }
  }

  get size(): number {
    return this.#priorityOf.size;
  }

  put(job: Job): void {
    const level = this.#levelOf(job.priority);
    this.#priorityOf.set(job.id, job.priority);
    if (!level.jobs.has(job.id) && job.postedAt < level.lastPostedAt) level.isSorted = false;
    level.lastPostedAt = Math.max(level.lastPostedAt, job.postedAt);
    level.jobs.set(job.id, job);
  }

  delete(id: string): void {
    const priority = this.#priorityOf.get(id);
    if (priority === undefined) return;
    this.#priorityOf.delete(id);
    this.#levelOf(priority).jobs.delete(id);
  }

  /** The oldest of the highest priority that has any. */
  first(count: number): Job[] {
    for (const priority of priorities) {
      const level = this.#levelOf(priority);
      if (level.jobs.size === 0) continue;
      if (!level.isSorted) sort(level);
      const first: Job[] = [];
      for (const job of level.jobs.values()) {
        if (first.push(job) >= count) break;
      }
      return first;
    }
    return [];
  }

  #levelOf(priority: Priority): Level {
    return this.#levels.get(priority) as Level;
  }
}

function sort(level: Level): void {
  const jobs = [...level.jobs.values()].sort((a, b) => a.postedAt - b.postedAt);
  level.jobs = new Map(jobs.map((job) => [job.id, job]));
  level.isSorted = true;
}
