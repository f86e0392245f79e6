/** Guesses what a misspelt name was meant to be. */

/** Longer names are not compared: the guess is for people, and costs the product of two lengths. */
const longest = 64;

/**
 * The candidate that is most like `name`, if one is close: at most a third of the longer name's
 * characters, and at least one, are changed, added or left out. Ties go to the first.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Infinity;
  if (name.length > longest) return undefined;
  for (const candidate of candidates) {
    if (candidate === name || candidate.length > longest) continue;
    const most = Math.max(1, Math.floor(Math.max(name.length, candidate.length) / 3));
    if (Math.abs(name.length - candidate.length) > most) continue;
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    if (edits <= most && edits < least) {
      best = candidate;
      least = edits;
    }
  }
  return best;
}

/** How many characters must be changed, added or left out to make `a` of `b` (Levenshtein). */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const line = [row];
    for (let column = 1; column <= b.length; column++) {
      const swap = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      line.push(Math.min(swap, (above[column] ?? 0) + 1, (line[column - 1] ?? 0) + 1));
    }
    above = line;
  }
  return above[b.length] ?? 0;
}
