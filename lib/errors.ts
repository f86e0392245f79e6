/**
 * Every failure a user of fourstroke can meet, in one table: its code, what it carries, its words.
 *
 * Branch on `code`; `message` is for people and may change in a patch.
 */

/** One mistake in a declared flow. `compile()` reports all of them at once. */
export type Mistake =
  | { readonly code: "DUPLICATE"; readonly names: readonly string[] }
  | { readonly code: "ALREADY_IN_FLOW"; readonly name: string }
  | { readonly code: "INVALID_ATOM"; readonly atom: string; readonly problem: string }
  | { readonly code: "INVALID_FLOW"; readonly flow: string; readonly problem: string }
  | {
      readonly code: "AMBIGUOUS_DEPENDENCY";
      readonly flow: string;
      readonly atom: string;
      readonly symbol: string;
      readonly providers: readonly string[];
    }
  | { readonly code: "CYCLE"; readonly flow: string; readonly path: readonly string[] }
  | {
      readonly code: "UNKNOWN_NODE";
      readonly flow: string;
      readonly name: string;
      readonly nearest?: string;
    }
  | { readonly code: "AMBIGUOUS_NODE"; readonly flow: string; readonly name: string }
  | { readonly code: "INVALID_DECIDER"; readonly flow: string; readonly problem: string };

/** An input that nothing in scope provides. */
export interface MissingInput {
  readonly atom: string;
  readonly method: "execute" | "revert";
  /** The parameter as the atom's function names it. */
  readonly param: string;
  /** The symbol that the parameter is bound to. */
  readonly symbol: string;
  /** Some atoms that provide it, if there are any, but don't come before this one. */
  readonly elsewhere?: readonly string[];
  /** Otherwise the known symbol with the most similar name, if one is close. */
  readonly nearest?: string;
}

