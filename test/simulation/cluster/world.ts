/** A cluster in one thread: conductors, workers, their board and journal, and what is done to them. From one seed. */
import assert from "node:assert/strict";
import { open } from "../../../lib/jobboard/entry.ts";
import type { Job, Jobboard } from "../../../lib/jobboard/jobboard.ts";
import { nameIn, shelfOf } from "../../../lib/jobboard/store.ts";
import { drawn, seeded, Time } from "../time.ts";
import { Crew } from "./crew.ts";
import { JournalServer } from "./journal.ts";
import { boardOf, leaseMs } from "./members.ts";
import { Network } from "./network.ts";
import { Oracle } from "./oracle.ts";
import { draw, type Fault, type Plan } from "./plan.ts";
import type { Plant } from "./plants.ts";
import { Leader } from "./servers.ts";
import { StoreServer } from "./store.ts";
import { Trace } from "./trace.ts";

export interface Setup {
  readonly seed: number;
  /** Keeps the lines of the trace. */
  readonly isTold?: boolean;
  /** Default: nothing is wrong. */
  readonly plant?: Plant;
}

/** Virtual milliseconds that a cluster may take to come to rest when it is healed. */
const patienceMs = 60_000;

/** Virtual milliseconds between two looks whether it has. */
const lookMs = 50;

/** Events that one run may take at most: by far more than any needs. */
const mostEvents = 200_000;

export class ClusterWorld {
  readonly seed: number;
  readonly plan: Plan;
  readonly time = new Time();
  readonly trace: Trace;
  readonly oracle: Oracle;
  readonly network: Network;
  readonly store: StoreServer;
  readonly journal: JournalServer;
  readonly crew: Crew;
  readonly #plant: Plant;
  readonly #board: Jobboard;
  readonly #startedAt: number;
  #isHealed = false;
  events = 0;

  constructor({ seed, isTold = false, plant = {} }: Setup) {
    this.seed = seed;
    this.#plant = plant;
    const random = seeded(Math.floor(drawn(seed, "cluster") * 2 ** 32));
    this.plan = draw(random, plant.faults);
    this.trace = new Trace(this.time, isTold);
    this.oracle = new Oracle(this.trace, leaseMs, (name) => this.crew.wellForMs(name));
    this.network = new Network(this.time, random, this.trace, this.plan.weather);
    this.store = new StoreServer(new Leader(this.time, random, this.trace), this.oracle);
    this.journal = new JournalServer(
      new Leader(this.time, random, this.trace),
      (by, flow, batch, state) => {
        this.oracle.stored(by, flow, batch, state);
      },
    );
    this.#startedAt = this.time.now;
    const { plan, network, oracle, store, journal } = this;
    this.crew = new Crew({ seed, plan, plant, network, oracle, store, journal });
    this.#board = boardOf(this.crew.surround("client", "client"));
  }

  /** Runs it to its end. @returns the first violation */
  async run(): Promise<Error | undefined> {
    const undo = this.#plant.begin?.();
    const crashed = (error: unknown): void => {
      this.oracle.fail(error);
    };
    process.on("unhandledRejection", crashed);
    try {
      await this.#run();
      // Rejections that nobody took are told by then.
      await new Promise((resolve) => void setImmediate(resolve));
      return this.oracle.violation;
    } finally {
      process.off("unhandledRejection", crashed);
      undo?.();
    }
  }

