/** `fourstroke jobs`: the jobs of a board, in the order in which they are claimed. */
import type { Job, JobState } from "../jobboard/jobboard.ts";
import type { FlowStateName } from "../plan/states.ts";
import { jobDocument, type JobsDocument } from "./job-documents.ts";
import { styleOf } from "./look.ts";
import type { Output } from "./output.ts";
import { Places, type PlacesOptions } from "./places.ts";
import { shownJob } from "./shown-job.ts";
import { writeTable } from "./table.ts";
import { cut, duration, oneLine, type Span, type Style } from "./text.ts";

export interface JobsOptions extends PlacesOptions {
  /** Any of these. */
  readonly state?: readonly JobState[];
  readonly flow?: string;
  readonly limit: number;
  readonly after?: string;
}

/** What is listed without `--state`: all that has not ended. */
const unended: readonly JobState[] = ["UNCLAIMED", "CLAIMED", "TRASHED"];

const styles: Readonly<Record<JobState, Style>> = {
  UNCLAIMED: "plain",
  CLAIMED: "cyan",
  COMPLETE: "green",
  TRASHED: "red",
};

/** @returns the exit code */
export async function jobs(options: JobsOptions, output: Output): Promise<number> {
  const { state: states = unended, flow, limit, after } = options;
  await using places = await Places.open(options);
  const board = await places.board();
  const found = await board.list({
    ...{ states, limit },
    ...(flow === undefined ? {} : { flow }),
    ...(after === undefined ? {} : { after }),
  });
  const listed: Job[] = [];
  for (const job of found) listed.push(await shownJob(places, job));
  const document: JobsDocument = { jobs: listed.map(jobDocument) };
  if (output.isJson) output.document(document);
  else write(listed, limit, output);
  return 0;
}

function write(listed: readonly Job[], limit: number, output: Output): void {
  if (listed.length === 0) return output.line("no jobs");
  const headings = ["ID", "FLOW", "STATE", "PRIORITY", "POSTED", "OWNER"];
  writeTable(output, headings, listed.map(row));
  const last = listed.at(-1);
  if (listed.length === limit && last !== undefined) {
    output.tell(
      `only the first ${limit}; --limit N lists more, --after ${oneLine(last.id)} the next`,
    );
  }
}

function row(job: Job): Span[] {
  const { id, flow, priority, postedAt, owner } = job;
  return [
    [oneLine(id)],
    [oneLine(flow)],
    stateSpan(job),
    [priority],
    [`${duration(Math.max(0, Date.now() - postedAt))} ago`],
    [owner === undefined ? cut(oneLine(job.reason ?? ""), 60) : oneLine(owner), "dim"],
  ];
}

/** The flow's end says more than that there is one. */
function stateSpan({ state, isHeld, end }: Job): Span {
  if (end !== undefined) return [end.state, styleOf(end.state as FlowStateName)];
  return isHeld ? ["HELD", "yellow"] : [state, styles[state]];
}
