/** Chooses what shows a flow. */
import type { Display } from "./display.ts";
import type { Output } from "./output.ts";

/** Shows nothing but notes; for `--json`. */
class Silence implements Display {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  begin(): void {
    // The document at the end says it all.
  }

  note(text: string): void {
    this.#output.tell(text);
  }

  end(): void {
    // Nothing was taken.
  }
}

/**
 * A tree on a terminal, lines elsewhere, nothing with `--json`.
 *
 * @param note - stands below the tree: what a signal does. Default: that it suspends
 */
export async function displayFor(output: Output, note?: string): Promise<Display> {
  if (output.isJson) return new Silence(output);
  if (output.isScreen) return new (await import("./live.ts")).LiveTree(output, note);
  return new (await import("./lines.ts")).ChangeLines(output);
}
