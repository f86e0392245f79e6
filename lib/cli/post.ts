/** `fourstroke post FLOW`: puts a job on the board, for a conductor that has the flow. */
import { existsSync } from "node:fs";
import { compile } from "../compile/compile.ts";
import { validate } from "../compile/validate.ts";
import { FlowError } from "../errors.ts";
import type { JobBlueprint, JobPost, Priority } from "../jobboard/jobboard.ts";
import { needsOf } from "../jobboard/needs.ts";
import { nearest } from "../nearest.ts";
import type { Item } from "../types.ts";
import { jobDocument } from "./job-documents.ts";
import { flowsOf } from "./open-conductor.ts";
import type { Output } from "./output.ts";
import { Places, type PlacesOptions } from "./places.ts";
import { readObject } from "./read-object.ts";
import { loadFile, loadFlow } from "./source.ts";

export interface PostOptions extends PlacesOptions {
  readonly store?: string;
  readonly id?: string;
  readonly priority?: Priority;
  readonly details?: string;
  readonly file?: string;
}

/** @returns the exit code */
export async function post(named: string, options: PostOptions, output: Output): Promise<number> {
  const { id, priority, file } = options;
  const store = await readObject("--store", options.store);
  const details = await readObject("--details", options.details);
  const flow = await findFlow(named, file);
  const known: Pick<JobPost, "flow" | "blueprint"> =
    typeof flow === "string" ? { flow } : { flow: flow.name, blueprint: checked(flow, store) };
  await using places = await Places.open(options, { makes: true });
  const board = await places.board();
  const job = await board.post({
    ...{ ...known, store, details },
    ...(id === undefined ? {} : { id }),
    ...(priority === undefined ? {} : { priority }),
  });
  if (output.isJson) output.document(jobDocument(job));
  else output.line(job.id);
  return 0;
}

/** The flow's code, where that is at hand, or the name that conductors know it by. */
async function findFlow(named: string, file: string | undefined): Promise<Item | string> {
  if (file === undefined) {
    const hash = named.lastIndexOf("#");
    const isFile = existsSync(named) || (hash > 0 && existsSync(named.slice(0, hash)));
    return isFile ? (await loadFlow(named)).flow : named;
  }
  const flows = flowsOf((await loadFile(file)).exports);
  const found = flows.find((flow) => flow.name === named);
  if (found !== undefined) return found;
  const near = nearest(
    named,
    flows.map((flow) => flow.name),
  );
  const more = near === undefined ? {} : { nearest: near };
  throw new FlowError("NOT_FOUND", { what: `flow in ${file}`, name: named, ...more });
}

/** @throws FlowError `COMPILE_FAILED`, `MISSING_DEPENDENCIES` */
function checked(flow: Item, store: Readonly<Record<string, unknown>>): JobBlueprint {
  const { blueprint } = compile(flow);
  validate(blueprint, Object.keys(store));
  return needsOf(blueprint);
}
