/** What the command line ends with. Scripts rely on these numbers: none is ever given another meaning. */
import { type ErrorCode, FlowError } from "../errors.ts";
import type { FlowStateName } from "../plan/states.ts";

export const exitCodes = {
  SUCCESS: 0,
  INTERNAL: 1,
  USAGE: 2,
  REVERTED: 3,
  FAILURE: 4,
  SUSPENDED: 5,
  PARKED: 6,
  REFUSED: 7,
  JOURNAL: 8,
  OWNED: 9,
  LEFT: 10,
  SERVER: 11,
  WAITING: 12,
  TRASHED: 13,
  OVER: 14,
  INTERRUPTED: 130,
  TERMINATED: 143,
} as const;

/** The table as `--help` shows it. */
export const exitTable: readonly (readonly [number, string])[] = [
  [
    exitCodes.SUCCESS,
    "the flow ended SUCCESS; what was asked for was shown; the node left nothing undone",
  ],
  [
    exitCodes.INTERNAL,
    "an error that nobody foresaw, or the process ran out of work before the flow ended",
  ],
  [exitCodes.USAGE, "the command line is wrong, or names a file or flow that isn't there"],
  [exitCodes.REVERTED, "the flow failed and was undone"],
  [exitCodes.FAILURE, "the flow failed and could not be undone"],
  [exitCodes.SUSPENDED, "the flow is suspended: resume it"],
  [exitCodes.PARKED, "the flow took its hosts down too often: resume it with --unpark"],
  [
    exitCodes.REFUSED,
    "the code can't be loaded, compiled or validated, or it differs from the flow's journal",
  ],
  [
    exitCodes.JOURNAL,
    "the journal, the jobboard or an export is missing, damaged, full or can't be reached",
  ],
  [exitCodes.OWNED, "another process runs the flow or owns the job, or has taken it over"],
  [
    exitCodes.LEFT,
    "the node ended before all that it ran was done and recorded: others do it again",
  ],
  [
    exitCodes.SERVER,
    "the NATS server can't be reached, is too old, or doesn't allow what is needed",
  ],
  [exitCodes.WAITING, "the job had not ended in the time that was given"],
  [exitCodes.TRASHED, "the job is in the trash: `why` tells the reason, `restore` puts it back"],
  [exitCodes.OVER, "the job or the flow is not in a state for that: the message says why"],
  [exitCodes.INTERRUPTED, "a second Ctrl-C stopped it at once: resume the flow"],
  [exitCodes.TERMINATED, "a second SIGTERM stopped it at once: resume the flow"],
];

const ofErrors: Partial<Record<ErrorCode, number>> = {
  INVALID_OPTION: exitCodes.USAGE,
  NOT_FOUND: exitCodes.USAGE,
  ALREADY_EXISTS: exitCodes.USAGE,
  PAYLOAD_REFUSED: exitCodes.USAGE,
  COMPILE_FAILED: exitCodes.REFUSED,
  MISSING_DEPENDENCIES: exitCodes.REFUSED,
  BLUEPRINT_CHANGED: exitCodes.REFUSED,
  PARKED: exitCodes.PARKED,
  JOURNAL_FULL: exitCodes.JOURNAL,
  JOURNAL_UNAVAILABLE: exitCodes.JOURNAL,
  JOURNAL_DAMAGED: exitCodes.JOURNAL,
  JOURNAL_LOST_TAIL: exitCodes.JOURNAL,
  ARCHIVE_REFUSED: exitCodes.JOURNAL,
  FENCED: exitCodes.OWNED,
  LEASE_LOST: exitCodes.OWNED,
  HAS_OWNER: exitCodes.OWNED,
  JOB_UNCLAIMABLE: exitCodes.OWNED,
  NOT_OWNER: exitCodes.OWNED,
  LEASE_TAKEN: exitCodes.OWNED,
  BOARD_FULL: exitCodes.JOURNAL,
  BOARD_UNAVAILABLE: exitCodes.JOURNAL,
  BOARD_DAMAGED: exitCodes.JOURNAL,
  COMMANDS_FULL: exitCodes.JOURNAL,
  JOB_NOT_ENDED: exitCodes.WAITING,
  INVALID_STATE: exitCodes.OVER,
  EDIT_REFUSED: exitCodes.OVER,
  COMMAND_REFUSED: exitCodes.OVER,
  MODULE_NOT_LOADED: exitCodes.REFUSED,
  HOST_FAILED: exitCodes.REFUSED,
  SERVER_UNREACHABLE: exitCodes.SERVER,
  SERVER_TOO_OLD: exitCodes.SERVER,
  CREDENTIALS_REFUSED: exitCodes.SERVER,
  FORBIDDEN: exitCodes.SERVER,
  TRANSPORT_CLOSED: exitCodes.SERVER,
  JETSTREAM_UNAVAILABLE: exitCodes.SERVER,
  JETSTREAM_REFUSED: exitCodes.SERVER,
};

const ofStates: Partial<Record<FlowStateName, number>> = {
  SUCCESS: exitCodes.SUCCESS,
  REVERTED: exitCodes.REVERTED,
  FAILURE: exitCodes.FAILURE,
  SUSPENDED: exitCodes.SUSPENDED,
  PARKED: exitCodes.PARKED,
};

export function exitOfState(state: FlowStateName): number {
  return ofStates[state] ?? exitCodes.INTERNAL;
}

/** `instanceof` alone leaves its code untyped. */
export const isFlowError = (error: unknown): error is FlowError => error instanceof FlowError;

export function exitOf(error: unknown): number {
  if (error instanceof CliError) return error.exit;
  return (isFlowError(error) ? ofErrors[error.code] : undefined) ?? exitCodes.INTERNAL;
}

type CliCode =
  | "USAGE"
  | "LEASE_TAKEN"
  | "FLOW_NOT_LOADED"
  | "STALLED"
  | "INTERRUPTED"
  | "TERMINATED";

const ofCli: { readonly [Code in CliCode]: number } = {
  USAGE: exitCodes.USAGE,
  FLOW_NOT_LOADED: exitCodes.REFUSED,
  LEASE_TAKEN: exitCodes.OWNED,
  STALLED: exitCodes.INTERNAL,
  INTERRUPTED: exitCodes.INTERRUPTED,
  TERMINATED: exitCodes.TERMINATED,
};

/** A failure that only the command line can have. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: CliCode;
  readonly about: Readonly<Record<string, unknown>>;

  constructor(
    code: CliCode,
    message: string,
    about: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.about = about;
  }

  get exit(): number {
    return ofCli[this.code];
  }
}

const hints = new WeakMap<Error, string>();

/** The error with a second line for people: what to do now. */
export function hinted<E extends Error>(error: E, hint: string): E {
  hints.set(error, hint);
  return error;
}

export const hintOf = (error: unknown): string | undefined =>
  error instanceof Error ? hints.get(error) : undefined;
