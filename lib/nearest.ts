/** Guesses what a misspelt name was meant to be. */

/** Longer names are not compared: the guess is for people, and costs the product of two lengths. */
const longest = 64;

/**
 * The candidate that is most like `name`, if one is close: at most a third of the longer name's
 * characters, or one but not all of them, are changed, added, left out or swapped with the next.
 * Ties go to the first.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Infinity;
  if (name.length > longest) return undefined;
  for (const candidate of candidates) {
    const length = Math.max(name.length, candidate.length);
    if (candidate === name || length > longest || length < 2) continue;
    const most = Math.max(1, Math.floor(length / 3));
    if (Math.abs(name.length - candidate.length) > most) continue;
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    if (edits <= most && edits < least) {
      best = candidate;
      least = edits;
    }
  }
  return best;
}

/** How many such edits make `b` of `a` (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: readonly number[] = [];
  let above: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const line = [row];
    for (let column = 1; column <= b.length; column++) {
      const changed = a[row - 1] === b[column - 1] ? 0 : 1;
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      line.push(
        Math.min(
          (above[column - 1] ?? 0) + changed,
          (above[column] ?? 0) + 1,
          (line[column - 1] ?? 0) + 1,
          swapped && row > 1 && column > 1 ? (before[column - 2] ?? 0) + 1 : Infinity,
        ),
      );
    }
    before = above;
    above = line;
  }
  return above[b.length] ?? 0;
}
