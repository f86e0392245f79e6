/** A flow's run as plain lines, one for each change: for pipes, files and CI. */
import type { AtomChange, ProgressChange } from "../../actors/announcer.ts";
import { type Display, type Shown, shownChange } from "./display.ts";
import { styleOf } from "./look.ts";
import type { Output } from "./output.ts";
import { oneLine, type Span } from "./text.ts";

/** Progress is told of what takes long, this often for an atom. */
const progressMs = 5_000;

export class ChangeLines implements Display {
  readonly #output: Output;
  /** When something was last told of an atom. */
  readonly #told = new Map<string, number>();
  #leave: (() => void)[] = [];

  constructor(output: Output) {
    this.#output = output;
  }

  begin(engine: Shown): void {
    this.#leave = [
      engine.notifier.on("*", ({ flow, state }) => {
        this.#line([
          [`flow ${oneLine(flow)}  `],
          [state, styleOf(state)],
          [`  ${engine.id}`, "dim"],
        ]);
      }),
      engine.atomNotifier.on("*", (change) => {
        this.#atom(shownChange(engine, change));
      }),
      engine.progressNotifier.on("*", (change) => {
        this.#progress(change);
      }),
    ];
  }

  note(text: string): void {
    this.#output.tell(text);
  }

  end(): void {
    for (const leave of this.#leave) leave();
  }

  #atom({ atom, state, attempt, failure }: AtomChange): void {
    const spans: Span[] = [[`${oneLine(atom)}  `], [state, styleOf(state)]];
    this.#told.set(atom, performance.now());
    if (attempt > 1 && state !== "PENDING") spans.push([`  #${attempt}`]);
    if (failure !== undefined) spans.push([`  ${oneLine(failure.message)}`]);
    this.#line(spans);
  }

  #progress({ atom, fraction }: ProgressChange): void {
    const now = performance.now();
    if (fraction <= 0 || fraction >= 1 || now < (this.#told.get(atom) ?? now) + progressMs) return;
    this.#told.set(atom, now);
    this.#line([[`${oneLine(atom)}  ${Math.floor(fraction * 100)} %`, "dim"]]);
  }

  #line(spans: readonly Span[]): void {
    this.#output.line(this.#output.paint(spans));
  }
}
