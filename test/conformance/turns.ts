/** How long calls take: turns of the event loop, drawn by chance. */

/** Turns that a call takes at most. */
const mostTurns = 4;

/** @param seed - 0: every call returns at once; else small whole numbers, the same for the same seed */
export function turnsOf(seed: number): () => number {
  if (seed === 0) return () => 0;
  let state = seed >>> 0;
  // A linear congruential generator.
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * (mostTurns + 1));
  };
}
