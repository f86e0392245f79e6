/** Numbers, the one with the smallest rank first. */
export class RankHeap {
  readonly #rank: Int32Array;
  readonly #items: number[] = [];

  constructor(rank: Int32Array) {
    this.#rank = rank;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): number | undefined {
    return this.#items[0];
  }

  push(item: number): void {
    const items = this.#items;
    const rank = this.#rank;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = items[parent] as number;
      if ((rank[above] as number) <= (rank[item] as number)) break;
      items[at] = above;
      at = parent;
    }
    items[at] = item;
  }

  pop(): number | undefined {
    const items = this.#items;
    const top = items[0];
    const item = items.pop();
    if (top === undefined || item === undefined || items.length === 0) return top;
    this.#sink(item);
    return top;
  }

  #sink(item: number): void {
    const items = this.#items;
    const rank = this.#rank;
    const own = rank[item] as number;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      const right = child + 1;
      if (
        right < items.length &&
        (rank[items[right] as number] as number) < (rank[items[child] as number] as number)
      ) {
        child = right;
      }
      const below = items[child] as number;
      if ((rank[below] as number) >= own) break;
      items[at] = below;
      at = child;
    }
    items[at] = item;
  }
}
