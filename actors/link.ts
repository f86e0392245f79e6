/**
 * What carries frames between two starts of nodes: numbered, taken once and in order, sent again until the other side
 * has said that it has them.
 *
 * One request is under way at a time; what comes meanwhile goes with the next. An answer says how far the other side
 * has come. A link that hears nothing for a lease is down for good: what was not taken goes back to whoever sent it.
 */
import { decode, encode } from "../lib/bytes.ts";
import type { Clock, Timer } from "../lib/clock.ts";
import { FlowError } from "../lib/errors.ts";
import type { Transport } from "../lib/transport/transport.ts";
import { type Frame, type NodeId, nodeAddress, type Taken, type ToNode } from "./frames.ts";

export interface LinkLimits {
  /** Messages that may wait for the other side's word; default 4,096. */
  readonly messages: number;
  /** Bytes that they may take together; one may be larger. Default 16 MiB. */
  readonly bytes: number;
}

export interface LinkOptions {
  readonly self: NodeId;
  readonly peer: NodeId;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly limits: LinkLimits;
  /** Takes a frame. What it throws as FlowError `MAILBOX_FULL` is taken later, with all that follows. */
  readonly take: (frame: Frame) => void;
  /** There is more room. */
  readonly room: () => void;
  /** It is down for good. `untaken`: what the other side has not said that it has. */
  readonly down: (error: FlowError<"LINK_DOWN">, untaken: readonly Frame[]) => void;
}

interface Sent {
  readonly frame: Frame;
  readonly bytes: Uint8Array;
}

/** Frames, and bytes, in one message; one frame may be larger. */
const framesAtOnce = 1_024;
const bytesAtOnce = 1024 * 1024;
/** What a message has beside its frames, at most. */
const headerBytes = 4_096;
/** Answers and ends may go beyond the window, so many times its size. */
const beyond = 4;
/** Wait before a message is sent again that nobody took; it doubles up to the other. */
const firstWaitMs = 20;
const longestWaitMs = 1_000;

