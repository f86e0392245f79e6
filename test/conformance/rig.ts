/** The engines and journals that cases run on. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineKind } from "../../actors/options.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import { memoryJournal } from "../../lib/journal/memory.ts";
import { sqliteJournal } from "../../lib/journal/sqlite.ts";
import { natsJournal } from "../../lib/nats/journal.ts";
import { World } from "./behave.ts";
import type { CaseFile } from "./cases.ts";
import { Casework } from "./casework.ts";
import type { Hosts } from "./hosts.ts";
import { Nodes } from "./nodes.ts";
import { Pooled } from "./pooled.ts";
import type { Setup } from "./session.ts";
import { Store } from "./stored.ts";
import { turnsOf } from "./turns.ts";

export type JournalKind = "memory" | "sqlite" | "jetstream";

export interface RigOptions {
  readonly engine: EngineKind;
  readonly journal: JournalKind;
  /** 0, the default: every call of a task returns at once; else their durations are drawn from it. */
  readonly seed?: number;
  /** All cases that will be run on it, each once. */
  readonly files: readonly CaseFile[];
}

/** Where the cases of one run keep their flows. Each case has a flow of its own. */
export class Rig implements AsyncDisposable {
  readonly #options: RigOptions;
  readonly #turns: () => number;
  /** Of everything that is written. */
  readonly #folder = mkdtempSync(join(tmpdir(), "conformance-"));
  readonly #casework: Casework;
  readonly #memory: Journal | undefined;
  readonly #journals = join(this.#folder, "journals");
  #hosts: Promise<Hosts | undefined> | undefined;
  #store: Promise<Store | undefined> | undefined;

  constructor(options: RigOptions) {
    const { journal, files, seed = 0 } = options;
    this.#options = options;
    this.#turns = turnsOf(seed);
    this.#casework = new Casework(this.#folder);
    this.#casework.list(files.map(({ path }) => path));
    if (journal === "memory") this.#memory = memoryJournal();
    else mkdirSync(this.#journals);
  }

  /** Starts what tasks run on and flows are kept on, if that is not here. The first case does it otherwise. */
  async start(): Promise<void> {
    const isElsewhere = this.#options.journal === "jetstream";
    await (this.#store ??= isElsewhere ? Store.start(this.#folder) : Promise.resolve(undefined));
    await (this.#hosts ??= this.#start());
  }

  /** Lets `work` have what one case needs, and lets go of it afterwards. */
  async use<Result>({ path }: CaseFile, work: (setup: Setup) => Promise<Result>): Promise<Result> {
    await this.start();
    const store = await this.#store;
    const opened: Journal[] = [];
    const open = (): Journal => {
      if (this.#memory !== undefined) return this.#memory;
      const journal =
        store === undefined
          ? sqliteJournal({ dir: this.#journals, durability: "process" })
          : natsJournal(store.transport);
      opened.push(journal);
      return journal;
    };
    try {
      return await work(await this.#setup(path, open));
    } finally {
      for (const journal of opened) await journal.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const hosts = await this.#hosts?.catch(() => undefined);
    await hosts?.[Symbol.asyncDispose]();
    await this.#memory?.close();
    const store = await this.#store?.catch(() => undefined);
    await store?.[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true });
  }

  async #start(): Promise<Hosts | undefined> {
    const { engine, seed = 0 } = this.#options;
    switch (engine) {
      case "serial":
      case "parallel":
        return undefined;
      case "threads":
      case "processes":
        return Pooled.start(engine, this.#folder, seed);
      case "workers":
        return Nodes.start(this.#folder, seed);
    }
  }

  async #setup(path: string, open: () => Journal): Promise<Setup> {
    const { engine, files } = this.#options;
    const version = 1 + files.findIndex((file) => file.path === path);
    if (version === 0) throw new RangeError(`${path} is not among the cases of this rig`);
    const hosts = await this.#hosts;
    // Others write into the world only when tasks run elsewhere.
    const ledger = hosts === undefined ? undefined : this.#casework.ledger(version);
    const world = new World(this.#turns, ledger);
    const common = { engine, id: `case-${version}`, open, world };
    return hosts === undefined ? common : { ...common, version, hosts };
  }
}
