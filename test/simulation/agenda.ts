/** What is due, the earliest first; of what is due at once, what was put in first. */
export interface Due {
  readonly dueAt: number;
  readonly order: number;
  /** It has happened, or is not to happen any more. */
  isOver: boolean;
}

const isBefore = (one: Due, other: Due): boolean =>
  one.dueAt < other.dueAt || (one.dueAt === other.dueAt && one.order < other.order);

/** A binary heap; what is over stays in it until it comes to the top. */
export class Agenda<Event extends Due> {
  readonly #heap: Event[] = [];

  put(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Event;
      if (isBefore(above, event)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  peek(): Event | undefined {
    while (this.#heap[0]?.isOver === true) this.#drop();
    return this.#heap[0];
  }

  take(): Event | undefined {
    const first = this.peek();
    if (first !== undefined) this.#drop();
    return first;
  }

  #drop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && isBefore(heap[right] as Event, heap[child] as Event))
        child = right;
      const below = heap[child] as Event;
      if (isBefore(last, below)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}
