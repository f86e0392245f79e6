/** The engines and journals that cases run on. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Journal } from "../../lib/journal/journal.ts";
import { memoryJournal } from "../../lib/journal/memory.ts";
import { sqliteJournal } from "../../lib/journal/sqlite.ts";
import type { EngineKind } from "./scenario.ts";
import type { Setup } from "./session.ts";

export type JournalKind = "memory" | "sqlite";

/** Turns of the event loop that a call takes at most, when its duration is left to chance. */
const mostTurns = 4;

/** Where the cases of one run keep their flows. Each case has a flow of its own. */
export class Rig implements AsyncDisposable {
  readonly #engine: EngineKind;
  readonly #turns: () => number;
  readonly #memory: Journal | undefined;
  /** Folder of the SQLite journal. */
  readonly #dir: string | undefined;
  #cases = 0;

  /** @param seed - 0: every call of a task returns at once; else their durations are drawn from it */
  constructor(engine: EngineKind, journal: JournalKind, seed: number) {
    this.#engine = engine;
    this.#turns = seed === 0 ? () => 0 : draws(seed);
    if (journal === "memory") this.#memory = memoryJournal();
    else this.#dir = mkdtempSync(join(tmpdir(), "conformance-"));
  }

  /** Lets `work` have what one case needs, and lets go of it afterwards. */
  async use<Result>(work: (setup: Setup) => Promise<Result>): Promise<Result> {
    const opened: Journal[] = [];
    const open = (): Journal => {
      if (this.#memory !== undefined) return this.#memory;
      const journal = sqliteJournal({ dir: this.#dir ?? "", durability: "process" });
      opened.push(journal);
      return journal;
    };
    const id = `case-${++this.#cases}`;
    try {
      return await work({ engine: this.#engine, id, open, turns: this.#turns });
    } finally {
      for (const journal of opened) await journal.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#memory?.close();
    if (this.#dir !== undefined) rmSync(this.#dir, { recursive: true });
  }
}

/** Small whole numbers, the same for the same seed (a linear congruential generator). */
function draws(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * (mostTurns + 1));
  };
}
