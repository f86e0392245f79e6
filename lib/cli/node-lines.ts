/** What a node says of itself: short lines for people, or one JSON object a line. */
import type { WorkerStatistics } from "../../actors/worker.ts";
import type { Task } from "../types.ts";
import { jsonable } from "../jsonable.ts";
import { fieldsText, tellingFields } from "./log-text.ts";
import type { Output } from "./output.ts";
import { cut, duration, oneLine, plural, type Span } from "./text.ts";

/** How often it is told how much was done, in milliseconds: in place on a screen, else as lines. */
const screenMs = 1_000;
const linesMs = 10_000;

/** Who has got ready for what. */
export interface NodeReady {
  readonly name: string;
  readonly worker: { readonly id: string } | undefined;
  readonly slots: number;
  readonly tasks: readonly Task[];
  readonly node: { readonly address: string } | undefined;
  readonly roles: readonly string[];
  readonly actors: readonly string[];
}

export class NodeLines {
  readonly #output: Output;
  /** What stands in the last line of the screen and may be taken back. */
  #status = "";

  constructor(output: Output) {
    this.#output = output;
  }

  ready({ name, worker, slots, tasks, node, roles, actors }: NodeReady): void {
    this.event("ready", {
      name,
      roles,
      worker: worker?.id ?? null,
      slots,
      tasks: tasks.map((task) => ({ name: task.name, version: task.version })),
      node: node?.address ?? null,
      actors,
    });
    const named = tasks.map((task) =>
      task.version === 1 ? task.name : `${task.name} v${task.version}`,
    );
    if (worker !== undefined) {
      const head = `  ${oneLine(name)}  ${plural(slots, "slot")}, ${plural(tasks.length, "task")}`;
      this.line([["ready", "green"], [`${head}: ${listed(named)}`], [`  ${worker.id}`, "dim"]]);
    }
    if (node !== undefined) {
      const head = `  ${oneLine(name)}  as ${roles.map(oneLine).join(", ")}, to make`;
      this.line([["ready", "green"], [`${head}: ${listed(actors)}`], [`  ${node.address}`, "dim"]]);
    }
  }

  draining(signal: string, drainMs: number, statistics: WorkerStatistics | undefined): void {
    const { running = 0, kept = 0 } = statistics ?? {};
    this.event("draining", { signal, running, kept, drainMs });
    this.line([
      ["draining", "yellow"],
      [
        `  ${running} running, ${kept} not yet recorded; ${duration(drainMs)} at most, a second signal stops at once`,
      ],
    ]);
  }

  /** @param keys - of attempts, and addresses of flows */
  left(keys: readonly string[], statistics: WorkerStatistics | undefined): void {
    this.event("ended", { left: keys, statistics: statistics ?? null });
    const { done = 0 } = statistics ?? {};
    if (keys.length === 0) return this.line([["ended", "green"], [`  ${done} done, nothing left`]]);
    this.line([["ended", "red"], [`  ${done} done, ${keys.length} left to others:`]]);
    for (const key of keys) this.line([[`  ${oneLine(key)}`]]);
  }

  log(message: string, fields: Readonly<Record<string, unknown>> = {}, level = "info"): void {
    this.event("log", { message, level, fields: jsonable(fields) });
    const more = fieldsText(tellingFields(message, fields));
    this.line([[oneLine(`${message}${more}`), "dim"]]);
  }

  /** Tells how much was done whenever that has changed. @returns ends it */
  watch(statistics: () => WorkerStatistics | undefined): () => void {
    const { isScreen, isJson } = this.#output;
    let told = "";
    const timer = setInterval(
      () => {
        const now = statistics();
        if (now === undefined) return;
        const text = `${now.done} done, ${now.running} running, ${now.kept} not yet recorded`;
        if (text === told) return;
        told = text;
        if (isJson) this.event("statistics", { ...now });
        else if (isScreen) this.#showStatus(text);
        else this.line([[text]]);
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

  /** A line for people. */
  line(spans: readonly Span[]): void {
    if (this.#output.isJson) return;
    const status = this.#status;
    this.#showStatus("");
    this.#output.line(this.#output.paint(spans));
    this.#showStatus(status);
  }
}

/** `part-2` before `part-10`. */
const byName = new Intl.Collator("en", { numeric: true });

/** Columns that names of tasks and actors may take. */
const namesWidth = 200;

const listed = (names: readonly string[]): string =>
  cut([...names].sort(byName.compare).map(oneLine).join(", "), namesWidth);
