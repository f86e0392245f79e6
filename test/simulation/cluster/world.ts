/** A cluster in one thread: conductors, workers, their board and journal, and what is done to them. From one seed. */
import assert from "node:assert/strict";
import { open } from "../../../lib/jobboard/entry.ts";
import type { Job, Jobboard } from "../../../lib/jobboard/jobboard.ts";
import { nameIn, shelfOf } from "../../../lib/jobboard/store.ts";
import type { Log } from "../../../lib/types.ts";
import { drawn, seeded, Time } from "../time.ts";
import { JournalServer } from "./journal.ts";
import { boardOf, conductorIn, leaseMs, type Member, type Surroundings, workerIn } from "./members.ts";
import { Network } from "./network.ts";
import { Oracle } from "./oracle.ts";
import { draw, type Fault, type Plan } from "./plan.ts";
import type { Plant } from "./plants.ts";
import { Process, type Role } from "./process.ts";
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
  readonly members: (Member | undefined)[] = [];
  readonly #plant: Plant;
  readonly #board: Jobboard;
  readonly #startedAt: number;
  #processes = 0;
  #isHealed = false;
  events = 0;

  constructor({ seed, isTold = false, plant = {} }: Setup) {
    this.seed = seed;
    this.#plant = plant;
    const random = seeded(Math.floor(drawn(seed, "cluster") * 2 ** 32));
    this.plan = draw(random, plant.faults);
    this.trace = new Trace(this.time, isTold);
    this.oracle = new Oracle(this.trace, leaseMs);
    this.network = new Network(this.time, random, this.trace, this.plan.weather);
    this.store = new StoreServer(new Leader(this.time, random, this.trace), this.oracle);
    this.journal = new JournalServer(
      new Leader(this.time, random, this.trace),
      (by, flow, batch, state) => {
        this.oracle.stored(by, flow, batch, state);
      },
    );
    this.#startedAt = this.time.now;
    this.#board = boardOf(this.#surround("client", "client"));
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
    for (let at = 0; at < plan.conductors + plan.workers; at++) this.#start(at);
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
    const isDone = jobs.every(({ state, isHeld }) => state !== "CLAIMED" && (isHeld || state !== "UNCLAIMED"));
    if (!isDone) return false;
    return this.members.every((member) => {
      const { conductor, worker } = member ?? {};
      if (conductor !== undefined && conductor.statistics.running > 0) return false;
      return worker === undefined || worker.statistics.running === 0;
    });
  }

  #surround(name: string, role: Role): Surroundings {
    const { time, oracle, plan, seed } = this;
    const random = seeded(Math.floor(drawn(seed, name) * 2 ** 32));
    const broken = (error: unknown): void => {
      oracle.fail(error);
    };
    const process = new Process(name, role, { time, random, broken });
    const link = this.network.join(process);
    const log: Log = (message) => {
      this.trace.add(name, "says:", message);
      if (message.startsWith("the lease is lost")) this.#out(process);
    };
    const behaviour = { seed, failRate: plan.failRate, slowRate: plan.slowRate };
    const plant = role === "client" ? {} : this.#plant;
    const [realStore, realJournal] = [this.store.store(link), this.journal.journal(link)];
    const store = plant.store?.(realStore, process, this.store) ?? realStore;
    const journal = plant.journal?.(realJournal, process, this.journal) ?? realJournal;
    const clock = plant.clock?.(process) ?? process.clock;
    return { plan, behaviour, link, oracle, store, journal, log, clock, plant };
  }

  #start(at: number): void {
    const isWorker = at >= this.plan.conductors;
    const role = isWorker ? "worker" : "conductor";
    const surroundings = this.#surround(`${role}-${at}-${++this.#processes}`, role);
    const { link } = surroundings;
    const { process } = link;
    this.trace.add(process.name, "starts");
    if (isWorker) {
      const worker = workerIn(surroundings);
      this.members[at] = { process, link, worker };
      void worker.start();
      return;
    }
    const conductor = conductorIn(surroundings);
    this.members[at] = { process, link, conductor };
    conductor.notifier.on("*", ({ kind, job, from, problem }) => {
      const why = problem instanceof Error ? [problem.message] : [];
      this.trace.add(process.name, kind, job.id, ...(from === undefined ? [] : ["from", from]), ...why);
    });
    conductor.start().catch((error: unknown) => {
      this.trace.add(process.name, "does not start:", String(error));
      this.#kill(process, 100);
    });
  }

  /** A conductor that lost its lease ends by itself, and is started anew. */
  #out(process: Process): void {
    const member = this.members.find((one) => one?.process === process);
    void member?.conductor?.close().then(() => {
      this.#kill(process, 50);
    });
  }

  #kill(process: Process, backMs: number): void {
    const at = this.members.findIndex((one) => one?.process === process);
    const member = this.members[at];
    if (member === undefined) return;
    this.trace.add(process.name, "is gone");
    this.members[at] = undefined;
    process.kill();
    const { time, random } = this.network;
    // The end of a process is heard of at once, the end of its host only by its silence.
    time.after(random() < 0.7 ? random() * 10 : 2_000, () => void member.link.forget());
    time.after(backMs, () => void this.#start(at));
  }

  #do(fault: Fault): void {
    const member = "of" in fault ? this.members[fault.of] : undefined;
    if ("of" in fault && member === undefined) return;
    this.trace.add("fault", JSON.stringify(fault), member?.process.name ?? "");
    switch (fault.kind) {
      case "kill":
        return this.#kill(member!.process, fault.backMs);
      case "freeze":
        return this.#freeze(member!, fault.forMs);
      case "cut":
        member!.link.cut(fault.ways);
        this.time.after(fault.forMs, () => void member!.link.heal());
        return;
      case "slow":
        member!.link.slowMs = fault.byMs;
        this.time.after(fault.forMs, () => void (member!.link.slowMs = 0));
        return;
      case "route": {
        const to = this.members[fault.to];
        if (to === undefined) return;
        this.network.slow(member!.link, to.link, fault.byMs);
        this.time.after(fault.forMs, () => void this.network.slow(member!.link, to.link, 0));
        this.time.after(fault.thenMs, () => {
          if (fault.then === "close") this.#close(member!, 500);
          else if (fault.then === "kill") this.#kill(member!.process, 500);
        });
        return;
      }
      case "jump":
        member!.process.clock.skewMs += fault.byMs;
        return;
      case "close":
        return this.#close(member!, fault.backMs);
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

  #freeze({ process, link }: Member, forMs: number): void {
    process.freeze();
    link.trouble();
    this.time.after(forMs, () => {
      this.#thaw({ process, link });
    });
  }

  #thaw({ process, link }: Member): void {
    if (!process.isFrozen || !process.isAlive) return;
    this.trace.add(process.name, "goes on");
    process.thaw();
    link.thawed();
  }

  #close({ process, conductor, worker }: Member, backMs: number): void {
    process.deliver(() => {
      const closing = conductor?.close(500) ?? worker?.drain(500);
      void closing?.then(() => {
        worker?.close();
        // What it says last is on its way.
        this.time.after(50, () => void this.#kill(process, backMs));
      });
    });
  }

  #heal(): void {
    this.#isHealed = true;
    this.trace.add("all is well");
    this.network.weather = { dropRate: 0, duplicateRate: 0, slowestMs: 2, patienceMs: 2_000 };
    this.store.leader.back();
    this.journal.leader.back();
    this.store.lagMs = 20;
    for (const link of this.network.links) link.heal();
    for (const member of this.members) if (member !== undefined) this.#thaw(member);
  }

  async #post(id: string, flow: string): Promise<void> {
    for (;;) {
      try {
        await this.#board.post({ id, flow });
        return;
      } catch {
        await new Promise((resolve) => void this.time.after(100, () => void resolve(0)));
      }
    }
  }
}

/** Lets every promise that can go on do so: a tick comes after all of them. */
const idle = (): Promise<void> => new Promise((resolve) => void process.nextTick(resolve));
