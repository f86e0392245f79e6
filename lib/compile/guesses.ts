/** "Did you mean": names near to those that are wrong. */
import { nearest } from "../nearest.ts";

/** A guess compares with every known name; who makes very many mistakes gets help with the first. */
const mostComparisons = 100_000;

/** A Set of names, or a Map by name. */
interface Names {
  readonly size: number;
  keys(): Iterable<string>;
}

export class Guesses {
  #left = mostComparisons;

  /** To be spread into a mistake: `{ nearest }`, or nothing where no name is close. */
  for(name: string, known: Names): { readonly nearest?: string } {
    if (this.#left <= 0) return {};
    this.#left -= known.size;
    const guess = nearest(name, known.keys());
    return guess === undefined ? {} : { nearest: guess };
  }
}
