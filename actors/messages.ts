/** What a flow actor's mailbox takes. Each message becomes records, or is dropped and counted. */
import type { FlowError } from "../lib/errors.ts";
import type { Failure } from "../lib/failure.ts";
import type { Edit } from "../lib/plan/edit.ts";
import type {
  AttemptName,
  Direction,
  FlowRecord,
  LossReason,
  Outcome,
  RunOptions,
} from "../lib/plan/records.ts";
import type { Depth, LogLine, TimedVerdict } from "../lib/types.ts";

export type Message =
  | {
      readonly type: "outcome";
      readonly atom: number;
      readonly direction: Direction;
      readonly attempt: number;
      readonly outcome: Outcome;
    }
  /** The host of an attempt is gone. */
  | ({ readonly type: "lost"; readonly reason: LossReason } & AttemptName)
  | ({ readonly type: "verdict"; readonly retry: number; readonly atom: number } & TimedVerdict)
  | {
      readonly type: "decided";
      readonly atom: number;
      readonly runs: boolean;
      readonly depth?: Depth;
      readonly failure?: Failure;
    }
  /** The records that begin a journal, or adopt one. */
  | { readonly type: "begin"; readonly records: readonly FlowRecord[] }
  | { readonly type: "run"; readonly options: RunOptions }
  | { readonly type: "suspend" }
  | { readonly type: "cancel"; readonly reason: string }
  | { readonly type: "kill"; readonly reason: string }
  | { readonly type: "reset" }
  /** `answer` is called when it is durable, or certain that it is refused. */
  | {
      readonly type: "edit";
      readonly edit: Edit;
      readonly id: string;
      readonly answer: (refused?: FlowError) => void;
    }
  | { readonly type: "timer"; readonly retry: number }
  /** A line that an attempt logs. It waits for other messages, and never makes a batch by itself. */
  | ({ readonly type: "logged" } & AttemptName & LogLine);
