import type { Place } from "./place.ts";

/** An acknowledged message that is gone is taken for lost after so much of the patience, and so many tries. */
const lostAfter = { share: 0.5, tries: 3 } as const;

/** Whether the leader takes writes and does not have what was acknowledged, and that for long. */
export class Lost {
  readonly #place: Place;
  #since: number | undefined;
  #tries = 0;

  constructor(place: Place) {
    this.#place = place;
  }

  isLost(isBehind: boolean): boolean {
    if (!isBehind) {
      this.#since = undefined;
      this.#tries = 0;
      return false;
    }
    const now = this.#place.clock.monotonic();
    this.#since ??= now;
    const lastsMs = lostAfter.share * this.#place.patienceMs;
    return ++this.#tries >= lostAfter.tries && now - this.#since >= lastsMs;
  }
}
