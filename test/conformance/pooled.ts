/** Hosts that are threads or child processes. */
import { Pool, type PoolKind } from "../../lib/executor/pool/pool.ts";
import { anyPresence, type Presence } from "../../lib/executor/protocol.ts";
import { type Hosts, holders, type Reach } from "./hosts.ts";

/** A parallel engine needs at least 6. */
const size = 6;

/** What a parallel engine has by default: all that is ready in a case starts, and may wait for a host. */
const concurrency = 100;

export class Pooled implements Hosts {
  readonly #pool: Pool;
  /** Those that have said that they are there. */
  readonly #workers = new Set<string>();

  private constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** @param folder - see `Casework` */
  static async start(kind: PoolKind, folder: string, seed: number): Promise<Pooled> {
    const module = new URL("hosted.js", import.meta.url);
    module.searchParams.set("folder", folder);
    module.searchParams.set("seed", String(seed));
    const pool = new Pool({ kind, modules: [module], size });
    const pooled = new Pooled(pool);
    try {
      await pooled.#start();
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pooled;
  }

  async reach(): Promise<Reach> {
    return { pool: this.#pool, concurrency };
  }

  async die(keys: readonly string[]): Promise<void> {
    // Through what the engine sent its calls by, so that no call comes after the question.
    const { transport } = this.#pool.dispatcher;
    const held = await holders(transport, this.#workers, keys);
    await Promise.all(held.map((worker) => this.#replace(worker)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.close();
  }

  async #start(): Promise<void> {
    await this.#pool.join().listen(anyPresence, (body) => {
      const { worker, state } = body as Presence;
      if (state === "up") this.#workers.add(worker);
    });
    this.#pool.watch({ died: (worker) => void this.#workers.delete(worker) });
    // Hosts are kept between engines, and keep this process alive.
    this.#pool.hold();
    await this.#pool.ready();
  }

  #replace(worker: string): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.#pool.watch({
        died: (one) => {
          if (one !== worker) return;
          stop();
          resolve();
        },
      });
      this.#pool.replace(worker, "the process of its engine died");
    });
  }
}
