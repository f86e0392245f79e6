/** Who is there: workers and nodes, as their presence tells. */
import type { Member, NodePresence } from "../../actors/members.ts";
import { anyPresence, type Presence, whoAddress } from "../executor/protocol.ts";
import type { Transport } from "../transport/transport.ts";

export interface Crowd {
  readonly workers: readonly Presence[];
  /** Where actors live. */
  readonly nodes: readonly Member[];
}

/** Milliseconds in which all answer who don't keep their event loop busy; a thread speaks for those who do. */
export const listenMs = 500;
/** Milliseconds in which a busy one is heard, too: a quarter of the default lease, and some. */
export const patientMs = 4_500;

/**
 * Asks who is there, and listens for so long, or until somebody is there whom it was about.
 *
 * @throws FlowError `FORBIDDEN`, `TRANSPORT_CLOSED`
 */
export async function listen(
  transport: Transport,
  withinMs: number,
  isEnough: (workers: readonly Presence[]) => boolean = () => false,
): Promise<Crowd> {
  const workers = new Map<string, Presence>();
  const nodes = new Map<string, Member>();
  let enough: () => void = () => undefined;
  const heard = new Promise<void>((resolve) => (enough = resolve));
  const stop = await transport.listen(anyPresence, (body) => {
    const presence = body as Presence & Partial<NodePresence>;
    const { node, state, worker } = presence;
    if (node === undefined && state === "down") workers.delete(worker);
    else if (node === undefined) workers.set(worker, presence);
    else if (state === "down") nodes.delete(worker);
    else nodes.set(worker, node);
    if (isEnough([...workers.values()])) enough();
  });
  transport.publish(whoAddress, null);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)));
  await Promise.race([heard, late]);
  clearTimeout(timer);
  stop();
  return { workers: sorted(workers), nodes: sorted(nodes) };
}

const sorted = <Value>(map: ReadonlyMap<string, Value>): readonly Value[] =>
  [...map].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, value]) => value);
