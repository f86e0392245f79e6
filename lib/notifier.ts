/** Calls listeners by name. */

export type Listener<Event> = (event: Event) => void;

/** Hears what a listener threw: a listener's error is nobody else's. */
export type ListenerFailed = (error: unknown) => void;

export class Notifier<Event> {
  #listeners: Map<string, Set<Listener<Event>>> | undefined;
  readonly #failed: ListenerFailed;
  readonly #changed: () => void;

  /** @param changed - called when a listener came or went */
  constructor(failed: ListenerFailed, changed: () => void) {
    this.#failed = failed;
    this.#changed = changed;
  }

  get isHeard(): boolean {
    return this.#listeners !== undefined;
  }

  /**
   * Calls the listener for each event of that name, `"*"` for every event, in the order of the events. It is called
   * from within the engine: it may command the engine, and what it throws is logged and dropped.
   *
   * @returns a function that takes the listener away
   */
  on(name: string, listener: Listener<Event>): () => void {
    const all = (this.#listeners ??= new Map<string, Set<Listener<Event>>>());
    const listeners = all.get(name) ?? new Set();
    all.set(name, listeners.add(listener));
    this.#changed();
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) all.delete(name);
      if (all.size === 0) this.#listeners = undefined;
      this.#changed();
    };
  }

  /** Calls those that listen to everything first. */
  emit(name: string, event: Event): void {
    if (this.#listeners === undefined) return;
    this.#call(this.#listeners.get("*"), event);
    this.#call(this.#listeners.get(name), event);
  }

  #call(listeners: ReadonlySet<Listener<Event>> | undefined, event: Event): void {
    if (listeners === undefined) return;
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#failed(error);
      }
    }
  }
}
