/** "Did you mean": names near to those that are wrong. */
import { nearest } from "../nearest.ts";

/** A guess looks at every known name, so who made very many mistakes gets help with the first. */
const mostGuesses = 50;

export class Guesses {
  #left = mostGuesses;

  /** To be spread into a mistake: `{ nearest }`, or nothing where no name is close. */
  for(name: string, known: Iterable<string>): { readonly nearest?: string } {
    if (this.#left === 0) return {};
    this.#left--;
    const guess = nearest(name, known);
    return guess === undefined ? {} : { nearest: guess };
  }
}
