/** The processes of a simulated cluster: they are started, killed, frozen and told to close; who is gone comes back. */
import type { Log } from "../../../lib/types.ts";
import { drawn, seeded } from "../time.ts";
import type { JournalServer } from "./journal.ts";
import { conductorIn, type Member, type Surroundings, workerIn } from "./members.ts";
import type { Network } from "./network.ts";
import type { Oracle } from "./oracle.ts";
import type { Plan } from "./plan.ts";
import type { Plant } from "./plants.ts";
import { Process, type Role } from "./process.ts";
import type { StoreServer } from "./store.ts";

export interface CrewOptions {
  readonly seed: number;
  readonly plan: Plan;
  readonly plant: Plant;
  readonly network: Network;
  readonly oracle: Oracle;
  readonly store: StoreServer;
  readonly journal: JournalServer;
}

export class Crew {
  /** By their places in the plan, conductors first; undefined while one is gone. */
  readonly members: (Member | undefined)[] = [];
  readonly #options: CrewOptions;
  #processes = 0;

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  /** For how long nothing has kept a process from being heard. */
  wellForMs(name: string): number {
    const link = this.members.find((one) => one?.process.name === name)?.link;
    // Where messages get lost by chance, renewals do.
    return link === undefined || this.#options.network.weather.dropRate > 0 ? 0 : link.wellForMs;
  }

  surround(name: string, role: Role): Surroundings {
    const { oracle, plan, seed, network, plant: planted } = this.#options;
    const { time, trace } = network;
    const random = seeded(Math.floor(drawn(seed, name) * 2 ** 32));
    const broken = (error: unknown): void => {
      oracle.fail(error);
    };
    const process = new Process(name, role, { time, random, broken });
    const link = network.join(process);
    const log: Log = (message) => {
      trace.add(name, "says:", message);
      if (message.startsWith("the lease is lost")) this.#out(process);
    };
    const behaviour = { seed, failRate: plan.failRate, slowRate: plan.slowRate };
    const plant = role === "client" ? {} : planted;
    const [realStore, realJournal] = [
      this.#options.store.store(link),
      this.#options.journal.journal(link),
    ];
    const store = plant.store?.(realStore, process, this.#options.store) ?? realStore;
    const journal = plant.journal?.(realJournal, process, this.#options.journal) ?? realJournal;
    const clock = plant.clock?.(process) ?? process.clock;
    return { plan, behaviour, link, oracle, store, journal, log, clock, plant };
  }

  start(at: number): void {
    const { plan, network } = this.#options;
    const { trace } = network;
    const isWorker = at >= plan.conductors;
    const role = isWorker ? "worker" : "conductor";
    const surroundings = this.surround(`${role}-${at}-${++this.#processes}`, role);
    const { link } = surroundings;
    const { process } = link;
    trace.add(process.name, "starts");
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
      trace.add(process.name, kind, job.id, ...(from === undefined ? [] : ["from", from]), ...why);
    });
    conductor.start().catch((error: unknown) => {
      trace.add(process.name, "does not start:", String(error));
      this.kill(process, 100);
    });
  }

  /** A conductor that lost its lease ends by itself, and is started anew. */
  #out(process: Process): void {
    const member = this.members.find((one) => one?.process === process);
    void member?.conductor?.close().then(() => {
      this.kill(process, 50);
    });
  }

  kill(process: Process, backMs: number): void {
    const at = this.members.findIndex((one) => one?.process === process);
    const member = this.members[at];
    if (member === undefined) return;
    const { time, random, trace } = this.#options.network;
    trace.add(process.name, "is gone");
    this.members[at] = undefined;
    process.kill();
    // The end of a process is heard of at once, the end of its host only by its silence.
    time.after(random() < 0.7 ? random() * 10 : 2_000, () => member.link.forget());
    time.after(backMs, () => this.start(at));
  }

  freeze({ process, link }: Member, forMs: number): void {
    process.freeze();
    link.trouble();
    this.#options.network.time.after(forMs, () => {
      this.thaw({ process, link });
    });
  }

  thaw({ process, link }: Member): void {
    if (!process.isFrozen || !process.isAlive) return;
    this.#options.network.trace.add(process.name, "goes on");
    process.thaw();
    link.thawed();
  }

  close({ process, conductor, worker }: Member, backMs: number): void {
    process.deliver(() => {
      const closing = conductor?.close(500) ?? worker?.drain(500);
      void closing?.then(() => {
        worker?.close();
        // What it says last is on its way.
        this.#options.network.time.after(50, () => this.kill(process, backMs));
      });
    });
  }
}
