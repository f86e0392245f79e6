/**
 * Presence from a thread of its own, so that a task that keeps the event loop busy doesn't count as a death.
 *
 * The thread has its own connection and repeats what the event loop last said, with `isStalled` while that one is
 * busy. It does so as long as the event loop ticks within `stallMs`: a process that hangs for good is let go.
 */
import { Worker } from "node:worker_threads";
import { mostTickMs, Pulse } from "../pulse.ts";
import type { Log } from "../types.ts";
import type { NatsOptions } from "./connect.ts";

export interface BeatOptions {
  /** How the thread connects. */
  readonly nats: Omit<NatsOptions, "clock" | "log">;
  /** Milliseconds between two beats: a quarter of the lease that they keep. */
  readonly everyMs: number;
  /** Milliseconds without a tick of the event loop after which the beats end. Default 30,000. */
  readonly stallMs?: number;
  readonly log: Log;
}

/** What the thread is started with. */
export interface BeatWork {
  readonly nats: BeatOptions["nats"];
  readonly everyMs: number;
  readonly stallMs: number;
  /** One number, which the event loop counts up. */
  readonly ticks: SharedArrayBuffer;
}

/** To the thread: what to repeat at an address from now on, in place of the last one of that key. */
export interface Said {
  readonly key: string;
  readonly address: string;
  readonly body: object;
}

/** From the thread: it is connected, or it can't be, and tries again. */
export type FromBeats =
  | { readonly kind: "connected" }
  | { readonly kind: "failed"; readonly problem: string };

const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
const entry = new URL(`./beat-thread${extension}`, import.meta.url);

export class Beats {
  readonly #options: BeatOptions;
  readonly #said = new Map<string, Said>();
  readonly #pulse: Pulse;
  #connected: () => void = () => undefined;
  #thread: Worker;
  #isClosed = false;

  private constructor(options: BeatOptions) {
    this.#options = options;
    this.#pulse = new Pulse(options.everyMs);
    this.#thread = this.#start();
  }

  /** Resolves when the thread is connected, however long that takes. Keeps no process alive. */
  static async start(options: BeatOptions): Promise<Beats> {
    const beats = new Beats(options);
    await new Promise<void>((resolve) => {
      beats.#connected = resolve;
    });
    return beats;
  }

  /**
   * What to repeat from now on; a later one of the same key takes its place.
   *
   * @param key - default: the address
   */
  say(address: string, body: object, key = address): void {
    const said: Said = { key, address, body };
    this.#said.set(key, said);
    this.#thread.postMessage(said);
  }

  /** No beat comes after it has resolved. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#pulse.stop();
    await this.#thread.terminate();
  }

  #start(): Worker {
    const { nats, everyMs, stallMs = 30_000, log } = this.#options;
    const workerData: BeatWork = { nats, everyMs, stallMs, ticks: this.#pulse.ticks };
    // None of this process's flags: what it preloads for its tasks has no business here.
    const thread = new Worker(entry, { name: "fourstroke-beats", workerData, execArgv: [] });
    thread.unref();
    thread.on("message", (message: FromBeats) => {
      if (message.kind === "connected") this.#connected();
      else log(`the thread that beats presence can't connect: ${message.problem}`, {}, "warn");
    });
    thread.on("error", (error) => {
      log(`the thread that beats presence died: ${String(error)}`, { error }, "error");
    });
    thread.on("exit", () => {
      if (!this.#isClosed) setTimeout(() => this.#restart(), mostTickMs).unref();
    });
    return thread;
  }

  #restart(): void {
    if (this.#isClosed) return;
    this.#thread = this.#start();
    for (const said of this.#said.values()) this.#thread.postMessage(said);
  }
}
