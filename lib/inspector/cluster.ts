/** Who is there and what there is to do, as the jobboard and presence tell. */
import type { Clock } from "../clock.ts";
import { FlowError } from "../errors.ts";
import { anyPresence, type Presence, whoAddress } from "../executor/protocol.ts";
import type { CommandKind, HeldLease, Job, Jobboard, JobState } from "../jobboard/jobboard.ts";
import { checkedEdit } from "../plan/edit-checked.ts";
import type { Stop, Transport } from "../transport/transport.ts";
import type {
  ClusterDocument,
  CommandDocument,
  CommandRequest,
  ConductorDocument,
  JobDocument,
  MemberDocument,
} from "./documents.ts";
import type { NodePresence } from "../../actors/members.ts";

const states: readonly JobState[] = ["UNCLAIMED", "CLAIMED", "COMPLETE", "TRASHED"];

const commands: readonly CommandKind[] = [
  ...(["suspend", "resume", "cancel", "kill", "edit"] as const),
];

/** Jobs of one state in one answer; claimed jobs that are counted by owner; characters of a reason. */
const most = { jobs: 50, claimed: 10_000, reason: 1_000 } as const;

/** Milliseconds of silence after which a member is not shown any more: the default lease. */
const silentMs = 15_000;

export class Cluster {
  readonly #board: Jobboard | undefined;
  readonly #clock: Clock;
  readonly #members = new Map<string, { readonly is: MemberDocument; readonly heardAt: number }>();
  readonly #renewed = new Map<string, { readonly revision: number; readonly at: number }>();

  constructor(board: Jobboard | undefined, clock: Clock) {
    this.#board = board;
    this.#clock = clock;
  }

  /** Hears who is there. */
  async listen(transport: Transport): Promise<Stop> {
    const stop = await transport.listen(anyPresence, (body) => {
      this.#hear(body as Presence & Partial<NodePresence>);
    });
    transport.publish(whoAddress, null);
    return stop;
  }

  async document(): Promise<ClusterDocument> {
    const board = this.#needBoard();
    const counts = { UNCLAIMED: 0, CLAIMED: 0, COMPLETE: 0, TRASHED: 0 };
    const jobs: JobDocument[] = [];
    const running = new Map<string, number>();
    for (const state of states) {
      counts[state] = await board.count([state]);
      const limit = state === "CLAIMED" ? most.claimed : most.jobs;
      const some = counts[state] === 0 ? [] : await board.list({ states: [state], limit });
      jobs.push(...some.slice(0, most.jobs).map(jobDocument));
      for (const { owner } of some) {
        if (owner !== undefined) running.set(owner, (running.get(owner) ?? 0) + 1);
      }
    }
    const leases = await board.leases();
    const conductors = leases.map((lease) => this.#conductor(lease, running.get(lease.owner) ?? 0));
    return { conductors, counts, jobs, members: this.#present() };
  }

  async job(id: string): Promise<JobDocument | null> {
    const job = await this.#board?.get(id);
    return job === undefined ? null : jobDocument(job);
  }

  /** @throws FlowError `INVALID_OPTION` for what is no command, and what the board throws */
  async command(id: string, asked: unknown): Promise<CommandDocument> {
    const request = checked(asked);
    const job = await this.#needBoard().command(id, request);
    const last = job.commands.at(-1);
    return { number: last?.kind === request.kind ? last.number : null, job: jobDocument(job) };
  }

  #needBoard(): Jobboard {
    if (this.#board !== undefined) return this.#board;
    throw new FlowError("BOARD_UNAVAILABLE", { problem: "there is no jobboard here" });
  }

  #hear({
    worker,
    node,
    tasks,
    slots,
    free,
    state,
    isStalled,
  }: Presence & Partial<NodePresence>): void {
    if (typeof worker !== "string") return;
    if (state === "down") {
      this.#members.delete(worker);
      return;
    }
    const shown = isStalled === true ? "busy" : state;
    const is: MemberDocument =
      node === undefined
        ? {
            name: worker,
            kind: "worker",
            state: shown,
            tasks: tasks.map(([name, version]) => (version === 1 ? name : `${name}@${version}`)),
            slots,
            free,
          }
        : {
            name: node.name,
            kind: "node",
            state: shown,
            tasks: node.actors,
            slots: null,
            free: null,
          };
    this.#members.set(worker, { is, heardAt: this.#clock.monotonic() });
  }

  #present(): readonly MemberDocument[] {
    const since = this.#clock.monotonic() - silentMs;
    for (const [key, { heardAt }] of this.#members) {
      if (heardAt < since) this.#members.delete(key);
    }
    return [...this.#members.values()].map(({ is }) => is);
  }

  #conductor(lease: HeldLease, running: number): ConductorDocument {
    const { owner, leaseMs, isStalled, revision, details } = lease;
    const now = this.#clock.monotonic();
    const before = this.#renewed.get(owner);
    if (before?.revision !== revision) this.#renewed.set(owner, { revision, at: now });
    const renewedMs = before?.revision === revision ? Math.round(now - before.at) : 0;
    return { owner, leaseMs, isStalled, renewedMs, running, details: details ?? null };
  }
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

function jobDocument(job: Job): JobDocument {
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
