/** What runs the tasks of cases outside of the engine's event loop. */
import type { EngineOptions } from "../../actors/options.ts";
import { type ToWorker, workerAddress } from "../../lib/executor/protocol.ts";
import type { Transport } from "../../lib/transport/transport.ts";

export type Reach = Pick<EngineOptions, "pool" | "concurrency" | "transport" | "leaseMs">;

export interface Hosts extends AsyncDisposable {
  /**
   * How the next engine reaches them.
   *
   * @param isFirst - whether it is the first one of its flow
   */
  reach(isFirst: boolean): Promise<Reach>;
  /**
   * The last engine has died. Hosts that have one of these attempts of its flow die with it: nobody
   * will ever hear of what they were doing.
   *
   * @param keys - all that were under way
   */
  die(keys: readonly string[]): Promise<void>;
}

/** Of the workers, those that run one of the attempts or keep its outcome. */
export async function holders(
  transport: Transport,
  workers: Iterable<string>,
  keys: readonly string[],
): Promise<string[]> {
  if (keys.length === 0) return [];
  const question: ToWorker = { kind: "holds", keys };
  const found = [...workers].map(async (worker) => {
    const answer = await transport.request(workerAddress(worker), question);
    return (answer as boolean[]).includes(true) ? [worker] : [];
  });
  return (await Promise.all(found)).flat();
}
