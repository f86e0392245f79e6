/** What goes wrong in SQLite, in the journal's words. Plain data, because it may cross a thread. */
import { FlowError } from "../../errors.ts";

/** Why an entry was not written. */
export type Refusal =
  | { readonly code: "FENCED" }
  | { readonly code: "JOURNAL_FULL"; readonly problem: string }
  | { readonly code: "JOURNAL_UNAVAILABLE"; readonly problem: string }
  | { readonly code: "JOURNAL_DAMAGED"; readonly sequence: number; readonly problem: string };

/** Of https://www.sqlite.org/rescode.html, those that tell a user something. */
const codes = {
  error: 1,
  busy: 5,
  corrupt: 11,
  full: 13,
  constraint: 19,
  notADatabase: 26,
  /** No room for the file that the processes share. */
  sharedMemorySize: 4874,
} as const;

/**
 * SQLite's result code of an error, extended where it says so.
 *
 * @returns undefined for errors of other origin
 */
function codeOf(error: unknown): number | undefined {
  const { errcode, rawCode } = error as { errcode?: unknown; rawCode?: unknown };
  const code = errcode ?? rawCode;
  if (typeof code === "number") return code;
  const inText =
    error instanceof Error ? /connection to local database .*: (\d+)/.exec(error.message) : null;
  return inText === null ? undefined : Number(inText[1]);
}

/** Whether another process has the lock that this one wants. */
export const isBusy = (error: unknown): boolean => ((codeOf(error) ?? 0) & 0xff) === codes.busy;

/**
 * What an error of SQLite means to whoever appends or reads.
 *
 * @param sequence - where it happened, in case it is damage
 * @throws whatever is no error of SQLite
 */
export function refusalOf(error: unknown, sequence: number): Refusal {
  if (FlowError.is(error, "JOURNAL_DAMAGED")) {
    return { code: error.code, sequence: error.about.sequence, problem: error.about.problem };
  }
  if (FlowError.is(error, "JOURNAL_UNAVAILABLE")) {
    return { code: error.code, problem: error.about.problem };
  }
  const code = codeOf(error);
  if (code === undefined) throw error;
  const problem = (error as Error).message;
  if (code === codes.sharedMemorySize) return { code: "JOURNAL_FULL", problem };
  // The rest of a code is its last byte.
  switch (code & 0xff) {
    case codes.full:
      return { code: "JOURNAL_FULL", problem };
    // No statement of ours is wrong and none breaks a constraint, unless the tables were changed.
    case codes.error:
    case codes.constraint:
    case codes.corrupt:
    case codes.notADatabase:
      return { code: "JOURNAL_DAMAGED", sequence, problem };
    default:
      return { code: "JOURNAL_UNAVAILABLE", problem };
  }
}

/** The error for a user. */
export function errorOf(
  refusal: Refusal,
  flow: string,
  epoch: number,
  sequence: number,
): FlowError {
  switch (refusal.code) {
    case "FENCED":
      return new FlowError("FENCED", { flow, epoch, sequence });
    case "JOURNAL_FULL":
      return new FlowError("JOURNAL_FULL", { flow, problem: refusal.problem });
    case "JOURNAL_UNAVAILABLE":
      return new FlowError("JOURNAL_UNAVAILABLE", { problem: refusal.problem });
    case "JOURNAL_DAMAGED":
      return damaged(flow, refusal.sequence, refusal.problem);
  }
}

export function damaged(
  flow: string,
  sequence: number,
  problem: string,
): FlowError<"JOURNAL_DAMAGED"> {
  return new FlowError("JOURNAL_DAMAGED", { flow, sequence, problem });
}
