/** Where jobs are posted, claimed, and completed or given back. Implementations differ in who shares them (I7). */
import type { Failure } from "../failure.ts";
import type { Edit } from "../plan/edit.ts";
import type { Stop } from "../transport/transport.ts";

/** From the first to be claimed to the last. */
export const priorities = ["VERY_HIGH", "HIGH", "NORMAL", "LOW", "VERY_LOW"] as const;
export type Priority = (typeof priorities)[number];

export type JobState = "UNCLAIMED" | "CLAIMED" | "COMPLETE" | "TRASHED";

/** What a conductor must have to go on with a flow that is under way. */
export interface JobBlueprint {
  readonly hash: string;
  /** Names and major versions of its deciders and retry controllers, as `name@major`. */
  readonly needs: readonly string[];
}

/** What is posted. */
export interface JobPost {
  /** Default: a UUID of version 7. The flow's journal has the same id. At most 1,000 characters as a token. */
  readonly id?: string;
  /** Name of a registered flow. */
  readonly flow: string;
  /** The flow's inputs. With `details` and the rest at most 384 KiB in encoded bytes. */
  readonly store?: Readonly<Record<string, unknown>>;
  /** Anything that is to be known of the job. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Default `NORMAL`. */
  readonly priority?: Priority;
  readonly blueprint?: JobBlueprint;
}

export type CommandKind = "cancel" | "suspend" | "resume" | "kill" | "edit";

/** A command that found no owner and waits for the next one. */
export interface JobCommand {
  readonly kind: CommandKind;
  /** At most 1,000 characters. An edit holds its own. */
  readonly reason?: string;
  /** Of `edit`, and of no other: what is to be done by hand. */
  readonly edit?: Edit;
}

export interface PendingCommand extends JobCommand {
  /** Counts this job's commands, from 1. */
  readonly number: number;
  /** The job was held until this edit released it. */
  readonly wasHeld?: boolean;
}

/** A command that was not carried out, and why: for whoever asked for it. */
export interface Refusal {
  /** That of the command. */
  readonly number: number;
  readonly kind: CommandKind;
  /** At most 1,000 characters. */
  readonly why: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** How the flow ended. At most 512 KiB in encoded bytes. */
export interface JobEnd {
  readonly state: string;
  readonly failure?: Failure;
}

export interface Job {
  readonly id: string;
  readonly flow: string;
  readonly store: Readonly<Record<string, unknown>>;
  readonly details: Readonly<Record<string, unknown>>;
  readonly priority: Priority;
  readonly blueprint?: JobBlueprint;
  /** The post said nothing of the blueprint: an owner that has another one found it in the flow's journal. */
  readonly isBlueprintFound?: true;
  readonly state: JobState;
  readonly owner: string | undefined;
  /** Given back as suspended or parked: nobody claims it until it is told to `resume`, `cancel` or `kill`. */
  readonly isHeld: boolean;
  /** How often it was claimed. */
  readonly claims: number;
  /** Grows with every change of the job. The one that `claim` returns is the claim's fencing token. */
  readonly revision: number;
  /** Epoch milliseconds. */
  readonly postedAt: number;
  readonly updatedAt: number;
  /** What waits for the next owner, in order; at most 16. */
  readonly commands: readonly PendingCommand[];
  /** How many commands there ever were. */
  readonly commanded: number;
  /** The last commands that came to nothing, in order; at most 8. Absent: none did. */
  readonly refusals?: readonly Refusal[];
  /** Of a COMPLETE job. */
  readonly end?: JobEnd;
  /** Why its last owner gave it back or threw it away. At most 8,192 characters. */
  readonly reason?: string;
}

/** A job that is not on the board any more. */
export interface GoneJob {
  readonly id: string;
  readonly gone: true;
}

export interface JobQuery {
  readonly states?: readonly JobState[];
  /** Name of the flow. */
  readonly flow?: string;
  /** At most this many. Default 100, at most 10,000. */
  readonly limit?: number;
  /** Only what comes after this job in the order of the listing: for the next page. */
  readonly after?: string;
}

export interface ClaimOptions {
  /** Only if the job is as it was at this revision. */
  readonly revision?: number;
  /** Claims it away from this owner, who is known to be dead, and from no other. */
  readonly from?: string;
  /** Even if it is held; so it stays, should it be given back. Default false. */
  readonly isHeld?: boolean;
}

export interface AbandonOptions {
  readonly reason?: string;
  /**
   * That of the flow's journal, which the owner does not have; kept if the post said nothing of it. Of one that has
   * more than 16 KiB in encoded bytes the hash alone.
   */
  readonly blueprint?: JobBlueprint;
  /** See `Job.isHeld`. Default false. */
  readonly isHeld?: boolean;
}

export interface WaitOptions {
  /** Whole milliseconds. Default: as long as it takes. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** That an owner lives: renewed before `leaseMs` is over, or others may take its jobs. */
export interface Lease {
  readonly owner: string;
  readonly leaseMs: number;
  /** It lives, but its main loop has not ticked for a while. */
  readonly isStalled?: boolean;
  /** For people. At most 16 KiB in encoded bytes. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface HeldLease extends Lease {
  readonly isStalled: boolean;
  /** Grows with every renewal; unchanged means not renewed. */
  readonly revision: number;
}

/**
 * Jobs, and the leases of those who own them. Every change is a compare-and-set on the entry's revision.
 *
 * `who` is the name of an owner, not empty, at most 1,000 characters as a token. Every implementation passes
 * test/contracts/jobboard.ts. Every call throws FlowError `BOARD_UNAVAILABLE` when the board is closed or can't be
 * reached, `BOARD_DAMAGED` when an entry can't be read, and `INVALID_OPTION` for what makes no sense.
 */
export interface Jobboard extends AsyncDisposable {
  /**
   * Posts a job; the same one again gives the job that is there, an ended one too until it is purged.
   *
   * @throws FlowError `ALREADY_EXISTS` when another job has that id; `PAYLOAD_REFUSED`; `BOARD_FULL`
   */
  post(job: JobPost): Promise<Job>;

