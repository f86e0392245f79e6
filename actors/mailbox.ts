/**
 * The in-memory mailbox of a system: one first-in, first-out queue for all of its actors.
 *
 * A message that is put while another one is being delivered waits for its turn, so actors that answer
 * each other never recurse, however long the chain, and the same messages come in the same order every time.
 */
import { FlowError } from "../lib/errors.ts";

/** Messages a mailbox holds at most unless told otherwise: some 16 MB of references. */
export const defaultCapacity = 1_048_576;

/** Slots a mailbox begins with; a power of two, as every size it grows to. */
const firstSlots = 64;

export class Mailbox<Receiver, Message> {
  readonly #system: string;
  readonly #capacity: number;
  readonly #deliver: (to: Receiver, message: Message) => void;
  // A ring of pairs, as two arrays: a pair of its own for each message would be garbage at once.
  #receivers = new Array<Receiver | undefined>(firstSlots);
  #messages = new Array<Message | undefined>(firstSlots);
  #first = 0;
  #size = 0;
  #delivering = false;

  /**
   * @param system - named in the error
   * @param deliver - gets one message at a time and must not throw
   * @param capacity - messages it holds at most, from 1 up
   */
  constructor(
    system: string,
    deliver: (to: Receiver, message: Message) => void,
    capacity = defaultCapacity,
  ) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new FlowError("INVALID_OPTION", {
        option: "capacity",
        problem: `expected a whole number from 1 up, got ${String(capacity)}`,
      });
    }
    this.#system = system;
    this.#deliver = deliver;
    this.#capacity = capacity;
  }

  /** Messages that wait; the one being delivered is none of them. */
  get size(): number {
    return this.#size;
  }

  /**
   * Puts a message last. Unless one is being delivered, this delivers it and everything that it leads to.
   *
   * @throws FlowError `MAILBOX_FULL`
   */
  put(to: Receiver, message: Message): void {
    if (this.#size >= this.#capacity) {
      throw new FlowError("MAILBOX_FULL", { system: this.#system, capacity: this.#capacity });
    }
    this.#append(to, message);
    if (!this.#delivering) this.#drain();
  }

  /**
   * Puts messages that must not be refused because they are bounded elsewhere, such as the end of each actor.
   * None is delivered before the last one is in.
   */
  putAll(to: Receiver, messages: readonly Message[]): void {
    for (const message of messages) this.#append(to, message);
    if (!this.#delivering) this.#drain();
  }

  #append(to: Receiver, message: Message): void {
    if (this.#size === this.#receivers.length) this.#grow();
    const slot = (this.#first + this.#size) & (this.#receivers.length - 1);
    this.#receivers[slot] = to;
    this.#messages[slot] = message;
    this.#size++;
  }

  #drain(): void {
    this.#delivering = true;
    try {
      while (this.#size > 0) {
        const slot = this.#first;
        const to = this.#receivers[slot] as Receiver;
        const message = this.#messages[slot] as Message;
        this.#receivers[slot] = undefined;
        this.#messages[slot] = undefined;
        this.#first = (slot + 1) & (this.#receivers.length - 1);
        this.#size--;
        this.#deliver(to, message);
      }
    } finally {
      this.#delivering = false;
    }
  }

  #grow(): void {
    const unwound = <Item>(ring: readonly Item[]): Item[] => {
      const items = [...ring.slice(this.#first), ...ring.slice(0, this.#first)];
      items.length = ring.length * 2;
      return items;
    };
    this.#receivers = unwound(this.#receivers);
    this.#messages = unwound(this.#messages);
    this.#first = 0;
  }
}
