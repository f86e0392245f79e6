/** Finds out what is known of the present, for whoever asks why a flow does not move. */
import { FlowError } from "../errors.ts";
import { type ToWorker, workerAddress } from "../executor/protocol.ts";
import type { HeldLease, Job, Jobboard } from "../jobboard/jobboard.ts";
import { keyOf } from "../plan/key.ts";
import type { FlowState } from "../plan/state.ts";
import type { Transport } from "../transport/transport.ts";
import type { ConductorFacts, JobFacts, Present, WorkerFacts } from "./facts.ts";

/** Attempts that a worker is asked for; milliseconds in which it answers. */
const [mostAsked, answerMs] = [100, 1_000] as const;

/** Claimed jobs that are counted by owner. */
export const mostClaimed = 10_000;

/** A lease, and for how long nothing was heard of its owner, in milliseconds; 0: it was heard of. */
export interface SeenLease extends HeldLease {
  readonly silentMs: number;
}

/** Who was heard of. */
export interface Heard {
  readonly workers: readonly WorkerFacts[];
  /** There are no others. */
  readonly isAll: boolean;
}

/** How whoever asks sees what is there. */
export interface Sight {
  readonly place: string;
  readonly board: Jobboard | undefined;
  leases(board: Jobboard): Promise<readonly SeenLease[]>;
  /** Undefined: workers can't be heard from here. */
  workers(state: FlowState): Promise<Heard | undefined>;
  /** Through which workers are asked what they have; undefined: they can't be. */
  readonly transport: Transport | undefined;
  /** Called when they may not be asked. */
  forbidden?(): void;
  runner(owner: string): string | undefined;
  gone(owner: string): string | undefined;
}

/** @throws what the board does */
export async function presentOf(
  job: Job | undefined,
  state: FlowState | undefined,
  sight: Sight,
): Promise<Present> {
  const { place } = sight;
  if (job === undefined) {
    const [runner, gone] =
      state === undefined ? [] : [sight.runner(state.owner), sight.gone(state.owner)];
    return { place, conductors: [], holders: {}, runner, gone };
  }
  const conductors = await conductorsFor(job, sight);
  const own = conductors.find(({ owner, silentMs }) => owner === job.owner && silentMs === 0);
  const isRemote = state !== undefined && own?.engine === "workers";
  const heard = isRemote ? await sight.workers(state) : undefined;
  const known = { place, job: jobFacts(job), conductors };
  if (state === undefined || heard === undefined) return { ...known, holders: {} };
  const holders = await holdersOf(heard, state, sight.transport).catch((error: unknown) => {
    if (!FlowError.is(error, "FORBIDDEN")) throw error;
    sight.forbidden?.();
    return {};
  });
  return { ...known, holders, ...(heard.isAll ? { workers: heard.workers } : {}) };
}

/** What is known when where the flows are kept is away; undefined: the error says something else. */
export function presentWithout(place: string, away: string, error: unknown): Present | undefined {
  const isAway = [
    ...(["SERVER_UNREACHABLE", "BOARD_UNAVAILABLE"] as const),
    ...(["JOURNAL_UNAVAILABLE", "JETSTREAM_UNAVAILABLE"] as const),
  ].some((code) => FlowError.is(error, code));
  return isAway ? { place, away, conductors: [], holders: {} } : undefined;
}

/** Asks a worker whether it has attempts. @returns undefined when it doesn't answer; throws `FORBIDDEN` */
async function askWorker(
  transport: Transport,
  worker: string,
  keys: readonly string[],
): Promise<readonly boolean[] | undefined> {
  try {
    const question: ToWorker = { kind: "holds", keys };
    const answer = await transport.request(workerAddress(worker), question, answerMs);
    return Array.isArray(answer) ? (answer as boolean[]) : undefined;
  } catch (error) {
    if (FlowError.is(error, "FORBIDDEN")) throw error;
    return undefined;
  }
}

/** How many jobs each owner has: a lease that is renewed from a thread tells what was so when it was taken. */
export const claimsOf = async (board: Jobboard): Promise<ReadonlyMap<string, number>> =>
  countClaims(await board.list({ states: ["CLAIMED"], limit: mostClaimed }));

/** By owner. */
export function countClaims(jobs: readonly Job[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { owner } of jobs) {
    if (owner !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  return counts;
}

/** Nothing of its inputs: those may be secret. */
function jobFacts(job: Job): JobFacts {
  const { flow, state, isHeld, updatedAt, reason, owner, blueprint, end } = job;
  return {
    ...{ flow, state, isHeld, updatedAt, owner, hash: blueprint?.hash },
    ...(reason === undefined ? {} : { reason }),
    ...(end === undefined ? {} : { end: { state: end.state, message: end.failure?.message } }),
  };
}

async function conductorsFor(job: Job, sight: Sight): Promise<readonly ConductorFacts[]> {
  const { board } = sight;
  const isOpen = !job.isHeld && (job.state === "UNCLAIMED" || job.state === "CLAIMED");
  if (!isOpen || board === undefined) return [];
  const leases = await sight.leases(board);
  const isWaiting = job.owner === undefined && leases.length > 0;
  const claims = isWaiting ? await claimsOf(board) : undefined;
  return leases.map((lease) => conductorFacts(lease, job.flow, claims?.get(lease.owner) ?? 0));
}

function conductorFacts(lease: SeenLease, flow: string, running: number): ConductorFacts {
  const { owner, leaseMs, isStalled, silentMs, details = {} } = lease;
  // Whoever holds a lease writes what it likes there.
  const { flows, flowsInAll, engine, maxFlows } = details;
  const pairs: readonly unknown[] = Array.isArray(flows) ? flows : [];
  const pair = pairs.find((it) => Array.isArray(it) && it[0] === flow) as unknown[] | undefined;
  const isPart = pairs.length < (typeof flowsInAll === "number" ? flowsInAll : 0);
  return {
    ...{ owner, leaseMs, isStalled, silentMs, running },
    flowHash: pair !== undefined ? String(pair[1]) : isPart ? undefined : null,
    engine: typeof engine === "string" ? engine : undefined,
    maxFlows: typeof maxFlows === "number" ? maxFlows : undefined,
  };
}

/** Who of those who are there has what runs. */
async function holdersOf(
  { workers, isAll }: Heard,
  state: FlowState,
  transport: Transport | undefined,
): Promise<Present["holders"]> {
  const keys = [...state.running]
    .slice(0, mostAsked)
    .map(([atom, { direction, attempt }]) =>
      keyOf(state.id, state.nameOf(atom), direction, attempt),
    );
  if (keys.length === 0 || transport === undefined) return {};
  const answers = await Promise.all(
    workers.map(async ({ worker }) => askWorker(transport, worker, keys)),
  );
  const isKnown = isAll && answers.every((held) => held !== undefined);
  return Object.fromEntries(
    keys.flatMap((key, at): [string, string | null][] => {
      const holder = workers[answers.findIndex((held) => held?.[at] === true)];
      if (holder !== undefined) return [[key, holder.worker]];
      return isKnown ? [[key, null]] : [];
    }),
  );
}