export class Link {
  /** What came twice, and what could not be read. */
  repeated = 0;
  refused = 0;
  readonly #options: LinkOptions;
  /** By number, in order: sent or to be sent, and not yet taken. */
  readonly #sent = new Map<number, Sent>();
  #bytes = 0;
  #lastSent = 0;
  #lastTaken = 0;
  #heardAt: number;
  /** Counts the requests; the answer to an older one changes nothing but how far the other side has come. */
  #request = 0;
  #isAsking = false;
  /** How many frames the request that is under way has. */
  #asked = 0;
  #isDue = false;
  #isScheduled = false;
  #waitMs = firstWaitMs;
  #again: Timer | undefined;
  #down: FlowError<"LINK_DOWN"> | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#heardAt = options.clock.monotonic();
  }

  get peer(): NodeId {
    return this.#options.peer;
  }

  /** Why it is down, if it is. */
  get error(): FlowError<"LINK_DOWN"> | undefined {
    return this.#down;
  }

  get isFull(): boolean {
    const { messages, bytes } = this.#options.limits;
    return this.#sent.size >= messages || this.#bytes >= bytes;
  }

  /** Messages that the other side has not taken as far as is known. */
  get untaken(): number {
    return this.#sent.size;
  }

  /**
   * Sends a frame.
   *
   * @param to - what it is for, in errors
   * @throws FlowError `TRANSPORT_FULL`, `PAYLOAD_REFUSED` for what is too large, `LINK_DOWN`
   */
  send(frame: Frame, to: string): void {
    if (this.#down !== undefined) throw this.#down;
    const { limits, transport } = this.#options;
    if (this.#sent.size >= limits.messages) {
      throw new FlowError("TRANSPORT_FULL", { to, limit: limits.messages, of: "messages" });
    }
    const bytes = encode(frame);
    if (bytes.byteLength > transport.maxBytes - headerBytes) {
      const problem = `takes ${bytes.byteLength} bytes, more than the ${transport.maxBytes - headerBytes} that one may`;
      throw new FlowError("PAYLOAD_REFUSED", { path: `a message to ${to}`, problem });
    }
    if (this.#sent.size > 0 && this.#bytes + bytes.byteLength > limits.bytes) {
      throw new FlowError("TRANSPORT_FULL", { to, limit: limits.bytes, of: "bytes" });
    }
    this.#add({ frame, bytes });
  }

  /**
   * Sends what answers, or ends something, past a full window: its number is bounded by what it answers or ends. A
   * link on which even that piles up is given up.
   *
   * @throws FlowError `PAYLOAD_REFUSED` for what is too large
   */
  reply(frame: Frame): void {
    if (this.#down !== undefined) return;
    const { limits, transport } = this.#options;
    const bytes = encode(frame);
    if (bytes.byteLength > transport.maxBytes - headerBytes) {
      const problem = `takes ${bytes.byteLength} bytes, more than one message may`;
      throw new FlowError("PAYLOAD_REFUSED", {
        path: `what is sent to ${this.peer.name}`,
        problem,
      });
    }
    const { messages } = limits;
    const isBeyond = this.#bytes > beyond * Math.max(limits.bytes, transport.maxBytes);
    if (isBeyond || this.#sent.size > beyond * Math.max(messages, framesAtOnce)) {
      return this.close("it takes less than it asks for");
    }
    this.#add({ frame, bytes });
  }

  /** Frames of the other side. @returns how far they are taken */
  receive(first: number, frames: readonly Uint8Array[]): Taken {
    if (this.#down !== undefined) return { gone: true };
    this.hear();
    for (const [at, bytes] of frames.entries()) {
      const number = first + at;
      if (number <= this.#lastTaken) this.repeated++;
      else if (number > this.#lastTaken + 1 || !this.#take(bytes)) break;
      else this.#lastTaken = number;
      if (this.error !== undefined) return { gone: true }; // a frame may lead to that
    }
    return { taken: this.#lastTaken };
  }

  /** There is a sign that the other side lives. */
  hear(): void {
    this.#heardAt = this.#options.clock.monotonic();
  }

  /** The connection is back: what was under way may be lost. */
  resume(): void {
    if (this.#down !== undefined) return;
    this.#request++;
    this.#isAsking = false;
    this.#pump();
  }

  /** Called four times in a lease: says that this side is there, and finds that the other one is not. */
  tick(isJudging: boolean): void {
    const { clock, leaseMs } = this.#options;
    const silentMs = clock.monotonic() - this.#heardAt;
    if (isJudging && silentMs > leaseMs) return this.close(`it was silent for ${leaseMs} ms`);
    this.#isDue = true;
    this.#pump();
  }

  /** Down for good; the other side is told if it can be. */
  close(problem: string): void {
    if (this.#down !== undefined) return;
    const { self, peer, transport } = this.#options;
    const bye: ToNode = { kind: "bye", from: self, problem };
    transport.request(nodeAddress(peer), bye, byeMs).catch(() => undefined);
    this.end(problem);
  }

  /** As `close`, when the other side knows. */
  end(problem: string): void {
    if (this.#down !== undefined) return;
    const { clock, peer, down } = this.#options;
    this.#down = new FlowError("LINK_DOWN", { node: peer.name, problem });
    if (this.#again !== undefined) clock.clearTimeout(this.#again);
    const untaken = [...this.#sent.values()].map(({ frame }) => frame);
    this.#sent.clear();
    this.#bytes = 0;
    down(this.#down, untaken);
  }

  #add(sent: Sent): void {
    this.#sent.set(++this.#lastSent, sent);
    this.#bytes += sent.bytes.byteLength;
    if (this.#isAsking || this.#again !== undefined || this.#isScheduled) return;
    this.#isScheduled = true;
    // With what else is sent in this turn.
    void Promise.resolve().then(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  /** @returns false if it must come again */
  #take(bytes: Uint8Array): boolean {
    try {
      this.#options.take(decode(bytes) as Frame);
    } catch (error) {
      if (FlowError.is(error, "MAILBOX_FULL")) return false;
      this.refused++; // what can't be read now never can
    }
    return true;
  }

  #pump(): void {
    const isIdle = this.#sent.size === 0 && !this.#isDue;
    if (this.#isAsking || this.#again !== undefined || this.#down !== undefined || isIdle) return;
    this.#isDue = false;
    this.#isAsking = true;
    const { self, peer, transport, leaseMs } = this.#options;
    const request = ++this.#request;
    const batch = this.#batch();
    this.#asked = batch.frames.length;
    const body: ToNode = { kind: "frames", from: self, ...batch };
    transport.request(nodeAddress(peer), body, Math.min(answerMs, leaseMs)).then(
      (taken) => {
        this.#answered(request, taken as Taken);
      },
      (error: unknown) => {
        if (request === this.#request) this.#failed(error);
      },
    );
  }

  #batch(): { first: number; frames: Uint8Array[] } {
    const frames: Uint8Array[] = [];
    let first = this.#lastSent + 1;
    let room = Math.min(bytesAtOnce, this.#options.transport.maxBytes - headerBytes);
    for (const [number, { bytes }] of this.#sent) {
      room -= bytes.byteLength + frameBytes;
      if (frames.length === 0) first = number;
      else if (room < 0 || frames.length >= framesAtOnce) break;
      frames.push(bytes);
    }
    return { first, frames };
  }

  #answered(request: number, answer: Taken): void {
    if (this.#down !== undefined) return;
    if ("gone" in answer) return this.end("the other side has given it up");
    this.hear();
    let came = 0;
    for (const [number, { bytes }] of this.#sent) {
      if (number > answer.taken) break;
      this.#sent.delete(number);
      this.#bytes -= bytes.byteLength;
      came++;
    }
    if (came > 0) this.#options.room();
    if (request !== this.#request) return;
    this.#isAsking = false;
    if (came === 0 && this.#asked > 0) return this.#later();
    this.#waitMs = firstWaitMs;
    this.#pump();
  }

  #failed(error: unknown): void {
    this.#isAsking = false;
    if (this.#down !== undefined) return;
    const { code } = error as { code?: unknown };
    if (code === "TRANSPORT_CLOSED" || code === "FORBIDDEN") {
      return this.end((error as Error).message);
    }
    if (this.#sent.size > 0) this.#later();
  }

  /** The other side has no room, or is not there at the moment. */
  #later(): void {
    this.#again ??= this.#options.clock.setTimeout(() => {
      this.#again = undefined;
      this.#pump();
    }, this.#waitMs);
    this.#waitMs = Math.min(longestWaitMs, 2 * this.#waitMs);
  }
}

/** Milliseconds that a message waits for its answer before it is sent again. */
const answerMs = 5_000;
const byeMs = 1_000;
/** What a frame takes in a message beside its own bytes, at most. */
const frameBytes = 5;
