/** What a node says of itself: short lines for people, or one JSON object a line. */
import type { WorkerStatistics } from "../../actors/worker.ts";
import type { Task } from "../types.ts";
import { jsonable } from "./documents.ts";
import type { Output } from "./output.ts";
import { cut, duration, oneLine, plural, type Span } from "./text.ts";

/** How often it is told how much was done, in milliseconds: in place on a screen, else as lines. */
const screenMs = 1_000;
const linesMs = 10_000;

export interface NodeReady {
  readonly name: string;
  readonly worker: string;
  readonly slots: number;
  readonly tasks: readonly Task[];
}

export interface NodeDraining {
  readonly signal: string;
  readonly running: number;
  readonly kept: number;
  readonly drainMs: number;
}

export class NodeLines {
  readonly #output: Output;
  /** What stands in the last line of the screen and may be taken back. */
  #status = "";

  constructor(output: Output) {
    this.#output = output;
  }

  ready({ name, worker, slots, tasks }: NodeReady): void {
    const named = tasks
      .map((task) => (task.version === 1 ? task.name : `${task.name} v${task.version}`))
      .sort(byName.compare);
    this.event("ready", {
      name,
      worker,
      slots,
      tasks: tasks.map((task) => ({ name: task.name, version: task.version })),
    });
    this.#line([
      ["ready", "green"],
      [`  ${oneLine(name)}  ${plural(slots, "slot")}, ${plural(tasks.length, "task")}: `],
      [cut(named.map(oneLine).join(", "), tasksWidth)],
      [`  ${worker}`, "dim"],
    ]);
  }

  draining({ signal, running, kept, drainMs }: NodeDraining): void {
    this.event("draining", { signal, running, kept, drainMs });
    this.#line([
      ["draining", "yellow"],
      [
        `  ${running} running, ${kept} not yet recorded; ${duration(drainMs)} at most, a second signal stops at once`,
      ],
    ]);
  }

  left(keys: readonly string[], statistics: WorkerStatistics): void {
    this.event("ended", { left: keys, statistics });
    const { done } = statistics;
    if (keys.length === 0)
      return this.#line([["ended", "green"], [`  ${done} done, nothing left`]]);
    this.#line([["ended", "red"], [`  ${done} done, ${keys.length} left to others:`]]);
    for (const key of keys) this.#line([[`  ${oneLine(key)}`]]);
  }

  log(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.event("log", { message, fields: jsonable(fields ?? {}) });
    const more = fields === undefined ? "" : ` ${oneLine(JSON.stringify(jsonable(fields)))}`;
    this.#line([[`${oneLine(message)}${more}`, "dim"]]);
  }

  /** Tells how much was done whenever that has changed. @returns ends it */
  watch(statistics: () => WorkerStatistics): () => void {
    const { isScreen, isJson } = this.#output;
    let told = "";
    const timer = setInterval(
      () => {
        const now = statistics();
        const text = `${now.done} done, ${now.running} running, ${now.kept} not yet recorded`;
        if (text === told) return;
        told = text;
        if (isJson) this.event("statistics", { ...now });
        else if (isScreen) this.#showStatus(text);
        else this.#line([[text]]);
      },
      isScreen ? screenMs : linesMs,
    ).unref();
    return () => {
      clearInterval(timer);
    };
  }

  /** One object in one line, for `--json` only. */
  event(event: string, fields: Readonly<Record<string, unknown>>): void {
    if (this.#output.isJson) this.#output.write(`${JSON.stringify({ event, ...fields })}\n`);
  }

  /** Leaves the screen with whole lines. */
  end(): void {
    this.#showStatus("");
  }

  #showStatus(text: string): void {
    if (this.#status !== "") this.#output.write("\r\u001b[K");
    this.#status = text;
    if (text !== "") this.#output.write(cut(text, this.#output.columns - 1));
  }

  #line(spans: readonly Span[]): void {
    if (this.#output.isJson) return;
    const status = this.#status;
    this.#showStatus("");
    this.#output.line(this.#output.paint(spans));
    this.#showStatus(status);
  }
}

/** `part-2` before `part-10`. */
const byName = new Intl.Collator("en", { numeric: true });

/** Columns that the names of the tasks may take. */
const tasksWidth = 200;
