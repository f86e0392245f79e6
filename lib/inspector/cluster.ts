/** Who is there and what there is to do, as the jobboard and presence tell. */
import type { Clock } from "../clock.ts";
import { FlowError } from "../errors.ts";
import { anyPresence, type Presence, whoAddress } from "../executor/protocol.ts";
import type { CommandKind, HeldLease, Job, Jobboard, JobState } from "../jobboard/jobboard.ts";
import type { Journal } from "../journal/journal.ts";
import { checkedEdit } from "../plan/edit-checked.ts";
import type { FlowState } from "../plan/state.ts";
import type { Stop, Transport } from "../transport/transport.ts";
import type { Present } from "../why/facts.ts";
import {
  countClaims,
  type Heard,
  mostClaimed,
  presentOf,
  type SeenLease,
  type Sight,
} from "../why/present.ts";
import type {
  ClusterDocument,
  CommandDocument,
  CommandRequest,
  ConductorDocument,
  JobDocument,
  MemberDocument,
} from "./documents.ts";
import { ShownJobs } from "./shown-jobs.ts";
import type { NodePresence } from "../../actors/members.ts";

const states: readonly JobState[] = ["UNCLAIMED", "CLAIMED", "COMPLETE", "TRASHED"];

const commands: readonly CommandKind[] = [
  ...(["suspend", "resume", "cancel", "kill", "edit"] as const),
];

/** Jobs of one state in one answer; characters of a reason. */
const most = { jobs: 50, reason: 1_000 } as const;

/** Milliseconds of silence after which a member is not shown any more: the default lease. */
const silentMs = 15_000;

/**
 * Milliseconds in which all answer who are asked whether they are there, a quarter of the default lease and some for
 * those whose event loop is busy; milliseconds between two such questions.
 */
const [patientMs, askMs] = [4_500, 1_500] as const;

export class Cluster {
  readonly #board: Jobboard | undefined;
  readonly #shown: ShownJobs;
  readonly #clock: Clock;
  readonly #members = new Map<string, Heartbeat>();
  readonly #renewed = new Map<string, { readonly revision: number; readonly at: number }>();
  #transport: Transport | undefined;
  #mayAskWorkers = true;
  /** Monotonic; when it was last asked who is there, and since when this was asked again and again. */
  readonly #asked = { at: -Infinity, since: 0 };

  constructor(board: Jobboard | undefined, journal: Journal, clock: Clock) {
    this.#board = board;
    this.#shown = new ShownJobs(journal);
    this.#clock = clock;
  }

  /** Hears who is there. */
  async listen(transport: Transport): Promise<Stop> {
    const stop = await transport.listen(anyPresence, (body) => {
      this.#hear(body as Presence & Partial<NodePresence>);
    });
    this.#transport = transport;
    this.#askWho();
    return stop;
  }

  /** What is known beside the journal of a flow. */
  async present(
    job: Job | undefined,
    state: FlowState | undefined,
    here: Pick<Sight, "place" | "runner" | "gone">,
  ): Promise<Present> {
    return presentOf(job, state, {
      ...here,
      board: this.#board,
      leases: async (board) => this.#leases(board),
      workers: () => Promise.resolve(this.#workers()),
      transport: this.#mayAskWorkers ? this.#transport : undefined,
      forbidden: () => {
        this.#mayAskWorkers = false;
      },
    });
  }

  async document(): Promise<ClusterDocument> {
    const board = this.#needBoard();
    const counts = { UNCLAIMED: 0, CLAIMED: 0, COMPLETE: 0, TRASHED: 0 };
    const jobs: JobDocument[] = [];
    let running: ReadonlyMap<string, number> = new Map();
    for (const state of states) {
      counts[state] = await board.count([state]);
      const limit = state === "CLAIMED" ? mostClaimed : most.jobs;
      const some = counts[state] === 0 ? [] : await board.list({ states: [state], limit });
      const first = some.slice(0, most.jobs);
      for (const job of first) jobs.push(jobDocument(await this.#shown.job(job)));
      if (state === "CLAIMED") running = countClaims(some);
    }
    const conductors = this.#renewals(await board.leases()).map((renewal) =>
      conductorDocument(renewal, running.get(renewal.lease.owner) ?? 0),
    );
    return { conductors, counts, jobs, members: this.#present() };
  }

  async job(id: string): Promise<Job | undefined> {
    const job = await this.#board?.get(id);
    return job === undefined ? undefined : this.#shown.job(job);
  }

  /** @throws FlowError `INVALID_OPTION` for what is no command, and what the board throws */
  async command(id: string, asked: unknown): Promise<CommandDocument> {
    const request = checked(asked);
    const job = await this.#needBoard().command(id, request);
    const last = job.commands.at(-1);
    return {
      number: last?.kind === request.kind ? last.number : null,
      job: jobDocument(await this.#shown.job(job)),
    };
  }

  #needBoard(): Jobboard {
    if (this.#board !== undefined) return this.#board;
    throw new FlowError("BOARD_UNAVAILABLE", { problem: "there is no jobboard here" });
  }

  #hear(presence: Presence & Partial<NodePresence>): void {
    const { worker, state } = presence;
    if (typeof worker !== "string") return;
    if (state === "down") this.#members.delete(worker);
    else this.#members.set(worker, { presence, heardAt: this.#clock.monotonic() });
  }

  /** Asks who is there, unless that was asked just now. */
  #askWho(): void {
    const now = this.#clock.monotonic();
    const agoMs = now - this.#asked.at;
    if (agoMs < askMs || this.#transport === undefined) return;
    // What was heard before may be old.
    if (agoMs >= patientMs) this.#asked.since = now;
    this.#asked.at = now;
    this.#transport.publish(whoAddress, null);
  }

  /** Workers that were heard of lately. */
  #workers(): Heard | undefined {
    if (this.#transport === undefined) return undefined;
    this.#askWho();
    const now = this.#clock.monotonic();
    const workers = [...this.#members.values()].flatMap(({ presence, heardAt }) =>
      presence.node === undefined && now - heardAt < patientMs ? [presence] : [],
    );
    return { workers, isAll: now - this.#asked.since >= patientMs };
  }

  #present(): readonly MemberDocument[] {
    const since = this.#clock.monotonic() - silentMs;
    for (const [key, { heardAt }] of this.#members) {
      if (heardAt < since) this.#members.delete(key);
    }
    return [...this.#members.values()].map(({ presence }) => memberDocument(presence));
  }

  async #leases(board: Jobboard): Promise<readonly SeenLease[]> {
    // A living one renews four times in a lease.
    return this.#renewals(await board.leases()).map(({ lease, renewedMs }) => ({
      ...lease,
      silentMs: renewedMs > lease.leaseMs / 2 ? renewedMs : 0,
    }));
  }

