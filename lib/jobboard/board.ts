/** The one jobboard, over whatever store: reads an entry, asks the rules, writes by compare-and-set. */
import type { Clock, Random } from "../clock.ts";
import { FlowError } from "../errors.ts";
import { makeId } from "../ids.ts";
import type { Stop } from "../transport/transport.ts";
import type { Log } from "../types.ts";
import { open, seal } from "./entry.ts";
import type * as face from "./jobboard.ts";
import { Leases } from "./leases.ts";
import { page } from "./listing.ts";
import { Mirror } from "./mirror.ts";
import * as rules from "./rules.ts";
import { type BoardStore, type Change, jobKey, nameIn, type Stored } from "./store.ts";
import { untilEnded } from "./wait.ts";

export interface BoardOptions {
  readonly store: BoardStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Gets what a watcher throws and what can't be read. Default: nothing is logged. */
  readonly log?: Log;
}

/** How often an operation begins anew because others changed the job meanwhile. */
const mostTries = 64;

/** Milliseconds before an entry is read again that was the same after a conflict. */
const pauseMs = 50;

export class Board implements face.Jobboard {
  readonly #store: BoardStore;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #mirror: Mirror;
  readonly #leases: Leases;
  #isClosed = false;
  #closing: Promise<void> | undefined;

  constructor({ store, clock, random, log = () => undefined }: BoardOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
    this.#mirror = new Mirror(store);
    this.#leases = new Leases(store, makeId(clock, random));
  }

