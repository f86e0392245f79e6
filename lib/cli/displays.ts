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

/** A tree on a terminal, lines elsewhere, nothing with `--json`. */
export async function displayFor(output: Output): Promise<Display> {
  if (output.isJson) return new Silence(output);
  if (output.isScreen) return new (await import("./live.ts")).LiveTree(output);
  return new (await import("./lines.ts")).ChangeLines(output);
}