/** What each failure carries. One line per code: this table is the catalogue. */
interface Failures {
  COMPILE_FAILED: { readonly flow: string; readonly mistakes: readonly Mistake[] };
  MISSING_DEPENDENCIES: { readonly flow: string; readonly missing: readonly MissingInput[] };
  INVALID_OPTION: { readonly option: string; readonly problem: string };
  INVALID_STATE: { readonly flow: string; readonly operation: string; readonly state: string };
  INVALID_TRANSITION: { readonly subject: string; readonly state: string; readonly event: string };
  NOT_FOUND: { readonly what: string; readonly name: string; readonly nearest?: string };
  ALREADY_EXISTS: {
    readonly what: string;
    readonly name: string;
    /** Where it is found several times, if that is what is wrong. */
    readonly where?: readonly string[];
  };
  PAYLOAD_REFUSED: { readonly path: string; readonly problem: string };
  INPUT_REFUSED: { readonly atom: string; readonly param: string; readonly problem: string };
  INPUT_NOT_FOUND: { readonly atom: string; readonly param: string; readonly symbol: string };
  SEVERAL_FAILURES: { readonly flow: string; readonly atoms: readonly string[] };
  TASK_TIMED_OUT: { readonly atom: string; readonly timeoutMs: number };
  CANCELLED: { readonly flow: string; readonly reason: string };
  KILLED: { readonly flow: string; readonly reason: string };
  SUSPENDED: { readonly flow: string };
  PARKED: { readonly flow: string; readonly reason: string };
  DECIDER_FAILED: { readonly atom: string; readonly problem: string };
  /** `recorded` is what the journal needs, where somebody else may have that. */
  BLUEPRINT_CHANGED: {
    readonly flow: string;
    readonly differences: readonly string[];
    readonly recorded?: { readonly hash: string; readonly needs: readonly string[] };
  };
  FENCED: { readonly flow: string; readonly epoch: number; readonly sequence: number };
  LEASE_LOST: { readonly flow: string; readonly epoch: number };
  /** `state` is the job's; `owner` is its owner, if it has one; `problem` says why if neither does. */
  JOB_UNCLAIMABLE: {
    readonly job: string;
    readonly state: string;
    readonly owner?: string;
    readonly problem?: string;
  };
  NOT_OWNER: { readonly job: string; readonly who: string; readonly owner: string };
  JOB_NOT_ENDED: { readonly job: string; readonly state: string; readonly timeoutMs: number };
  COMMANDS_FULL: { readonly job: string; readonly limit: number };
  /** The job's owner did not carry it out; of an edit it is `EDIT_REFUSED`. */
  COMMAND_REFUSED: { readonly job: string; readonly command: string; readonly why: string };
  /** The lease's key was changed or taken away by somebody else after that revision. */
  LEASE_TAKEN: { readonly owner: string; readonly revision: number };
  BOARD_FULL: { readonly problem: string };
  BOARD_UNAVAILABLE: { readonly problem: string };
  /** `entry` is empty when it is the whole board that can't be read. */
  BOARD_DAMAGED: { readonly entry: string; readonly problem: string };
  /** `atom` is undefined for an edit of the whole flow. */
  EDIT_REFUSED: {
    readonly flow: string;
    readonly edit: string;
    readonly atom: string | undefined;
    readonly why: string;
  };
  /** Why an attempt is aborted, or its atom's failure: a person said what came of it. */
  ENDED_BY_HAND: { readonly atom: string };
  HAS_OWNER: { readonly flow: string; readonly owner: string };
  /** `flow` is empty when the journal itself can't be made. */
  JOURNAL_FULL: { readonly flow: string; readonly problem: string };
  JOURNAL_UNAVAILABLE: { readonly problem: string };
  /** `flow` is empty, and `sequence` 0, when it is the whole journal that can't be read. */
  JOURNAL_DAMAGED: { readonly flow: string; readonly sequence: number; readonly problem: string };
  /** Records that were acknowledged up to this sequence are not there any more; the flow can't go on from what is. */
  JOURNAL_LOST_TAIL: { readonly flow: string; readonly sequence: number; readonly problem: string };
  /** An export of flows that is none, is damaged, or is of a newer version; `offset` in bytes says where. */
  ARCHIVE_REFUSED: { readonly offset: number; readonly problem: string };
  ENGINE_CLOSED: { readonly flow: string };
  MAILBOX_FULL: { readonly system: string; readonly capacity: number };
  NO_RECEIVER: { readonly to: string };
  NO_ANSWER: { readonly to: string; readonly timeoutMs: number };
  TRANSPORT_FULL: {
    readonly to: string;
    readonly limit: number;
    readonly of: "requests" | "messages" | "bytes";
  };
  TRANSPORT_CLOSED: { readonly problem: string };
  /** The link to a node is down for good; what is sent to that node's actors comes to nothing. */
  LINK_DOWN: { readonly node: string; readonly problem: string };
  SERVER_UNREACHABLE: { readonly servers: readonly string[]; readonly problem: string };
  SERVER_TOO_OLD: { readonly server: string; readonly found: string; readonly needed: string };
  CREDENTIALS_REFUSED: { readonly servers: readonly string[]; readonly problem: string };
  /** The server has no JetStream for these credentials, or not as it is needed. */
  JETSTREAM_UNAVAILABLE: { readonly problem: string };
  /** `status` as HTTP has it; `errCode` is the server's number of the error. */
  JETSTREAM_REFUSED: {
    readonly request: string;
    readonly status: number;
    readonly errCode: number;
    readonly problem: string;
  };
  FORBIDDEN: { readonly operation: "publish" | "subscribe"; readonly subject: string };
  /** `module` as it was given, or its absolute path. */
  MODULE_NOT_LOADED: { readonly module: string; readonly problem: string };
  /** A thread or child process of a pool that ended before it was ready to work. */
  HOST_FAILED: { readonly host: string; readonly problem: string };
}

/** Names a kind of failure; see `FlowError`. */
export type ErrorCode = keyof Failures;

const near = (nearest: string | undefined): string =>
  nearest === undefined ? "" : `; did you mean "${nearest}"?`;

function mistakeText(mistake: Mistake): string {
  switch (mistake.code) {
    case "DUPLICATE":
      return `atoms with the same name: ${mistake.names.join(", ")}`;
    case "ALREADY_IN_FLOW":
      return `"${mistake.name}" is in the tree twice; make a second one under another name`;
    case "INVALID_ATOM":
      return `atom "${mistake.atom}": ${mistake.problem}`;
    case "INVALID_FLOW":
      return `flow "${mistake.flow}": ${mistake.problem}`;
    case "AMBIGUOUS_DEPENDENCY":
      return (
        `in "${mistake.flow}", "${mistake.atom}" requires "${mistake.symbol}", ` +
        `which ${mistake.providers.join(" and ")} provide`
      );
    case "CYCLE":
      return `in "${mistake.flow}", a cycle: ${mistake.path.join(" -> ")}`;
    case "UNKNOWN_NODE":
      return `"${mistake.flow}" has no item "${mistake.name}"${near(mistake.nearest)}`;
    case "AMBIGUOUS_NODE":
      return `"${mistake.flow}" has several items "${mistake.name}"; name the object itself`;
    case "INVALID_DECIDER":
      return `in "${mistake.flow}": ${mistake.problem}`;
  }
}

