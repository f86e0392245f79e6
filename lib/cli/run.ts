/** `fourstroke run FILE[#EXPORT]`: a new flow, to its end. */
import { Engine } from "../../actors/engine.ts";
import { compile } from "../compile/compile.ts";
import { FlowError } from "../errors.ts";
import type { Journal } from "../journal/journal.ts";
import type { Log } from "../types.ts";
import { displayFor } from "./displays.ts";
import { drive } from "./drive.ts";
import { checkChoice, choiceMeta, type EngineChoice, openChosen } from "./engines.ts";
import { exitOfState, hinted } from "./exit.ts";
import { fieldsText, tellingFields, withoutPlace } from "./log-text.ts";
import type { Output } from "./output.ts";
import { ownerName } from "./owner.ts";
import { readObject } from "./read-object.ts";
import { report } from "./report.ts";
import { type Loaded, loadFlow } from "./source.ts";
import { findFlow, openStore } from "./store.ts";
import { type CommonOptions, resumeCommand } from "./verb.ts";

export interface RunOptions extends CommonOptions, EngineChoice {
  readonly store?: string;
  readonly id?: string;
  readonly durability: "disk" | "process";
}

/** @returns the exit code */
export async function run(file: string, options: RunOptions, output: Output): Promise<number> {
  const store = await readObject("--store", options.store);
  const choice = checkChoice(options);
  const loaded = await loadFlow(file);
  const { blueprint } = compile(loaded.flow);
  const journal = await openStore(options);
  const log = logTo(output);
  try {
    if (options.id !== undefined) await refuseKnown(journal, options.id, options.dir);
    await using chosen = await openChosen(choice, loaded, log);
    const engine = new Engine(loaded.flow, {
      ...chosen.options,
      ...(options.id === undefined ? {} : { id: options.id }),
      store,
      journal,
      meta: metaOf(loaded, choice),
      owner: ownerName(),
      log,
    });
    const display = await displayFor(output);
    const resume = resumeCommand(engine.id, options.dir);
    const state = await drive({ engine, blueprint, display, resumes: false, resume });
    await engine.close();
    report(output, { view: engine.shown, given: Object.keys(store), resume, isShown: true });
    return exitOfState(state);
  } finally {
    await journal.close();
  }
}

/** An engine would go on with a flow of this id: that is for `resume`, which looks at what has changed. */
async function refuseKnown(journal: Journal, id: string, dir: string): Promise<void> {
  if ((await findFlow(journal, id)) === undefined) return;
  const error = new FlowError("ALREADY_EXISTS", { what: "flow", name: id });
  throw hinted(error, `go on with it: ${resumeCommand(id, dir)}`);
}

/** What `resume` needs to find the code and to run it as it was run before. */
const metaOf = ({ file, exported }: Loaded, choice: EngineChoice): Record<string, string> => ({
  file,
  export: exported,
  cwd: process.cwd(),
  ...choiceMeta(choice),
});

/** What tasks and the engine log goes beside the flow. */
export const logTo =
  (output: Output): Log =>
  (message, fields = {}) => {
    output.tell(`${message}${fieldsText(withoutPlace(tellingFields(message, fields)))}`);
  };
