/** A place in a pool: it has a host, or gets one again when there is work for it. */
import { backoffMs } from "../../backoff.ts";
import type { Host } from "./start.ts";

export interface PlaceOptions {
  /** Starts a host under a new id. */
  readonly start: () => { readonly id: string; readonly host: Host };
  /** Milliseconds that it has to get ready. */
  readonly startMs: number;
  /** A host is gone; `wasReady` tells whether it ever worked. */
  readonly ended: (end: HostEnd) => void;
}

export interface HostEnd {
  readonly id: string;
  readonly wasReady: boolean;
  /** For people. */
  readonly reason: string;
}

/** Wait before a host is started again; it grows while hosts don't last. */
const backoff = { firstMs: 100, factor: 2, maxMs: 10_000 };
/** Milliseconds that a host has to work before what happened earlier is forgotten. */
const settledMs = 10_000;
/** Milliseconds that a host has to end by itself once it was told to. */
const leaveMs = 500;

export class Place {
  readonly #options: PlaceOptions;
  #current: { readonly id: string; readonly host: Host; readonly over: Promise<void> } | undefined;
  #reason: string | undefined;
  #readyAt: number | undefined;
  /** Hosts in a row that didn't last. */
  #failures = 0;
  #dueAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #isHeld = false;
  #isOver = false;

  constructor(options: PlaceOptions) {
    this.#options = options;
  }

  get id(): string | undefined {
    return this.#current?.id;
  }

  get isReady(): boolean {
    return this.#readyAt !== undefined;
  }

  /** There is a host, and it may get ready yet. */
  get isStarting(): boolean {
    return this.#current !== undefined && !this.isReady;
  }

  /** Whether it keeps this process alive. While it does, it has a host, or waits to start one. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#current?.host.hold(isHeld);
    if (isHeld) this.#timer?.ref();
    else this.#timer?.unref();
    if (isHeld && this.#current === undefined && this.#timer === undefined) this.#fill();
  }

  ready(): void {
    this.#disarm();
    this.#readyAt = performance.now();
  }

  /** Ends its host at once. */
  kill(reason: string): void {
    if (this.#current === undefined) return;
    this.#reason ??= reason;
    this.#current.host.kill();
  }

  /**
   * Ends its host for good.
   *
   * @param drain - asks the host to finish; settles when it has, or when it was asked for too long
   */
  async close(drain: (id: string) => Promise<void>): Promise<void> {
    this.#isOver = true;
    this.#disarm();
    const current = this.#current;
    if (current === undefined) return;
    const { id, host, over } = current;
    host.hold(true);
    this.#reason ??= "the pool is closed";
    if (this.isReady) {
      await Promise.race([drain(id), over]);
      host.port.close();
      this.#arm(leaveMs, () => {
        host.kill();
      });
    } else {
      host.kill();
    }
    await over;
  }

  #fill(): void {
    if (this.#isOver || !this.#isHeld) return;
    const waitMs = this.#dueAt - performance.now();
    if (waitMs <= 0) return this.#start();
    this.#arm(waitMs, () => {
      this.#timer = undefined;
      this.#fill();
    });
  }

  /** Only while it is held, as a host is at first. */
  #start(): void {
    const { startMs, start } = this.#options;
    const { id, host } = start();
    const over = host.ended.then((how) => {
      this.#ended(id, this.#reason ?? how);
    });
    this.#current = { id, host, over };
    this.#arm(startMs, () => {
      this.kill(`it was not ready within ${startMs} ms`);
    });
  }

  #ended(id: string, reason: string): void {
    this.#disarm();
    const wasReady = this.#readyAt !== undefined;
    const lastedMs = wasReady ? performance.now() - (this.#readyAt ?? 0) : 0;
    this.#failures = lastedMs >= settledMs ? 0 : this.#failures + 1;
    const waitMs = this.#failures === 0 ? 0 : backoffMs(backoff, this.#failures + 1);
    this.#dueAt = performance.now() + waitMs;
    this.#current = undefined;
    this.#reason = undefined;
    this.#readyAt = undefined;
    this.#options.ended({ id, wasReady, reason });
    if (this.#timer === undefined) this.#fill();
  }

  #arm(delayMs: number, fn: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(fn, delayMs);
    if (!this.#isHeld) this.#timer.unref();
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
