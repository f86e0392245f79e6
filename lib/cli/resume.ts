/** `fourstroke resume ID`: goes on with a flow from its journal. */
import { existsSync } from "node:fs";
import { Engine } from "../../actors/engine.ts";
import { unfinishedStates } from "../../actors/registry.ts";
import type { Blueprint } from "../compile/blueprint.ts";
import { compile } from "../compile/compile.ts";
import { hashOf } from "../compile/hash.ts";
import { FlowError } from "../errors.ts";
import type { Journal } from "../journal/journal.ts";
import { isActive } from "../plan/due.ts";
import { leave } from "./command.ts";
import { differences } from "./differences.ts";
import { displayFor } from "./displays.ts";
import { type AllDocument, errorDocument, outcomeDocument } from "./documents.ts";
import { drive } from "./drive.ts";
import { choiceAgain, type EngineChoice, openChosen } from "./engines.ts";
import { CliError, exitCodes, exitOf, exitOfState, hinted } from "./exit.ts";
import type { Output } from "./output.ts";
import { livingOwner, ownerName } from "./owner.ts";
import { type Outcome, report } from "./report.ts";
import { logTo } from "./run.ts";
import { type Loaded, loadFlow } from "./source.ts";
import { jobsAmong, placeOfJob } from "./resume-job.ts";
import { findUnredacted, type Kept, openExisting, readFlow } from "./store.ts";
import { quoted } from "./text.ts";
import { type CommonOptions, resumeCommand, tellError } from "./verb.ts";

export interface ResumeOptions extends CommonOptions, EngineChoice {
  readonly all?: boolean;
  readonly migrate?: boolean;
  readonly unpark?: boolean;
  readonly takeOver?: boolean;
  readonly durability: "disk" | "process";
}

/** @returns the exit code */
export async function resume(
  id: string | undefined,
  file: string | undefined,
  options: ResumeOptions,
  output: Output,
): Promise<number> {
  if ((options.all === true) === (id !== undefined)) {
    throw new CliError("USAGE", "resume takes the ID of one flow, or --all");
  }
  const job = id === undefined ? undefined : await placeOfJob(id, options);
  if (id !== undefined && job !== undefined) {
    await using places = job;
    return await leave(places, "resume", id, undefined, output);
  }
  const journal = await openExisting(options);
  try {
    if (id === undefined) return await resumeAll(journal, options, output);
    const resumed = await resumeOne(journal, id, file, options, output);
    report(output, resumed);
    return exitOfState(resumed.view.state);
  } finally {
    await journal.close();
  }
}

/** One after another, the oldest first; what keeps one of them from going on doesn't keep the others. */
async function resumeAll(
  journal: Journal,
  options: ResumeOptions,
  output: Output,
): Promise<number> {
  const unfinished = await journal.list({ states: unfinishedStates, limit: 10_000 });
  // Jobs are for conductors.
  const jobs = await jobsAmong(unfinished, options.dir);
  const flows = unfinished.filter(({ id }) => !jobs.has(id)).reverse();
  const documents: AllDocument["flows"][number][] = [];
  let exit: number = exitCodes.SUCCESS;
  for (const { id, name } of flows) {
    try {
      const resumed = await resumeOne(journal, id, undefined, options, output);
      const { state } = resumed.view;
      if (output.isJson) documents.push(outcomeDocument(resumed.view));
      else report(output, resumed);
      exit ||= exitOfState(state);
      if (state === "SUSPENDED") break; // a signal said so, and it meant all of them
    } catch (error) {
      documents.push({ id, name, ...errorDocument(error) });
      if (!output.isJson) {
        output.tell(`flow "${name}" ${id} is left as it is:`);
        tellError(output, error);
      }
      if (!FlowError.is(error, "HAS_OWNER")) exit ||= exitOf(error);
    }
  }
  if (output.isJson) output.document({ flows: documents });
  else if (flows.length === 0) output.line("nothing to resume");
  return exit;
}

async function resumeOne(
  journal: Journal,
  id: string,
  file: string | undefined,
  options: ResumeOptions,
  output: Output,
): Promise<Outcome> {
  const kept = await readFlow(journal, id, findUnredacted);
  const { state, view } = kept;
  const common = { given: Object.keys(state.store), resume: resumeCommand(id, options.dir) };
  const over = view.state === "SUCCESS" || view.state === "REVERTED";
  if (over || (view.state === "PARKED" && options.unpark !== true))
    return { view: (await readFlow(journal, id)).view, ...common, isShown: false };
  if (options.takeOver !== true) refuseOwned(kept);
  const loaded = await findCode(kept, file);
  const { blueprint } = compile(loaded.flow);
  compare(view.name, state.blueprint, blueprint, options.migrate === true);
  const log = logTo(output);
  await using chosen = await openChosen(choiceAgain(view.meta, options), loaded, log);
  const engine = new Engine(loaded.flow, {
    ...chosen.options,
    id,
    journal,
    owner: ownerName(),
    log,
  });
  engine.compile();
  await engine.prepare();
  const display = await displayFor(output);
  const controls = { unpark: options.unpark === true };
  await drive({ engine, blueprint, display, resumes: true, resume: common.resume, controls });
  await engine.close();
  return { view: engine.shown, ...common, isShown: true };
}

function refuseOwned({ state, view }: Kept): void {
  if (!isActive(state)) return;
  const owner = livingOwner(state.owner);
  if (owner === undefined) return;
  throw hinted(
    new FlowError("HAS_OWNER", { flow: view.id, owner }),
    "suspend it there with Ctrl-C or SIGTERM, or take it from that process with --take-over",
  );
}

/** The code that was run, in the folder it was run in; or what the command line names, here. */
async function findCode({ view }: Kept, file: string | undefined): Promise<Loaded> {
  if (file !== undefined) return loadFlow(file);
  const { file: known, export: exported, cwd } = view.meta;
  const hint = `say where its code is: fourstroke resume ${quoted(view.id)} FILE[#EXPORT]`;
  if (known === undefined) {
    const message = `flow "${view.id}" wasn't begun by the command line`;
    throw hinted(new CliError("USAGE", message, { flow: view.id }), hint);
  }
  for (const path of [known, cwd]) {
    if (path === undefined || existsSync(path)) continue;
    const message = `${path}, where flow "${view.id}" was begun, is gone`;
    throw hinted(new CliError("USAGE", message, { flow: view.id, path }), hint);
  }
  if (cwd !== undefined) process.chdir(cwd);
  return loadFlow(exported === undefined ? known : `${known}#${exported}`);
}

function compare(flow: string, old: Blueprint, next: Blueprint, migrate: boolean): void {
  if (hashOf(old) === hashOf(next)) return;
  const { allowed, refused } = differences(old, next);
  if (refused.length > 0) {
    throw hinted(
      new FlowError("BLUEPRINT_CHANGED", { flow, differences: [...refused, ...allowed] }),
      "what is recorded would mean something else: go on with the code it was begun with",
    );
  }
  if (allowed.length > 0 && !migrate) {
    throw hinted(
      new FlowError("BLUEPRINT_CHANGED", { flow, differences: allowed }),
      "--migrate goes on with it as it is now",
    );
  }
}
