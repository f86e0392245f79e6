/** What shows a flow while it runs. */
import type { AtomChange } from "../../actors/announcer.ts";
import type { Engine } from "../../actors/engine.ts";
import type { Blueprint } from "../compile/blueprint.ts";
import type { Times } from "./times.ts";

/** A flow that can be shown: an engine's, or one that is followed. */
export interface Shown
  extends Pick<Engine, "id" | "storage" | "notifier" | "atomNotifier" | "progressNotifier"> {
  /** Without these two, the others tell nothing that is secret. */
  readonly shown?: Engine["shown"];
  readonly redactor?: Engine["redactor"];
  /** Milliseconds by the clock that the other two are of; without it they begin now. */
  now?(): number;
  readonly startedAt?: number;
  /** By the atom's name, of what has happened so far. */
  readonly times?: ReadonlyMap<string, Times>;
}

export interface Display {
  /** The run is about to begin or to go on; `blueprint` is what is run. */
  begin(shown: Shown, blueprint: Blueprint, isNew: boolean): void;
  /** Something to tell beside the flow. */
  note(text: string): void;
  /** The run is over: shows the last state and lets go of the screen. */
  end(): void;
}

/** A change as it may be shown: its failure repeats no secret. */
export function shownChange({ redactor }: Shown, change: AtomChange): AtomChange {
  if (redactor === undefined || change.failure === undefined) return change;
  return { ...change, failure: redactor.failure(change.failure) };
}
