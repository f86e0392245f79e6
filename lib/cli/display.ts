/** What shows a flow while it runs. */
import type { Engine } from "../../actors/engine.ts";
import type { Blueprint } from "../compile/blueprint.ts";

export interface Display {
  /** The run is about to begin or to go on; `blueprint` is what is run. */
  begin(engine: Engine, blueprint: Blueprint, isNew: boolean): void;
  /** Something to tell beside the flow. */
  note(text: string): void;
  /** The run is over: shows the last state and lets go of the screen. */
  end(): void;
}