const missingText = (input: MissingInput): string =>
  `${input.atom}.${input.method} requires "${input.param}"` +
  (input.param === input.symbol ? "" : ` (symbol "${input.symbol}")`) +
  (input.elsewhere === undefined ? near(input.nearest) : notBefore(input.elsewhere));

const notBefore = (providers: readonly string[]): string =>
  `, which ${providers.join(" and ")} provide${providers.length === 1 ? "s" : ""} without coming before it`;

const messages: { readonly [Code in ErrorCode]: (about: Failures[Code]) => string } = {
  COMPILE_FAILED: ({ flow, mistakes }) =>
    `flow "${flow}" can't be compiled: ${mistakes.map(mistakeText).join("; ")}`,
  MISSING_DEPENDENCIES: ({ flow, missing }) =>
    `flow "${flow}" lacks inputs that nothing in scope provides: ${missing.map(missingText).join("; ")}`,
  INVALID_OPTION: ({ option, problem }) => `option "${option}": ${problem}`,
  INVALID_STATE: ({ flow, operation, state }) =>
    `flow "${flow}" can't ${operation} in state ${state}`,
  INVALID_TRANSITION: ({ subject, state, event }) => `${subject} takes no "${event}" in ${state}`,
  NOT_FOUND: ({ what, name, nearest }) => `no ${what} "${name}"${near(nearest)}`,
  ALREADY_EXISTS: ({ what, name, where }) =>
    where === undefined
      ? `${what} "${name}" exists already`
      : `${what} "${name}" is in ${where.join(" and in ")}, and these are not the same`,
  PAYLOAD_REFUSED: ({ path, problem }) => `${path} ${problem}`,
  INPUT_REFUSED: ({ atom, param, problem }) => `input "${param}" of "${atom}": ${problem}`,
  INPUT_NOT_FOUND: ({ atom, param, symbol }) =>
    `input "${param}" of "${atom}": no accessible provider of "${symbol}" has such a value`,
  SEVERAL_FAILURES: ({ flow, atoms }) =>
    `flow "${flow}": ${String(atoms.length)} failures, in ${atoms.join(", ")}`,
  TASK_TIMED_OUT: ({ atom, timeoutMs }) => `"${atom}" took longer than ${String(timeoutMs)} ms`,
  CANCELLED: ({ flow, reason }) => `flow "${flow}" was cancelled: ${reason}`,
  KILLED: ({ flow, reason }) => `flow "${flow}" was killed: ${reason}`,
  SUSPENDED: ({ flow }) => `flow "${flow}" is suspended; run it again to go on`,
  PARKED: ({ flow, reason }) => `flow "${flow}" is parked: ${reason}`,
  DECIDER_FAILED: ({ atom, problem }) => `a decider before "${atom}" failed: ${problem}`,
  BLUEPRINT_CHANGED: ({ flow, differences }) =>
    `flow "${flow}" differs from its journal: ${differences.join("; ")}`,
  FENCED: ({ flow, epoch, sequence }) =>
    `flow "${flow}" has another owner: epoch ${String(epoch)}, sequence ${String(sequence)} is not the last`,
  LEASE_LOST: ({ flow, epoch }) =>
    `flow "${flow}" was adopted by another owner after epoch ${String(epoch)}`,
  JOB_UNCLAIMABLE: ({ job, state, owner, problem }) =>
    `job "${job}" can't be claimed: ${problem ?? (owner === undefined ? `it is ${state}` : `${owner} owns it`)}`,
  NOT_OWNER: ({ job, who, owner }) => `${who} is not the owner of job "${job}": ${owner} is`,
  JOB_NOT_ENDED: ({ job, state, timeoutMs }) =>
    `job "${job}" has not ended within ${timeoutMs} ms: it is ${state}`,
  COMMANDS_FULL: ({ job, limit }) => `job "${job}" has ${limit} commands waiting already`,
  COMMAND_REFUSED: ({ job, command, why }) => `can't ${command} job "${job}": ${why}`,
  LEASE_TAKEN: ({ owner, revision }) =>
    `the lease of ${owner} was changed or dropped by another after revision ${revision}`,
  BOARD_FULL: ({ problem }) => `no room on the jobboard: ${problem}`,
  BOARD_UNAVAILABLE: ({ problem }) => `the jobboard can't be reached: ${problem}`,
  BOARD_DAMAGED: ({ entry, problem }) =>
    entry === ""
      ? `the jobboard is damaged: ${problem}`
      : `entry "${entry}" of the jobboard is damaged: ${problem}`,
  EDIT_REFUSED: ({ flow, edit, atom, why }) =>
    `can't ${edit} ${atom === undefined ? `flow "${flow}"` : `"${atom}" of flow "${flow}"`}: ${why}`,
  ENDED_BY_HAND: ({ atom }) => `a person ended the attempt of "${atom}"`,
  HAS_OWNER: ({ flow, owner }) => `flow "${flow}" is being run by ${owner}`,
  JOURNAL_FULL: ({ flow, problem }) =>
    flow === ""
      ? `no room to make the journal: ${problem}`
      : `no room to record flow "${flow}": ${problem}`,
  JOURNAL_UNAVAILABLE: ({ problem }) => `the journal can't be reached: ${problem}`,
  JOURNAL_DAMAGED: ({ flow, sequence, problem }) =>
    flow === ""
      ? `the journal is damaged: ${problem}`
      : `journal of flow "${flow}" is damaged at sequence ${sequence}: ${problem}`,
  JOURNAL_LOST_TAIL: ({ flow, sequence, problem }) =>
    `the journal of flow "${flow}" lost its end, up to sequence ${sequence}: ${problem}`,
  ARCHIVE_REFUSED: ({ offset, problem }) =>
    `the export can't be read: ${problem}${offset === 0 ? "" : ` (at byte ${offset})`}`,
  ENGINE_CLOSED: ({ flow }) => `the engine of flow "${flow}" is closed`,
  MAILBOX_FULL: ({ system, capacity }) =>
    `the mailbox of system "${system}" already holds ${String(capacity)} messages`,
  NO_RECEIVER: ({ to }) => `nobody takes messages at ${to}`,
  NO_ANSWER: ({ to, timeoutMs }) => `no answer from ${to} within ${String(timeoutMs)} ms`,
  TRANSPORT_FULL: ({ to, limit, of }) =>
    `no room for a message to ${to}: at most ${String(limit)} ${of} wait at once`,
  TRANSPORT_CLOSED: ({ problem }) => `the transport is closed: ${problem}`,
  LINK_DOWN: ({ node, problem }) => `the link to node "${node}" is down: ${problem}`,
  SERVER_UNREACHABLE: ({ servers, problem }) => `no server at ${servers.join(", ")}: ${problem}`,
  SERVER_TOO_OLD: ({ server, found, needed }) =>
    `the server at ${server} is of version ${found}; ${needed} or later is needed`,
  CREDENTIALS_REFUSED: ({ servers, problem }) =>
    `the server at ${servers.join(", ")} refuses the credentials: ${problem}`,
  JETSTREAM_UNAVAILABLE: ({ problem }) => `JetStream can't be used: ${problem}`,
  JETSTREAM_REFUSED: ({ request, errCode, problem }) =>
    `JetStream refuses ${request}: ${problem} (error ${errCode})`,
  FORBIDDEN: ({ operation, subject }) =>
    `these credentials don't allow to ${operation} ${operation === "publish" ? "at" : "to"} ${subject}`,
  MODULE_NOT_LOADED: ({ module, problem }) => `can't load ${module}: ${problem}`,
  HOST_FAILED: ({ host, problem }) => `host ${host} can't be started: ${problem}`,
};

/** An expected failure. Branch on `code`; `message` is for people and may change in a patch. */
export class FlowError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "FlowError";
  readonly code: Code;
  /** What happened, as data. */
  readonly about: Failures[Code];
  /** The single errors, where this one stands for several. */
  readonly errors: readonly Error[];

  constructor(
    code: Code,
    about: Failures[Code],
    options?: ErrorOptions & { readonly errors?: readonly Error[] },
  ) {
    super(messages[code](about), options);
    this.code = code;
    this.about = about;
    this.errors = options?.errors ?? [];
  }

  /** Narrows a caught value to the failure with this code. */
  static is<Code extends ErrorCode>(error: unknown, code: Code): error is FlowError<Code> {
    return error instanceof FlowError && error.code === code;
  }
}
