/** The order of a board, and its pages. */
import { FlowError } from "../errors.ts";
import { type Job, type JobQuery, priorities } from "./jobboard.ts";

const pages = { default: 100, most: 10_000 } as const;

/** Highest priority first, then the oldest; the id decides between jobs of the same millisecond. */
function compare(one: Job, other: Job): number {
  const byPriority = priorities.indexOf(one.priority) - priorities.indexOf(other.priority);
  if (byPriority !== 0) return byPriority;
  if (one.postedAt !== other.postedAt) return one.postedAt - other.postedAt;
  return one.id < other.id ? -1 : 1;
}

/** @throws FlowError `INVALID_OPTION` for a limit that is none, `NOT_FOUND` for `after` */
export function page(jobs: readonly Job[], { states, flow, limit, after }: JobQuery): Job[] {
  const most = limit ?? pages.default;
  if (!Number.isSafeInteger(most) || most < 1 || most > pages.most) {
    const problem = `${String(most)} is not a whole number from 1 to ${pages.most}`;
    throw new FlowError("INVALID_OPTION", { option: "limit", problem });
  }
  const last = after === undefined ? undefined : jobs.find(({ id }) => id === after);
  if (after !== undefined && last === undefined) {
    throw new FlowError("NOT_FOUND", { what: "job", name: after });
  }
  return jobs
    .filter(
      (job) =>
        (states === undefined || states.includes(job.state)) &&
        (flow === undefined || job.flow === flow) &&
        (last === undefined || compare(last, job) < 0),
    )
    .sort(compare)
    .slice(0, most);
}
