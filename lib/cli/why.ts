/** `fourstroke why ID`: why is this not moving? */
import type { Presence } from "../executor/protocol.ts";
import type { Job, Jobboard } from "../jobboard/jobboard.ts";
import type { FlowState } from "../plan/state.ts";
import type { Transport } from "../transport/transport.ts";
import type { Present, Reason } from "../why/facts.ts";
import { type Heard, presentOf, presentWithout } from "../why/present.ts";
import { reasonOf } from "../why/reason.ts";
import { leasesOf } from "./conductors.ts";
import { withoutSecrets } from "./engines.ts";
import { jobOf } from "./opened.ts";
import type { Output } from "./output.ts";
import { deadOwner, livingOwner } from "./owner.ts";
import { Places, type PlacesOptions } from "./places.ts";
import { listen, listenMs, patientMs } from "./presence.ts";
import { shownJob } from "./shown-job.ts";
import type { Kept } from "./store.ts";
import { oneLine } from "./text.ts";
import { timesOf } from "./times.ts";
import { placeText } from "./verb.ts";
import { noJob } from "./wait.ts";

/** @returns the exit code */
export async function why(id: string, options: PlacesOptions, output: Output): Promise<number> {
  try {
    return await explain(id, options, output);
  } catch (error) {
    const reason = awayReason(id, options, error);
    if (reason === undefined) throw error;
    // How it does not answer is no part of why the flow does not move.
    output.tell(oneLine(error instanceof Error ? error.message : String(error)));
    tellReason(id, { job: undefined, kept: undefined, reason }, output);
    return 0;
  }
}

async function explain(id: string, options: PlacesOptions, output: Output): Promise<number> {
  await using places = await Places.open(options, { role: "inspector" });
  const board = await places.board();
  const { job, kept, reason } = await lookInto(places, board, id, options);
  if (reason === undefined) throw await noJob(board, id);
  tellReason(id, { job, kept, reason }, output);
  return 0;
}

/** Of a server that does not answer; undefined: the error says something else. */
export function awayReason(id: string, options: PlacesOptions, error: unknown): Reason | undefined {
  const { nats } = options;
  if (nats === undefined) return undefined;
  const present = presentWithout(placeText(options), withoutSecrets(nats), error);
  return present === undefined ? undefined : reasonWith(id, undefined, present, Date.now());
}

/** What is known of a job or a flow, and why it doesn't move. */
export interface Insight {
  readonly job: Job | undefined;
  readonly kept: Kept | undefined;
  /** Undefined: there is neither. */
  readonly reason: Reason | undefined;
}

/**
 * @param board - undefined when no job was ever posted there
 * @param now - gives epoch milliseconds; default: the system's
 */
export async function lookInto(
  places: Places,
  board: Jobboard | undefined,
  id: string,
  options: PlacesOptions,
  now: () => number = Date.now,
): Promise<Insight> {
  const found = await jobOf(board, id);
  const job = found === undefined ? undefined : await shownJob(places, found);
  const kept = await places.flow(id);
  const { transport } = places;
  const present = await presentOf(job, kept?.state, {
    place: placeText(options),
    board,
    leases: leasesOf,
    workers: async (state) => (transport === undefined ? undefined : hearWorkers(transport, state)),
    transport,
    runner: livingOwner,
    gone: deadOwner,
  });
  return { job, kept, reason: reasonWith(id, kept, present, now()) };
}

function reasonWith(
  id: string,
  kept: Kept | undefined,
  present: Present,
  now: number,
): Reason | undefined {
  const times = timesOf(kept?.batches ?? []);
  return reasonOf({
    ...{ id, now, state: kept?.state, present },
    startedAt: (atom) => times.get(atom)?.startedAt,
  });
}

/** Who is there. */
async function hearWorkers(transport: Transport, { blueprint }: FlowState): Promise<Heard> {
  const tasks = blueprint.atoms.filter(({ kind }) => kind === "task");
  const quick = await listen(transport, listenMs);
  const isServed = (workers: readonly Presence[]): boolean =>
    tasks.every(({ name, version }) =>
      workers.some((worker) => worker.tasks.some(([task, at]) => task === name && at === version)),
    );
  // One whose event loop is busy is heard of later.
  const { workers } = isServed(quick.workers)
    ? quick
    : await listen(transport, patientMs, isServed);
  return { workers, isAll: true };
}

function tellReason(
  id: string,
  { job, kept, reason }: Insight & { readonly reason: Reason },
  output: Output,
): void {
  const { code, sentence, isStuck, dueAt = null } = reason;
  if (!output.isJson) {
    output.line(`${oneLine(id)}: ${sentence}`);
    return;
  }
  const states = { job: job?.state ?? null, flow: kept?.view.state ?? null };
  const owner = job?.owner ?? kept?.state.owner ?? null;
  output.document({ id, code, sentence, stuck: isStuck, dueAt, states, owner });
}