  async #run(): Promise<void> {
    const { plan } = this;
    for (let at = 0; at < plan.conductors + plan.workers; at++) this.crew.start(at);
    plan.jobs.forEach(({ atMs, flow }, at) => {
      this.time.after(atMs, () => void this.#post(`job-${at}`, flow));
    });
    for (const { atMs, fault } of plan.faults) {
      this.time.after(atMs, () => {
        if (!this.#isHealed) this.#do(fault);
      });
    }
    const healAt = this.#startedAt + plan.healAtMs;
    await this.#pass(() => this.time.now >= healAt);
    this.#heal();
    let lookAt = 0;
    await this.#pass(() => {
      const { now } = this.time;
      if (now < lookAt) return false;
      lookAt = now + lookMs;
      return this.#isQuiet() || now > healAt + patienceMs;
    });
    // Who was superseded may still say something.
    const restAt = this.time.now + 1_500;
    if (this.oracle.violation === undefined) await this.#pass(() => this.time.now >= restAt);
    const jobs = this.jobs();
    this.oracle.check(() => {
      assert.equal(jobs.length, plan.jobs.length, "G6: jobs that were posted");
    });
    this.oracle.finish(jobs);
  }

  jobs(): Job[] {
    const all: Job[] = [];
    for (const [key, { value, revision }] of this.store.entries) {
      if (shelfOf(key) !== "jobs") continue;
      all.push({ ...(open(value, nameIn(key)) as Omit<Job, "revision">), revision });
    }
    return all;
  }

  /** Lets things happen until `isOver`. */
  async #pass(isOver: () => boolean): Promise<void> {
    for (;;) {
      await idle();
      if (this.oracle.violation !== undefined || isOver()) return;
      if (++this.events > mostEvents) {
        this.oracle.fail(new Error("this goes on for ever"));
        return;
      }
      if (!this.time.next()) return;
    }
  }

  #isQuiet(): boolean {
    const jobs = this.jobs();
    if (jobs.length < this.plan.jobs.length) return false;
    const isDone = jobs.every(
      ({ state, isHeld }) => state !== "CLAIMED" && (isHeld || state !== "UNCLAIMED"),
    );
    if (!isDone) return false;
    return this.crew.members.every((member) => {
      const { conductor, worker } = member ?? {};
      if (conductor !== undefined && conductor.statistics.running > 0) return false;
      return worker === undefined || worker.statistics.running === 0;
    });
  }

  #do(fault: Fault): void {
    const { crew } = this;
    const member = "of" in fault ? crew.members[fault.of] : undefined;
    if ("of" in fault && member === undefined) return;
    this.trace.add("fault", JSON.stringify(fault), member?.process.name ?? "");
    switch (fault.kind) {
      case "kill":
        return crew.kill(member!.process, fault.backMs);
      case "freeze":
        return crew.freeze(member!, fault.forMs);
      case "cut":
        member!.link.cut(fault.ways);
        this.time.after(fault.forMs, () => member!.link.heal());
        return;
      case "slow":
        member!.link.slow(fault.byMs);
        this.time.after(fault.forMs, () => member!.link.slow(0));
        return;
      case "route": {
        const to = crew.members[fault.to];
        if (to === undefined) return;
        this.network.slow(member!.link, to.link, fault.byMs);
        this.time.after(fault.forMs, () => this.network.slow(member!.link, to.link, 0));
        this.time.after(fault.thenMs, () => {
          if (fault.then === "close") crew.close(member!, 500);
          else if (fault.then === "kill") crew.kill(member!.process, 500);
        });
        return;
      }
      case "jump":
        member!.process.clock.skewMs += fault.byMs;
        return;
      case "close":
        return crew.close(member!, fault.backMs);
      case "leader":
        if (fault.which !== "journal") this.store.leader.lose(fault.forMs);
        if (fault.which !== "board") this.journal.leader.lose(fault.forMs);
        return;
      case "lag":
        this.store.lagMs = fault.lagMs;
        return;
      case "command":
        this.#board
          .command(`job-${fault.job}`, { kind: fault.command, reason: "somebody said so" })
          .catch(() => undefined);
    }
  }

  #heal(): void {
    this.#isHealed = true;
    this.trace.add("all is well");
    this.network.weather = { dropRate: 0, duplicateRate: 0, slowestMs: 2, patienceMs: 2_000 };
    this.store.leader.back();
    this.journal.leader.back();
    this.store.lagMs = 20;
    for (const link of this.network.links) link.heal();
    for (const member of this.crew.members) if (member !== undefined) this.crew.thaw(member);
  }

  async #post(id: string, flow: string): Promise<void> {
    for (;;) {
      try {
        await this.#board.post({ id, flow });
        return;
      } catch {
        await new Promise((resolve) => void this.time.after(100, () => resolve(0)));
      }
    }
  }
}

/** Lets every promise that can go on do so: a tick comes after all of them. */
const idle = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
