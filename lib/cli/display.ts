/** What shows a flow while it runs. */
import type { Engine } from "../../actors/engine.ts";
import type { Blueprint } from "../compile/blueprint.ts";
import type { Output } from "./output.ts";

export interface Display {
  /** The run is about to begin or to go on; `blueprint` is what is run. */
  begin(engine: Engine, blueprint: Blueprint, isNew: boolean): void;
  /** Something to tell beside the flow. */
  note(text: string): void;
  /** The run is over: shows the last state and lets go of the screen. */
  end(): void;
}

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
