/** Names of users as keys of states: XState reads dots in them as paths. */

/** A name without anything that means more than itself in a state's key or a machine's id. */
export function keyOf(name: string): string {
  const key = name.replace(/[^\p{L}\p{N}_-]+/gu, "_");
  return key || "_";
}

/** Keys among siblings: each name gets one of its own. */
export class Keys {
  readonly #taken: Set<string>;

  constructor(reserved: readonly string[] = []) {
    this.#taken = new Set(reserved);
  }

  of(name: string): string {
    const key = keyOf(name);
    let free = key;
    for (let more = 2; this.#taken.has(free); more++) free = `${key}_${more}`;
    this.#taken.add(free);
    return free;
  }
}
