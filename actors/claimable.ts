/** What a conductor could claim, as far as it has heard: jobs of nobody and of the dead whose code it has. */
import type { GoneJob, Job } from "../lib/jobboard/jobboard.ts";
import { Backlog } from "./backlog.ts";

/** How many jobs whose code is another one, and how many dead owners, are remembered. */
const most = { misfits: 10_000, dead: 1_000 } as const;

export class Claimable {
  /** Hashes of the blueprints of its flows, by the flow's name. */
  readonly #hashes: ReadonlyMap<string, string>;
  readonly #backlog = new Backlog();
  /** Jobs of other owners, by owner. */
  readonly #owned = new Map<string, Map<string, Job>>();
  readonly #ownerOf = new Map<string, string>();
  readonly #dead = new Set<string>();
  readonly #misfits = new Set<string>();
  readonly #resting = new Set<string>();

  constructor(hashes: ReadonlyMap<string, string>) {
    this.#hashes = hashes;
  }

  get size(): number {
    return this.#backlog.size;
  }

  /** Jobs that are looked at again after a while. */
  get resting(): number {
    return this.#resting.size;
  }

  get owners(): Iterable<string> {
    return this.#owned.keys();
  }

  /** The oldest ones of the highest priority that has any. */
  first(count: number): Job[] {
    return this.#backlog.first(count);
  }

  /** A job as it is now, unless it is the conductor's own. */
  see(job: Job | GoneJob): void {
    this.forget(job.id);
    if ("gone" in job) return;
    if (job.state === "UNCLAIMED") this.#offer(job);
    else if (job.state === "CLAIMED" && job.owner !== undefined) this.#own(job, job.owner);
  }

  /** Not for now: it is somebody's, or about to be. */
  forget(id: string): void {
    this.#backlog.delete(id);
    const owner = this.#ownerOf.get(id);
    if (owner === undefined) return;
    this.#ownerOf.delete(id);
    const jobs = this.#owned.get(owner);
    jobs?.delete(id);
    if (jobs?.size === 0) this.#owned.delete(owner);
  }

  /** @returns how many jobs an owner leaves that is dead; undefined: that was known */
  bury(owner: string): number | undefined {
    const wasKnown = this.#dead.has(owner);
    this.#dead.add(owner);
    trim(this.#dead, most.dead);
    const jobs = [...(this.#owned.get(owner)?.values() ?? [])];
    for (const job of jobs) this.#offer(job);
    return wasKnown ? undefined : jobs.length;
  }

  /** Its flow was begun with other code than this: one that has that code goes on with it. */
  refuse(id: string): void {
    this.#misfits.add(id);
    trim(this.#misfits, most.misfits);
    this.#backlog.delete(id);
  }

  /** Keeps a job back until `wake`. */
  rest(id: string): void {
    this.#resting.add(id);
    this.#backlog.delete(id);
  }

  wake(id: string): void {
    this.#resting.delete(id);
  }

  #own(job: Job, owner: string): void {
    this.#ownerOf.set(job.id, owner);
    const jobs = this.#owned.get(owner) ?? new Map<string, Job>();
    this.#owned.set(owner, jobs.set(job.id, job));
    if (this.#dead.has(owner)) this.#offer(job);
  }

  #offer(job: Job): void {
    if (!job.isHeld && this.#fits(job)) this.#backlog.put(job);
  }

  /** The conductor has the code that the job needs. */
  #fits({ id, flow, blueprint }: Job): boolean {
    const hash = this.#hashes.get(flow);
    if (hash === undefined || this.#misfits.has(id) || this.#resting.has(id)) return false;
    return blueprint === undefined || blueprint.hash === hash;
  }
}

function trim(set: Set<string>, size: number): void {
  if (set.size > size) for (const oldest of [...set].slice(0, set.size - size)) set.delete(oldest);
}
