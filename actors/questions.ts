/** What was asked over a link and is not answered yet. When the link is full, more waits for room, in order. */
import { encode } from "../lib/bytes.ts";
import type { Clock } from "../lib/clock.ts";
import { FlowError } from "../lib/errors.ts";
import { type Asked, Waiting } from "../lib/transport/waiting.ts";
import type { Frame } from "./frames.ts";
import type { Link } from "./link.ts";

export class Questions {
  readonly #link: Link;
  readonly #asked: Waiting<unknown>;
  readonly #unsent: (() => void)[] = [];

  constructor(link: Link, clock: Clock) {
    this.#link = link;
    this.#asked = new Waiting(clock);
  }

  /** Something waits for room. */
  get isWaiting(): boolean {
    return this.#unsent.length > 0;
  }

  /**
   * @param frameOf - makes the question of its number
   * @param to - whom it is asked, for errors
   * @throws FlowError `NO_ANSWER`, `TRANSPORT_FULL` when too many questions are open, `PAYLOAD_REFUSED`, `LINK_DOWN`
   */
  ask(frameOf: (id: number) => Frame, to: string, timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#link.error !== undefined) throw this.#link.error;
      const waits = this.#link.isFull || this.isWaiting;
      const bytes = waits ? encode(frameOf(0)).byteLength : 0;
      const asked: Asked<unknown> = { to, bytes, timeoutMs, resolve, reject };
      const id = this.#asked.add(asked);
      let isOver = false;
      asked.withdraw = () => {
        isOver = true;
      };
      const send = (): void => {
        if (!isOver) this.#send(id, frameOf(id), to, send);
      };
      if (waits) this.#unsent.push(send);
      else send();
    });
  }

  /** Whoever takes it settles it. @returns undefined when nobody waits under that number any more */
  take(id: number): Asked<unknown> | undefined {
    return this.#asked.take(id);
  }

  /** The link has room. */
  useRoom(): void {
    const unsent = this.#unsent.splice(0);
    while (unsent.length > 0 && !this.#link.isFull && !this.isWaiting) unsent.shift()?.();
    this.#unsent.push(...unsent);
  }

  /** What was asked of it is never answered. */
  noReceiver(address: string): void {
    const error = new FlowError("NO_RECEIVER", { to: address });
    this.#asked.reject(error, ({ to }) => to === address);
  }

  close(error: Error): void {
    this.#unsent.length = 0;
    this.#asked.reject(error);
  }

  #send(id: number, frame: Frame, to: string, again: () => void): void {
    try {
      this.#link.send(frame, to);
    } catch (error) {
      // Its bytes found no room yet, although there is some.
      if (FlowError.is(error, "TRANSPORT_FULL")) this.#unsent.push(again);
      else this.#asked.take(id)?.reject(error as Error);
    }
  }
}
