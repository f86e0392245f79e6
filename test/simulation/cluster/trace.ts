/** What happens in a simulated cluster, in order: as one hash, and as lines to read when they are asked for. */
import { createHash } from "node:crypto";
import type { Time } from "../time.ts";

export class Trace {
  readonly lines: string[] = [];
  readonly #time: Time;
  readonly #isTold: boolean;
  readonly #hash = createHash("sha256");

  constructor(time: Time, isTold: boolean) {
    this.#time = time;
    this.#isTold = isTold;
  }

  get now(): number {
    return this.#time.now;
  }

  add(...words: readonly (string | number)[]): void {
    const line = `${this.#time.now.toFixed(3)} ${words.join(" ")}`;
    this.#hash.update(line);
    if (this.#isTold) this.lines.push(line);
  }

  /** Of all so far. */
  digest(): string {
    return this.#hash.copy().digest("hex").slice(0, 16);
  }
}
