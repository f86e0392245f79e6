/** Where jobs and their flows' records are kept: files of a folder, or the servers that --nats names. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { FlowError } from "../errors.ts";
import type { Jobboard } from "../jobboard/jobboard.ts";
import type { Journal } from "../journal/journal.ts";
import type { NatsTransport } from "../nats/face.ts";
import type { Log } from "../types.ts";
import type { BoardPlace } from "../renewal/renewal.ts";
import { connect, type NatsChoice, type NatsSettings, natsSettings } from "./nats.ts";
import { findFlow, type Kept, openStore } from "./store.ts";

export interface PlacesOptions extends NatsChoice {
  /** Folder of both files; with `nats` it is not looked at. */
  readonly dir: string;
  /** What this process is to the server, as `nats.conf` names its roles. Default: what the verb needs. */
  readonly as?: string;
  /** On how many servers what is made here is kept. Default 1. */
  readonly replicas?: number;
  /** Streams that share the flows; the same for all who use them. Default 1. */
  readonly streams?: number;
  readonly durability?: "disk" | "process";
}

/** A connection, and how others get one like it. */
export interface Connected {
  readonly transport: NatsTransport;
  readonly settings: NatsSettings;
}

export interface PlacesNeeds {
  /** What this process is to the server. Default `client`. */
  readonly role?: string;
  /** A folder that is missing is made, instead of being an error. Default false. */
  readonly makes?: boolean;
  readonly log?: Log;
}

/** Each is opened when it is first asked for: most verbs need one of them only. */
export class Places implements AsyncDisposable {
  /** The connection to the server, if there is one. */
  readonly transport: NatsTransport | undefined;
  readonly #settings: NatsSettings | undefined;
  readonly #options: PlacesOptions;
  readonly #log: Log;
  readonly #isShared: boolean;
  #board: Promise<Jobboard> | undefined;
  #journal: Promise<Journal> | undefined;

  private constructor(
    options: PlacesOptions,
    connected: Connected | undefined,
    log: Log,
    isShared = false,
  ) {
    this.#options = options;
    this.transport = connected?.transport;
    this.#settings = connected?.settings;
    this.#log = log;
    this.#isShared = isShared;
  }

  /** @throws what keeps the server from being reached; `BOARD_UNAVAILABLE` when there is no such folder */
  static async open(options: PlacesOptions, needs: PlacesNeeds = {}): Promise<Places> {
    const { nats, dir, as } = options;
    const { role = "client", makes = false, log = () => undefined } = needs;
    if (nats !== undefined) {
      const settings = await natsSettings(
        { ...options, nats },
        { role: as ?? role, name: `fourstroke ${process.pid}` },
      );
      return new Places(options, { transport: await connect(settings, log), settings }, log);
    }
    if (!makes && !existsSync(dir)) {
      const problem = `there is no folder ${dir}; post a job first, or name another one with --dir, or a server with --nats`;
      throw new FlowError("BOARD_UNAVAILABLE", { problem });
    }
    return new Places(options, undefined, log);
  }

  /** On the servers that somebody is connected to already; that connection is left open. */
  static over(connected: Connected, options: PlacesOptions, log: Log): Places {
    return new Places(options, connected, log, true);
  }

  /** Where the board is, for another thread. */
  get place(): BoardPlace {
    const { dir, durability = "disk" } = this.#options;
    return this.#settings === undefined
      ? { kind: "sqlite", options: { dir: resolve(dir), durability } }
      : { kind: "nats", options: this.#settings };
  }

  board(): Promise<Jobboard> {
    return (this.#board ??= this.#openBoard());
  }

  journal(): Promise<Journal> {
    return (this.#journal ??= this.#openJournal());
  }

  /** What the journal has of a flow; undefined also for those who may not read journals, as clients. */
  async flow(id: string): Promise<Kept | undefined> {
    try {
      return await findFlow(await this.journal(), id);
    } catch (error) {
      if (FlowError.is(error, "FORBIDDEN")) return undefined;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const parts = await Promise.allSettled([this.#board, this.#journal]);
    for (const part of parts) if (part.status === "fulfilled") await part.value?.close();
    if (!this.#isShared) await this.transport?.[Symbol.asyncDispose]();
  }

  async #openBoard(): Promise<Jobboard> {
    const log = this.#log;
    const { replicas } = this.#options;
    const kept = replicas === undefined ? {} : { replicas };
    if (this.transport !== undefined) {
      return (await import("../nats/jobboard.ts")).natsJobboard(this.transport, { log, ...kept });
    }
    const { sqliteJobboard } = await import("../jobboard/sqlite.ts");
    const { dir, durability = "disk" } = this.#options;
    return sqliteJobboard({ dir: resolve(dir), durability, log });
  }

  async #openJournal(): Promise<Journal> {
    const { replicas, streams } = this.#options;
    const kept = replicas === undefined ? {} : { replicas };
    if (this.transport !== undefined) {
      return (await import("../nats/journal.ts")).natsJournal(this.transport, {
        ...kept,
        ...(streams === undefined ? {} : { streams }),
      });
    }
    return openStore(this.#options);
  }
}
