/** A flow's run as a tree on a terminal, drawn again in place as it changes. */
import type { Blueprint } from "../compile/blueprint.ts";
import { type Board, boardOf } from "./board.ts";
import { type Display, type Shown, shownChange } from "./display.ts";
import type { Output } from "./output.ts";
import { render } from "./render.ts";
import { widthOf } from "./text.ts";

const frameMs = 100;

/** The last state of a tree that doesn't fit leaves room for the results and the prompt below it. */
const afterLines = 8;

/** Characters of somebody's line that are kept back until it ends. */
const longestBegun = 64 * 1024;

/** Between these a terminal that knows them shows nothing half drawn. */
const hold = "\u001b[?2026h";
const release = "\u001b[?2026l";
const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
const clearBelow = "\u001b[J";

export class LiveTree implements Display {
  readonly #output: Output;
  readonly #note: string;
  #board: Board | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Lines on the screen that are ours. */
  #drawn: readonly string[] = [];
  /** The beginning of a line that somebody else is writing. */
  #begun = "";
  #restore: (() => void)[] = [];

  /** @param note - what a signal does */
  constructor(output: Output, note = "Ctrl-C suspends") {
    this.#output = output;
    this.#note = note;
  }

  begin(engine: Shown, blueprint: Blueprint, isNew: boolean): void {
    const board = boardOf(engine, blueprint, isNew);
    board.note = this.#note;
    this.#board = board;
    this.#restore = [
      engine.notifier.on("*", (change) => {
        board.flowChanged(change);
      }),
      engine.atomNotifier.on("*", (change) => {
        board.atomChanged(shownChange(engine, change));
      }),
      engine.progressNotifier.on("*", (change) => {
        board.progressed(change);
      }),
      this.#takeOver(process.stdout),
      ...(process.stderr.isTTY ? [this.#takeOver(process.stderr)] : []),
    ];
    process.on("exit", this.#showCursor);
    this.#output.write(hideCursor);
    this.#timer = setInterval(() => {
      this.#draw();
    }, frameMs);
    // The tree alone is no reason to go on: see `drive`.
    this.#timer.unref();
  }

  note(text: string): void {
    if (this.#board === undefined) return this.#output.tell(text);
    this.#board.note = text;
    this.#draw();
  }

  end(): void {
    const board = this.#board;
    if (board === undefined) return;
    this.#board = undefined;
    clearInterval(this.#timer);
    for (const restore of this.#restore) restore();
    board.note = "";
    board.end();
    const rest = this.#begun === "" ? "" : `${this.#begun}\n`;
    this.#output.write(`${this.#erase()}${rest}${showCursor}`);
    for (const line of this.#frame(board, afterLines)) this.#output.line(line);
    process.off("exit", this.#showCursor);
  }

  readonly #showCursor = (): void => {
    this.#output.write(showCursor);
  };

  #draw(): void {
    if (this.#board === undefined) return;
    const frame = this.#frame(this.#board, 1);
    this.#output.write(`${hold}${this.#erase()}${textOf(frame)}${release}`);
    this.#drawn = frame;
  }

  /** @param free - lines to leave for what comes after the tree */
  #frame(board: Board, free: number): string[] {
    const { columns, lines, paint } = this.#output;
    return render(board, { columns, lines: lines - free, paint });
  }

  /** Back to where the tree begins. A terminal that was made narrower has wrapped what is on it. */
  #erase(): string {
    const { columns } = this.#output;
    let lines = 0;
    for (const line of this.#drawn) lines += Math.max(1, Math.ceil(widthOf(line) / columns));
    this.#drawn = [];
    return lines === 0 ? "" : `\u001b[${lines}A\r${clearBelow}`;
  }

  /** What tasks write goes above the tree, whole lines at a time. */
  #takeOver(stream: NodeJS.WriteStream): () => void {
    const original = stream.write.bind(stream);
    stream.write = (chunk: string | Uint8Array, ...more: unknown[]): boolean => {
      this.#writeAbove(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
      const done = more.find((one) => typeof one === "function") as (() => void) | undefined;
      if (done !== undefined) process.nextTick(done);
      return true;
    };
    return () => {
      stream.write = original;
    };
  }

  #writeAbove(text: string): void {
    const all = this.#begun + text;
    const end = all.lastIndexOf("\n") + 1;
    this.#begun = all.slice(end);
    if (end === 0 && all.length < longestBegun) return;
    // A line that never ends is broken where it is.
    const whole = end === 0 ? `${all}\n` : all.slice(0, end);
    if (end === 0) this.#begun = "";
    const drawn = this.#drawn;
    const again = drawn.length === 0 ? "" : textOf(drawn);
    this.#output.write(`${hold}${this.#erase()}${whole}${again}${release}`);
    this.#drawn = drawn;
  }
}

const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");
