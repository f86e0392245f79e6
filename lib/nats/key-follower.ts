/** Follows one key by reading it: at once when there is a reason, and now and then when there is none. */
import type { Clock, Timer } from "../clock.ts";
import type { Change, Stored } from "../jobboard/store.ts";
import { FlowError } from "../errors.ts";

export interface KeyFollowerOptions {
  readonly key: string;
  readonly read: () => Promise<Stored | undefined>;
  readonly changed: (change: Change) => void;
  /** It can't be read any more, however often it is tried. */
  readonly ended: (error: Error) => void;
  readonly clock: Clock;
}

/** Milliseconds until the next look: after a reason to look, and at most. */
const lookMs = { first: 10, most: 2_000 } as const;

export class KeyFollower {
  readonly #options: KeyFollowerOptions;
  #revision: number | undefined;
  #delayMs: number = lookMs.first;
  #timer: Timer | undefined;
  #isOver = false;

  constructor(options: KeyFollowerOptions) {
    this.#options = options;
  }

  /** Gives the key as it is. */
  async start(): Promise<void> {
    await this.#look();
    this.#arm();
  }

  /** Something may have happened, or be about to. */
  hurry(): void {
    this.#delayMs = lookMs.first;
    if (this.#timer !== undefined) this.#arm();
  }

  stop(): void {
    this.#isOver = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #look(): Promise<void> {
    const { key, read, changed } = this.#options;
    const stored = await read();
    const revision = stored?.revision ?? 0;
    if (this.#isOver || revision === this.#revision) return;
    this.#revision = revision;
    changed({ key, stored });
  }

  #arm(): void {
    const { clock } = this.#options;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isOver) return;
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      this.#delayMs = Math.min(lookMs.most, this.#delayMs * 2);
      this.#look().then(
        () => {
          this.#arm();
        },
        (error: unknown) => {
          this.#fail(error);
        },
      );
    }, this.#delayMs);
  }

  #fail(error: unknown): void {
    // A board that is away comes back.
    if (FlowError.is(error, "BOARD_UNAVAILABLE") && !isClosed(error)) this.#arm();
    else if (!this.#isOver) {
      this.stop();
      this.#options.ended(error as Error);
    }
  }
}

const isClosed = ({ cause }: Error): boolean => FlowError.is(cause, "TRANSPORT_CLOSED");