  get(id: string): Promise<Job | undefined>;

  /** Jobs of the highest priority first, and of those the oldest. @throws FlowError `NOT_FOUND` for `after` */
  list(query?: JobQuery): Promise<readonly Job[]>;

  /** How many there are. Default: in any state. */
  count(states?: readonly JobState[]): Promise<number>;

  /** @throws FlowError `NOT_FOUND` */
  owner(id: string): Promise<string | undefined>;

  /**
   * Makes `who` the owner of an UNCLAIMED job.
   *
   * @returns the job; its revision is the claim's fencing token
   * @throws FlowError `JOB_UNCLAIMABLE`: it is owned, held or ended, or not as it was at `revision`. `NOT_FOUND`
   */
  claim(id: string, who: string, options?: ClaimOptions): Promise<Job>;

  /** Gives a job back. @throws FlowError `NOT_OWNER`; `NOT_FOUND` when the job or its owner is */
  abandon(id: string, who: string, options?: AbandonOptions): Promise<Job>;

  /**
   * The job is done: COMPLETE. Commands that still wait have come too late, and become refusals.
   *
   * @throws FlowError as `abandon`; `PAYLOAD_REFUSED`
   */
  consume(id: string, who: string, end: JobEnd): Promise<Job>;

  /** Puts a job away for inspection: TRASHED, until it is restored. @throws FlowError as `abandon` */
  trash(id: string, who: string, reason: string): Promise<Job>;

  /** Makes a TRASHED job UNCLAIMED. @throws FlowError `NOT_FOUND`; `INVALID_STATE` when it is not in the trash */
  restore(id: string): Promise<Job>;

  /**
   * Leaves a command for the job's owner, or its next one; the same one as the last that waits is left only once.
   * `resume`, `cancel`, `kill` and edits that want the flow to run (`retryNow`, `retryFrom`) release a held job. An
   * edit `retryFrom` makes a COMPLETE job UNCLAIMED again; other edits of a held job wait until something releases it.
   *
   * @throws FlowError `NOT_FOUND`; `INVALID_STATE` when it is COMPLETE or TRASHED; `COMMANDS_FULL`; `INVALID_OPTION`,
   *   `PAYLOAD_REFUSED` for what is no edit
   */
  command(id: string, command: JobCommand): Promise<Job>;

  /**
   * Takes commands off the entry. An owner records them first, from the job that `claim` returned or `watch` gave, and
   * then takes those up to the last that it has recorded: so none is lost with it.
   *
   * @param upTo - number of the last to take; default: all
   * @param refused - by a command's number why it was not carried out; see `Job.refusals`. Default: all were
   * @returns those that were taken
   * @throws FlowError as `abandon`
   */
  takeCommands(
    id: string,
    who: string,
    upTo?: number,
    refused?: ReadonlyMap<number, string>,
  ): Promise<readonly PendingCommand[]>;

  /**
   * Resolves when the job is COMPLETE or TRASHED.
   *
   * @throws FlowError `JOB_NOT_ENDED` in time; `NOT_FOUND`; or the signal's reason
   */
  wait(id: string, options?: WaitOptions): Promise<Job>;

  /**
   * Gives every job that is there, then each as it changes; what happens quickly may be given once, as it is then.
   *
   * @param changed - what it throws is logged
   * @param ended - called if the board can't be followed any more, unless it was closed here: what it is kept in is
   * gone, or forbidden
   * @returns when everything present has been given; the function ends it
   */
  watch(changed: (job: Job | GoneJob) => void, ended?: (error: Error) => void): Promise<Stop>;

  /**
   * Renews a lease, or makes it. Waits for a board that is away for a quarter of `leaseMs` at most.
   *
   * @returns its revision
   * @throws FlowError `LEASE_TAKEN` when somebody dropped or made it: the owner is out, and so it stays until it drops
   * the lease itself
   */
  renew(lease: Lease): Promise<number>;

  /** As they are now, whoever may lag behind. */
  leases(): Promise<readonly HeldLease[]>;

  /** Takes a lease away if it is still at that revision. @returns whether it was */
  dropLease(owner: string, revision: number): Promise<boolean>;

  /** Forgets COMPLETE jobs that ended before that time, in epoch milliseconds. @returns how many */
  purge(what: { readonly endedBefore: number }): Promise<number>;

  close(): Promise<void>;
}
