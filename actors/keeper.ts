/**
 * Keeps a worker's outcomes until the owner of their flow has recorded them.
 *
 * For each flow one message is under way at a time; what is done meanwhile goes with the next. Without an owner, or
 * without an answer, the same message is sent again, ever more seldom.
 */
import type { Clock, Timer } from "../lib/clock.ts";
import {
  type Call,
  flowAddress,
  type KeyedOutcome,
  type ToFlow,
  type Verdict,
} from "../lib/executor/protocol.ts";
import { packOutcomes } from "../lib/executor/wire.ts";
import type { Outcome } from "../lib/plan/records.ts";
import type { Transport } from "../lib/transport/transport.ts";
import type { Log, LogLine } from "../lib/types.ts";

export interface KeepLimits {
  /** Outcomes kept; at the limit the worker takes no more. Default 10,000. */
  readonly count: number;
  /** Milliseconds that an outcome is kept which nobody takes. Default an hour. */
  readonly keepMs: number;
}

export interface KeeperOptions {
  readonly worker: string;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Partial<KeepLimits>;
  /** Frees so many slots of an engine. @returns how many it may use again */
  readonly offer: (engine: string, slots: number) => number;
  /** An offer was not answered: it doesn't hold any more. */
  readonly retract: (engine: string, slots: number) => void;
}

const noOffers: ReadonlyMap<string, number> = new Map();

interface Kept extends KeyedOutcome {
  readonly engine: string;
  readonly since: number;
  /** Its slot is free again. */
  isFreed: boolean;
}

/** The outcomes of one flow. */
interface Box {
  readonly flow: string;
  readonly outcomes: Map<string, Kept>;
  isSending: boolean;
  /** Counts the messages that were sent: an answer to an older one comes too late. */
  sent: number;
  /** Slots that the message under way offers, by engine. */
  offers: ReadonlyMap<string, number>;
  waitMs: number;
  timer: Timer | undefined;
}

const firstWaitMs = 50;
const longestWaitMs = 5_000;

/** Outcomes in one message. */
const outcomesAtOnce = 512;

export class Keeper {
  superseded = 0;
  /** Given up: nobody took them for too long. */
  given = 0;
  readonly #options: KeeperOptions;
  readonly #boxes = new Map<string, Box>();
  readonly #keys = new Map<string, Box>();
  #isClosed = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  get kept(): number {
    return this.#keys.size;
  }

  get keys(): readonly string[] {
    return [...this.#keys.keys()];
  }

  get isFull(): boolean {
    return this.kept >= (this.#options.limits.count ?? 10_000);
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  keep({ key, flow }: Call, engine: string, outcome: Outcome, lines?: readonly LogLine[]): void {
    if (this.#isClosed) return;
    let box = this.#boxes.get(flow);
    if (box === undefined) {
      box = {
        flow,
        outcomes: new Map(),
        isSending: false,
        sent: 0,
        offers: noOffers,
        waitMs: firstWaitMs,
        timer: undefined,
      };
      this.#boxes.set(flow, box);
    }
    const since = this.#options.clock.monotonic();
    box.outcomes.set(key, { key, outcome, engine, since, isFreed: false, lines });
    this.#keys.set(key, box);
    if (box.isSending || box.timer !== undefined) return;
    box.isSending = true;
    // With what else ends in this turn.
    void Promise.resolve(box).then((due) => this.#send(due));
  }

  /**
   * Sends what is under way again, since its answers may be lost: the connection is back, or a flow
   * has a new owner.
   *
   * @param flow - default: all
   */
  sendAgain(flow?: string): void {
    for (const box of this.#boxes.values()) {
      if (flow !== undefined && box.flow !== flow) continue;
      if (box.timer !== undefined) this.#options.clock.clearTimeout(box.timer);
      box.timer = undefined;
      box.waitMs = firstWaitMs;
      box.isSending = true;
      this.#retract(box);
      void this.#send(box);
    }
  }

  /** Somebody looks for an outcome: it need not wait for its next turn. */
  remind(key: string): void {
    const box = this.#keys.get(key);
    if (box?.timer !== undefined) this.sendAgain(box.flow);
  }

  close(): void {
    this.#isClosed = true;
    for (const { timer } of this.#boxes.values()) {
      if (timer !== undefined) this.#options.clock.clearTimeout(timer);
    }
    this.#boxes.clear();
    this.#keys.clear();
  }

  async #send(box: Box): Promise<void> {
    const { worker, transport, offer } = this.#options;
    const batch = [...box.outcomes.values()].slice(0, outcomesAtOnce);
    const [first] = batch;
    if (first === undefined || this.#isClosed) return;
    const turn = ++box.sent;
    // A batch that is sent again has freed its slots before.
    const engines = new Map<string, number>();
    for (const one of batch) {
      if (one.isFreed) continue;
      one.isFreed = true;
      engines.set(one.engine, (engines.get(one.engine) ?? 0) + 1);
    }
    for (const [engine, slots] of engines) engines.set(engine, offer(engine, slots));
    box.offers = engines;
    const offers = [...engines.values()].reduce((sum, slots) => sum + slots, 0);
    const outcomes = packOutcomes(box.flow, batch);
    const message: ToFlow = { kind: "outcomes", worker, outcomes, offers };
    try {
      const verdicts = await transport.request(flowAddress(box.flow), message);
      if (turn === box.sent) this.#recorded(box, batch, verdicts as Verdict[]);
    } catch {
      if (turn === box.sent) this.#later(box);
    }
  }

  #recorded(box: Box, batch: readonly Kept[], verdicts: readonly Verdict[]): void {
    if (this.#isClosed) return;
    batch.forEach(({ key }, at) => {
      if (verdicts[at] === "superseded") this.superseded++;
      box.outcomes.delete(key);
      this.#keys.delete(key);
    });
    box.isSending = false;
    box.offers = noOffers;
    box.waitMs = firstWaitMs;
    if (box.outcomes.size === 0) {
      this.#boxes.delete(box.flow);
    } else {
      box.isSending = true;
      void this.#send(box);
    }
  }

  #retract(box: Box): void {
    for (const [engine, slots] of box.offers) this.#options.retract(engine, slots);
    box.offers = noOffers;
  }

  /** Nobody is there, or nobody said that it is recorded: the same again, after a while. */
  #later(box: Box): void {
    if (this.#isClosed) return;
    this.#retract(box);
    const { clock, limits, log } = this.#options;
    const oldest = clock.monotonic() - (limits.keepMs ?? 3_600_000);
    for (const { key, since } of box.outcomes.values()) {
      if (since >= oldest) continue;
      box.outcomes.delete(key);
      this.#keys.delete(key);
      this.given++;
      log(`nobody took the outcome of ${key}; it is given up`, { key }, "error");
    }
    box.isSending = false;
    if (box.outcomes.size === 0) return void this.#boxes.delete(box.flow);
    box.timer = clock.setTimeout(() => {
      box.timer = undefined;
      box.isSending = true;
      void this.#send(box);
    }, box.waitMs);
    box.waitMs = Math.min(longestWaitMs, 2 * box.waitMs);
  }
}
