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

/** Where the cases of one run keep their flows. */
export class Bench implements AsyncDisposable {
  readonly #engine: EngineKind;
  readonly #open: () => Journal;
  readonly #dir: string | undefined;
  readonly #opened: Journal[] = [];
  readonly #turns: () => number;
  #cases = 0;

  /** @param seed - 0: every call of a task returns at once; else their durations are drawn from it */
  constructor(engine: EngineKind, journal: JournalKind, seed: number) {
    this.#engine = engine;
    this.#turns = seed === 0 ? () => 0 : draws(seed);
    if (journal === "memory") {
      const memory = memoryJournal();
      this.#open = () => memory;
    } else {
      const dir = mkdtempSync(join(tmpdir(), "conformance-"));
      this.#dir = dir;
      this.#open = () => {
        const opened = sqliteJournal({ dir, durability: "process" });
        this.#opened.push(opened);
        return opened;
      };
    }
  }

  /** A flow of its own for one case. */
  setup(): Setup {
    const id = `case-${++this.#cases}`;
    return { engine: this.#engine, id, open: this.#open, turns: this.#turns };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const journal of this.#opened) await journal.close();
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
