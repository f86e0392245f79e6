/** Ports to threads and to child processes, for both ends. */
import type { ChildProcess } from "node:child_process";
import { type MessagePort, Worker } from "node:worker_threads";
import type { Message, Port } from "../../transport/message.ts";

export interface PortLimits {
  /**
   * The most bytes that may be under way to the other end before it has taken them; about 256 more
   * are counted for each message. Default 256 MiB.
   */
  readonly untakenBytes?: number;
}

/**
 * A port to a thread: this end is the `Worker`, or in the thread its `parentPort`.
 *
 * Gotchas of all ports here. While the other end does not take what is there for it, because it
 * works without a break, what is sent waits in memory. At half of the limit, what is published is
 * left out, as whoever publishes has to expect; at the limit the other end counts as gone.
 */
export const threadPort = (end: Worker | MessagePort, limits?: PortLimits): Port =>
  new ChannelPort(new ThreadChannel(end), limits);

/** A port to a process: this end is the child, or in the child `process`. */
export const processPort = (end: ChildProcess | NodeJS.Process, limits?: PortLimits): Port =>
  new ChannelPort(new ProcessChannel(end), limits);

/** What crosses a channel. */
type Frame =
  | Message
  /** The sender of this has taken so many more bytes. */
  | { readonly kind: "taken"; readonly bytes: number }
  | { readonly kind: "closed" };

/** What Node has to reach another thread or process by: it keeps order and loses nothing. */
interface Channel {
  send(frame: Frame): void;
  /** Called once; `closed` may be called more than once. */
  start(take: (frame: Frame) => void, closed: () => void): void;
  /** Sends this as the last. */
  close(last: Frame): void;
}

const messageBytes = 256;
/** How much is taken before the other end is told. */
const tellBytes = 256 * 1024;

class ChannelPort implements Port {
  readonly #channel: Channel;
  readonly #limit: number;
  #closed: () => void = () => undefined;
  #isClosed = false;
  /** Sent, and not taken as far as is known. */
  #untaken = 0;
  /** Taken, and the other end does not know. */
  #untold = 0;

  constructor(channel: Channel, { untakenBytes = 256 * 1024 * 1024 }: PortLimits = {}) {
    this.#channel = channel;
    this.#limit = untakenBytes;
  }

  post(message: Message): void {
    if (this.#isClosed) return;
    const untaken = this.#untaken + sizeOf(message);
    if (untaken > this.#limit) {
      this.close();
      // Later, as always: whoever posts does not expect to be called.
      return void Promise.resolve().then(this.#closed);
    }
    if (untaken > this.#limit / 2 && message.kind === "publish") return;
    this.#untaken = untaken;
    this.#channel.send(message);
  }

  start(take: (message: Message) => void, closed: () => void): void {
    this.#closed = closed;
    this.#channel.start(
      (frame) => {
        if (this.#isClosed) return;
        if (frame.kind === "closed") return this.#lose();
        if (frame.kind === "taken") {
          this.#untaken -= frame.bytes;
          return;
        }
        this.#count(sizeOf(frame));
        take(frame);
      },
      () => {
        this.#lose();
      },
    );
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#channel.close({ kind: "closed" });
  }

  #lose(): void {
    if (this.#isClosed) return;
    this.close();
    this.#closed();
  }

  #count(bytes: number): void {
    this.#untold += bytes;
    if (this.#untold < tellBytes) return;
    this.#channel.send({ kind: "taken", bytes: this.#untold });
    this.#untold = 0;
  }
}

const bodyOf = (message: Message): Uint8Array =>
  message.kind === "answer" ? message.answer : message.body;

const sizeOf = (message: Message): number => messageBytes + bodyOf(message).byteLength;

class ThreadChannel implements Channel {
  readonly #end: Worker | MessagePort;

  constructor(end: Worker | MessagePort) {
    this.#end = end;
  }

  send(frame: Frame): void {
    if (frame.kind === "taken" || frame.kind === "closed") return this.#end.postMessage(frame);
    // A body is a part of a larger buffer, all of which would be copied to the other thread.
    const body = new Uint8Array(bodyOf(frame));
    const own = frame.kind === "answer" ? { ...frame, answer: body } : { ...frame, body };
    this.#end.postMessage(own, [body.buffer]);
  }

  start(take: (frame: Frame) => void, closed: () => void): void {
    this.#end.on("message", take);
    this.#end.on(this.#end instanceof Worker ? "exit" : "close", closed);
  }

  close(last: Frame): void {
    this.send(last);
    // A thread ends by itself when it gets that.
    if (!(this.#end instanceof Worker)) this.#end.close();
  }
}

/** What a child process and `process` have in common. */
interface Ipc {
  readonly connected: boolean;
  send?(frame: Frame, handle: undefined, options: object, sent: () => void): boolean;
  disconnect?(): void;
  on(event: "message", take: (frame: Frame) => void): unknown;
  on(event: "disconnect", closed: () => void): unknown;
}

class ProcessChannel implements Channel {
  readonly #end: Ipc;

  constructor(end: ChildProcess | NodeJS.Process) {
    this.#end = end;
  }

  send(frame: Frame, sent: () => void = () => undefined): void {
    // With a callback an error is no event. That the other end is gone is said by "disconnect".
    if (this.#end.connected) this.#end.send?.(frame, undefined, {}, sent);
  }

  start(take: (frame: Frame) => void, closed: () => void): void {
    this.#end.on("message", take);
    this.#end.on("disconnect", closed);
  }

  close(last: Frame): void {
    this.send(last, () => {
      if (this.#end.connected) this.#end.disconnect?.();
    });
  }
}