  async post(post: face.JobPost): Promise<face.Job> {
    this.#needOpen();
    const id = post.id ?? makeId(this.#clock, this.#random);
    const made = rules.posted(post, id, this.#clock.now());
    const bytes = seal(made);
    rules.assertFits(bytes);
    for (let tries = 0; tries < mostTries; tries++) {
      const revision = await this.#store.write(jobKey(id), bytes, 0);
      if (revision !== undefined) return jobOf({ value: bytes, revision }, id);
      const there = await this.get(id);
      if (there === undefined) continue;
      rules.assertSame(there, made);
      return there;
    }
    throw contended(id);
  }

  async get(id: string): Promise<face.Job | undefined> {
    this.#needOpen();
    rules.assertName("id", id);
    const stored = await this.#store.read(jobKey(id));
    return stored === undefined ? undefined : jobOf(stored, id);
  }

  async list(query: face.JobQuery = {}): Promise<readonly face.Job[]> {
    return page(await this.#all(), query);
  }

  async count(states?: readonly face.JobState[]): Promise<number> {
    const all = await this.#all();
    return states === undefined
      ? all.length
      : all.filter(({ state }) => states.includes(state)).length;
  }

  async owner(id: string): Promise<string | undefined> {
    const job = await this.get(id);
    if (job === undefined) throw missing(id);
    return job.owner;
  }

  async claim(id: string, who: string, options: face.ClaimOptions = {}): Promise<face.Job> {
    rules.assertName("who", who);
    return this.#change(id, rules.claim(who, options, this.#clock.now()));
  }

  async abandon(id: string, who: string, options: face.AbandonOptions = {}): Promise<face.Job> {
    rules.assertName("who", who);
    return this.#change(id, rules.abandon(who, options, this.#clock.now()));
  }

  async consume(id: string, who: string, end: face.JobEnd): Promise<face.Job> {
    rules.assertName("who", who);
    return this.#change(id, rules.consume(who, end, this.#clock.now()));
  }

  async trash(id: string, who: string, reason: string): Promise<face.Job> {
    rules.assertName("who", who);
    return this.#change(id, rules.trash(who, reason, this.#clock.now()));
  }

  async restore(id: string): Promise<face.Job> {
    return this.#change(id, rules.restore(this.#clock.now()));
  }

  async command(id: string, command: face.JobCommand): Promise<face.Job> {
    return this.#change(id, rules.command(command, this.#clock.now()));
  }

  async takeCommands(
    id: string,
    who: string,
    upTo = Infinity,
    refused: ReadonlyMap<number, string> = new Map(),
  ): Promise<readonly face.PendingCommand[]> {
    rules.assertName("who", who);
    let before: readonly face.PendingCommand[] = [];
    const rule = rules.takeCommands(who, upTo, refused, this.#clock.now());
    await this.#change(id, (entry, revision) => {
      before = entry.commands;
      return rule(entry, revision);
    });
    return before.filter(({ number }) => number <= upTo);
  }

  async wait(id: string, options: face.WaitOptions = {}): Promise<face.Job> {
    this.#needOpen();
    rules.assertName("id", id);
    const read = (change: Change): face.Job | undefined =>
      change.stored === undefined ? undefined : jobOf(change.stored, id);
    return untilEnded({ id, mirror: this.#mirror, clock: this.#clock, read }, options);
  }

  async watch(
    changed: (job: face.Job | face.GoneJob) => void,
    ended: (error: Error) => void = () => undefined,
  ): Promise<Stop> {
    this.#needOpen();
    const tell = ({ key, stored }: Change): void => {
      const id = nameIn(key);
      try {
        changed(stored === undefined ? { id, gone: true } : jobOf(stored, id));
      } catch (error) {
        this.#log("a change of a job could not be told", { job: id, error });
      }
    };
    const over = (error: Error): void => {
      if (this.#isClosed) return;
      this.#log("the jobboard can't be followed any more", { error });
      ended(error);
    };
    return this.#mirror.add({ changed: tell, ended: over });
  }

  async renew(lease: face.Lease): Promise<number> {
    this.#needOpen();
    return this.#leases.renew(lease);
  }

  async leases(): Promise<readonly face.HeldLease[]> {
    this.#needOpen();
    return this.#leases.all();
  }

  async dropLease(owner: string, revision: number): Promise<boolean> {
    this.#needOpen();
    return this.#leases.drop(owner, revision);
  }

  async purge({ endedBefore }: { readonly endedBefore: number }): Promise<number> {
    const old = (await this.#all()).filter(
      ({ state, updatedAt }) => state === "COMPLETE" && updatedAt < endedBefore,
    );
    const gone = await Promise.all(
      old.map(async ({ id, revision }) => this.#store.delete(jobKey(id), revision)),
    );
    await this.#store.sweep();
    return gone.filter(Boolean).length;
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#mirror.close(closed());
    await this.#store.close();
  }

  async #all(): Promise<face.Job[]> {
    this.#needOpen();
    const all = await this.#store.all("jobs");
    return Array.from(all, ([key, stored]) => jobOf(stored, nameIn(key)));
  }

  async #change(id: string, rule: rules.Rule): Promise<face.Job> {
    let refused = 0;
    for (let tries = 0; tries < mostTries; tries++) {
      const job = await this.get(id);
      if (job === undefined) throw missing(id);
      const { revision, ...entry } = job;
      // What answers is behind what refuses; in a moment it is not.
      if (revision === refused) await this.#pause();
      const next = rule(entry, revision);
      if (next === entry) return job;
      const value = seal(next);
      const written = await this.#store.write(jobKey(id), value, revision);
      if (written !== undefined) return jobOf({ value, revision: written }, id);
      refused = revision;
    }
    throw contended(id);
  }

  async #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.setTimeout(resolve, pauseMs);
    });
  }

  #needOpen(): void {
    if (this.#isClosed) throw closed();
  }
}

const jobOf = ({ value, revision }: Stored, id: string): face.Job => ({
  ...(open(value, id) as rules.Entry),
  revision,
});

const missing = (id: string): FlowError<"NOT_FOUND"> =>
  new FlowError("NOT_FOUND", { what: "job", name: id });

const contended = (id: string): FlowError<"BOARD_UNAVAILABLE"> =>
  new FlowError("BOARD_UNAVAILABLE", {
    problem: `others changed job "${id}" ${mostTries} times in a row`,
  });

const closed = (): FlowError<"BOARD_UNAVAILABLE"> =>
  new FlowError("BOARD_UNAVAILABLE", { problem: "it is closed" });
