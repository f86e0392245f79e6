/** A jobboard in a bucket of JetStream: shared by all who reach the servers, and safe from the loss of some. */
import type { Clock, Random } from "../clock.ts";
import { FlowError } from "../errors.ts";
import { Board } from "../jobboard/board.ts";
import type { Jobboard } from "../jobboard/jobboard.ts";
import { systemClock, systemRandom } from "../system.ts";
import { logOf } from "../log.ts";
import type { Log, Logger } from "../types.ts";
import { BucketStore } from "./board-store.ts";
import { Bucket } from "./bucket.ts";
import type { NatsTransport } from "./face.ts";
import { JetStream } from "./jetstream.ts";
import { patiently } from "./patience.ts";

export interface NatsJobboardOptions {
  /** On how many servers each entry is; 1, 3 or 5. More than a bucket has are added. Default 1. */
  readonly replicas?: number;
  /** Milliseconds that a call waits for a server that is away, or for the election of another one. Default 15,000. */
  readonly patienceMs?: number;
  /** Default: the system's. */
  readonly clock?: Clock;
  readonly random?: Random;
  /** Gets what goes wrong beside the calls. Default: nothing is logged. */
  readonly log?: Log | Logger;
}

/**
 * The jobboard of the transport's prefix, made if there is none: the bucket `<prefix>_jobs`. Closing it leaves the
 * transport open.
 *
 * @throws FlowError `BOARD_UNAVAILABLE`; `FORBIDDEN`; `INVALID_OPTION`; `ALREADY_EXISTS` when a stream of that name is
 * something else
 */
export async function natsJobboard(
  transport: NatsTransport,
  options: NatsJobboardOptions = {},
): Promise<Jobboard> {
  const { clock = systemClock, random = systemRandom } = options;
  const log = logOf(options.log);
  const { replicas = 1, patienceMs = 15_000 } = options;
  for (const [option, value] of Object.entries({ replicas, patienceMs })) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    const problem = `${value} is not a whole number of 1 or more`;
    throw new FlowError("INVALID_OPTION", { option, problem });
  }
  const jetstream = new JetStream(transport);
  // A bucket's name has no dots, and those of two prefixes differ.
  const name = `${jetstream.prefix.replaceAll(".", "=")}_jobs`;
  const bucket = new Bucket({ jetstream, name, replicas });
  await patiently(clock, patienceMs, async () => {
    await jetstream.check();
    await bucket.ensure();
  });
  const store = new BucketStore({ bucket, transport, clock, patienceMs, log });
  return new Board({ store, clock, random, log });
}