  /** Leases, and how long ago each was seen to be renewed, or first seen. */
  #renewals(leases: readonly HeldLease[]): readonly Renewal[] {
    const now = this.#clock.monotonic();
    const owners = new Set(leases.map(({ owner }) => owner));
    for (const owner of this.#renewed.keys()) if (!owners.has(owner)) this.#renewed.delete(owner);
    return leases.map((lease) => {
      const { owner, revision } = lease;
      const before = this.#renewed.get(owner);
      if (before?.revision === revision) {
        return { lease, renewedMs: Math.round(now - before.at) };
      }
      this.#renewed.set(owner, { revision, at: now });
      return { lease, renewedMs: 0 };
    });
  }
}

interface Heartbeat {
  readonly presence: Presence & Partial<NodePresence>;
  /** Monotonic. */
  readonly heardAt: number;
}

interface Renewal {
  readonly lease: HeldLease;
  readonly renewedMs: number;
}

function conductorDocument({ lease, renewedMs }: Renewal, running: number): ConductorDocument {
  const { owner, leaseMs, isStalled, details } = lease;
  return { owner, leaseMs, isStalled, renewedMs, running, details: details ?? null };
}

function memberDocument({
  worker,
  node,
  tasks,
  slots,
  free,
  state,
  isStalled,
}: Heartbeat["presence"]): MemberDocument {
  const shown = isStalled === true ? "busy" : state;
  if (node !== undefined) {
    return {
      ...{ name: node.name, kind: "node", state: shown, tasks: node.actors },
      ...{ slots: null, free: null },
    };
  }
  const names = tasks.map(([name, version]) => (version === 1 ? name : `${name}@${version}`));
  return { name: worker, kind: "worker", state: shown, tasks: names, slots, free };
}

function checked(asked: unknown): CommandRequest {
  const { kind, reason, edit, ...more } = (
    typeof asked === "object" && asked !== null ? asked : {}
  ) as {
    readonly kind?: unknown;
    readonly reason?: unknown;
    readonly edit?: unknown;
  };
  const known = commands.find((it) => it === kind);
  const isReason =
    reason === undefined || (typeof reason === "string" && reason.length <= most.reason);
  if (known === undefined || !isReason || Object.keys(more).length > 0) {
    const problem = `expected a kind of ${commands.join(", ")} and a reason of at most ${most.reason} characters`;
    throw new FlowError("INVALID_OPTION", { option: "command", problem });
  }
  return {
    kind: known,
    ...(reason === undefined ? {} : { reason }),
    ...(edit === undefined ? {} : { edit: checkedEdit(edit) }),
  };
}

export function jobDocument(job: Job): JobDocument {
  const { id, flow, state, owner = null, isHeld, claims, priority, postedAt, updatedAt } = job;
  return {
    id,
    flow,
    state,
    owner,
    isHeld,
    claims,
    priority,
    postedAt,
    updatedAt,
    commands: job.commands.map(({ number, kind }) => ({ number, kind })),
    commanded: job.commanded,
    refusals: job.refusals ?? [],
    end: job.end?.state ?? null,
    reason: job.reason ?? null,
  };
}
