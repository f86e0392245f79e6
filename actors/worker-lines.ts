/**
 * Brings what a worker's attempts log to the owners of their flows.
 *
 * For each flow one message is under way at a time; what is logged meanwhile goes with the next. What nobody has said
 * that he has, goes with the attempt's outcome, at the latest.
 */
import { flowAddress, type KeyedLines, type ToFlow } from "../lib/executor/protocol.ts";
import type { Transport } from "../lib/transport/transport.ts";
import type { LogLine } from "../lib/types.ts";

/** Lines of one flow that its owner does not have yet, by the attempt's key. */
interface Box {
  readonly flow: string;
  readonly lines: Map<string, LogLine[]>;
  isSending: boolean;
}

/** Lines in one message. */
const linesAtOnce = 256;

export class WorkerLines {
  readonly #worker: string;
  readonly #transport: Transport;
  readonly #boxes = new Map<string, Box>();

  constructor(worker: string, transport: Transport) {
    this.#worker = worker;
    this.#transport = transport;
  }

  add(flow: string, key: string, line: LogLine): void {
    let box = this.#boxes.get(flow);
    if (box === undefined) {
      box = { flow, lines: new Map(), isSending: false };
      this.#boxes.set(flow, box);
    }
    const lines = box.lines.get(key);
    if (lines === undefined) box.lines.set(key, [line]);
    else lines.push(line);
    this.#start(box);
  }

  /** What the owner does not have yet of an attempt: it goes with the outcome now. */
  take(flow: string, key: string): readonly LogLine[] | undefined {
    const box = this.#boxes.get(flow);
    const lines = box?.lines.get(key);
    if (box === undefined || lines === undefined) return undefined;
    box.lines.delete(key);
    if (box.lines.size === 0) this.#boxes.delete(flow);
    return lines;
  }

  /** Tries again what nobody took. */
  sendAgain(): void {
    for (const box of this.#boxes.values()) this.#start(box);
  }

  close(): void {
    this.#boxes.clear();
  }

  #start(box: Box): void {
    if (box.isSending) return;
    box.isSending = true;
    // With what else is logged in this turn.
    void Promise.resolve(box).then((due) => this.#send(due));
  }

  async #send(box: Box): Promise<void> {
    try {
      while (this.#boxes.get(box.flow) === box) {
        const lines = portion(box);
        const message: ToFlow = { kind: "logged", worker: this.#worker, lines };
        await this.#transport.request(flowAddress(box.flow), message);
        for (const sent of lines) this.#taken(box, sent);
      }
    } catch {
      // Nobody is there now: with the next line, the next beat, or the outcome.
    }
    box.isSending = false;
  }

  #taken(box: Box, { key, lines: sent }: KeyedLines): void {
    const lines = box.lines.get(key);
    // Gone with the outcome meanwhile.
    if (lines === undefined) return;
    lines.splice(0, sent.length);
    if (lines.length > 0) return;
    box.lines.delete(key);
    if (box.lines.size === 0 && this.#boxes.get(box.flow) === box) this.#boxes.delete(box.flow);
  }
}

/** The oldest lines, as many as go into one message. */
function portion({ lines: waiting }: Box): KeyedLines[] {
  const portion: KeyedLines[] = [];
  let room = linesAtOnce;
  for (const [key, lines] of waiting) {
    if (room === 0) break;
    const some = lines.slice(0, room);
    room -= some.length;
    portion.push({ key, lines: some });
  }
  return portion;
}
