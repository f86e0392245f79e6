/** `fourstroke why ID`: why is this not moving? */
import { keyOf } from "../executor/call.ts";
import { type Presence, workerAddress } from "../executor/protocol.ts";
import { FlowError } from "../errors.ts";
import type { Job, Jobboard } from "../jobboard/jobboard.ts";
import type { Transport } from "../transport/transport.ts";
import { conductorsOf } from "./conductors.ts";
import type { Facts, Holder, Reason } from "./facts.ts";
import { jobOf } from "./opened.ts";
import type { Output } from "./output.ts";
import { livingOwner } from "./owner.ts";
import { Places, type PlacesOptions } from "./places.ts";
import { listen, listenMs, patientMs } from "./presence.ts";
import { reasonOf } from "./reason.ts";
import type { Kept } from "./store.ts";
import { oneLine } from "./text.ts";
import { verbCommand } from "./verb.ts";
import { noJob } from "./wait.ts";

/** @returns the exit code */
export async function why(id: string, options: PlacesOptions, output: Output): Promise<number> {
  try {
    return await explain(id, options, output);
  } catch (error) {
    const away = options.nats === undefined ? undefined : awayReason(options.nats, error);
    if (away === undefined) throw error;
    if (output.isJson) output.document(documentOf(id, undefined, undefined, away));
    else output.line(`${oneLine(id)}: ${away.sentence}`);
    return 0;
  }
}

/** Where everything is kept is away: that is why. */
function awayReason(nats: string, error: unknown): Reason | undefined {
  const isAway = [
    ...(["SERVER_UNREACHABLE", "BOARD_UNAVAILABLE"] as const),
    ...(["JOURNAL_UNAVAILABLE", "JETSTREAM_UNAVAILABLE"] as const),
  ].some((code) => FlowError.is(error, code));
  if (!isAway || !(error instanceof Error)) return undefined;
  const sentence = `nothing can be recorded, so nothing starts: from here ${oneLine(nats)} does not answer (${oneLine(error.message)})`;
  return { code: "SERVER_AWAY", sentence };
}

async function explain(id: string, options: PlacesOptions, output: Output): Promise<number> {
  await using places = await Places.open(options, { role: "inspector" });
  const board = await places.board();
  const { job, kept, reason } = await lookInto(places, board, id, options);
  if (reason === undefined) throw await noJob(board, id);
  if (output.isJson) output.document(documentOf(id, job, kept, reason));
  else output.line(`${oneLine(id)}: ${reason.sentence}`);
  return 0;
}

/** What is known of a job or a flow, and why it doesn't move. */
export interface Insight {
  readonly job: Job | undefined;
  readonly kept: Kept | undefined;
  /** Undefined: there is neither. */
  readonly reason: Reason | undefined;
}

/** @param board - undefined when no job was ever posted there */
export async function lookInto(
  places: Places,
  board: Jobboard | undefined,
  id: string,
  options: PlacesOptions,
): Promise<Insight> {
  const job = await jobOf(board, id);
  const kept = await places.flow(id);
  const isOpen = job?.state === "UNCLAIMED" || job?.state === "CLAIMED";
  const conductors = board === undefined ? [] : await conductorsOf(board, () => isOpen);
  const owner = conductors.find((lease) => lease.owner === job?.owner && lease.silentMs === 0);
  const { transport } = places;
  const asked =
    kept !== undefined && owner?.details.engine === "workers" && transport !== undefined
      ? await askWorkers(transport, kept)
      : undefined;
  const reason = reasonOf({
    ...{ id, now: Date.now(), job, kept, conductors },
    workers: asked?.workers,
    holders: asked?.holders ?? new Map(),
    process: kept === undefined ? undefined : livingOwner(kept.state.owner),
    command: (verb) => verbCommand(verb, id, options),
  });
  return { job, kept, reason };
}

/** Attempts that workers are asked for. */
const mostAsked = 100;

/** Who is there, and who of them has what runs. */
async function askWorkers(
  transport: Transport,
  { state }: Kept,
): Promise<Pick<Facts, "holders"> & { readonly workers: readonly Presence[] }> {
  const tasks = state.blueprint.atoms.filter(({ kind }) => kind === "task");
  const quick = await listen(transport, listenMs);
  const isServed = (workers: readonly Presence[]): boolean =>
    tasks.every(({ name, version }) =>
      workers.some((worker) => worker.tasks.some(([task, at]) => task === name && at === version)),
    );
  // One whose event loop is busy is heard of later.
  const { workers } = isServed(quick.workers)
    ? quick
    : await listen(transport, patientMs, isServed);
  const running = [...state.running].slice(0, mostAsked).map(([atom, { direction, attempt }]) => {
    const name = state.nameOf(atom);
    return { name, key: keyOf(state.id, name, direction, attempt) };
  });
  const keys = running.map(({ key }) => key);
  const answers = await Promise.all(
    workers.map(async ({ worker }) => holds(transport, worker, keys)),
  );
  const holders = running.map(({ name }, at): [string, Holder] => {
    const holder = answers.findIndex((held) => held?.[at] === true);
    if (holder >= 0) return [name, workers[holder]?.worker];
    return [name, answers.some((held) => held === undefined) ? undefined : null];
  });
  return { workers, holders: new Map(holders) };
}

/** @returns undefined when it doesn't answer, or may not be asked */
async function holds(
  transport: Transport,
  worker: string,
  keys: readonly string[],
): Promise<readonly boolean[] | undefined> {
  if (keys.length === 0) return [];
  try {
    const answer = await transport.request(workerAddress(worker), { kind: "holds", keys }, 1_000);
    return Array.isArray(answer) ? (answer as boolean[]) : undefined;
  } catch {
    return undefined;
  }
}

function documentOf(
  id: string,
  job: Job | undefined,
  kept: Kept | undefined,
  reason: Reason,
): object {
  const { code, sentence, dueAt = null } = reason;
  const states = { job: job?.state ?? null, flow: kept?.view.state ?? null };
  return { id, code, sentence, dueAt, states, owner: job?.owner ?? kept?.state.owner ?? null };
}
